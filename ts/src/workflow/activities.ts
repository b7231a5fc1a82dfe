import type { ActivityFunction, ActivityTypeInfoMap, PayloadTypeInfo, Timestamp, UntypedActivities } from "../common";
import { then } from "../common/intact";
import { requiredTsToMs } from "../common/time";
import {
  type ActivityOptions,
  activityTemplate,
  type LocalActivityOptions,
  localActivityTemplate,
  validateActivityOptions,
} from "./activity-options";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import { LocalActivityDoBackoff } from "./errors";
import { eventGroupMarkers } from "./event-groups";
import { type ActivityInput, compose, type LocalActivityInput } from "./interceptors";
import type { WorkflowRun } from "./run/run";
import { trace } from "./run/traces";
import { sleep } from "./timers";

/** Type of the properties of a proxy that aren't Activities, which makes calling them an error at compile time. */
export const NotAnActivityMethod = Symbol.for("__TEMPORAL_NOT_AN_ACTIVITY_METHOD");

/** An Activity as {@link proxyActivities} gives it. */
export type ActivityFunctionWithOptions<T extends ActivityFunction> = T & {
  /**
   * Calls the Activity with options that win over those of the proxy.
   * @experimental
   */
  executeWithOptions(options: ActivityOptions, args: Parameters<T>): Promise<Awaited<ReturnType<T>>>;
};

/** A local Activity as {@link proxyLocalActivities} gives it. */
export type LocalActivityFunctionWithOptions<T extends ActivityFunction> = T & {
  /**
   * Calls the Activity with options that win over those of the proxy.
   * @experimental
   */
  executeWithOptions(options: LocalActivityOptions, args: Parameters<T>): Promise<Awaited<ReturnType<T>>>;
};

/** What {@link proxyActivities} returns for the Activities `T`. */
export type ActivityInterfaceFor<T> = {
  [K in keyof T]: T[K] extends ActivityFunction ? ActivityFunctionWithOptions<T[K]> : typeof NotAnActivityMethod;
};

/** What {@link proxyLocalActivities} returns for the Activities `T`. */
export type LocalActivityInterfaceFor<T> = {
  [K in keyof T]: T[K] extends ActivityFunction ? LocalActivityFunctionWithOptions<T[K]> : typeof NotAnActivityMethod;
};

/** Options of {@link proxyActivities}. */
export interface ActivityProxyOptions<A = UntypedActivities> extends ActivityOptions {
  /**
   * Type information by the name of the Activity.
   * @experimental
   */
  activityTypeInfo?: ActivityTypeInfoMap<A>;
}

/** Options of {@link proxyLocalActivities}. */
export interface LocalActivityProxyOptions<A = UntypedActivities> extends LocalActivityOptions {
  /**
   * Type information by the name of the Activity.
   * @experimental
   */
  activityTypeInfo?: ActivityTypeInfoMap<A>;
}

/**
 * Functions that run Activities. Every property of the result is a function that schedules the Activity of that name;
 * it can be destructured.
 *
 * @param options for every call; one of `startToCloseTimeout` and `scheduleToCloseTimeout` is required
 * @returns the functions reject with an `ActivityFailure`, or a `CancelledFailure` if the scope is cancelled already
 * @throws TypeError if no such timeout is given
 */
export function proxyActivities<A = UntypedActivities>(options: ActivityProxyOptions<A>): ActivityInterfaceFor<A> {
  return makeProxy<A, ActivityInterfaceFor<A>>(options, scheduleActivity);
}

/**
 * Functions that run local Activities: in the Worker of the Workflow Task, without a task queue in between. For short
 * calls that are retried from within the Workflow Task.
 *
 * @param options for every call; one of `startToCloseTimeout` and `scheduleToCloseTimeout` is required
 * @returns the functions reject with an `ActivityFailure`, or a `CancelledFailure` if the scope is cancelled already
 * @throws TypeError if no such timeout is given
 */
export function proxyLocalActivities<A = UntypedActivities>(
  options: LocalActivityProxyOptions<A>,
): LocalActivityInterfaceFor<A> {
  return makeProxy<A, LocalActivityInterfaceFor<A>>(options, scheduleLocalActivity);
}

type Options = ActivityOptions & LocalActivityOptions;
type Schedule = (
  activityType: string,
  args: unknown[],
  options: Options,
  typeInfo?: PayloadTypeInfo,
) => Promise<unknown>;

function makeProxy<A, P extends object>(
  given: ActivityProxyOptions<A> | LocalActivityProxyOptions<A>,
  schedule: Schedule,
): P {
  validateActivityOptions(given);
  const { activityTypeInfo, ...options } = given as ActivityProxyOptions<A>;
  const functions = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  return new Proxy(Object.create(null) as P, {
    get: (_, name) => {
      if (typeof name !== "string")
        throw new TypeError(`Only strings are supported for Activity types, got: ${String(name)}`);
      let fn = functions.get(name);
      if (fn === undefined) {
        const typeInfo = (activityTypeInfo as Record<string, PayloadTypeInfo> | undefined)?.[name];
        fn = Object.assign((...args: unknown[]) => schedule(name, args, options, typeInfo), {
          executeWithOptions: (override: Options, args: unknown[]) =>
            schedule(name, args, merge(options, override), typeInfo),
        });
        functions.set(name, fn);
      }
      return fn;
    },
  });
}

