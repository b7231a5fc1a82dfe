/**
 * Histories and payloads as proto3 JSON: the names of `@temporalio/common/lib/proto-utils`.
 *
 * @module
 */

import type { Payload } from "../common";
import { History } from "../proto/temporal/api/history/v1/message";

export type { History, Payload };

const messageType = "temporal.api.history.v1.History";

/** A payload as proto3 JSON. */
export interface JSONPayload {
  /** Base64 text per key. */
  metadata?: Record<string, string> | null;
  /** Base64 text. */
  data?: string | null;
}

// Loaded late: Workflow code that converts payloads doesn't need it.
const json = () => require("../proto/json") as typeof import("../proto/json");

/**
 * The history that parsed JSON describes, as the CLI and the web UI export it.
 *
 * @throws JsonFormatError naming the field that can't be read
 */
export function historyFromJSON(history: unknown): History {
  return History.decode(json().encodeJson(messageType, history));
}

/** The JSON text of a history, as the CLI and the web UI export it. */
export function historyToJSON(history: History): string {
  return JSON.stringify(json().toJson(messageType, history), undefined, 2);
}

/** A payload with its bytes as Base64 text. */
export function payloadToJSON(payload: Payload): JSONPayload {
  const { metadata, data } = payload;
  return {
    metadata:
      metadata &&
      Object.fromEntries(Object.entries(metadata).map(([key, bytes]) => [key, Buffer.from(bytes).toString("base64")])),
    data: data && Buffer.from(data).toString("base64"),
  };
}

/** Undoes {@link payloadToJSON}. */
export function JSONToPayload(json: JSONPayload): Payload {
  const { metadata, data } = json;
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
  return {
    ...(metadata == null
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).map(([key, text]) => [key, bytes(text)])) }),
    ...(data == null ? {} : { data: bytes(data) }),
  };
}
