import { type SearchAttributePair, TypedSearchAttributes } from "../common";
import type { UnsafeWorkflowInfo, WorkflowInfo } from "../workflow/interfaces";
import { unsafeSource } from "../workflow/random/draw";
import { receive, sendable } from "./sendable";

/** A `WorkflowInfo` as it goes from thread to thread, where functions and classes can't. */
export type InfoMessage = Omit<WorkflowInfo, "typedSearchAttributes" | "unsafe"> & {
  typedSearchAttributes: SearchAttributePair[];
  unsafe: Pick<UnsafeWorkflowInfo, "isReplaying" | "isReplayingHistoryEvents">;
};

/** Real time and randomness, which take the place of the Workflow's outside of it. */
const realSources: Pick<UnsafeWorkflowInfo, "now" | "random"> = {
  now: Date.now,
  random: unsafeSource(Math.random),
};

/** Prepares an info for another thread. */
export function infoToMessage(info: WorkflowInfo): InfoMessage {
  const { isReplaying, isReplayingHistoryEvents } = info.unsafe;
  return sendable({
    ...info,
    typedSearchAttributes: info.typedSearchAttributes.toJSON(),
    unsafe: { isReplaying, isReplayingHistoryEvents },
  }) as InfoMessage;
}

/** The info on the Worker's main thread. */
export function infoFromMessage(message: InfoMessage): WorkflowInfo {
  const info = receive(message) as InfoMessage;
  return {
    ...info,
    typedSearchAttributes: new TypedSearchAttributes(info.typedSearchAttributes),
    unsafe: { ...info.unsafe, ...realSources },
  };
}