/**
 * Schedules an Activity by its name.
 *
 * @hidden
 */
export function scheduleActivity<R>(
  activityType: string,
  args: any[],
  options: ActivityOptions,
  typeInfo?: PayloadTypeInfo,
): Promise<R> {
  const run = requireRun("Workflow.scheduleActivity(...)");
  run.assertWritable(`Activity '${activityType}'`);
  validateActivityOptions(options);
  const seq = run.nextSeqs.activity++;
  const next = compose(run, run.interceptors.outbound, "scheduleActivity", pushScheduleActivity);
  return next({ activityType, headers: {}, options, args, seq, typeInfo }) as Promise<R>;
}

function pushScheduleActivity({
  options,
  args,
  headers,
  seq,
  activityType,
  typeInfo,
}: ActivityInput): Promise<unknown> {
  const run = requireRun("Workflow.scheduleActivity(...)");
  const template = activityTemplate(options);
  const activityId = options.activityId ?? `${seq}`;
  const context = run.activityContext(activityId, false);
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const markers = eventGroupMarkers(options.eventGroups);
    const release = cancelling(run, scope, seq, () =>
      run.pushCommand({ requestCancelActivity: { seq }, eventGroupMarkers: markers }),
    );
    run.pushCommand({
      scheduleActivity: {
        ...template,
        seq,
        activityId,
        activityType,
        arguments: run.toPayloads(args, context, typeInfo?.inputTypes),
        taskQueue: options.taskQueue || run.host.taskQueue,
        headers,
      },
      userMetadata: run.userMetadata(options.summary, undefined, context),
      eventGroupMarkers: markers,
    });
    run.completions.activity.set(seq, {
      resolve,
      reject,
      release,
      context,
      outputTypeInfo: typeInfo?.outputType,
      trace: trace(),
    });
  });
}

/**
 * Schedules a local Activity by its name, and again after a timer for as long as Core asks for that.
 *
 * @hidden
 */
export async function scheduleLocalActivity<R>(
  activityType: string,
  args: any[],
  options: LocalActivityOptions,
  typeInfo?: PayloadTypeInfo,
): Promise<R> {
  const run = requireRun("Workflow.scheduleLocalActivity(...)");
  run.assertWritable(`Local activity '${activityType}'`);
  let attempt = 1;
  let originalScheduleTime: Timestamp | undefined;
  for (;;) {
    const seq = run.nextSeqs.activity++;
    const next = compose(run, run.interceptors.outbound, "scheduleLocalActivity", pushScheduleLocalActivity);
    try {
      return (await next({
        activityType,
        headers: {},
        options,
        args,
        seq,
        attempt,
        originalScheduleTime,
        typeInfo,
      })) as R;
    } catch (error) {
      if (!(error instanceof LocalActivityDoBackoff)) throw error;
      const { backoff } = error;
      await sleep(requiredTsToMs(backoff.backoffDuration, "backoffDuration"), { eventGroups: options.eventGroups });
      attempt = backoff.attempt ?? attempt + 1;
      originalScheduleTime = backoff.originalScheduleTime;
    }
  }
}

// Asynchronous although it waits for nothing: the additional steps of its promise are part of recorded histories.
async function pushScheduleLocalActivity(input: LocalActivityInput): Promise<unknown> {
  const { options, args, headers, seq, activityType, attempt, originalScheduleTime, typeInfo } = input;
  const run = requireRun("Workflow.scheduleLocalActivity(...)");
  run.assertLocalActivityExists(activityType);
  const template = localActivityTemplate(options);
  const activityId = `${seq}`;
  const context = run.activityContext(activityId, true);
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const release = cancelling(run, scope, seq, () => run.pushCommand({ requestCancelLocalActivity: { seq } }));
    run.pushCommand({
      scheduleLocalActivity: {
        ...template,
        seq,
        attempt,
        originalScheduleTime,
        activityId,
        activityType,
        arguments: run.toPayloads(args, context, typeInfo?.inputTypes),
        headers,
      },
      userMetadata: run.userMetadata(options.summary, undefined, context),
      eventGroupMarkers: eventGroupMarkers(options.eventGroups),
    });
    run.completions.activity.set(seq, {
      resolve,
      reject,
      release,
      context,
      outputTypeInfo: typeInfo?.outputType,
      trace: trace(),
    });
  });
}

function cancelling(
  run: WorkflowRun,
  scope: CancellationScope,
  seq: number,
  request: () => void,
): (() => void) | undefined {
  if (!scope.cancellable) return undefined;
  return scope.onCancelRequested(() => {
    if (run.completions.activity.has(seq)) request();
  });
}

/** Values of `override` win; objects inside, such as a retry policy, are merged the same way. */
function merge<T extends object>(options: T, override: Partial<T>): T {
  const merged = { ...options } as Record<string, unknown>;
  for (const [key, value] of Object.entries(override ?? {})) {
    const mine = merged[key];
    merged[key] = isRecord(value) && isRecord(mine) ? merge(mine, value) : value;
  }
  return merged as T;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
