/**
 * What activity code uses: the current execution, heartbeats, cancellation.
 *
 * @module
 */
import type { Client } from "../client";
import type {
  ActivityCancellationDetails,
  ActivityDefinitionOptions,
  ActivityFunction,
  ActivityFunctionWithOptions,
  Duration,
  Logger,
  MetricMeter,
} from "../common";
import { Context } from "./context";
import type { Info } from "./info";

export type {
  ActivityDefinitionOptions,
  ActivityFunction,
  ActivityInterface,
  ActivityTypeInfoMap,
  UntypedActivities,
} from "../common";
export { ApplicationFailure, CancelledFailure, CompleteAsyncError } from "../common";
export { asyncLocalStorage, Context, type ContextParts } from "./context";
export type { Info } from "./info";

/**
 * Attaches options to an activity function; the Worker reads them when it converts arguments and result.
 *
 * @param options the options
 * @param fn the function, which is changed
 */
export function setActivityOptions<Args extends any[], ReturnType>(
  options: ActivityDefinitionOptions,
  fn: ActivityFunction<Args, ReturnType>,
): void {
  (fn as ActivityFunctionWithOptions<Args, ReturnType>).activityDefinitionOptions = options;
}

/** What is known about the current execution. Same as `Context.current().info`. */
export function activityInfo(): Info {
  return Context.current().info;
}

/** Logger of the current activity. Looked up at each call, because an interceptor may replace `Context.log`. */
export const log: Logger = {
  log: (level, message, meta) => Context.current().log.log(level, message, meta),
  trace: (message, meta) => Context.current().log.trace(message, meta),
  debug: (message, meta) => Context.current().log.debug(message, meta),
  info: (message, meta) => Context.current().log.info(message, meta),
  warn: (message, meta) => Context.current().log.warn(message, meta),
  error: (message, meta) => Context.current().log.error(message, meta),
};

/** Waits, and rejects as soon as the activity is cancelled. Same as `Context.current().sleep(ms)`. */
export function sleep(ms: Duration): Promise<void> {
  return Context.current().sleep(ms);
}

/** Reports progress to the server. Same as `Context.current().heartbeat(details)`. */
export function heartbeat(details?: unknown): void {
  Context.current().heartbeat(details);
}

/** A promise that rejects when the activity is cancelled. Same as `Context.current().cancelled`. */
export function cancelled(): Promise<never> {
  return Context.current().cancelled;
}

/** Why the activity was cancelled; `undefined` if it wasn't. Same as `Context.current().cancellationDetails`. */
export function cancellationDetails(): ActivityCancellationDetails | undefined {
  return Context.current().cancellationDetails;
}

/** A signal that aborts when the activity is cancelled. Same as `Context.current().cancellationSignal`. */
export function cancellationSignal(): AbortSignal {
  return Context.current().cancellationSignal;
}

/** A client for the Worker's connection and namespace. Same as `Context.current().client`. */
export function getClient(): Client {
  return Context.current().client;
}

/** Metrics of the current activity. Same as `Context.current().metricMeter`. */
export const metricMeter: MetricMeter = {
  createCounter: (...args) => Context.current().metricMeter.createCounter(...args),
  createHistogram: (...args) => Context.current().metricMeter.createHistogram(...args),
  createGauge: (...args) => Context.current().metricMeter.createGauge(...args),
  withTags: (tags) => Context.current().metricMeter.withTags(tags),
};
