import { msToNumber } from "@temporalio/common/lib/time";
import { isError } from "@temporalio/common/lib/type-helpers";
import { temporal } from "@temporalio/proto";
import * as wf from "@temporalio/workflow";
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  proxySinks,
  type Sinks,
  setHandler,
  sleep,
  startChild,
  Trigger,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from "@temporalio/workflow";
import type * as activities from "./activities";
import { addItem, cancelOrder, customerKey, type Item, type Order, type Receipt, ship, status } from "./shared";

const { charge, refund, watchParcel } = proxyActivities<typeof activities>({
  startToCloseTimeout: "1 minute",
  heartbeatTimeout: "5s",
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: "10ms", maximumAttempts: 3 },
});
const { lookUp } = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "10s" });

export interface AuditSinks extends Sinks {
  audit: { record(line: string): void };
}
const { audit } = proxySinks<AuditSinks>();

export async function order({ id, items }: Order): Promise<Receipt> {
  const steps: string[] = [];
  const step = (text: string): void => {
    steps.push(text);
    audit.record(text);
    log.debug(text, { id });
  };
  const shipped = new Trigger<string>();
  setHandler(status, () => steps.at(-1) ?? "new");
  setHandler(ship, (carrier) => shipped.resolve(carrier));
  setHandler(
    addItem,
    (item: Item) => {
      items.push(item);
      return items.length;
    },
    {
      validator(item: Item) {
        if (item.price < 0) throw ApplicationFailure.nonRetryable(`${item.name} has a negative price`, "BadPrice");
      },
    },
  );
  upsertSearchAttributes([{ key: customerKey, value: id }]);
  upsertMemo({ seen: true });
  if (patched("look-up")) step(await lookUp("customer"));

  await condition(() => items.length > 1);
  const total = items.reduce((sum, { price }) => sum + price, 0);
  const payment = await charge(total);
  step("paid");

  const watching = new CancellationScope();
  const watched = watching.run(() => watchParcel());
  const carrier = await shipped;
  watching.cancel();
  step(await watched);

  const parts = await Promise.all([
    executeChild(wrap, { args: [id] }),
    CancellationScope.nonCancellable(() => sleep(msToNumber("5ms")).then(() => "rested")),
    CancellationScope.withTimeout("10ms", () => sleep("1 hour").then(() => "slept")).catch((error: unknown) =>
      isCancellation(error) ? "timed out" : "lost",
    ),
  ]);
  steps.push(...parts);
  if (uuid4() === uuid4()) throw new Error("not random");
  return { order: id, total, payment, shipped: carrier, steps };
}

export async function wrap(id: string): Promise<string> {
  const { parent } = workflowInfo();
  if (!parent) throw ApplicationFailure.nonRetryable("wrap is for orders");
  return `wrapped ${id} for ${parent.workflowId === workflowInfo().root?.workflowId ? "the root" : "somebody"}`;
}

export async function failing(): Promise<string> {
  const found: string[] = [];
  try {
    await charge(0);
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && isError(error)) {
      found.push(`${error.activityType}: ${error.cause.type} ${JSON.stringify(error.cause.details)}`);
    }
  }
  try {
    await executeChild(wrapNothing);
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure)
      found.push(`${error.workflowType}: ${error.cause.message}`);
  }
  throw ApplicationFailure.create({
    message: found.join("; "),
    type: "OrderFailed",
    details: [found.length],
    cause: new CancelledFailure("why"),
  });
}

export async function wrapNothing(): Promise<never> {
  throw new wf.ApplicationFailure("there is nothing", "Nothing", true);
}

export async function compensate(): Promise<string[]> {
  const undone: string[] = [];
  let payment: string | undefined;
  try {
    payment = await charge(7);
    setHandler(status, () => "waiting");
    await sleep("30 days");
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => undone.push(await refund(payment ?? "nothing")));
  }
  return undone;
}

export async function countdown(from: number, path: number[] = []): Promise<number[]> {
  if (from === 0) return path;
  return continueAsNew<typeof countdown>(from - 1, [...path, from]);
}

export async function cancels(): Promise<string> {
  const child = await startChild(waits, { parentClosePolicy: ParentClosePolicy.ABANDON });
  await getExternalWorkflowHandle(child.workflowId).signal(cancelOrder);
  return child.result();
}

/** What is known of a payload, in the names of the API. */
export async function describePayload(payload: temporal.api.common.v1.IPayload): Promise<string> {
  const { Payload } = temporal.api.common.v1;
  const bytes = Payload.encode(Payload.fromObject(payload)).finish();
  const again = Payload.toObject(Payload.decode(bytes), { bytes: String });
  return `${bytes.length} bytes, ${JSON.stringify(again["data"])}, ${temporal.api.enums.v1.EncodingType[temporal.api.enums.v1.EncodingType.ENCODING_TYPE_JSON]}`;
}

export async function waits(): Promise<string> {
  let cancelled = false;
  setHandler(cancelOrder, () => void (cancelled = true));
  await condition(() => cancelled);
  return "cancelled by signal";
}
