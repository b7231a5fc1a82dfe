/**
 * What travels between a stream and its clients. Names and shapes are those of the official SDKs of all languages, so
 * that any of their clients reads any of their streams.
 */

import type { Payload } from "../../common";

/** An entry of a stream, as subscribers get it. */
export interface WorkflowStreamItem<T = Payload> {
  /** The topic that it was published to. */
  topic: string;
  /** The value, or its payload where a subscriber doesn't ask for values. */
  data: T;
  /** Its place in the stream, over all topics and runs; the first entry has 0. */
  offset: number;
}

/** An entry on its way to a stream. */
export interface PublishEntry {
  /** The topic that it is for. */
  topic: string;
  /** The payload's protobuf bytes in base64: the envelope is JSON, in which a payload couldn't stand as it is. */
  data: string;
}

/** An entry on its way to a subscriber. */
export interface WorkflowStreamWireItem extends PublishEntry {
  /** See {@link WorkflowStreamItem.offset}; 0 in a {@link WorkflowStreamState}, where the place in the log says it. */
  offset: number;
}

/** Argument of the signal that publishes: a batch of entries. */
export interface PublishInput {
  /** The entries, in their order. */
  items: PublishEntry[];
  /** Who publishes. With "", a batch that arrives twice is published twice. */
  publisher_id: string;
  /** Number of the batch among those of its publisher, from 1; a batch that isn't newer than the last is left out. */
  sequence: number;
}

/** Argument of the update that waits for entries. */
export interface PollInput {
  /** Topics to get; none stands for all. */
  topics: string[];
  /** Offset of the first entry to get; 0 stands for the oldest that there is. */
  from_offset: number;
}

/** Result of the update that waits for entries. */
export interface PollResult {
  /** Entries of the topics that were asked for; may be none, if only others were published. */
  items: WorkflowStreamWireItem[];
  /** Where to go on. */
  next_offset: number;
  /** Whether there are entries already that did not fit into this result. */
  more_ready: boolean;
}

/** What a stream hands over to the next run of its Workflow. */
export interface WorkflowStreamState {
  /** The entries that are still there. */
  log: WorkflowStreamWireItem[];
  /** Offset of the first of them. */
  base_offset: number;
  /** Number of the last batch of each publisher. */
  publisher_sequences: Record<string, number>;
  /** When each publisher last published, in seconds since the epoch. */
  publisher_last_seen: Record<string, number>;
}

/** Names under which streams listen, the same in all languages. */
export const PUBLISH_SIGNAL = "__temporal_workflow_stream_publish";
export const POLL_UPDATE = "__temporal_workflow_stream_poll";
export const OFFSET_QUERY = "__temporal_workflow_stream_offset";

/** Type of the failure of a poll from an offset that is no longer there. */
export const TRUNCATED_OFFSET = "TruncatedOffset";
/** Type of the failure of a poll that comes while the run is about to continue as new. */
export const STREAM_DRAINING = "StreamDraining";
