import { printable } from "../../libs/printable";
import { DefaultLogger, type LogEntry, type LogLevel } from "./logger";

/**
 * A logger that writes a line of JSON for each record: `time` (ISO 8601), `level`, `message`, and the record's
 * attributes beside them. Errors have `name`, `message`, `stack` and `cause`. With `forward`, Core's records come too:
 *
 * ```ts
 * Runtime.install({ logger: new JsonLogger(), telemetryOptions: { logging: { forward: {} } } });
 * ```
 */
export class JsonLogger extends DefaultLogger {
  /**
   * @param level records below it are dropped. Default `"INFO"`
   * @param write gets each line, with its line end. Default: standard error
   */
  constructor(level: LogLevel = "INFO", write: (line: string) => void = (line) => void process.stderr.write(line)) {
    super(level, (entry) => write(`${printable(jsonLine(entry))}\n`));
  }
}

function jsonLine({ level, message, timestampNanos, meta }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const said = { time, level, message };
  try {
    return JSON.stringify({ ...said, ...(plain(meta, []) as object), ...said });
  } catch (error) {
    // Attributes are anybody's objects: a getter of theirs must not keep a record from being written.
    return JSON.stringify({ ...said, attributesFailed: String(error) });
  }
}

/** A value as JSON can hold it. `within` are the objects that it is in, to find circles. */
function plain(value: unknown, within: readonly object[]): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (within.includes(value)) return "[circular]";
  const inside = [...within, value];
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return plain((value as Date).toJSON(), inside);
  if (Array.isArray(value) || value instanceof Set) return [...value].map((item) => plain(item, inside));
  if (value instanceof Map) return plain(Object.fromEntries(value), inside);
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item, inside)]);
  if (!(value instanceof Error)) return Object.fromEntries(entries);
  const { name, message, stack, cause } = value;
  // The message of protobuf that an error was made of says the same again.
  const own = Object.fromEntries(entries.filter(([key]) => key !== "failure"));
  return { ...own, name, message, stack, ...(cause === undefined ? {} : { cause: plain(cause, inside) }) };
}
