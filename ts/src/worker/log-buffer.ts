import { type FilteringLogger, type Logger, type LogLevel, type LogMetadata, LogTimestamp } from "./logger";

/** How long records wait for older ones that come later, and how often that is looked at, in milliseconds. */
const delayMs = 100;
/** Most records that wait; the oldest go at once beyond that. */
const capacity = 2_000;

interface Waiting {
  level: LogLevel;
  message: string;
  meta: LogMetadata & { [LogTimestamp]: bigint };
}

/**
 * A logger that passes records on in the order of their times. Those of Core, of Workflows and of the Worker come on different ways,
 * some later than others.
 */
export class LogBuffer implements FilteringLogger {
  readonly #target: Logger;
  /** In the order of their times. */
  readonly #waiting: Waiting[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onExit = (): void => this.flush();

  /** @param target gets the records, in order and a tenth of a second late */
  constructor(target: Logger) {
    this.#target = target;
    this.#timer = setInterval(() => this.#release(BigInt(Date.now() - delayMs) * 1_000_000n), delayMs);
    this.#timer.unref();
    process.on("exit", this.#onExit);
  }

  /** Whether the target keeps records of this level. */
  isEnabled(level: LogLevel): boolean {
    return !("isEnabled" in this.#target) || (this.#target as FilteringLogger).isEnabled(level);
  }

  /** Takes a record of any level, to be passed on later. */
  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (!this.isEnabled(level)) return;
    const time: bigint = meta?.[LogTimestamp] ?? BigInt(Date.now()) * 1_000_000n;
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.meta[LogTimestamp] > time) index--;
    this.#waiting.splice(index, 0, { level, message, meta: { ...meta, [LogTimestamp]: time } });
    if (this.#waiting.length > capacity) this.#pass(this.#waiting.shift()!);
  }

  /** Takes a record of level TRACE. */
  trace(message: string, meta?: LogMetadata): void {
    this.log("TRACE", message, meta);
  }

  /** Takes a record of level DEBUG. */
  debug(message: string, meta?: LogMetadata): void {
    this.log("DEBUG", message, meta);
  }

  /** Takes a record of level INFO. */
  info(message: string, meta?: LogMetadata): void {
    this.log("INFO", message, meta);
  }

  /** Takes a record of level WARN. */
  warn(message: string, meta?: LogMetadata): void {
    this.log("WARN", message, meta);
  }

  /** Takes a record of level ERROR. */
  error(message: string, meta?: LogMetadata): void {
    this.log("ERROR", message, meta);
  }

  /** Passes on everything that waits. */
  flush(): void {
    for (const record of this.#waiting.splice(0)) this.#pass(record);
  }

  /** Passes on everything that waits, and stops looking. */
  close(): void {
    clearInterval(this.#timer);
    process.off("exit", this.#onExit);
    this.flush();
  }

  #release(until: bigint): void {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.meta[LogTimestamp] <= until) count++;
    for (const record of this.#waiting.splice(0, count)) this.#pass(record);
  }

  #pass({ level, message, meta }: Waiting): void {
    try {
      this.#target.log(level, message, meta);
    } catch {
      // A logger that fails must not take the timer, and with it the process, along; there is nowhere left to report it.
    }
  }
}
