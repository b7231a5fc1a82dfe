/** What the demo shows: an order that is done, one that waits for a person, and one that fails. */

import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  executeChild,
  proxyActivities,
  setHandler,
  sleep,
} from "temporal-bun-sdk/workflow";
import type * as activities from "./activities";

const { charge, pack, send } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10 seconds",
  retry: { maximumAttempts: 3, initialInterval: "50 milliseconds" },
});
const approve = defineSignal<[string]>("approve");
const state = defineQuery<string>("state");

interface Order {
  id: string;
  cents: number;
}

export async function order({ id, cents }: Order): Promise<string> {
  let by: string | undefined;
  setHandler(approve, (name) => {
    by = name;
  });
  setHandler(state, () => (by === undefined ? "waits for approval" : `approved by ${by}`));
  if (cents < 0) throw ApplicationFailure.nonRetryable(`${cents} cents can't be charged`, "InvalidOrder");
  await charge(id, cents);
  if (cents > 10_000) await condition(() => by !== undefined);
  await sleep("200 milliseconds");
  return await executeChild(shipment, { workflowId: `shipment-${id}`, args: [id] });
}

export async function shipment(id: string): Promise<string> {
  await pack(id);
  return send(id);
}
