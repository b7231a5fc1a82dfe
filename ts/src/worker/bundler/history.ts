import { History } from "../../proto/temporal/api/history/v1/message";

export type { History };

/** A history: a protobuf message, its encoded bytes, or the parsed JSON that the CLI and the web UI export. */
export type HistoryInput = History | Uint8Array | unknown;

/**
 * A history as protobuf bytes.
 *
 * @throws TypeError if it isn't a history
 * @throws JsonFormatError naming the field of a JSON history that can't be read
 */
export async function encodeHistory(history: HistoryInput): Promise<Uint8Array> {
  if (history instanceof Uint8Array) return history;
  const events: unknown = (history as { events?: unknown } | null)?.events;
  if (!Array.isArray(events) || events.length === 0) {
    const found = Array.isArray(events) ? "one without events" : "one without a list of events";
    throw new TypeError(
      `Expected a non-null history object, got ${typeof history === "object" && history !== null ? found : typeof history}`,
    );
  }
  // In JSON 64-bit integers are texts or numbers, enumerations their names, and times texts.
  const { eventId, eventType, eventTime } = (events[0] ?? {}) as Record<string, unknown>;
  const isJson = [eventId, eventType, eventTime].some((value) => typeof value === "string");
  if (!isJson) return History.encode(history as History).finish();
  const { encodeJson } = await import("../../proto/json");
  return encodeJson("temporal.api.history.v1.History", history);
}
