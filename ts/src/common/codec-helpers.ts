/** Conversion and codecs together: what the client and the worker do with every value that they send or receive. */

import type { UserMetadata as ProtoUserMetadata } from "../proto/temporal/api/sdk/v1/user_metadata";
import type { LoadedDataConverter } from "./converter/data-converter";
import type { PayloadCodec } from "./converter/payload-codec";
import { arrayFromPayloads, fromPayloadsAtIndex, toPayloadsWithContext, toPayloadWithTypeInfo } from "./converter/payload-converter";
import type { SerializationContext } from "./converter/serialization-context";
import type { ProtoFailure } from "./failure";
import type { Payload } from "./interfaces";
import type { TypeInfo } from "./type-info";
import type { UserMetadata } from "./user-metadata";

/** Runs all codecs over payloads in order, e.g. compress, then encrypt. */
export async function encode(codecs: PayloadCodec[], payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
  for (const codec of codecs) payloads = checkCount(await codec.encode(payloads, context), payloads, "encode");
  return payloads;
}

/** Undoes {@link encode}: runs all codecs over payloads in the opposite order. */
export async function decode(codecs: PayloadCodec[], payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
  for (let index = codecs.length - 1; index >= 0; index--) payloads = checkCount(await codecs[index]!.decode(payloads, context), payloads, "decode");
  return payloads;
}

function checkCount(result: Payload[], given: Payload[], method: string): Payload[] {
  if (!Array.isArray(result)) throw new TypeError(`PayloadCodec.${method} must resolve to an array of payloads, got ${typeof result} for ${given.length} payloads`);
  return result;
}

/** {@link encode} of one payload. */
export async function encodeSingle(codecs: PayloadCodec[], payload: Payload, context?: SerializationContext): Promise<Payload> {
  if (codecs.length === 0) return payload;
  return (await encode(codecs, [payload], context))[0]!;
}

/** {@link decode} of one payload. */
export async function decodeSingle(codecs: PayloadCodec[], payload: Payload, context?: SerializationContext): Promise<Payload> {
  if (codecs.length === 0) return payload;
  return (await decode(codecs, [payload], context))[0]!;
}

/** Payload of a value, through converter and codecs. */
export async function encodeToPayload<T>(
  converter: LoadedDataConverter,
  value: T,
  context?: SerializationContext,
  typeInfo?: TypeInfo<T, any>,
): Promise<Payload> {
  return encodeSingle(converter.payloadCodecs, toPayloadWithTypeInfo(converter.payloadConverter, value, context, typeInfo), context);
}

/** Payloads of values, through converter and codecs; undefined for none. */
export async function encodeToPayloads(converter: LoadedDataConverter, ...values: unknown[]): Promise<Payload[] | undefined> {
  return encodeToPayloadsWithContext(converter, undefined, values);
}

/** {@link encodeToPayloads} with a serialization context and type information. */
export async function encodeToPayloadsWithContext(
  converter: LoadedDataConverter,
  context: SerializationContext | undefined,
  values: readonly unknown[],
  typeInfo?: readonly TypeInfo[],
): Promise<Payload[] | undefined> {
  const payloads = toPayloadsWithContext(converter.payloadConverter, context, values, typeInfo);
  return payloads && encode(converter.payloadCodecs, payloads, context);
}

/** Value of a payload, through codecs and converter; null and undefined are returned as they are. */
export async function decodeOptionalSinglePayload<T>(
  converter: LoadedDataConverter,
  payload?: Payload | null,
  context?: SerializationContext,
): Promise<T | null | undefined> {
  if (payload == null) return payload;
  return converter.payloadConverter.fromPayload(await decodeSingle(converter.payloadCodecs, payload, context), context);
}

/** Values of payloads, through codecs and converter. */
export async function decodeArrayFromPayloads(
  converter: LoadedDataConverter,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: readonly TypeInfo[],
): Promise<unknown[]> {
  const decoded = payloads && (await decode(converter.payloadCodecs, payloads, context));
  return arrayFromPayloads(converter.payloadConverter, decoded, context, typeInfo);
}

/** Value of the payload at an index, through codecs and converter; undefined if there are not so many. */
export async function decodeFromPayloadsAtIndex<T, D = T>(
  converter: LoadedDataConverter,
  index: number,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: TypeInfo<T, D>,
): Promise<T> {
  const decoded = payloads && (await decode(converter.payloadCodecs, payloads, context));
  return fromPayloadsAtIndex(converter.payloadConverter, index, decoded, context, typeInfo);
}

