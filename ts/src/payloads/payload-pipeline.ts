/**
 * What happens to payloads between a converter and the server: codecs, and external storage. Outside workflows only.
 */

import type { LoadedDataConverter } from "../common/converter/data-converter";
import type { StorageDriverTargetInfo } from "../common/converter/extstore";
import type { PayloadCodec } from "../common/converter/payload-codec";
import type { SerializationContext } from "../common/converter/serialization-context";
import { isReferencePayload } from "../common/converter/storage-reference";
import type { Payload } from "../common/interfaces";
import { refuseReferences, retrievePayloads, type StorageOperation, storePayloads } from "./external-storage";

/** The parts of a data converter that come after conversion, and what stored payloads belong to. */
export interface PayloadPipeline
  extends Pick<LoadedDataConverter, "payloadCodecs" | "externalStorage" | "encodeHeaders"> {
  /** What storage drivers are told that payloads belong to. Default: what the serialization context says. */
  storageTarget?: StorageDriverTargetInfo;
}

/** Whether payloads go to the server just as the payload converter makes them. */
export function isPlain({ payloadCodecs, externalStorage }: PayloadPipeline): boolean {
  return payloadCodecs.length === 0 && externalStorage === undefined;
}

/** The converter for payloads that belong to `target`. Without external storage it is the converter itself. */
export function withStorageTarget<C extends LoadedDataConverter>(
  converter: C,
  target: () => StorageDriverTargetInfo,
): C {
  return converter.externalStorage === undefined ? converter : { ...converter, storageTarget: target() };
}

/** Makes payloads ready for the server: codecs in order, then external storage. */
export async function outgoing(
  pipeline: PayloadPipeline,
  payloads: Payload[],
  context: SerializationContext | undefined,
  operation?: StorageOperation,
): Promise<Payload[]> {
  const { payloadCodecs, externalStorage, storageTarget = storageTargetOf(context) } = pipeline;
  for (const codec of payloadCodecs) payloads = checkResult(await codec.encode(payloads, context), payloads, "encode");
  return externalStorage === undefined
    ? payloads
    : storePayloads(externalStorage, payloads, { target: storageTarget, ...operation });
}

/**
 * Undoes {@link outgoing}. Throws `ExternalStorageNotConfiguredError` for payloads that are stored where this process
 * can't look.
 */
export async function incoming(
  pipeline: PayloadPipeline,
  payloads: Payload[],
  context: SerializationContext | undefined,
  operation?: StorageOperation,
): Promise<Payload[]> {
  const { payloadCodecs, externalStorage } = pipeline;
  if (externalStorage === undefined) refuseReferences(payloads);
  else if (payloads.some(isReferencePayload)) payloads = await retrievePayloads(externalStorage, payloads, operation);
  for (let index = payloadCodecs.length - 1; index >= 0; index--) {
    payloads = checkResult(await payloadCodecs[index]!.decode(payloads, context), payloads, "decode");
  }
  return payloads;
}

/** {@link outgoing} for a place that holds exactly one payload. */
export async function outgoingSingle(
  pipeline: PayloadPipeline,
  payload: Payload,
  context: SerializationContext | undefined,
): Promise<Payload> {
  return isPlain(pipeline) ? payload : single(await outgoing(pipeline, [payload], context), "encode");
}

/** {@link incoming} for a place that holds exactly one payload. */
export async function incomingSingle(
  pipeline: PayloadPipeline,
  payload: Payload,
  context: SerializationContext | undefined,
): Promise<Payload> {
  if (!isPlain(pipeline)) return single(await incoming(pipeline, [payload], context), "decode");
  refuseReferences([payload]);
  return payload;
}

/** Whether codecs are applied to headers; see `DataConverter.encodeHeaders`. */
export function encodesHeaders({ payloadCodecs, encodeHeaders = true }: PayloadPipeline): boolean {
  return payloadCodecs.length > 0 && encodeHeaders;
}

/** The part of a pipeline that headers go through. */
export function headerPipeline<P extends PayloadPipeline>(pipeline: P): P {
  return encodesHeaders(pipeline) || pipeline.payloadCodecs.length === 0
    ? pipeline
    : { ...pipeline, payloadCodecs: noCodecs };
}

/**
 * What payloads belong to, as far as a serialization context tells: those of a workflow's activities belong to the
 * workflow.
 */
export function storageTargetOf(context: SerializationContext | undefined): StorageDriverTargetInfo | undefined {
  if (context === undefined) return undefined;
  const { namespace, workflowId } = context;
  if (workflowId) return { kind: "workflow", namespace, id: workflowId };
  return context.type === "activity"
    ? { kind: "activity", namespace, id: context.activityId }
    : { kind: "workflow", namespace };
}

/** The payload of a list of one. Throws `TypeError` if a codec made another number of payloads of it. */
export function single(payloads: Payload[], method: "encode" | "decode"): Payload {
  if (payloads.length === 1) return payloads[0]!;
  throw new TypeError(
    `PayloadCodec.${method} made ${payloads.length} payloads of one, in a place that holds exactly one`,
  );
}

const noCodecs: PayloadCodec[] = [];

function checkResult(result: Payload[], given: Payload[], method: string): Payload[] {
  if (Array.isArray(result)) return result;
  throw new TypeError(
    `PayloadCodec.${method} must resolve to an array of payloads, got ${typeof result} for ${given.length} payloads`,
  );
}
