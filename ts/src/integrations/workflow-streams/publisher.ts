/** Sends entries to a stream in batches: each exactly once, in their order. */

import type { WorkflowHandle } from "../../client";
import { PUBLISH_SIGNAL, type PublishEntry, type PublishInput } from "./types";

/**
 * The most that the entries of one batch may take, in characters of payloads and topics; a single entry may take more.
 */
const MAXIMUM_BATCH_SIZE = 1_000_000;

/**
 * Thrown when a batch could not be sent within `maxRetryDuration`. It was dropped; whether the stream has it is not
 * known.
 */
export class FlushTimeoutError extends Error {
  override readonly name = "FlushTimeoutError";
}

/** Options of a {@link Publisher}, in milliseconds. */
interface PublisherOptions {
  /** How long entries wait for others to share their batch. */
  batchIntervalMs: number;
  /** How many waiting entries are sent at once; undefined for any number. */
  maxBatchSize: number | undefined;
  /** How long a batch is tried again. */
  maxRetryDurationMs: number;
}

interface Batch {
  readonly entries: PublishEntry[];
  readonly sequence: number;
  /** When it was first sent, as `performance.now()`. */
  readonly startedMs: number;
}

/** The entries on their way from one client to one stream. */
export class Publisher {
  // The workflow leaves out what it has had from this publisher before, so a batch may be sent until it is confirmed.
  readonly #id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  readonly #waiting: PublishEntry[] = [];
  #batch: Batch | undefined;
  #sequence = 0;
  /** How many entries were added, and how many of them are no longer here: confirmed or dropped. */
  #added = 0;
  #gone = 0;
  #sending: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #failure: FlushTimeoutError | undefined;

  constructor(
    private readonly handle: WorkflowHandle,
    private readonly options: PublisherOptions,
  ) {}

  /** Takes an entry, to be sent in the background. */
  add(entry: PublishEntry, forceFlush: boolean): void {
    this.#waiting.push(entry);
    this.#added++;
    const { maxBatchSize } = this.options;
    if (forceFlush || (maxBatchSize !== undefined && this.#waiting.length >= maxBatchSize)) this.#schedule(0);
    else if (this.#timer === undefined) this.#schedule(this.options.batchIntervalMs);
  }

  /**
   * Waits until the entries of this moment are confirmed.
   *
   * @throws FlushTimeoutError if a batch was dropped, now or in the background before
   * @throws what the signal is rejected with; its entries stay, to be sent again
   */
  async flush(): Promise<void> {
    this.#throwFailure();
    const until = this.#added;
    while (this.#gone < until) await this.#send();
    this.#throwFailure();
  }

  /** Sends what there is and stops sending in the background. Throws like {@link flush}. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unschedule();
    while (this.#gone < this.#added) await this.#send();
    this.#throwFailure();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /**
   * Sends in the background after a time, for as long as there is something to send. A timer that runs keeps the
   * process alive.
   */
  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#unschedule();
    this.#timer = setTimeout(async () => {
      this.#timer = undefined;
      try {
        await this.#send();
      } catch (error) {
        // Whoever flushes or stops gets to know; everything else may pass, and is tried again.
        if (error instanceof FlushTimeoutError) this.#failure = error;
      }
      if (this.#gone < this.#added && this.#timer === undefined) this.#schedule(this.options.batchIntervalMs);
    }, delayMs);
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends one batch. Only one at a time is under way. */
  async #send(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending.catch(() => undefined);
    this.#sending = this.#sendBatch();
    try {
      await this.#sending;
    } finally {
      this.#sending = undefined;
    }
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#batch;
    if (batch !== undefined && performance.now() - batch.startedMs > this.options.maxRetryDurationMs) {
      // The stream may have it after all: its number must not come again.
      this.#remove(batch);
      throw new FlushTimeoutError(
        `A batch of ${batch.entries.length} entries could not be sent within ${this.options.maxRetryDurationMs} ms (maxRetryDuration) and was dropped. ` +
          "If one of the signals arrived nevertheless, the stream has it; if not, it is lost",
      );
    }
    const next = (this.#batch ??= this.#nextBatch());
    if (next === undefined) return;
    const input: PublishInput = { items: next.entries, publisher_id: this.#id, sequence: next.sequence };
    await this.handle.signal<[PublishInput]>(PUBLISH_SIGNAL, input);
    this.#remove(next);
  }

  #remove({ entries, sequence }: Batch): void {
    this.#batch = undefined;
    this.#sequence = sequence;
    this.#gone += entries.length;
    if (this.#gone === this.#added) this.#unschedule();
  }

  #nextBatch(): Batch | undefined {
    let count = 0;
    for (let size = 0; count < this.#waiting.length; count++) {
      const { topic, data } = this.#waiting[count]!;
      size += topic.length + data.length;
      if (size > MAXIMUM_BATCH_SIZE && count > 0) break;
    }
    if (count === 0) return undefined;
    return { entries: this.#waiting.splice(0, count), sequence: this.#sequence + 1, startedMs: performance.now() };
  }
}