/** Payloads of an object's values under the same keys, through the codecs only. */
export async function encodeMap<K extends string>(codecs: PayloadCodec[], map: Record<K, Payload>, context?: SerializationContext): Promise<Record<K, Payload>> {
  if (codecs.length === 0) return map;
  const entries = Object.entries<Payload>(map).map(async ([key, payload]) => [key, await encodeSingle(codecs, payload, context)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<K, Payload>;
}

/** Undoes {@link encodeMap}. */
export async function decodeMap<K extends string>(codecs: PayloadCodec[], map: Record<K, Payload>, context?: SerializationContext): Promise<Record<K, Payload>> {
  if (codecs.length === 0) return map;
  const entries = Object.entries<Payload>(map).map(async ([key, payload]) => [key, await decodeSingle(codecs, payload, context)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<K, Payload>;
}

/** Payloads of an object's values under the same keys (e.g. a memo), through converter and codecs. */
export async function encodeMapToPayloads<K extends string>(
  converter: LoadedDataConverter,
  map: Record<K, unknown>,
  context?: SerializationContext,
): Promise<Record<K, Payload>> {
  const payloads = Object.fromEntries(Object.entries(map).map(([key, value]) => [key, converter.payloadConverter.toPayload(value, context)]));
  return (await encodeMap(converter.payloadCodecs, payloads, context)) as Record<K, Payload>;
}

/** Values of an object's payloads under the same keys, through codecs and converter; undefined for undefined and null. */
export async function decodeMapFromPayloads<K extends string>(
  converter: LoadedDataConverter,
  map: Record<K, Payload> | null | undefined,
  context?: SerializationContext,
): Promise<Record<K, unknown> | undefined> {
  if (!map) return undefined;
  const decoded = await decodeMap(converter.payloadCodecs, map, context);
  const entries = Object.entries<Payload>(decoded).map(([key, payload]) => [key, converter.payloadConverter.fromPayload(payload, context)]);
  return Object.fromEntries(entries) as Record<K, unknown>;
}

/** The failure with all its payloads, those of its causes included, changed by `change`. */
async function mapFailure(failure: ProtoFailure, change: (payloads: Payload[]) => Promise<Payload[]>): Promise<ProtoFailure> {
  const result = { ...failure };
  const details = async (payloads: { payloads?: Payload[] } | undefined) => payloads && { payloads: await change(payloads.payloads ?? []) };
  if (failure.encodedAttributes) result.encodedAttributes = (await change([failure.encodedAttributes]))[0];
  if (failure.cause) result.cause = await mapFailure(failure.cause, change);
  const { applicationFailureInfo, timeoutFailureInfo, canceledFailureInfo, resetWorkflowFailureInfo } = failure;
  if (applicationFailureInfo?.details) {
    result.applicationFailureInfo = { ...applicationFailureInfo, details: await details(applicationFailureInfo.details) };
  }
  if (timeoutFailureInfo?.lastHeartbeatDetails) {
    result.timeoutFailureInfo = { ...timeoutFailureInfo, lastHeartbeatDetails: await details(timeoutFailureInfo.lastHeartbeatDetails) };
  }
  if (canceledFailureInfo?.details) result.canceledFailureInfo = { ...canceledFailureInfo, details: await details(canceledFailureInfo.details) };
  if (resetWorkflowFailureInfo?.lastHeartbeatDetails) {
    result.resetWorkflowFailureInfo = { ...resetWorkflowFailureInfo, lastHeartbeatDetails: await details(resetWorkflowFailureInfo.lastHeartbeatDetails) };
  }
  return result;
}

/** The failure with all its payloads encoded. */
export async function encodeFailure(codecs: PayloadCodec[], failure: ProtoFailure, context?: SerializationContext): Promise<ProtoFailure> {
  return codecs.length === 0 ? failure : mapFailure(failure, (payloads) => encode(codecs, payloads, context));
}

/** The failure with all its payloads decoded. */
export async function decodeFailure(codecs: PayloadCodec[], failure: ProtoFailure, context?: SerializationContext): Promise<ProtoFailure> {
  return codecs.length === 0 ? failure : mapFailure(failure, (payloads) => decode(codecs, payloads, context));
}

/** The failure of an error, through failure converter and codecs. */
export async function encodeErrorToFailure(converter: LoadedDataConverter, error: unknown, context?: SerializationContext): Promise<ProtoFailure> {
  return encodeFailure(converter.payloadCodecs, converter.failureConverter.errorToFailure(error, converter.payloadConverter, context), context);
}

/** The error of a failure, through codecs and failure converter; undefined for undefined and null. */
export async function decodeOptionalFailureToOptionalError(
  converter: LoadedDataConverter,
  failure: ProtoFailure | undefined | null,
  context?: SerializationContext,
): Promise<Error | undefined> {
  if (!failure) return undefined;
  return converter.failureConverter.failureToError(await decodeFailure(converter.payloadCodecs, failure, context), converter.payloadConverter, context);
}

/** The protobuf form of summary and details, through converter and codecs; undefined if there are none. */
export async function encodeUserMetadata(
  converter: LoadedDataConverter,
  staticSummary: string | undefined,
  staticDetails: string | undefined,
  context?: SerializationContext,
): Promise<ProtoUserMetadata | undefined> {
  if (staticSummary == null && staticDetails == null) return undefined;
  return {
    summary: staticSummary == null ? undefined : await encodeToPayload(converter, staticSummary, context),
    details: staticDetails == null ? undefined : await encodeToPayload(converter, staticDetails, context),
  };
}

/** Undoes {@link encodeUserMetadata}. */
export async function decodeUserMetadata(
  converter: LoadedDataConverter,
  metadata: ProtoUserMetadata | undefined | null,
  context?: SerializationContext,
): Promise<UserMetadata> {
  return {
    staticSummary: (await decodeOptionalSinglePayload<string>(converter, metadata?.summary, context)) ?? undefined,
    staticDetails: (await decodeOptionalSinglePayload<string>(converter, metadata?.details, context)) ?? undefined,
  };
}
