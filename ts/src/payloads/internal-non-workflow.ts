/**
 * What code outside of Workflows, such as codec servers and interceptors, takes from
 * `@temporalio/common/lib/internal-non-workflow`: converting values with a data converter, its codecs included.
 *
 * @module
 */

import type { Payload, PayloadCodec, ProtoFailure, SerializationContext } from "../common";
import { decodeFailure as decodeFailureThrough, encodeFailure as encodeFailureThrough } from "./codec-helpers";
import { incoming, incomingSingle, outgoing } from "./payload-pipeline";

export {
  decodeArrayFromPayloads,
  decodeFromPayloadsAtIndex,
  decodeMapFromPayloads,
  decodeOptionalFailureToOptionalError,
  decodeOptionalSinglePayload,
  decodeUserMetadata,
  encodeErrorToFailure,
  encodeMapToPayloads,
  encodeToPayload,
  encodeToPayloads,
  encodeToPayloadsWithContext,
  encodeUserMetadata,
} from "./codec-helpers";
export { isLoadedDataConverter, loadDataConverter } from "./load-data-converter";

const through = (payloadCodecs: PayloadCodec[]) => ({ payloadCodecs, externalStorage: undefined });

/** Payloads after each codec's `encode`, the first codec first. */
export async function encode(
  codecs: PayloadCodec[],
  payloads: Payload[],
  context?: SerializationContext,
): Promise<Payload[]> {
  return outgoing(through(codecs), payloads, context);
}

/** Payloads after each codec's `decode`, the last codec first. */
export async function decode(
  codecs: PayloadCodec[],
  payloads: Payload[],
  context?: SerializationContext,
): Promise<Payload[]> {
  return incoming(through(codecs), payloads, context);
}

/** {@link decode} for one payload; null and undefined are returned as they are. */
export async function decodeOptionalSingle(
  codecs: PayloadCodec[],
  payload: Payload | null | undefined,
  context?: SerializationContext,
): Promise<Payload | null | undefined> {
  return payload == null ? payload : incomingSingle(through(codecs), payload, context);
}

/** The failure with all its payloads encoded, those of its causes included. */
export async function encodeFailure(
  codecs: PayloadCodec[],
  failure: ProtoFailure,
  context?: SerializationContext,
): Promise<ProtoFailure> {
  return encodeFailureThrough(through(codecs), failure, context);
}

/** The failure with all its payloads decoded, those of its causes included. */
export async function decodeFailure(
  codecs: PayloadCodec[],
  failure: ProtoFailure,
  context?: SerializationContext,
): Promise<ProtoFailure> {
  return decodeFailureThrough(through(codecs), failure, context);
}
