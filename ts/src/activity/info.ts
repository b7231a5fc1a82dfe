import type { Priority, RetryPolicy } from "../common";

/** What is known about the current activity execution. */
export interface Info {
  /** The token that completes this execution from elsewhere, see `CompleteAsyncError`. */
  readonly taskToken: Uint8Array;
  /** {@link taskToken} in base64. */
  readonly base64TaskToken: string;
  /** ID of the activity, unique among those open in its Workflow. */
  readonly activityId: string;
  /** The name that the activity was called by. */
  readonly activityType: string;
  /** @deprecated Use {@link namespace}. */
  readonly activityNamespace: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** Whether this is a local activity, run without a task of its own on the server. */
  readonly isLocal: boolean;
  /** The Workflow that called the activity; absent if none did. */
  readonly workflowExecution?: { readonly workflowId: string; readonly runId: string };
  /** @deprecated Use {@link namespace}. */
  readonly workflowNamespace?: string;
  /** Type of the Workflow that called the activity; absent if none did. */
  readonly workflowType?: string;
  /** When the first attempt was scheduled, in milliseconds since the epoch. */
  readonly scheduledTimestampMs: number;
  /** Limit from scheduling to the end of the last attempt, in milliseconds; 0 if there is none. */
  readonly scheduleToCloseTimeoutMs: number;
  /** Limit of one attempt, in milliseconds; 0 if there is none. */
  readonly startToCloseTimeoutMs: number;
  /** When this attempt was scheduled, in milliseconds since the epoch. */
  readonly currentAttemptScheduledTimestampMs: number;
  /** Limit between heartbeats, in milliseconds; absent if the activity needn't heartbeat. */
  readonly heartbeatTimeoutMs?: number;
  /** The details of the last heartbeat of an earlier attempt; `undefined` if there was none. */
  readonly heartbeatDetails: any;
  /** The task queue of the activity; for a local activity the Workflow's. */
  readonly taskQueue: string;
  /** Priority of the activity, if it has one. */
  readonly priority?: Priority;
  /** The retry policy in force, if the server told it. */
  readonly retryPolicy?: RetryPolicy;
  /** The namespace that the activity runs in. */
  readonly namespace: string;
  /** ID of this run, for an activity that was not called by a Workflow. */
  readonly activityRunId?: string;
  /** Whether a Workflow called the activity. */
  readonly inWorkflow: boolean;
}
