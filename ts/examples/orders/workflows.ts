import type { Duration } from "temporal-bun-sdk/common";
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  proxyActivities,
  setHandler,
} from "temporal-bun-sdk/workflow";
import type * as activities from "./activities";

const { reserve, release, charge, refund } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10 seconds",
  retry: { initialInterval: "200 milliseconds" },
});

export interface Order {
  id: string;
  item: string;
  quantity: number;
  cents: number;
  /** How long the warehouse has to send the goods, e.g. `"3 days"`. */
  shipWithin: Duration;
}

export interface Receipt {
  payment: string;
  trackingNumber: string;
}

export type OrderStatus =
  | "reserving"
  | "charging"
  | "waiting for shipment"
  | "shipped"
  | "compensating"
  | "cancelled"
  | "failed";

/** Where the order stands. */
export const status = defineQuery<OrderStatus>("status");

/** The warehouse has sent the goods; the argument is the tracking number. */
export const ship = defineSignal<[string]>("ship");

/** Takes an order from the click to the parcel, and undoes what was done when it is cancelled or can't be finished. */
export async function order({ id, item, quantity, cents, shipWithin }: Order): Promise<Receipt> {
  let current: OrderStatus = "reserving";
  let trackingNumber: string | undefined;
  setHandler(status, () => current);
  setHandler(ship, (number) => {
    trackingNumber = number;
  });

  // An undo is noted before its step is done: whether a step that fails or is cancelled had an effect can't be known.
  const undo: (() => Promise<void>)[] = [];
  try {
    undo.unshift(() => release(id));
    await reserve(id, item, quantity);

    current = "charging";
    undo.unshift(() => refund(id));
    const payment = await charge(id, cents);

    current = "waiting for shipment";
    await condition(() => trackingNumber !== undefined, shipWithin);
    if (trackingNumber === undefined)
      throw ApplicationFailure.nonRetryable(`order ${id} was not shipped within ${shipWithin}`, "NotShipped");

    current = "shipped";
    return { payment, trackingNumber };
  } catch (error) {
    current = "compensating";
    log.warn(`undoing order ${id}`, { steps: undo.length });
    // The workflow's own cancellation must not stop its clean-up.
    await CancellationScope.nonCancellable(async () => {
      for (const step of undo) await step();
    });
    current = isCancellation(error) ? "cancelled" : "failed";
    throw error;
  }
}
