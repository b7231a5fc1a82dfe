import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import * as flow from "../../src/integrations/flow";
import { anything, withApp } from "./support";

setDefaultTimeout(180_000);

const work = (order: string, number: number) => ({
  number,
  id: `${order}-${number}-of-twelve`,
  at: new Date(0).toISOString(),
});

const define = (id: string, local: boolean) =>
  flow.define({ id, payload: anything<{ order: string; cents: number }>() }, (f: any) => {
    const step = (number: number) => {
      f = f.step(`work${number}`, (c: any) => work(c.payload.order, number), { local });
    };
    for (let number = 0; number < 6; number++) step(number);
    f = f.if("dear", (c: any) => c.payload.cents > 100);
    for (let number = 6; number < 12; number++) step(number);
    return f
      .endIf()
      .transform("all", (c: any) => Array.from({ length: 12 }, (_, number) => c.steps[`work${number}`].output));
  }) as flow.AnyFlow;

const chained = define("chained", false);
const local = define("local", true);
const payload = { order: "order-1234", cents: 4990 };

test("histories: one event more than by hand to begin and one per decision; few more bytes; a quarter of the events if local", async () => {
  const options = {
    worker: { workflowsPath: `${import.meta.dir}/fixtures/workflows.ts`, activities: { work } },
  };
  await withApp(
    [chained, local],
    async ({ client, taskQueue }) => {
      const measure = async (type: string) => {
        const handle = await client.workflow.start(type, { taskQueue, workflowId: randomUUID(), args: [payload] });
        const result: unknown = await handle.result();
        const { historyLength, historySize } = await handle.describe();
        return { result, events: historyLength, bytes: historySize! };
      };
      const hand = await measure("byHand");
      const steps = await measure("chained");
      const locals = await measure("local");
      expect(steps.result).toEqual(hand.result);
      expect(locals.result).toEqual(hand.result);
      // `flow.begin`, the condition, and the transform that makes the result.
      expect(steps.events).toBe(hand.events + 3);
      expect(steps.bytes / hand.bytes).toBeLessThan(1.6);
      expect(locals.events).toBeLessThanOrEqual(steps.events / 4);
    },
    options,
  );
});
