import { AsyncLocalStorage } from "node:async_hooks";
import type { Client } from "../client";
import {
  type ActivityCancellationDetails,
  type Duration,
  IllegalStateError,
  type Logger,
  type MetricMeter,
} from "../common";
import { msToNumber } from "../common/time";
import type { Info } from "./info";

/** Carries the {@link Context} of the current activity through its callbacks and promises. */
export const asyncLocalStorage = new AsyncLocalStorage<Context>();

/** What a Worker gives to a {@link Context}. */
export interface ContextParts {
  /** What is known about the execution. */
  info: Info;
  /** Rejects when the activity is cancelled. */
  cancelled: Promise<never>;
  /** Aborts when the activity is cancelled. */
  cancellationSignal: AbortSignal;
  /** Reports progress. */
  heartbeat: (details?: unknown) => void;
  /** Makes or returns the Worker's client; absent where there is none, as in a test environment. */
  client?: () => Client;
  /** Where the activity's log records go. */
  log: Logger;
  /** Where the activity's metrics go. */
  metricMeter: MetricMeter;
  /** Why the activity was cancelled; `undefined` before it was. */
  cancellationDetails: () => ActivityCancellationDetails | undefined;
}

/** The surroundings of the current activity execution; get it by {@link Context.current}. */
export class Context {
  /** What is known about the execution. */
  readonly info: Info;
  /**
   * Rejects with a `CancelledFailure` when the activity is cancelled, and never resolves. A remote activity learns of
   * its cancellation only if it heartbeats.
   */
  readonly cancelled: Promise<never>;
  /** Aborts when the activity is cancelled, for `fetch` and other code that takes a signal. */
  readonly cancellationSignal: AbortSignal;
  /** Logger whose records carry the activity's attributes. Goes to the Runtime's logger. */
  log: Logger;
  /** Metrics that carry the activity's tags. */
  readonly metricMeter: MetricMeter;
  readonly #parts: ContextParts;

  /** The context of the activity that this code runs in. @throws Error outside of an activity */
  static current(): Context {
    const context = asyncLocalStorage.getStore();
    if (context === undefined)
      throw new Error("Activity context not initialized: this code doesn't run inside an activity");
    return context;
  }

  /** Made by Workers and test environments, not by activities. */
  constructor(parts: ContextParts) {
    this.#parts = parts;
    this.info = parts.info;
    this.cancelled = parts.cancelled;
    this.cancellationSignal = parts.cancellationSignal;
    this.log = parts.log;
    this.metricMeter = parts.metricMeter;
  }

  /**
   * Tells the server that the activity is alive and how far it is. May be called as often as wanted: Core sends at most
   * one in 80 % of the heartbeat timeout, or as `maxHeartbeatThrottleInterval` says. Does nothing in a local activity.
   *
   * @param details what `Info.heartbeatDetails` shows to the next attempt, and `TimeoutFailure.lastHeartbeatDetails` to
   * the caller. If it can't be converted, the activity is cancelled.
   */
  readonly heartbeat = (details?: unknown): void => {
    this.#parts.heartbeat(details);
  };

  /**
   * A client for the Worker's connection and namespace. Its calls go on when the activity is cancelled, so that it can
   * clean up; `client.withAbortSignal(cancellationSignal, …)` makes calls that end with it.
   *
   * @throws IllegalStateError if there is none
   */
  get client(): Client {
    if (this.#parts.client === undefined) {
      throw new IllegalStateError(
        "No Client available. This may be a MockActivityEnvironment that was created without a Client.",
      );
    }
    return this.#parts.client();
  }

  /**
   * Waits.
   *
   * @param ms milliseconds, or a text such as `"30s"`
   * @throws CancelledFailure as soon as the activity is cancelled
   */
  readonly sleep = (ms: Duration): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, msToNumber(ms));
    return Promise.race([promise, this.cancelled]).finally(() => clearTimeout(timer));
  };

  /** Why the activity was cancelled; `undefined` if it wasn't. */
  get cancellationDetails(): ActivityCancellationDetails | undefined {
    return this.#parts.cancellationDetails();
  }
}
