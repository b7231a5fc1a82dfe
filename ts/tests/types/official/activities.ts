/** Activities: context, heartbeats, cancellation, failures, asynchronous completion. */
import * as activity from "@temporalio/activity";
import {
  ApplicationFailure,
  activityInfo,
  CancelledFailure,
  CompleteAsyncError,
  Context,
  cancellationSignal,
  heartbeat,
  log,
  metricMeter,
  sleep,
} from "@temporalio/activity";

export async function greet(name: string): Promise<string> {
  log.info("greeting", { name });
  return `Hello, ${name}`;
}

export async function longRunning(total: number): Promise<number> {
  const { info, heartbeat: beat, cancelled, cancellationSignal: signal } = Context.current();
  const from: number = info.heartbeatDetails ?? 0;
  for (let done = from; done < total; done++) {
    beat(done);
    await Promise.race([sleep("1 second"), cancelled]);
    signal.throwIfAborted();
  }
  return total;
}

export async function fetching(url: string): Promise<string> {
  const response = await fetch(url, { signal: cancellationSignal() });
  return response.text();
}

export async function failing(kind: "once" | "never" | "later"): Promise<void> {
  const { attempt, taskToken } = activityInfo();
  if (kind === "never") throw ApplicationFailure.nonRetryable("never", "Never", { attempt });
  if (kind === "later")
    throw ApplicationFailure.create({ message: "later", nextRetryDelay: "5s", type: "Later", details: [1, "two"] });
  try {
    await activity.sleep(5);
  } catch (error) {
    if (error instanceof CancelledFailure) heartbeat({ token: taskToken.length });
    throw error;
  }
  metricMeter.createCounter("runs", "1", "how often").add(1, { kind });
  throw new CompleteAsyncError();
}

/** Activities with dependencies: a function that makes them. */
export const createActivities = (database: { get(key: string): Promise<string> }) => ({
  async read(key: string): Promise<string> {
    return database.get(key);
  },
});

/** Activities as methods of a class. */
export class Payments {
  constructor(private readonly rate: number) {}
  async charge(amount: number): Promise<number> {
    return amount * this.rate;
  }
}
