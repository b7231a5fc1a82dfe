import type {
  ActivityOptions as CommonActivityOptions,
  LocalActivityOptions as CommonLocalActivityOptions,
} from "../common";
import { compilePriority, compileRetryPolicy } from "../common";
import { encodeActivityCancellationType } from "../common/activity-options";
import { msOptionalToTs } from "../common/time";
import { versioningIntentToProto } from "../common/versioning-intent";
import type {
  ScheduleActivity,
  ScheduleLocalActivity,
} from "../proto/temporal/sdk/core/workflow_commands/workflow_commands";
import type { EventGroupMarker } from "./event-groups";

/** Options of an Activity. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is required. */
export type ActivityOptions = CommonActivityOptions & {
  /**
   * Groups of the command.
   * @experimental
   */
  eventGroups?: EventGroupMarker[];
};

/** Options of a local Activity. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is required. */
export type LocalActivityOptions = CommonLocalActivityOptions & {
  /**
   * Groups of the command.
   * @experimental
   */
  eventGroups?: EventGroupMarker[];
};

/** @throws TypeError if neither timeout is given that limits an attempt */
export function validateActivityOptions(options: ActivityOptions | LocalActivityOptions | undefined): void {
  if (options == null)
    throw new TypeError("options must be defined: give at least { startToCloseTimeout: '1 minute' }");
  if (options.scheduleToCloseTimeout === undefined && options.startToCloseTimeout === undefined) {
    throw new TypeError("Required either scheduleToCloseTimeout or startToCloseTimeout");
  }
}

const compiled = new WeakMap<ActivityOptions, ScheduleActivity>();
const compiledLocal = new WeakMap<LocalActivityOptions, ScheduleLocalActivity>();

/**
 * The part of the command that depends on the options alone. Worked out once per options object, since a proxy uses the
 * same one for every call.
 */
export function activityTemplate(options: ActivityOptions): ScheduleActivity {
  let template = compiled.get(options);
  if (template === undefined) {
    validateActivityOptions(options);
    template = {
      retryPolicy: options.retry ? compileRetryPolicy(options.retry) : undefined,
      heartbeatTimeout: msOptionalToTs(options.heartbeatTimeout, "heartbeatTimeout"),
      scheduleToCloseTimeout: msOptionalToTs(options.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
      startToCloseTimeout: msOptionalToTs(options.startToCloseTimeout, "startToCloseTimeout"),
      scheduleToStartTimeout: msOptionalToTs(options.scheduleToStartTimeout, "scheduleToStartTimeout"),
      cancellationType: encodeActivityCancellationType(options.cancellationType),
      doNotEagerlyExecute: !(options.allowEagerDispatch ?? true),
      versioningIntent: versioningIntentToProto(options.versioningIntent),
      priority: options.priority ? compilePriority(options.priority) : undefined,
    };
    compiled.set(options, template);
  }
  return template;
}

/** As {@link activityTemplate}, for local Activities. */
export function localActivityTemplate(options: LocalActivityOptions): ScheduleLocalActivity {
  let template = compiledLocal.get(options);
  if (template === undefined) {
    validateActivityOptions(options);
    template = {
      retryPolicy: options.retry ? compileRetryPolicy(options.retry) : undefined,
      scheduleToCloseTimeout: msOptionalToTs(options.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
      startToCloseTimeout: msOptionalToTs(options.startToCloseTimeout, "startToCloseTimeout"),
      scheduleToStartTimeout: msOptionalToTs(options.scheduleToStartTimeout, "scheduleToStartTimeout"),
      localRetryThreshold: msOptionalToTs(options.localRetryThreshold, "localRetryThreshold"),
      cancellationType: encodeActivityCancellationType(options.cancellationType),
    };
    compiledLocal.set(options, template);
  }
  return template;
}
