import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { setActivityOptions } from "../../src/activity";
import { Client } from "../../src/client";
import { rejection, testConnection, withWorker } from "../worker/support";
import { Money, moneyToMoney } from "./fixtures/money";
import { account, add, scale, tripled } from "./fixtures/money-workflows";

const workflowsPath = `${import.meta.dir}/fixtures/money-workflows.ts`;

test("values of a type of their own travel by type information, everywhere", async () => {
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace });
  const double = async (value: Money): Promise<Money> => value.times(2);
  setActivityOptions({ typeInfo: moneyToMoney }, double);
  await withWorker(
    async ({ taskQueue }) => {
      const handle = await client.workflow.start(account, {
        taskQueue,
        workflowId: randomUUID(),
        args: [new Money(9007199254740993n, "again")],
      });
      expect(await handle.query(tripled, new Money(1n, "EUR"))).toEqual(new Money(3n, "EUR"));
      expect(await handle.executeUpdate(scale, { args: [new Money(2n, "EUR")] })).toEqual(new Money(10n, "EUR"));
      const byName = { args: [new Money(4n, "EUR")], typeInfo: moneyToMoney };
      expect(await handle.executeUpdate<Money, [Money]>("scale", byName as never)).toEqual(new Money(20n, "EUR"));
      await handle.signal(add, new Money(1n, "EUR"));
      expect(await handle.result()).toEqual(new Money(9007199254740993n * 16n, "EUR"));
      const { events } = await handle.fetchHistory();
      const data = events?.at(0)?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
      expect(new TextDecoder().decode(data)).toBe('"9007199254740993 EUR"');

      // By name alone nothing is known of types: what arrives is the plain form.
      const plain = client.workflow.getHandle(handle.workflowId);
      expect((await plain.result()) as unknown).toBe(`${9007199254740993n * 16n} EUR`);
      expect(await client.workflow.result(handle.workflowId, undefined, { typeInfo: moneyToMoney })).toEqual(
        new Money(9007199254740993n * 16n, "EUR"),
      );
      const error = await rejection(
        client.workflow.start("account", { taskQueue, workflowId: randomUUID(), args: [new Money(1n, "EUR")] }),
      );
      expect(error.message).toContain("Unable to convert");
    },
    { activities: { double }, workflowsPath },
  );
});
