/**
 * Streams of Workflows, the side of everyone else: activities, starters, web servers. They publish to a
 * `WorkflowStream` (see `temporal-bun-sdk/workflow-streams/workflow`) by signals and subscribe to it by updates. The
 * semantics are those of the official SDK's `@temporalio/workflow-streams/client`, and the protocol is that of all
 * languages.
 *
 * Values are converted one by one. Codecs and external storage are for the signal or update around them, like for any
 * other.
 *
 * @module
 */

import { Context } from "../../activity";
import {
  type Client,
  GrpcStatus,
  isGrpcServiceError,
  ServiceError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
} from "../../client";
import {
  ApplicationFailure,
  type Duration,
  defaultPayloadConverter,
  IllegalStateError,
  type Payload,
  type PayloadConverter,
  WorkflowNotFoundError,
} from "../../common";
import { msToNumber } from "../../common/time";
import { decodePayloadWire, encodePayloadWire, isPayload } from "./codec";
import { Publisher } from "./publisher";
import {
  OFFSET_QUERY,
  POLL_UPDATE,
  type PollInput,
  type PollResult,
  STREAM_DRAINING,
  TRUNCATED_OFFSET,
  type WorkflowStreamItem,
} from "./types";

export { FlushTimeoutError } from "./publisher";
export type { PollInput, PollResult, PublishEntry, PublishInput, WorkflowStreamItem } from "./types";

/** Options of {@link WorkflowStreamClient}. */
export interface WorkflowStreamClientOptions {
  /** How long an entry waits for others to be sent with it. Default 2 seconds. */
  batchInterval?: Duration;
  /** With as many waiting entries, they are sent at once. Default: any number waits. */
  maxBatchSize?: number;
  /**
   * How long a batch that can't be sent is tried again before it is dropped. Must be less than the stream's
   * `publisherTtl` (15 minutes), or a batch may be published twice. Default 10 minutes.
   */
  maxRetryDuration?: Duration;
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** How long to wait between one poll and the next if there is nothing more yet. Default 100 ms. */
  pollCooldown?: Duration;
}

/** Statuses of runs that take polls, though the last one may have come in a moment in which it did not. */
const openStatuses = new Set(["RUNNING", "PAUSED"]);

/** What to do about a poll that failed: from where to try again and after how long; or nothing is left to read. */
type Recovery = { offset: number; delayMs: number } | "ended";

/**
 * Publishes to one topic of a stream and subscribes to it.
 *
 * @experimental
 */
export class TopicHandle<T = unknown> {
  readonly #client: WorkflowStreamClient;
  readonly #publish: (topic: string, value: unknown, forceFlush: boolean) => void;

  /** @internal */
  constructor(
    client: WorkflowStreamClient,
    /** Name of the topic. */
    readonly name: string,
    publish: (topic: string, value: unknown, forceFlush: boolean) => void,
  ) {
    this.#client = client;
    this.#publish = publish;
  }

  /**
   * Takes a value, to be sent in the background with those of all topics, see {@link WorkflowStreamClientOptions}.
   *
   * @param value is converted by the client's payload converter, now; a payload is taken as it is
   * @param options with `forceFlush`, everything that waits is sent at once
   * @throws ValueError if the converter has no payload for the value
   */
  publish(value: T | Payload, options?: { forceFlush?: boolean }): void {
    this.#publish(this.name, value, options?.forceFlush ?? false);
  }

  /**
   * The entries of this topic, converted by the client's payload converter. See {@link WorkflowStreamClient.subscribe}.
   *
   * @param fromOffset offset of the first entry, over all topics. Default 0, the oldest that there is.
   */
  subscribe(fromOffset = 0, options?: SubscribeOptions): AsyncGenerator<WorkflowStreamItem<T>, void, unknown> {
    return this.#client.subscribe<T>(this.name, fromOffset, { ...options, resultType: true });
  }
}

/**
 * Publishes to the stream of a Workflow and subscribes to it. Publishing takes `await using client =
 * WorkflowStreamClient.create(…)`, or {@link flush} at the end: only then it is certain, and known, that everything was
 * sent.
 */
export class WorkflowStreamClient {
  readonly #handle: WorkflowHandle;
  #client: Client | undefined;
  #payloadConverter: PayloadConverter = defaultPayloadConverter;
  readonly #publisher: Publisher;
  readonly #topics = new Map<string, TopicHandle<any>>();
  /** The run that took the last poll: only that one can say whether it continued as new. Undefined for the latest. */
  #polledRunId: string | undefined;

