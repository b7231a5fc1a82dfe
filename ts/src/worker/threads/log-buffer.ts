import { keeps, LevelMethods, type Logger, type LogLevel, type LogMetadata, LogTimestamp } from "../telemetry/logger";

/** How long records wait for older ones that come later, in milliseconds. */
const delayMs = 100;
/** Most records that wait; the oldest go at once beyond that. */
const capacity = 2_000;

interface Waiting {
  level: LogLevel;
  message: string;
  meta: LogMetadata & { [LogTimestamp]: bigint };
}

/**
 * A logger that passes records on in the order of their times. Those of Core, of Workflows and of the Worker come on
 * different ways, some later than others.
 */
export class LogBuffer extends LevelMethods {
  readonly #target: Logger;
  /** In the order of their times. */
  readonly #waiting: Waiting[] = [];
  /** Set while records wait. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onExit = (): void => this.flush();

  /** @param target gets the records, in order and a tenth of a second late */
  constructor(target: Logger) {
    super();
    this.#target = target;
    process.on("exit", this.#onExit);
  }

  /** Whether the target keeps records of this level. */
  isEnabled(level: LogLevel): boolean {
    return keeps(this.#target, level);
  }

  /** Takes a record of any level, to be passed on later. */
  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (!this.isEnabled(level)) return;
    const time: bigint = meta?.[LogTimestamp] ?? BigInt(Date.now()) * 1_000_000n;
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.meta[LogTimestamp] > time) index--;
    this.#waiting.splice(index, 0, { level, message, meta: { ...meta, [LogTimestamp]: time } });
    if (this.#waiting.length > capacity) this.#pass(this.#waiting.shift()!);
    this.#wait();
  }

  /** Passes on everything that waits. */
  flush(): void {
    for (const record of this.#waiting.splice(0)) this.#pass(record);
  }

  /** Passes on everything that waits, and no longer looks after the end of the process. */
  close(): void {
    clearTimeout(this.#timer);
    process.off("exit", this.#onExit);
    this.flush();
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.#release(), delayMs).unref();
  }

  #release(): void {
    this.#timer = undefined;
    const until = BigInt(Date.now() - delayMs) * 1_000_000n;
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.meta[LogTimestamp] <= until) count++;
    for (const record of this.#waiting.splice(0, count)) this.#pass(record);
    if (this.#waiting.length > 0) this.#wait();
  }

  #pass({ level, message, meta }: Waiting): void {
    try {
      this.#target.log(level, message, meta);
    } catch {
      // A logger that fails must not take the timer, and with it the process, along; there is nowhere left to report
      // it.
    }
  }
}
