import { asyncLocalStorage, Context, type Info } from "../../activity";
import type { Client } from "../../client";
import {
  type ActivityCancellationDetails,
  type ActivityFunction,
  ApplicationFailure,
  ApplicationFailureCategory,
  CancelledFailure,
  CompleteAsyncError,
  type MetricMeter,
  MetricMeterWithComposedTags,
  type MetricTags,
  noopMetricMeter,
  SdkComponent,
} from "../../common";
import { composeInterceptors } from "../../common/interceptors";
import { isAbortError } from "../../common/type-helpers";
import type { ActivityCancelReason } from "../../proto/temporal/sdk/core/activity_task/activity_task";
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityInterceptorsFactory,
  ActivityOutboundCallsInterceptor,
} from "../interceptors";
import { type FilteringLogger, type Logger, loggerWithAttributes } from "../telemetry/logger";
import { activityLogAttributes } from "./activity-info";

/** Why an activity is cancelled: as Core says, or because its Worker shuts down or its heartbeat can't be converted. */
export type CancelReason = keyof typeof ActivityCancelReason | "WORKER_SHUTDOWN" | typeof heartbeatConversionFailed;

/** Cancel reason of an activity whose heartbeat details can't be converted. */
export const heartbeatConversionFailed = "HEARTBEAT_DETAILS_CONVERSION_FAILED";

/** What an execution works with. */
interface ExecutionParts {
  /** What is known about the execution. */
  info: Info;
  /** Sends a heartbeat. */
  heartbeat: (details?: unknown) => void;
  /** Makes or returns the Worker's client. */
  client: (() => Client) | undefined;
  /** The Worker's logger. */
  logger: Logger;
  /** The Worker's metrics. */
  metricMeter: MetricMeter;
  /** The Worker's interceptors. */
  interceptors: readonly ActivityInterceptorsFactory[];
}

/** How an execution ended, before anything is converted. */
export type ActivityOutcome =
  | { type: "completed"; result: unknown }
  | { type: "failed"; error: unknown }
  | { type: "cancelled"; error: CancelledFailure | undefined }
  | { type: "willCompleteAsync" };

/** One running activity: its context, its cancellation, and what becomes of its result. */
export class ActivityExecution {
  /** What the activity sees as `Context.current()`. */
  readonly context: Context;
  readonly #abort = new AbortController();
  readonly #logger: FilteringLogger;
  readonly #inbound: ActivityInboundCallsInterceptor[] = [];
  readonly #outbound: ActivityOutboundCallsInterceptor[] = [];
  readonly #rejectCancelled: (error: CancelledFailure) => void;
  #cancelReason: CancelReason | undefined;
  #cancellationDetails: ActivityCancellationDetails | undefined;

