import { activityInfo, CompleteAsyncError, Context, heartbeat, log, metricMeter, sleep } from "@temporalio/activity";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";

class Odd extends Error {
  override readonly name = "Odd";
}

export async function failing(how: string): Promise<never> {
  switch (how) {
    case "plain":
      throw new Odd("plainly", { cause: new TypeError("because") });
    case "application":
      throw ApplicationFailure.create({
        message: "with details",
        type: "Detailed",
        details: [1, { two: 2 }],
        category: ApplicationFailureCategory.BENIGN,
      });
    case "nonRetryable":
      throw ApplicationFailure.nonRetryable("never again", "Never", "detail");
    default:
      throw "only text";
  }
}

export async function slow(milliseconds: number): Promise<string> {
  await sleep(milliseconds);
  return "slept";
}

export async function remember(): Promise<unknown> {
  const { attempt, heartbeatDetails } = activityInfo();
  if (attempt === 1) {
    heartbeat({ at: 5 });
    throw new Error("once");
  }
  return { attempt, heartbeatDetails };
}

/** What an activity is told; what depends on the machine is left out. */
export async function context(): Promise<unknown> {
  const { info } = Context.current();
  log.debug("in context");
  metricMeter.createCounter("seen").add(1);
  const {
    activityType,
    attempt,
    isLocal,
    heartbeatTimeoutMs,
    startToCloseTimeoutMs,
    scheduleToCloseTimeoutMs,
    workflowNamespace,
    workflowType,
    priority,
    retryPolicy,
  } = info;
  return {
    activityType,
    attempt,
    isLocal,
    heartbeatTimeoutMs,
    startToCloseTimeoutMs,
    scheduleToCloseTimeoutMs,
    workflowNamespace,
    workflowType,
    priority,
    retryPolicy,
    token: info.taskToken instanceof Uint8Array,
    base64: typeof info.base64TaskToken,
    signal: Context.current().cancellationSignal.aborted,
  };
}

const tokens: ((token: Uint8Array) => void)[] = [];
/** The token of the next activity that is completed by somebody else. */
export const nextToken = (): Promise<Uint8Array> => new Promise((resolve) => tokens.push(resolve));

export async function later(_how: string): Promise<string> {
  tokens.shift()?.(activityInfo().taskToken);
  throw new CompleteAsyncError();
}

const started = Promise.withResolvers<void>();
export const uncancellableStarted = started.promise;

export async function uncancellable(): Promise<void> {
  started.resolve();
  await Context.current().cancelled.catch(() => undefined);
}
