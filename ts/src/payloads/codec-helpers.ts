/**
 * Conversion, codecs and external storage together: what the client and the activities do with every value that they
 * send or receive. (What workflow code converts goes through the same pipeline elsewhere: see `worker/payload-relay`.)
 */

import type { LoadedDataConverter } from "../common/converter/data-converter";
import {
  arrayFromPayloads,
  fromPayloadsAtIndex,
  mapToPayloads,
  toPayloadsWithContext,
  toPayloadWithTypeInfo,
} from "../common/converter/payload-converter";
import type { SerializationContext } from "../common/converter/serialization-context";
import { FAILURE_SOURCE, type ProtoFailure } from "../common/failure";
import type { Headers } from "../common/interceptors";
import type { Payload } from "../common/interfaces";
import type { TypeInfo } from "../common/type-info";
import type { UserMetadata } from "../common/user-metadata";
import { Failure } from "../proto/temporal/api/failure/v1/message";
import type { UserMetadata as ProtoUserMetadata } from "../proto/temporal/api/sdk/v1/user_metadata";
import {
  headerPipeline,
  incoming,
  incomingSingle,
  isPlain,
  outgoing,
  outgoingSingle,
  type PayloadPipeline,
} from "./payload-pipeline";

/** Payload of a value, through converter and pipeline. */
export async function encodeToPayload<T>(
  converter: LoadedDataConverter,
  value: T,
  context?: SerializationContext,
  typeInfo?: TypeInfo<T, any>,
): Promise<Payload> {
  return outgoingSingle(
    converter,
    toPayloadWithTypeInfo(converter.payloadConverter, value, context, typeInfo),
    context,
  );
}

/** Payloads of values, through converter and pipeline; undefined for none. */
export async function encodeToPayloads(
  converter: LoadedDataConverter,
  ...values: unknown[]
): Promise<Payload[] | undefined> {
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
  return payloads === undefined || isPlain(converter) ? payloads : outgoing(converter, payloads, context);
}

/** Value of a payload, through pipeline and converter; null and undefined are returned as they are. */
export async function decodeOptionalSinglePayload<T>(
  converter: LoadedDataConverter,
  payload?: Payload | null,
  context?: SerializationContext,
): Promise<T | null | undefined> {
  if (payload == null) return payload;
  return converter.payloadConverter.fromPayload(await incomingSingle(converter, payload, context), context);
}

/** Values of payloads, through pipeline and converter. */
export async function decodeArrayFromPayloads(
  converter: LoadedDataConverter,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: readonly TypeInfo[],
): Promise<unknown[]> {
  const decoded = payloads && (isPlain(converter) ? payloads : await incoming(converter, payloads, context));
  return arrayFromPayloads(converter.payloadConverter, decoded, context, typeInfo);
}

/** Value of the payload at an index, through pipeline and converter; undefined if there are not so many. */
export async function decodeFromPayloadsAtIndex<T, D = T>(
  converter: LoadedDataConverter,
  index: number,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: TypeInfo<T, D>,
): Promise<T> {
  const decoded = payloads && (isPlain(converter) ? payloads : await incoming(converter, payloads, context));
  return fromPayloadsAtIndex(converter.payloadConverter, index, decoded, context, typeInfo);
}

/** Headers on their way to the server; see `DataConverter.encodeHeaders`. */
export async function encodeHeaders(
  pipeline: PayloadPipeline,
  headers: Headers,
  context?: SerializationContext,
): Promise<Headers> {
  return encodeMap(headerPipeline(pipeline), headers, context);
}

/** Undoes {@link encodeHeaders}. */
export async function decodeHeaders(
  pipeline: PayloadPipeline,
  headers: Headers,
  context?: SerializationContext,
): Promise<Headers> {
  return mapValues(headers, (payload) => incomingSingle(headerPipeline(pipeline), payload, context));
}

async function encodeMap<K extends string>(
  pipeline: PayloadPipeline,
  map: Record<K, Payload>,
  context?: SerializationContext,
): Promise<Record<K, Payload>> {
  return isPlain(pipeline) ? map : mapValues(map, (payload) => outgoingSingle(pipeline, payload, context));
}

/** What `change` makes of an object's values, under the same keys. */
async function mapValues<K extends string>(
  map: Record<K, Payload>,
  change: (payload: Payload) => Promise<Payload>,
): Promise<Record<K, Payload>> {
  const entries = Object.entries<Payload>(map);
  if (entries.length === 0) return map;
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, payload]) => [key, await change(payload)] as const)),
  ) as Record<K, Payload>;
}

/** Payloads of an object's values under the same keys (e.g. a memo), through converter and pipeline. */
export async function encodeMapToPayloads<K extends string>(
  converter: LoadedDataConverter,
  map: Record<K, unknown>,
  context?: SerializationContext,
): Promise<Record<K, Payload>> {
  const payloads = mapToPayloads(converter.payloadConverter, map, context);
  return (await encodeMap(converter, payloads, context)) as Record<K, Payload>;
}

