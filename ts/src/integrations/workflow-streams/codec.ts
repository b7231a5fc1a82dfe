/** Payloads as streams carry them: protobuf bytes in base64. */

import type { Payload } from "../../common";
import { Payload as PayloadMessage } from "../../proto/temporal/api/common/v1/message";

/** Base64 of bytes, in the standard alphabet, with padding. */
export function encodeBase64(data: Uint8Array): string {
  return data.toBase64();
}

/** Bytes of standard base64, with or without padding. Throws `TypeError` for what is not. */
export function decodeBase64(data: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(data.replace(/={1,2}$/, ""));
  } catch (cause) {
    throw new TypeError(`Invalid base64: ${JSON.stringify(data.length > 40 ? `${data.slice(0, 40)}…` : data)}`, {
      cause,
    });
  }
}

/** Protobuf bytes of a payload. */
export function encodePayloadProto(payload: Payload): Uint8Array {
  return PayloadMessage.encode(payload).finish();
}

/** The payload of protobuf bytes. Throws an error if they are cut off or something else. */
export function decodePayloadProto(bytes: Uint8Array): Payload {
  return { metadata: {}, data: new Uint8Array(0), ...PayloadMessage.decode(bytes) };
}

/** A payload in the form in which streams carry it. */
export function encodePayloadWire(payload: Payload): string {
  return encodeBase64(encodePayloadProto(payload));
}

/** The payload of what {@link encodePayloadWire} made. Throws an error if it is malformed. */
export function decodePayloadWire(wire: string): Payload {
  return decodePayloadProto(decodeBase64(wire));
}

/** Whether a value that is published is a payload already, so that it is not converted once more. */
export function isPayload(value: unknown): value is Payload {
  if (typeof value !== "object" || value === null) return false;
  const { metadata, data } = value as { metadata?: unknown; data?: unknown };
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return false;
  if (data != null && !(data instanceof Uint8Array)) return false;
  const values = Object.values(metadata);
  // Without either, it may just as well be a value that happens to have a field of this name.
  return (values.length > 0 || data != null) && values.every((entry) => entry instanceof Uint8Array);
}
