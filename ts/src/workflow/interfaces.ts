import type {
  CommonWorkflowOptions,
  Duration,
  HandlerUnfinishedPolicy,
  InitialVersioningBehavior,
  PayloadTypeInfo,
  Priority,
  QueryDefinition,
  RetryPolicy,
  SearchAttributePair,
  SearchAttributes,
  SignalDefinition,
  SuggestContinueAsNewReason,
  TypedSearchAttributes,
  UpdateDefinition,
  VersioningIntent,
  WorkerDeploymentVersion,
} from "../common";
import type { ChildWorkflowCancellationType, ParentClosePolicy } from "./enums";
import type { EventGroupMarker } from "./event-groups";

/** What is known about the running Workflow. */
export interface WorkflowInfo {
  /** Identifier of the Workflow, given by who started it. */
  readonly workflowId: string;
  /** Identifier of this run. */
  readonly runId: string;
  /** Name of the Workflow's function. */
  readonly workflowType: string;
  /** @deprecated Use {@link typedSearchAttributes}. */
  readonly searchAttributes: SearchAttributes;
  /** Indexed attributes, as of now. */
  readonly typedSearchAttributes: TypedSearchAttributes;
  /** Attributes that aren't indexed, as of now. */
  readonly memo?: Record<string, unknown>;
  /** The parent, if this is a Child Workflow. */
  readonly parent?: ParentWorkflowInfo;
  /** The topmost ancestor; `undefined` if that is this Workflow itself. */
  readonly root?: RootWorkflowInfo;
  /** Result of the run before, of a cron Workflow or one that continued as new. */
  readonly lastResult?: unknown;
  /** Failure of the run before, if this one is a retry or follows a failed cron run. */
  readonly lastFailure?: Error;
  /** Number of events in the history up to the current Workflow Task. */
  readonly historyLength: number;
  /** Bytes of the history up to the current Workflow Task; 0 from servers older than 1.20. */
  readonly historySize: number;
  /** Whether the server suggests to continue as new. */
  readonly continueAsNewSuggested: boolean;
  /**
   * Whether the Worker Deployment Version that the Workflow should run on isn't the one that it is pinned to.
   * @experimental
   */
  readonly targetWorkerDeploymentVersionChanged: boolean;
  /**
   * Why the server suggests to continue as new.
   * @experimental
   */
  readonly suggestedContinueAsNewReasons?: SuggestContinueAsNewReason[];
  /** Task queue that the Workflow runs on. */
  readonly taskQueue: string;
  /** Namespace that the Workflow runs in. */
  readonly namespace: string;
  /** First run of the chain of runs that this one belongs to. */
  readonly firstExecutionRunId: string;
  /** The run in whose first event this run began; kept when the Workflow is reset. */
  readonly originalExecutionRunId: string;
  /** The run before, of a Workflow that continued as new. */
  readonly continuedFromExecutionRunId?: string;
  /** When the chain of runs was started. */
  readonly startTime: Date;
  /** When this run was started. */
  readonly runStartTime: Date;
  /** Limit of the whole chain of runs, in milliseconds. */
  readonly executionTimeoutMs?: number;
  /** When the limit of the whole chain of runs is reached. */
  readonly executionExpirationTime?: Date;
  /** Limit of this run, in milliseconds. */
  readonly runTimeoutMs?: number;
  /** Limit of one Workflow Task, in milliseconds. */
  readonly taskTimeoutMs: number;
  /** How the Workflow is retried. */
  readonly retryPolicy?: RetryPolicy;
  /** 1 for the first attempt, one more for each retry. */
  readonly attempt: number;
  /** The cron schedule, if there is one. */
  readonly cronSchedule?: string;
  /** Milliseconds between runs of the cron schedule. */
  readonly cronScheduleToScheduleInterval?: number;
  /** @deprecated Use {@link currentDeploymentVersion}. */
  readonly currentBuildId?: string;
  /**
   * Version of the Worker that executed the current Workflow Task first. May change from task to task, but is the same
   * on replay.
   */
  readonly currentDeploymentVersion?: WorkerDeploymentVersion;
  /** What isn't the same on replay. */
  readonly unsafe: UnsafeWorkflowInfo;
  /** Priority of the Workflow. */
  readonly priority?: Priority;
}

/** What isn't the same on replay: no decision of a Workflow may depend on it. */
export interface UnsafeWorkflowInfo {
  /** Real time, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the Workflow is being replayed. */
  readonly isReplaying: boolean;
  /** Like {@link isReplaying}, but false in queries and in validators of updates, which are never replays. */
  readonly isReplayingHistoryEvents: boolean;
  /**
   * Real randomness.
   * @experimental
   */
  readonly random: UnsafeRandomSource;
}

/**
 * Real randomness, for queries and validators of updates.
 * @experimental
 */
export interface UnsafeRandomSource {
  /** A number in [0, 1). */
  random(): number;
  /** A version 4 UUID. */
  uuid4(): string;
  /** Fills `bytes` and returns it. */
  fillRandom(bytes: Uint8Array): Uint8Array;
}

/** The parent of a Child Workflow. */
export interface ParentWorkflowInfo {
  /** Identifier of the parent. */
  workflowId: string;
  /** Run of the parent. */
  runId: string;
  /** Namespace of the parent. */
  namespace: string;
}

/** The topmost ancestor of a Child Workflow. */
export interface RootWorkflowInfo {
  /** Identifier of the ancestor. */
  workflowId: string;
  /** Run of the ancestor. */
  runId: string;
}

