/** The entries of a stream, in the form in which they travel. */

import { ApplicationFailure } from "../../common";
import { type PollInput, type PollResult, TRUNCATED_OFFSET, type WorkflowStreamWireItem } from "./types";

/**
 * The most that the entries of one poll's result may take, in characters of payloads and topics; one entry may take
 * more.
 */
const MAXIMUM_RESULT_SIZE = 1_000_000;

/** An entry: its topic and its payload, encoded. */
interface Entry {
  readonly topic: string;
  readonly data: string;
}

/** Entries with their offsets: added at the end, discarded from the beginning. */
export class StreamLog {
  readonly #entries: Entry[];
  #baseOffset: number;

  /** `baseOffset` is the offset of the first entry. */
  constructor(entries: Entry[], baseOffset: number) {
    this.#entries = entries;
    this.#baseOffset = baseOffset;
  }

  /** Offset of the first entry that is still there. */
  get baseOffset(): number {
    return this.#baseOffset;
  }

  /** Offset that the next entry will have. */
  get endOffset(): number {
    return this.#baseOffset + this.#entries.length;
  }

  /** Adds entries. */
  push(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
  }

  /** The entries for a {@link WorkflowStreamState}. */
  snapshot(): WorkflowStreamWireItem[] {
    return this.#entries.map((entry) => ({ ...entry, offset: 0 }));
  }

  /** Discards the entries before an offset. Throws a failure of the type TruncateOutOfRange if there aren't as many. */
  truncate(upToOffset: number): void {
    if (!Number.isInteger(upToOffset) || upToOffset > this.endOffset) {
      throw ApplicationFailure.create({
        message: `Cannot truncate to offset ${String(upToOffset)}: the stream ends at ${this.endOffset}; pass a whole number up to that`,
        type: "TruncateOutOfRange",
        nonRetryable: true,
      });
    }
    if (upToOffset <= this.#baseOffset) return;
    this.#entries.splice(0, upToOffset - this.#baseOffset);
    this.#baseOffset = upToOffset;
  }

  /** Whether entries from this offset on have been discarded. 0 stands for the oldest that there is, so it never is. */
  isTruncated(offset: number): boolean {
    return offset !== 0 && offset < this.#baseOffset;
  }

  /** The failure of a poll from an offset that {@link isTruncated}. */
  truncatedFailure(offset: number): ApplicationFailure {
    return ApplicationFailure.create({
      message: `The entries from offset ${offset} on have been discarded; the first that is left has offset ${this.#baseOffset}`,
      type: TRUNCATED_OFFSET,
      nonRetryable: true,
    });
  }

  /** Whether there is an entry at this offset or after it. */
  reaches(offset: number): boolean {
    return this.endOffset > Math.max(offset, this.#baseOffset);
  }

  /** Entries of the topics from an offset on, as many as fit into one result. */
  read({ topics, from_offset }: PollInput): PollResult {
    const wanted = topics.length > 0 ? new Set(topics) : undefined;
    const items: WorkflowStreamWireItem[] = [];
    let size = 0;
    for (let index = Math.max(from_offset - this.#baseOffset, 0); index < this.#entries.length; index++) {
      const { topic, data } = this.#entries[index]!;
      if (wanted?.has(topic) === false) continue;
      const offset = this.#baseOffset + index;
      size += data.length + topic.length;
      if (size > MAXIMUM_RESULT_SIZE && items.length > 0) return { items, next_offset: offset, more_ready: true };
      items.push({ topic, data, offset });
    }
    return { items, next_offset: this.endOffset, more_ready: false };
  }
}
