/**
 * Streams of Workflows, the side of the Workflow: a log of entries in topics that outlives runs, written by the
 * Workflow and by `WorkflowStreamClient` (see `temporal-bun-sdk/workflow-streams/client`), and read by the latter. The
 * semantics are those of the official SDK's `@temporalio/workflow-streams/workflow`, and the protocol is that of all
 * languages.
 *
 * @module
 */

import { ApplicationFailure, type Duration, defaultPayloadConverter, type Payload, type Workflow } from "../../common";
import { msToNumber } from "../../common/time";
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setHandler,
} from "../../workflow";
import { decodePayloadWire, encodePayloadWire, isPayload } from "./codec";
import { StreamLog } from "./log";
import {
  OFFSET_QUERY,
  POLL_UPDATE,
  type PollInput,
  type PollResult,
  PUBLISH_SIGNAL,
  type PublishEntry,
  type PublishInput,
  STREAM_DRAINING,
  type WorkflowStreamState,
} from "./types";

export {
  decodeBase64,
  decodePayloadProto,
  decodePayloadWire,
  encodeBase64,
  encodePayloadProto,
  encodePayloadWire,
} from "./codec";
export type {
  PollInput,
  PollResult,
  PublishEntry,
  PublishInput,
  WorkflowStreamItem,
  WorkflowStreamState,
} from "./types";

/** Signal that publishes entries to a stream. */
export const workflowStreamPublishSignal = defineSignal<[PublishInput]>(PUBLISH_SIGNAL);
/** Update that waits for entries of a stream. */
export const workflowStreamPollUpdate = defineUpdate<PollResult, [PollInput]>(POLL_UPDATE);
/** Query for the offset that the next entry of a stream will have. */
export const workflowStreamOffsetQuery = defineQuery<number>(OFFSET_QUERY);

/**
 * Publishes to one topic of a {@link WorkflowStream}, which makes it.
 *
 * @experimental
 */
export class WorkflowTopicHandle<T = unknown> {
  readonly #publish: (topic: string, value: unknown) => void;

  /** @internal */
  constructor(
    /** Name of the topic. */
    readonly name: string,
    publish: (topic: string, value: unknown) => void,
  ) {
    this.#publish = publish;
  }

  /**
   * Adds an entry to the stream, at once.
   *
   * @param value goes through the default payload converter; a payload is taken as it is
   * @throws ValueError if the converter has no payload for the value
   */
  publish(value: T | Payload): void {
    this.#publish(this.name, value);
  }
}

/** A publisher: the number of its last batch, and when that came, in seconds since the epoch. */
interface Publisher {
  readonly sequence: number;
  readonly lastSeen: number;
}

/**
 * The stream of a Workflow. Make one, before the first `await` of the Workflow's function, so that nothing comes before
 * it: it answers the signal, the update and the query by which clients publish and subscribe. A second one takes the
 * place of the first.
 *
 * Entries are kept, and handed over to the next run, until {@link truncate} discards them.
 */
export class WorkflowStream {
  readonly #log: StreamLog;
  readonly #publishers: Map<string, Publisher>;
  readonly #topics = new Map<string, WorkflowTopicHandle<any>>();
  #draining = false;

