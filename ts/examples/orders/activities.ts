import { Context, log } from "temporal-bun-sdk/activity";
import { ApplicationFailure } from "temporal-bun-sdk/common";

// In a real shop each of these would call another system. Every one may run more than once for the same order – after a
// crash, a timeout or a retry – so the order id goes along as the key by which that system recognises what it has done
// already.

/** Sets the goods aside. */
export async function reserve(orderId: string, item: string, quantity: number): Promise<void> {
  if (quantity < 1)
    throw ApplicationFailure.nonRetryable(`order ${orderId} asks for ${quantity} of ${item}: at least 1 is needed`);
  log.info(`reserved ${quantity} × ${item}`, { orderId });
}

/** Puts the goods back on the shelf; does nothing when none were reserved. */
export async function release(orderId: string): Promise<void> {
  log.info("released the goods", { orderId });
}

/**
 * Charges the card and returns the number of the payment. The bank of this example does not answer the first two times.
 */
export async function charge(orderId: string, cents: number): Promise<string> {
  const { attempt } = Context.current().info;
  if (attempt <= 2) throw new Error(`the bank did not answer (attempt ${attempt})`);
  log.info(`charged ${(cents / 100).toFixed(2)}`, { orderId });
  return `payment-${orderId}`;
}

/** Gives the money back; does nothing when none was taken. */
export async function refund(orderId: string): Promise<void> {
  log.info("refunded the payment", { orderId });
}
