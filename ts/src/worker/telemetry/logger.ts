import { formatWithOptions } from "node:util";
import type { Logger, LogLevel, LogMetadata } from "../../common";
import { printable, printableFormat } from "../../libs/printable";

export type { Logger, LogLevel, LogMetadata };

/** One log record, as a {@link DefaultLogger} passes it to its function. */
export interface LogEntry {
  /** The message. */
  message: string;
  /** Its level. */
  level: LogLevel;
  /** Nanoseconds since the epoch. */
  timestampNanos: bigint;
  /** Attributes; undefined if there are none. */
  meta?: LogMetadata;
}

/** Key in a record's metadata under which the time of an earlier event travels, in nanoseconds since the epoch. */
export const LogTimestamp = Symbol.for("log_timestamp");

const severities: readonly LogLevel[] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

function defaultLogFunction({ level, timestampNanos, message, meta }: LogEntry): void {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const format = (colors: boolean) => ` ${formatWithOptions({ colors, breakLength: 120 }, "%O", meta)}`;
  const attributes = meta === undefined ? "" : printableFormat(process.stderr.isTTY === true, format);
  process.stderr.write(`${time} [${level}] ${printable(message)}${attributes}\n`);
}

/** A logger that can say beforehand which levels it drops. */
export interface FilteringLogger extends Logger {
  /** Whether records of this level are kept. */
  isEnabled(level: LogLevel): boolean;
}

/** The methods of a logger that has {@link LevelMethods.log}. */
export abstract class LevelMethods implements FilteringLogger {
  abstract isEnabled(level: LogLevel): boolean;

  abstract log(level: LogLevel, message: string, meta?: LogMetadata): void;

  /** Logs at level TRACE. */
  trace(message: string, meta?: LogMetadata): void {
    this.log("TRACE", message, meta);
  }

  /** Logs at level DEBUG. */
  debug(message: string, meta?: LogMetadata): void {
    this.log("DEBUG", message, meta);
  }

  /** Logs at level INFO. */
  info(message: string, meta?: LogMetadata): void {
    this.log("INFO", message, meta);
  }

  /** Logs at level WARN. */
  warn(message: string, meta?: LogMetadata): void {
    this.log("WARN", message, meta);
  }

  /** Logs at level ERROR. */
  error(message: string, meta?: LogMetadata): void {
    this.log("ERROR", message, meta);
  }
}

/** A logger that filters by level and writes lines to stderr, or passes records to a function of yours. */
export class DefaultLogger extends LevelMethods {
  readonly #severity: number;

  /**
   * @param level records below it are dropped. Default `"INFO"`
   * @param logFunction gets every record that isn't dropped. Default: a line on stderr
   */
  constructor(
    readonly level: LogLevel = "INFO",
    protected readonly logFunction: (entry: LogEntry) => void = defaultLogFunction,
  ) {
    super();
    this.#severity = severities.indexOf(level);
    if (this.#severity < 0)
      throw new TypeError(`Unknown log level ${JSON.stringify(level)}; the levels are ${severities.join(", ")}`);
  }

  /** Whether records of this level are kept. Lets callers skip the work of building a record that would be dropped. */
  isEnabled(level: LogLevel): boolean {
    return severities.indexOf(level) >= this.#severity;
  }

  /** Logs a record of any level. */
  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (!this.isEnabled(level)) return;
    const entry: LogEntry = { level, message, timestampNanos: BigInt(Date.now()) * 1_000_000n, meta: undefined };
    if (meta !== undefined) {
      const { [LogTimestamp]: timestamp, ...rest } = meta as LogMetadata & { [LogTimestamp]?: bigint };
      if (timestamp !== undefined) entry.timestampNanos = timestamp;
      if (Object.keys(rest).length > 0) entry.meta = rest;
    }
    this.logFunction(entry);
  }
}

/** The lowest level that a logger keeps; `"TRACE"` if it doesn't say. */
export function lowestLevel(logger: Logger): LogLevel {
  if (!("isEnabled" in logger)) return "TRACE";
  return severities.find((level) => (logger as FilteringLogger).isEnabled(level)) ?? "ERROR";
}

/**
 * A logger that adds attributes to every record of another one. They are asked for at each record, because
 * interceptors may compute them, but only for records that the other logger keeps.
 *
 * @param logger where the records go
 * @param attributes called for each record; what the record itself carries wins
 */
export function loggerWithAttributes(logger: Logger, attributes: () => LogMetadata): FilteringLogger {
  return new AttributeLogger(logger, attributes);
}

class AttributeLogger extends LevelMethods {
  constructor(
    private readonly target: Logger,
    private readonly attributes: () => LogMetadata,
  ) {
    super();
  }

  isEnabled(level: LogLevel): boolean {
    return keeps(this.target, level);
  }

  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (this.isEnabled(level)) this.target.log(level, message, { ...this.attributes(), ...meta });
  }
}

/** Whether a logger keeps records of this level, as far as it says. */
export function keeps(logger: Logger, level: LogLevel): boolean {
  return !("isEnabled" in logger) || (logger as FilteringLogger).isEnabled(level);
}
