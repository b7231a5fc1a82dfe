/** What flows are compared with: the same work by hand. */
import { proxyActivities } from "../../src/workflow";

export { default } from "../../src/integrations/flow/workflow";

const { work } = proxyActivities<{ work(order: string, number: number): Promise<unknown> }>({
  startToCloseTimeout: "20 seconds",
});

/** Twelve activities, one after the other. */
export async function byHand({ order }: { order: string }): Promise<unknown> {
  const outputs = [];
  for (let number = 0; number < 12; number++) outputs.push(await work(order, number));
  return outputs.at(-1);
}
