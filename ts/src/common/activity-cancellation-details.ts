/** Why an activity was cancelled. */

import type { ActivityCancellationDetails as ProtoDetails } from "../proto/temporal/sdk/core/activity_task/activity_task";

/** Reasons; each is false by default. */
export interface ActivityCancellationDetailsOptions {
  /** The server does not know the activity any more, e.g. its workflow is closed. */
  notFound?: boolean;
  /** Cancellation was requested. */
  cancelRequested?: boolean;
  /** The activity was paused. */
  paused?: boolean;
  /** A time limit was exceeded. */
  timedOut?: boolean;
  /** The worker is shutting down. */
  workerShutdown?: boolean;
  /** The activity was reset. */
  reset?: boolean;
}

/** Why an activity was cancelled; more than one may be true. */
export class ActivityCancellationDetails {
  readonly notFound: boolean;
  readonly cancelRequested: boolean;
  readonly paused: boolean;
  readonly timedOut: boolean;
  readonly workerShutdown: boolean;
  readonly reset: boolean;

  constructor(options: ActivityCancellationDetailsOptions = {}) {
    this.notFound = options.notFound ?? false;
    this.cancelRequested = options.cancelRequested ?? false;
    this.paused = options.paused ?? false;
    this.timedOut = options.timedOut ?? false;
    this.workerShutdown = options.workerShutdown ?? false;
    this.reset = options.reset ?? false;
  }

  /** The details that a cancel task of Core carries. */
  static fromProto(details: ProtoDetails | null | undefined): ActivityCancellationDetails {
    return new ActivityCancellationDetails({
      notFound: details?.isNotFound,
      cancelRequested: details?.isCancelled,
      paused: details?.isPaused,
      timedOut: details?.isTimedOut,
      workerShutdown: details?.isWorkerShutdown,
      reset: details?.isReset,
    });
  }
}