  constructor({ info, heartbeat, client, logger, metricMeter, interceptors }: ExecutionParts) {
    const cancelled = Promise.withResolvers<never>();
    this.#rejectCancelled = cancelled.reject;
    // Most activities never look at it; a cancellation must not end the process as an unhandled rejection.
    cancelled.promise.catch(() => {});
    const attributes = activityLogAttributes(info);
    this.#logger = loggerWithAttributes(logger, () =>
      this.#outbound.length === 0
        ? attributes
        : composeInterceptors(this.#outbound, "getLogAttributes", (input) => input)({ ...attributes }),
    );
    this.context = new Context({
      info,
      cancelled: cancelled.promise,
      cancellationSignal: this.#abort.signal,
      heartbeat,
      log: loggerWithAttributes(this.#logger, () => ({ sdkComponent: SdkComponent.activity })),
      // Where nothing is recorded there is no need to ask for tags.
      metricMeter:
        metricMeter === noopMetricMeter
          ? metricMeter
          : MetricMeterWithComposedTags.compose(metricMeter, () => this.#metricTags(info)),
      cancellationDetails: () => this.#cancellationDetails,
      ...(client === undefined ? {} : { client }),
    });
    for (const factory of interceptors) {
      const { inbound, outbound } = factory(this.context);
      if (inbound !== undefined) this.#inbound.push(inbound);
      if (outbound !== undefined) this.#outbound.push(outbound);
    }
  }

  #metricTags({ namespace, taskQueue, activityType }: Info): MetricTags {
    return composeInterceptors(this.#outbound, "getMetricTags", (tags) => tags)({ namespace, taskQueue, activityType });
  }

  /** Tells the activity to stop. It is cancelled once it confirms by throwing the failure, or an abort error. */
  cancel(reason: CancelReason, details: ActivityCancellationDetails | undefined): void {
    if (this.#cancelReason !== undefined) return;
    this.#cancelReason = reason;
    this.#cancellationDetails = details;
    const failure = new CancelledFailure(reason);
    this.#abort.abort(failure);
    this.#rejectCancelled(failure);
  }

  /** Calls the activity function through the interceptors, and says what the server is to be told. Never rejects. */
  async run(fn: ActivityFunction, input: ActivityExecuteInput): Promise<ActivityOutcome> {
    try {
      return { type: "completed", result: await this.execute(fn, input) };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Calls the activity function through the interceptors, in its context. Resolves and rejects as it does. */
  execute(fn: ActivityFunction, input: ActivityExecuteInput): Promise<unknown> {
    return asyncLocalStorage.run(this.context, () => this.#execute(fn, input));
  }

  async #execute(fn: ActivityFunction, input: ActivityExecuteInput): Promise<unknown> {
    const started = performance.now();
    const passed = () => ({ durationMs: Math.round(performance.now() - started) });
    this.#logger.debug("Activity started");
    try {
      const result = await this.#call(fn, input);
      this.#logger.debug("Activity completed", passed());
      return result;
    } catch (error) {
      this.#reportError(error, passed());
      throw error;
    }
  }

  async #call(fn: ActivityFunction, input: ActivityExecuteInput): Promise<unknown> {
    if (this.#inbound.length === 0) return fn(...input.args);
    return composeInterceptors(this.#inbound, "execute", async ({ args }) => fn(...args))(input);
  }

  #failed(error: unknown): ActivityOutcome {
    if (error instanceof CompleteAsyncError) return { type: "willCompleteAsync" };
    if (this.#cancelReason === heartbeatConversionFailed) {
      // The server accepts a cancellation only if it asked for one.
      return { type: "failed", error: ApplicationFailure.retryable(heartbeatConversionFailed, "CancelledFailure") };
    }
    if (this.#cancelReason !== undefined) {
      if (error instanceof CancelledFailure) {
        // A paused or reset activity is tried again, which the server only does after a failure.
        if (this.#cancellationDetails?.reset)
          return { type: "failed", error: ApplicationFailure.retryable("Activity reset", "ActivityReset") };
        if (this.#cancellationDetails?.paused)
          return { type: "failed", error: ApplicationFailure.retryable("Activity paused", "ActivityPause") };
        return { type: "cancelled", error };
      }
      if (isAbortError(error)) return { type: "cancelled", error: undefined };
    }
    return { type: "failed", error };
  }

  #reportError(error: unknown, passed: { durationMs: number }): void {
    const aborted = this.#abort.signal.aborted;
    if (aborted && (error instanceof CancelledFailure || isAbortError(error))) {
      const { cancelRequested, reset, paused } = this.#cancellationDetails ?? {};
      const message = cancelRequested
        ? "Activity completed as cancelled"
        : reset
          ? "Activity reset"
          : paused
            ? "Activity paused"
            : "Activity completed as cancelled";
      return this.#logger.debug(message, passed);
    }
    if (error instanceof CompleteAsyncError) return this.#logger.debug("Activity will complete asynchronously", passed);
    const benign = error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN;
    this.#logger.log(benign ? "DEBUG" : "WARN", "Activity failed", { error, ...passed });
  }
}
