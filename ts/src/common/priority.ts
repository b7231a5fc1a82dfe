/** Priorities of tasks that wait in a task queue. */

import type { Priority as ProtoPriority } from "../proto/temporal/api/common/v1/message";

/**
 * Which of the tasks that wait in a queue goes first. Activities and child workflows take over the fields that they do
 * not set from the workflow that starts them.
 */
export interface Priority {
  /** From 1 to the server's maximum (5 by default); smaller goes earlier. Default is the middle, 3. */
  priorityKey?: number;
  /**
   * Tasks of each key get a share of the queue in proportion to their weight, e.g. one key per tenant. At most 64
   * bytes, default "".
   */
  fairnessKey?: string;
  /** Weight of the key, from 0.001 to 1000, default 1. Weights set on the task queue go before. */
  fairnessWeight?: number;
}

/** The priority that a protobuf one describes. */
export function decodePriority(priority?: ProtoPriority | null): Priority {
  return {
    priorityKey: priority?.priorityKey,
    fairnessKey: priority?.fairnessKey,
    fairnessWeight: priority?.fairnessWeight,
  };
}

/** The protobuf form of a priority. Throws `TypeError` or `RangeError` for a key that is not a non-negative integer. */
export function compilePriority(priority: Priority): ProtoPriority {
  const { priorityKey } = priority;
  if (priorityKey != null) {
    if (!Number.isInteger(priorityKey)) throw new TypeError(`priorityKey must be an integer, got ${priorityKey}`);
    if (priorityKey < 0) throw new RangeError(`priorityKey must be a positive integer, got ${priorityKey}`);
  }
  return {
    priorityKey: priorityKey ?? 0,
    fairnessKey: priority.fairnessKey ?? "",
    fairnessWeight: priority.fairnessWeight ?? 0,
  };
}
