/** Types of schedules: options for making and changing them, and what the server says of them. */

import { makeEnumConverters } from "../../common/enums";
import type { Workflow } from "../../common/interfaces";
import type { SearchAttributePair, SearchAttributes, TypedSearchAttributes } from "../../common/search-attributes";
import type { Duration } from "../../common/time";
import type { Replace } from "../../common/type-helpers";
import type { DescribeScheduleResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";
import type { WorkflowOptions, WorkflowStartOptions } from "../workflow/workflow-options";
import type { ScheduleSpec, ScheduleSpecDescription } from "./schedule-spec-types";

export * from "./schedule-spec-types";

/** What happens when an action is due while one that was started before still runs. */
export const ScheduleOverlapPolicy = {
  /** The action is left out. The default. */
  SKIP: "SKIP",
  /** The action starts when the running one has ended. Only one waits in this way; further ones are left out. */
  BUFFER_ONE: "BUFFER_ONE",
  /** Any number of actions wait, and are started one after the other. */
  BUFFER_ALL: "BUFFER_ALL",
  /** The running one is asked to cancel; the action starts when it has ended. */
  CANCEL_OTHER: "CANCEL_OTHER",
  /** The running one is terminated, and the action starts at once. */
  TERMINATE_OTHER: "TERMINATE_OTHER",
  /** The action starts at once, beside the running one. */
  ALLOW_ALL: "ALLOW_ALL",
  /** @deprecated Use undefined. */
  UNSPECIFIED: undefined,
} as const;
export type ScheduleOverlapPolicy = (typeof ScheduleOverlapPolicy)[keyof typeof ScheduleOverlapPolicy];

/** Between {@link ScheduleOverlapPolicy} and protobuf. */
export const [encodeScheduleOverlapPolicy, decodeScheduleOverlapPolicy] = makeEnumConverters(
  "SCHEDULE_OVERLAP_POLICY_",
  {
    SKIP: 1,
    BUFFER_ONE: 2,
    BUFFER_ALL: 3,
    CANCEL_OTHER: 4,
    TERMINATE_OTHER: 5,
    ALLOW_ALL: 6,
  },
);

/** A time in the past, or to come, whose actions are taken now. */
export interface Backfill {
  /** Begin of the time, inclusive. */
  start: Date;
  /** End of the time, inclusive. */
  end: Date;
  /** Instead of the schedule's own overlap policy. */
  overlap?: ScheduleOverlapPolicy;
}

/** A schedule to make. */
export interface ScheduleOptions<A extends ScheduleOptionsAction = ScheduleOptionsAction> {
  /** Id of the schedule, e.g. what it is for. */
  scheduleId: string;
  /** When actions are taken. */
  spec: ScheduleSpec;
  /** What is done at these times. */
  action: A;
  policies?: {
    /** What happens when an action is due while one still runs. Default SKIP. */
    overlap?: ScheduleOverlapPolicy;
    /**
     * How late an action that was missed (the server was down) is still taken: milliseconds or text. Default 1 year.
     */
    catchupWindow?: Duration;
    /** Whether the schedule pauses when an action fails or times out, its retries included. Default false. */
    pauseOnFailure?: boolean;
  };
  /** Values to keep with the schedule, not indexed; converted by the data converter. */
  memo?: Record<string, unknown>;
  /** @deprecated Use {@link typedSearchAttributes}. */
  searchAttributes?: SearchAttributes;
  /**
   * Indexed values by which the schedule is found. They are not encrypted by codecs. Go before {@link
   * searchAttributes}.
   */
  typedSearchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
  /** The state that the schedule begins with. */
  state?: {
    /** Whether it is paused. Default false. */
    paused?: boolean;
    /** Text for people, e.g. why it is paused. The server replaces it when it pauses the schedule itself. */
    note?: string;
    /** How many actions are taken; then only {@link ScheduleHandle.trigger} takes more. Default: no limit. */
    remainingActions?: number;
    /** Whether an action is taken at once. Default false. */
    triggerImmediately?: boolean;
    /** Times whose actions are taken at once. */
    backfill?: Backfill[];
  };
}

/** {@link ScheduleOptions} as interceptors see them. */
export type CompiledScheduleOptions = Replace<ScheduleOptions, { action: CompiledScheduleAction }>;

/** What an update makes of a schedule. */
export type ScheduleUpdateOptions<A extends ScheduleOptionsAction = ScheduleOptionsAction> = Replace<
  Omit<ScheduleOptions, "scheduleId" | "memo">,
  {
    action: A;
    state: Omit<NonNullable<ScheduleOptions["state"]>, "triggerImmediately" | "backfill">;
  }
>;

/** {@link ScheduleUpdateOptions} with the action compiled. */
export type CompiledScheduleUpdateOptions = Replace<ScheduleUpdateOptions, { action: CompiledScheduleAction }>;

/** What a list says of a schedule. Lists lag behind: parts may be missing or outdated for a moment. */
export interface ScheduleSummary {
  scheduleId: string;
  /** When actions are taken. */
  spec?: ScheduleSpecDescription;
  /** What is done then. */
  action?: ScheduleSummaryAction;
  memo?: Record<string, unknown>;
  /** @deprecated Use {@link typedSearchAttributes}. */
  searchAttributes?: SearchAttributes;
  typedSearchAttributes?: TypedSearchAttributes;
  state: {
    paused: boolean;
    /** Text for people. */
    note?: string;
  };
  info: {
    /** The last actions, manual ones included, oldest first. */
    recentActions: ScheduleExecutionResult[];
    /** The next times. */
    nextActionTimes: Date[];
  };
}

/** An action that was taken. */
export interface ScheduleExecutionResult {
  /** The time that it was due, jitter included. */
  scheduledAt: Date;
  /** The time that it was taken. */
  takenAt: Date;
  action: ScheduleExecutionActionResult;
}

/** What an action did. */
export type ScheduleExecutionActionResult = ScheduleExecutionStartWorkflowActionResult;

/** A workflow that an action started. */
export interface ScheduleExecutionStartWorkflowActionResult {
  type: "startWorkflow";
  workflow: {
    workflowId: string;
    /** Id of the first run; runs that follow it have other ids. */
    firstExecutionRunId: string;
  };
}

/** What `ScheduleHandle.describe` returns. */
export type ScheduleDescription = {
  scheduleId: string;
  /** When actions are taken. */
  spec: ScheduleSpecDescription;
  /** What is done then. */
  action: ScheduleDescriptionAction;
  policies: {
    overlap: ScheduleOverlapPolicy;
    /** Milliseconds. */
    catchupWindow: number;
    pauseOnFailure: boolean;
  };
  memo?: Record<string, unknown>;
  /** @deprecated Use `typedSearchAttributes`. */
  searchAttributes: SearchAttributes;
  typedSearchAttributes: TypedSearchAttributes;
  state: {
    paused: boolean;
    /** Text for people. */
    note?: string;
    /** How many actions are left; undefined if there is no limit. */
    remainingActions?: number;
  };
  info: {
    /** The last actions, manual ones included, oldest first. */
    recentActions: ScheduleExecutionResult[];
    /** The next times. */
    nextActionTimes: Date[];
    numActionsTaken: number;
    /** Actions left out because they were later than the catch-up window. */
    numActionsMissedCatchupWindow: number;
    /** Actions left out because of the overlap policy. */
    numActionsSkippedOverlap: number;
    createdAt: Date;
    lastUpdatedAt: Date | undefined;
    /** Workflows started by the schedule that run now. */
    runningActions: ScheduleExecutionActionResult[];
  };
  /** The server's message. */
  raw: DescribeScheduleResponse;
};

/** What a schedule does. */
export type ScheduleOptionsAction = ScheduleOptionsStartWorkflowAction<Workflow>;

/** Starts a workflow. The time that it was due is appended to the workflow's id. */
export type ScheduleOptionsStartWorkflowAction<W extends Workflow> = {
  type: "startWorkflow";
  /** The workflow: its function or type name. */
  workflowType: string | W;
} & Pick<WorkflowStartOptions<W>, "args"> &
  Pick<
    WorkflowOptions,
    | "taskQueue"
    | "memo"
    | "searchAttributes"
    | "typedSearchAttributes"
    | "retry"
    | "workflowExecutionTimeout"
    | "workflowRunTimeout"
    | "workflowTaskTimeout"
    | "staticDetails"
    | "staticSummary"
    | "priority"
  > & {
    /** Begin of the ids of the workflows. Default `<schedule id>-workflow`. */
    workflowId?: string;
  };

/** What a list says of an action. */
export type ScheduleSummaryAction = ScheduleSummaryStartWorkflowAction;

/** What a list says of an action that starts a workflow. */
export interface ScheduleSummaryStartWorkflowAction {
  type: "startWorkflow";
  workflowType: string;
}

/** An action as a description has it. */
export type ScheduleDescriptionAction = ScheduleDescriptionStartWorkflowAction;

/** An action that starts a workflow, as a description has it; time limits in milliseconds. */
export type ScheduleDescriptionStartWorkflowAction = ScheduleSummaryStartWorkflowAction &
  Pick<
    WorkflowStartOptions<Workflow>,
    | "taskQueue"
    | "workflowId"
    | "args"
    | "memo"
    | "searchAttributes"
    | "typedSearchAttributes"
    | "retry"
    | "workflowExecutionTimeout"
    | "workflowRunTimeout"
    | "workflowTaskTimeout"
    | "staticSummary"
    | "staticDetails"
    | "priority"
  >;

/** An action as interceptors see it. */
export type CompiledScheduleAction = Replace<ScheduleDescriptionAction, { workflowType: string; args: unknown[] }>;
