import { activityInfo, Context, heartbeat, log, sleep } from "@temporalio/activity";
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";

export class BankIsClosed extends Error {
  override readonly name = "BankIsClosed";
}

let attempts = 0;

export async function charge(total: number): Promise<string> {
  log.info("charging", { total });
  if (total <= 0)
    throw ApplicationFailure.create({
      message: "nothing to charge",
      type: "NothingToCharge",
      nonRetryable: true,
      details: [total],
    });
  attempts += 1;
  if (activityInfo().attempt < 2) throw new BankIsClosed("try later");
  return `payment of ${total} in attempt ${activityInfo().attempt}`;
}

export async function refund(payment: string): Promise<string> {
  return `refund of ${payment}`;
}

const watching = Promise.withResolvers<void>();
/** Resolves when somebody watches a parcel. */
export const parcelIsWatched = watching.promise;

/** Runs until it is cancelled. */
export async function watchParcel(): Promise<string> {
  const context = Context.current();
  watching.resolve();
  try {
    for (;;) {
      heartbeat({ seen: true });
      await sleep("100ms");
    }
  } catch (error) {
    if (error instanceof CancelledFailure)
      return `stopped watching ${context.info.workflowExecution?.workflowId ? "the parcel" : ""}`;
    throw error;
  }
}

export async function lookUp(name: string): Promise<string> {
  return `${name} in ${activityInfo().isLocal ? "a local activity" : "an activity"}`;
}

export const chargeAttempts = (): number => attempts;
