/** Interceptors of the activity client. */

import type { Headers, Next } from "../../common/interceptors";
import type { TypeInfo } from "../../common/type-info";
import type {
  ActivityDescribeOptions,
  ActivityHandle,
  ActivityOptions,
  ActivityOptionsUpdate,
  ActivityOptionsUpdateResult,
  ActivityPauseOptions,
  ActivityUnpauseOptions,
} from "./activity-options";
import type { ActivityExecutionDescription, ActivityExecutionInfo, CountActivityExecutions } from "./activity-types";

/** An activity to start. */
export interface ActivityStartInput {
  /** Type name. */
  readonly activityType: string;
  readonly options: ActivityOptions;
  readonly headers: Headers;
}

/** Which activity a call is about. */
interface ActivityTarget {
  readonly activityId: string;
  /** Empty for the latest run. */
  readonly activityRunId: string;
  readonly headers: Headers;
}

/** An activity whose result is waited for. */
export interface ActivityGetResultInput extends ActivityTarget {
  readonly outputType?: TypeInfo;
}

/** An activity to describe. */
export interface ActivityDescribeInput extends ActivityTarget {
  readonly options: Required<ActivityDescribeOptions>;
}

/** An activity to cancel. */
export interface ActivityCancelInput extends ActivityTarget {
  readonly reason: string;
}

/** An activity to terminate. */
export interface ActivityTerminateInput extends ActivityTarget {
  readonly reason: string;
}

/** Activities to list. */
export interface ActivityListInput {
  readonly query: string;
  readonly headers: Headers;
}

/** Activities to count. */
export interface ActivityCountInput {
  readonly query: string;
  readonly headers: Headers;
}

/** An activity to pause. */
export interface ActivityPauseInput extends ActivityTarget {
  readonly options: ActivityPauseOptions;
}

/** An activity to let go on. */
export interface ActivityUnpauseInput extends ActivityTarget {
  readonly options: ActivityUnpauseOptions;
}

/** An activity whose options are changed. */
export interface ActivityUpdateOptionsInput extends ActivityTarget {
  readonly options: ActivityOptionsUpdate;
}

/** An activity that gets back the options that it was started with. */
export interface ActivityRestoreOriginalOptionsInput extends ActivityTarget {}

/** Methods that are called instead of the activity client's own calls; each calls `next` to go on. */
export interface ActivityClientInterceptor {
  /** `start` and `execute`. */
  start?: (input: ActivityStartInput, next: Next<this, "start">) => Promise<ActivityHandle>;
  /** `ActivityHandle.result` and `execute`. */
  getResult?: (input: ActivityGetResultInput, next: Next<this, "getResult">) => Promise<any>;
  /** `ActivityHandle.describe`. */
  describe?: (input: ActivityDescribeInput, next: Next<this, "describe">) => Promise<ActivityExecutionDescription>;
  /** `ActivityHandle.cancel`. */
  cancel?: (input: ActivityCancelInput, next: Next<this, "cancel">) => Promise<void>;
  /** `ActivityHandle.terminate`. */
  terminate?: (input: ActivityTerminateInput, next: Next<this, "terminate">) => Promise<void>;
  /** `list`. */
  list?: (input: ActivityListInput, next: Next<this, "list">) => AsyncIterable<ActivityExecutionInfo>;
  /** `count`. */
  count?: (input: ActivityCountInput, next: Next<this, "count">) => Promise<CountActivityExecutions>;
  /** `ActivityHandle.pause`. */
  pause?: (input: ActivityPauseInput, next: Next<this, "pause">) => Promise<void>;
  /** `ActivityHandle.unpause`. */
  unpause?: (input: ActivityUnpauseInput, next: Next<this, "unpause">) => Promise<void>;
  /** `ActivityHandle.updateOptions`. */
  updateOptions?: (
    input: ActivityUpdateOptionsInput,
    next: Next<this, "updateOptions">,
  ) => Promise<ActivityOptionsUpdateResult>;
  /** `ActivityHandle.restoreOriginalOptions`. */
  restoreOriginalOptions?: (
    input: ActivityRestoreOriginalOptionsInput,
    next: Next<this, "restoreOriginalOptions">,
  ) => Promise<ActivityOptionsUpdate>;
}