/** Options of {@link makeContinueAsNewFunc}. What isn't given is taken over from the current run by the server. */
export interface ContinueAsNewOptions {
  /** Name of the Workflow to go on as. Default: the current one. */
  workflowType?: string;
  /** Task queue of the next run. Default: the current one. */
  taskQueue?: string;
  /** Limit of the next run. */
  workflowRunTimeout?: Duration;
  /** Limit of one Workflow Task of the next run. */
  workflowTaskTimeout?: Duration;
  /** Delay before the first Workflow Task of the next run. */
  backoffStartInterval?: Duration;
  /** Memo of the next run. */
  memo?: Record<string, unknown>;
  /** @deprecated Use {@link typedSearchAttributes}. */
  searchAttributes?: SearchAttributes;
  /** Search attributes of the next run; they win over {@link searchAttributes}. */
  typedSearchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
  /** @deprecated Worker Versioning by build IDs gave way to Worker Deployments. */
  versioningIntent?: VersioningIntent;
  /**
   * Versioning behaviour of the first Workflow Task of the next run.
   * @experimental
   */
  initialVersioningBehavior?: InitialVersioningBehavior;
  /**
   * Type information for the arguments. Default: that of the current Workflow, if it goes on as itself.
   * @experimental
   */
  typeInfo?: Pick<PayloadTypeInfo, "inputTypes">;
  /**
   * Groups of the command.
   * @experimental
   */
  eventGroups?: EventGroupMarker[];
}

/** Options of {@link startChild} and {@link executeChild}. */
export interface ChildWorkflowOptions extends Omit<CommonWorkflowOptions, "workflowIdConflictPolicy"> {
  /**
   * Type information for arguments and result.
   * @experimental
   */
  typeInfo?: PayloadTypeInfo;
  /** Identifier of the child. Default: a UUID that is the same on replay. */
  workflowId?: string;
  /** Task queue of the child. Default: the parent's. */
  taskQueue?: string;
  /**
   * Whether and when cancellation reaches the child and its outcome the parent. Default `WAIT_CANCELLATION_COMPLETED`.
   */
  cancellationType?: ChildWorkflowCancellationType;
  /** What happens to the child when the parent closes. Default `TERMINATE`. */
  parentClosePolicy?: ParentClosePolicy;
  /** @deprecated Worker Versioning by build IDs gave way to Worker Deployments. */
  versioningIntent?: VersioningIntent;
  /**
   * Groups of the command.
   * @experimental
   */
  eventGroups?: EventGroupMarker[];
}

/** {@link ChildWorkflowOptions} with the defaults filled in, as interceptors get them. */
export type ChildWorkflowOptionsWithDefaults = ChildWorkflowOptions &
  Required<Pick<ChildWorkflowOptions, "workflowId" | "cancellationType">> & {
    /** Arguments of the child. */
    args: unknown[];
  };

/** The SDK that made a stack trace. */
export interface StackTraceSDKInfo {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
}

/** A part of a source file. */
export interface StackTraceFileSlice {
  /** Line of the file at which the part begins, from 0. */
  line_offset: number;
  /** The text. */
  content: string;
}

/** A place in a source file. */
export interface StackTraceFileLocation {
  /** Path of the file. */
  file_path?: string;
  /** Line, from 1. */
  line?: number;
  /** Column, from 1. */
  column?: number;
  /** Name of the function. */
  function_name?: string;
  /** Whether this is code of the SDK. */
  internal_code: boolean;
}

/** Where one part of a Workflow waits. */
export interface StackTrace {
  /** From the innermost call outwards. */
  locations: StackTraceFileLocation[];
}

/** Answer to the query `__enhanced_stack_trace`. */
export interface EnhancedStackTrace {
  /** What made it. */
  sdk: StackTraceSDKInfo;
  /** Source files by path; empty unless the Worker's option `showStackTraceSources` is set. */
  sources: Record<string, StackTraceFileSlice[]>;
  /** One for each part of the Workflow that waits. */
  stacks: StackTrace[];
}

/** The handler that fits a definition of an update, a signal or a query. */
export type Handler<
  Ret,
  Args extends any[],
  T extends UpdateDefinition<Ret, Args> | SignalDefinition<Args> | QueryDefinition<Ret, Args>,
> =
  T extends UpdateDefinition<infer R, infer A>
    ? (...args: A) => R | Promise<R>
    : T extends SignalDefinition<infer A>
      ? (...args: A) => void | Promise<void>
      : T extends QueryDefinition<infer R, infer A>
        ? (...args: A) => R
        : never;

/** Handles the signals that have no handler of their own. */
export type DefaultSignalHandler = (signalName: string, ...args: unknown[]) => void | Promise<void>;
/** Handles the updates that have no handler of their own. */
export type DefaultUpdateHandler = (updateName: string, ...args: unknown[]) => Promise<unknown> | unknown;
/** Answers the queries that have no handler of their own. */
export type DefaultQueryHandler = (queryName: string, ...args: unknown[]) => unknown;
/** Rejects an update, by throwing, before it is accepted. Must not change anything. */
export type UpdateValidator<Args extends any[]> = (...args: Args) => void;

/** Options of a query's handler. */
export type QueryHandlerOptions = {
  /** Shown to people. */
  description?: string;
};
/** Options of a signal's handler. */
export type SignalHandlerOptions = {
  /** Shown to people. */
  description?: string;
  /** What to do if the Workflow ends while the handler runs. Default `WARN_AND_ABANDON`. */
  unfinishedPolicy?: HandlerUnfinishedPolicy;
};
/** Options of an update's handler. */
export type UpdateHandlerOptions<Args extends any[]> = {
  /** Called before the update is accepted. */
  validator?: UpdateValidator<Args>;
  /** Shown to people. */
  description?: string;
  /** What to do if the Workflow ends while the handler runs. Default `WARN_AND_ABANDON`. */
  unfinishedPolicy?: HandlerUnfinishedPolicy;
};