/**
 * Values of an object's payloads under the same keys, through pipeline and converter; undefined for undefined and null.
 */
export async function decodeMapFromPayloads<K extends string>(
  converter: LoadedDataConverter,
  map: Record<K, Payload> | null | undefined,
  context?: SerializationContext,
): Promise<Record<K, unknown> | undefined> {
  if (!map) return undefined;
  const decoded = await mapValues(map, (payload) => incomingSingle(converter, payload, context));
  const entries = Object.entries<Payload>(decoded).map(([key, payload]) => [
    key,
    converter.payloadConverter.fromPayload(payload, context),
  ]);
  return Object.fromEntries(entries) as Record<K, unknown>;
}

/** The failure with all its payloads, those of its causes included, changed by `change`. */
async function mapFailure(
  failure: ProtoFailure,
  change: (payloads: Payload[]) => Promise<Payload[]>,
): Promise<ProtoFailure> {
  const result = { ...failure };
  const details = async (payloads: { payloads?: Payload[] } | undefined) =>
    payloads && { payloads: await change(payloads.payloads ?? []) };
  if (failure.encodedAttributes) result.encodedAttributes = (await change([failure.encodedAttributes]))[0];
  if (failure.cause) result.cause = await mapFailure(failure.cause, change);
  const { applicationFailureInfo, timeoutFailureInfo, canceledFailureInfo, resetWorkflowFailureInfo } = failure;
  if (applicationFailureInfo?.details) {
    result.applicationFailureInfo = {
      ...applicationFailureInfo,
      details: await details(applicationFailureInfo.details),
    };
  }
  if (timeoutFailureInfo?.lastHeartbeatDetails) {
    result.timeoutFailureInfo = {
      ...timeoutFailureInfo,
      lastHeartbeatDetails: await details(timeoutFailureInfo.lastHeartbeatDetails),
    };
  }
  if (canceledFailureInfo?.details)
    result.canceledFailureInfo = { ...canceledFailureInfo, details: await details(canceledFailureInfo.details) };
  if (resetWorkflowFailureInfo?.lastHeartbeatDetails) {
    result.resetWorkflowFailureInfo = {
      ...resetWorkflowFailureInfo,
      lastHeartbeatDetails: await details(resetWorkflowFailureInfo.lastHeartbeatDetails),
    };
  }
  return result;
}

/** The failure with all its payloads encoded. */
export async function encodeFailure(
  pipeline: PayloadPipeline,
  failure: ProtoFailure,
  context?: SerializationContext,
): Promise<ProtoFailure> {
  return isPlain(pipeline) ? failure : mapFailure(failure, (payloads) => outgoing(pipeline, payloads, context));
}

/** The failure with all its payloads decoded. */
export async function decodeFailure(
  pipeline: PayloadPipeline,
  failure: ProtoFailure,
  context?: SerializationContext,
): Promise<ProtoFailure> {
  return isPlain(pipeline) ? failure : mapFailure(failure, (payloads) => incoming(pipeline, payloads, context));
}

/** The failure of an error, through failure converter and pipeline. */
export async function encodeErrorToFailure(
  converter: LoadedDataConverter,
  error: unknown,
  context?: SerializationContext,
): Promise<ProtoFailure> {
  return encodeFailure(
    converter,
    converter.failureConverter.errorToFailure(error, converter.payloadConverter, context),
    context,
  );
}

/**
 * {@link encodeErrorToFailure} for the last attempt to report something. If that fails too, `report` is told, and the
 * failure says nothing of the error: what is broken may be the very codec that would have to hide its message.
 */
export async function encodeErrorOrNotice(
  converter: LoadedDataConverter,
  error: unknown,
  context: SerializationContext | undefined,
  report: (conversionError: unknown) => void,
): Promise<ProtoFailure> {
  try {
    const failure = await encodeErrorToFailure(converter, error, context);
    // A converter of the application's may have made something that can't be sent.
    Failure.encode(failure);
    return failure;
  } catch (conversionError) {
    report(conversionError);
    const message = "The error could not be converted for the server; the Worker's log says what it was and why";
    return { message, source: FAILURE_SOURCE, applicationFailureInfo: { type: "FailureConversionError" } };
  }
}

/** The error of a failure, through pipeline and failure converter; undefined for undefined and null. */
export async function decodeOptionalFailureToOptionalError(
  converter: LoadedDataConverter,
  failure: ProtoFailure | undefined | null,
  context?: SerializationContext,
): Promise<Error | undefined> {
  if (!failure) return undefined;
  return converter.failureConverter.failureToError(
    await decodeFailure(converter, failure, context),
    converter.payloadConverter,
    context,
  );
}

/** The protobuf form of summary and details, through converter and pipeline; undefined if there are none. */
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
