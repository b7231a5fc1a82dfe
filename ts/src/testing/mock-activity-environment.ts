/** Activities without a Worker. */

import { EventEmitter } from "node:events";
import type { Context, Info } from "../activity";
import type { Client } from "../client";
import {
  ActivityCancellationDetails,
  type ActivityFunction,
  type Logger,
  type MetricMeter,
  noopMetricMeter,
  SdkComponent,
} from "../common";
import { type ActivityInterceptorsFactory, DefaultLogger } from "../worker";
import { ActivityExecution, type CancelReason } from "../worker/activities/activity-execution";
import { loggerWithAttributes } from "../worker/telemetry/logger";

/** Options of {@link MockActivityEnvironment}. */
export interface MockActivityEnvironmentOptions {
  /** Interceptors, as those of a Worker. Default none. */
  interceptors?: ActivityInterceptorsFactory[];
  /** Where log records go. Default: a `DefaultLogger`. */
  logger?: Logger;
  /** Where metrics go. Default: nowhere. */
  metricMeter?: MetricMeter;
  /** What `Context.client` gives. Default: nothing, it throws `IllegalStateError`. */
  client?: Client;
}

/**
 * Runs activity functions in the context that a Worker would give them, without a server. Emits `"heartbeat"` with the
 * details of each heartbeat.
 *
 * All functions that are run share one context. Once cancelled, it stays cancelled for those that are run later.
 */
export class MockActivityEnvironment extends EventEmitter {
  /** What the functions see as `Context.current()`. */
  readonly context: Context;
  readonly #execution: ActivityExecution;

  /**
   * @param info what is to be different from {@link defaultActivityInfo}
   * @param options what the functions work with
   */
  constructor(info?: Partial<Info>, options: MockActivityEnvironmentOptions = {}) {
    super();
    const { client } = options;
    this.#execution = new ActivityExecution({
      info: { ...defaultActivityInfo, ...info },
      heartbeat: (details) => void this.emit("heartbeat", details),
      client: client && (() => client),
      logger: loggerWithAttributes(options.logger ?? new DefaultLogger(), () => ({
        sdkComponent: SdkComponent.worker,
      })),
      metricMeter: options.metricMeter ?? noopMetricMeter,
      interceptors: options.interceptors ?? [],
    });
    this.context = this.#execution.context;
  }

  /**
   * Cancels: what runs now and later sees an aborted signal, and `cancelled` rejects.
   *
   * @param reason message of the `CancelledFailure`. Default `"CANCELLED"`
   * @param details what `Context.cancellationDetails` says. Default: that cancellation was requested
   */
  cancel: (reason?: CancelReason, details?: ActivityCancellationDetails) => void = (reason = "CANCELLED", details) => {
    this.#execution.cancel(reason, details ?? new ActivityCancellationDetails({ cancelRequested: true }));
  };

  /** Calls a function as an activity, through the interceptors. Resolves and rejects as the function does. */
  run<P extends any[], R, F extends ActivityFunction<P, R>>(fn: F, ...args: P): Promise<R> {
    return this.#execution.execute(fn as ActivityFunction, { args, headers: {} }) as Promise<R>;
  }
}

/** What {@link MockActivityEnvironment} says of an activity unless told otherwise. */
export const defaultActivityInfo: Info = {
  // All fields, so that what tests compare with can have all of them.
  activityRunId: undefined,
  heartbeatTimeoutMs: undefined,
  priority: undefined,
  retryPolicy: undefined,
  attempt: 1,
  taskQueue: "test",
  isLocal: false,
  taskToken: Buffer.from("test"),
  base64TaskToken: Buffer.from("test").toString("base64"),
  activityId: "test",
  activityType: "unknown",
  activityNamespace: "default",
  namespace: "test",
  workflowType: "test",
  workflowNamespace: "default",
  workflowExecution: { workflowId: "test", runId: "00000000-0000-0000-0000-000000000000" },
  inWorkflow: true,
  scheduledTimestampMs: 1,
  currentAttemptScheduledTimestampMs: 1,
  startToCloseTimeoutMs: 1000,
  scheduleToCloseTimeoutMs: 1000,
  heartbeatDetails: undefined,
};