  /**
   * @param priorState what {@link getState} returned in the run before this one; undefined for the first run
   * @throws IllegalStateError outside of a Workflow
   */
  constructor(priorState?: WorkflowStreamState) {
    this.#log = new StreamLog((priorState?.log ?? []).map(checkedEntry), priorState?.base_offset ?? 0);
    const lastSeen = priorState?.publisher_last_seen ?? {};
    const sequences = Object.entries(priorState?.publisher_sequences ?? {});
    this.#publishers = new Map(sequences.map(([id, sequence]) => [id, { sequence, lastSeen: lastSeen[id] ?? 0 }]));
    setHandler(workflowStreamPublishSignal, (input) => this.#handlePublish(input));
    setHandler(workflowStreamPollUpdate, (input) => this.#handlePoll(input), {
      validator: (input) => this.#checkPoll(input),
    });
    setHandler(workflowStreamOffsetQuery, () => this.#log.endOffset);
  }

  /**
   * The topic of a name, the same object for each call. `T` is what the program means to publish there; nothing checks
   * it.
   */
  topic<T = unknown>(name: string): WorkflowTopicHandle<T> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new WorkflowTopicHandle<T>(name, (to, value) => {
        this.#log.push([
          { topic: to, data: encodePayloadWire(isPayload(value) ? value : defaultPayloadConverter.toPayload(value)) },
        ]);
      });
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /**
   * Answers the polls that wait, and rejects those to come, whose clients then try the next run: for what is about to
   * continue as new.
   */
  detachPollers(): void {
    this.#draining = true;
  }

  /**
   * What the next run's stream is to begin with.
   *
   * @param publisherTtl publishers that have been silent for so long are forgotten, so that a batch of theirs that
   *   comes once more is published once more. Default 15 minutes.
   */
  getState(publisherTtl: Duration = "15 minutes"): WorkflowStreamState {
    const oldest = Date.now() / 1000 - msToNumber(publisherTtl, "publisherTtl") / 1000;
    const publishers = [...this.#publishers].filter(([, { lastSeen }]) => lastSeen > oldest);
    return {
      log: this.#log.snapshot(),
      base_offset: this.#log.baseOffset,
      publisher_sequences: Object.fromEntries(publishers.map(([id, { sequence }]) => [id, sequence])),
      publisher_last_seen: Object.fromEntries(publishers.map(([id, { lastSeen }]) => [id, lastSeen])),
    };
  }

  /**
   * Ends the run and starts the Workflow anew, with this stream: detaches the pollers, waits for the handlers,
   * continues as new.
   *
   * @param buildArgs makes the arguments of the next run out of the state for its stream
   * @param options `publisherTtl` is that of {@link getState}
   * @returns always rejects, with what must leave the Workflow's function
   */
  async continueAsNew<F extends Workflow>(
    buildArgs: (state: WorkflowStreamState) => Parameters<F>,
    options?: { publisherTtl?: Duration },
  ): Promise<never> {
    this.detachPollers();
    await condition(allHandlersFinished);
    return continueAsNew<F>(...buildArgs(this.getState(options?.publisherTtl)));
  }

  /**
   * Discards the entries before an offset. Subscribers that haven't read them go on with the oldest that is left.
   *
   * @throws ApplicationFailure of the type TruncateOutOfRange, not retryable, if the stream doesn't reach that far
   */
  truncate(upToOffset: number): void {
    this.#log.truncate(upToOffset);
  }

  #handlePublish(input: PublishInput): void {
    const entries = readEntries(input);
    if (entries === undefined) return;
    const { publisher_id: id, sequence } = input;
    if (id) {
      if (sequence <= (this.#publishers.get(id)?.sequence ?? 0)) return;
      this.#publishers.set(id, { sequence, lastSeen: Date.now() / 1000 });
    }
    this.#log.push(entries);
  }

  /** Rejects polls before they are in the history. */
  #checkPoll(input: PollInput): void {
    if (this.#draining) {
      throw ApplicationFailure.create({
        message: "The Workflow is about to continue as new",
        type: STREAM_DRAINING,
        nonRetryable: true,
      });
    }
    if (!Number.isInteger(input?.from_offset) || !isListOfTopics(input.topics)) {
      throw ApplicationFailure.create({
        message: `A poll needs {topics: string[], from_offset: number}, got ${JSON.stringify(input)}`,
        type: "InvalidPoll",
        nonRetryable: true,
      });
    }
  }

  async #handlePoll(input: PollInput): Promise<PollResult> {
    const { from_offset: offset } = input;
    const isTruncated = () => this.#log.isTruncated(offset);
    if (isTruncated()) throw this.#log.truncatedFailure(offset);
    await condition(() => this.#draining || isTruncated() || this.#log.reaches(offset));
    // While the poll waited, too, entries may have been discarded.
    if (isTruncated()) throw this.#log.truncatedFailure(offset);
    return this.#log.read(input);
  }
}

function isListOfTopics(topics: unknown): boolean {
  return Array.isArray(topics) && topics.every((topic) => typeof topic === "string");
}

/**
 * The entries of a batch. What is malformed is left out as a whole: thrown, it would fail the Workflow's tasks for
 * ever.
 */
function readEntries(input: PublishInput): PublishEntry[] | undefined {
  try {
    return input.items.map(checkedEntry);
  } catch (error) {
    const { publisher_id: publisherId, sequence } = input ?? {};
    log.warn("Left out a malformed batch of entries for the Workflow's stream", { publisherId, sequence, error });
    return undefined;
  }
}

/** An entry whose payload every subscriber can decode. Throws if it is malformed. */
function checkedEntry({ topic, data }: PublishEntry): PublishEntry {
  if (typeof topic !== "string" || typeof data !== "string") {
    throw new TypeError(`An entry needs a topic and data that are strings, got ${typeof topic} and ${typeof data}`);
  }
  return { topic, data: encodePayloadWire(decodePayloadWire(data)) };
}