  /**
   * For a handle alone: subscriptions end with its run, and values go through the default payload converter. {@link
   * create} does more.
   *
   * @throws TypeError if an option is no duration
   */
  constructor(handle: WorkflowHandle, options?: WorkflowStreamClientOptions) {
    this.#handle = handle;
    this.#publisher = new Publisher(handle, {
      batchIntervalMs: msToNumber(options?.batchInterval ?? "2 seconds", "batchInterval"),
      maxBatchSize: options?.maxBatchSize,
      maxRetryDurationMs: msToNumber(options?.maxRetryDuration ?? "10 minutes", "maxRetryDuration"),
    });
  }

  /**
   * For a Workflow by its id: subscriptions go on when it continues as new, and values go through the client's payload
   * converter.
   */
  static create(client: Client, workflowId: string, options?: WorkflowStreamClientOptions): WorkflowStreamClient {
    const stream = new WorkflowStreamClient(client.workflow.getHandle(workflowId), options);
    stream.#client = client;
    stream.#payloadConverter = client.options.loadedDataConverter.payloadConverter;
    return stream;
  }

  /**
   * For the Workflow that scheduled the activity that calls.
   *
   * @throws IllegalStateError outside of an activity, and in one that no Workflow scheduled
   */
  static fromWithinActivity(options?: WorkflowStreamClientOptions): WorkflowStreamClient {
    const { info, client } = Context.current();
    if (info.workflowExecution === undefined) {
      throw new IllegalStateError(
        `No Workflow scheduled the activity '${info.activityType}', so there is no stream of its own; use WorkflowStreamClient.create(client, workflowId)`,
      );
    }
    return WorkflowStreamClient.create(client, info.workflowExecution.workflowId, options);
  }

  /**
   * The topic of a name, the same object for each call. `T` is what the program means to publish there; nothing checks
   * it.
   */
  topic<T = unknown>(name: string): TopicHandle<T> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new TopicHandle<T>(this, name, (to, value, forceFlush) => {
        const payload = isPayload(value) ? value : this.#payloadConverter.toPayload(value);
        this.#publisher.add({ topic: to, data: encodePayloadWire(payload) }, forceFlush);
      });
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /**
   * Sends everything that was published and waits until the server has it.
   *
   * @throws FlushTimeoutError if a batch was dropped, be it now or in the background before
   * @throws what the signal is rejected with, such as `WorkflowNotFoundError`; the entries stay, to be sent again
   */
  async flush(): Promise<void> {
    await this.#publisher.flush();
  }

  /**
   * Sends everything like {@link flush}, and nothing in the background any more: what is published later needs a flush
   * of its own.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.stop();
  }

  /**
   * The entries of a stream from an offset on, old and new, until the Workflow is closed. Entries that were discarded
   * are left out.
   *
   * @param topics one or several; undefined or an empty list for all
   * @param fromOffset offset of the first entry. Default 0, the oldest that there is.
   * @param options with `resultType: true` the entries have values, converted by the client's payload converter,
   * instead of payloads
   * @throws WorkflowNotFoundError if there is no such Workflow
   * @throws WorkflowUpdateFailedError if the Workflow has no stream
   */
  subscribe(
    topics?: string | string[],
    fromOffset?: number,
    options?: SubscribeOptions,
  ): AsyncGenerator<WorkflowStreamItem<Payload>, void, unknown>;
  subscribe<T>(
    topics: string | string[] | undefined,
    fromOffset: number,
    options: SubscribeOptions & { resultType: true },
  ): AsyncGenerator<WorkflowStreamItem<T>, void, unknown>;
  async *subscribe(
    topics: string | string[] = [],
    fromOffset = 0,
    options: SubscribeOptions & { resultType?: boolean } = {},
  ): AsyncGenerator<WorkflowStreamItem<unknown>, void, unknown> {
    const cooldownMs = msToNumber(options.pollCooldown ?? 100, "pollCooldown");
    const wanted = typeof topics === "string" ? [topics] : topics;
    for (let offset = fromOffset; ; ) {
      let result: PollResult;
      try {
        result = await this.#poll({ topics: wanted, from_offset: offset });
      } catch (error) {
        const recovery = await this.#recover(error, offset, cooldownMs);
        if (recovery === "ended") return;
        offset = recovery.offset;
        await Bun.sleep(recovery.delayMs);
        continue;
      }
      for (const { topic, data, offset: itemOffset } of result.items) {
        const payload = decodePayloadWire(data);
        yield {
          topic,
          data: options.resultType ? this.#payloadConverter.fromPayload(payload) : payload,
          offset: itemOffset,
        };
      }
      offset = result.next_offset;
      if (!result.more_ready) await Bun.sleep(cooldownMs);
    }
  }

  /** The offset that the next entry of the stream will have. */
  async getOffset(): Promise<number> {
    return this.#handle.query<number>(OFFSET_QUERY);
  }

  async #poll(input: PollInput): Promise<PollResult> {
    const options = { args: [input] as [PollInput], waitForStage: WorkflowUpdateStage.ACCEPTED };
    const update = await this.#handle.startUpdate<PollResult, [PollInput]>(POLL_UPDATE, options);
    this.#polledRunId = update.workflowRunId;
    return update.result();
  }

  async #recover(error: unknown, offset: number, cooldownMs: number): Promise<Recovery> {
    if (error instanceof WorkflowUpdateFailedError) {
      const type = error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
      if (type === TRUNCATED_OFFSET) return { offset: 0, delayMs: 0 };
      if (type === STREAM_DRAINING) return { offset, delayMs: cooldownMs };
      if (type !== "AcceptedUpdateCompletedWorkflow") throw error;
    } else if (
      error instanceof ServiceError &&
      isGrpcServiceError(error.cause) &&
      error.cause.code === GrpcStatus.FAILED_PRECONDITION
    ) {
      // The Workflow Task that was to take the poll failed, as tasks do that would have closed the run while something
      // else came in.
      return { offset, delayMs: cooldownMs };
    } else if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof WorkflowNotFoundError)) {
      throw error;
    }
    const status = await this.#polledStatus();
    if (status === "CONTINUED_AS_NEW" && this.#client !== undefined) {
      // The next run is the latest, whichever that is by then: its status counts if there is none that takes polls.
      const delayMs = this.#polledRunId === undefined ? cooldownMs : 0;
      this.#polledRunId = undefined;
      return { offset, delayMs };
    }
    if (!(error instanceof WorkflowNotFoundError)) return "ended";
    if (status === undefined) throw error;
    return openStatuses.has(status) ? { offset, delayMs: cooldownMs } : "ended";
  }

  /** Status of the run that took the last poll, undefined if the server has no such run. */
  async #polledStatus(): Promise<WorkflowExecutionDescription["status"]["name"] | undefined> {
    const handle = this.#client?.workflow.getHandle(this.#handle.workflowId, this.#polledRunId) ?? this.#handle;
    try {
      return (await handle.describe()).status.name;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}
