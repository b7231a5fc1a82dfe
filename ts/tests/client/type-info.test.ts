import { expect, test } from "bun:test";
import { WithStartWorkflowOperation } from "../../src/client";
import type { Payload, QueryDefinition, SignalDefinition, TypeInfo, UpdateDefinition } from "../../src/common";
import { decode } from "../../src/common/encoding";
import { answerQuery, answerTask, answerUpdate, client, complete, unique } from "./support";

/** An amount of money, which travels as text. */
class Money {
  constructor(readonly cents: number) {}
}
const money: TypeInfo<any, any> = {
  transferTypeConverter: {
    toTransferType: (value: Money) => `${value.cents} cents`,
    fromTransferType: (text: string) => new Money(Number.parseInt(text, 10)),
  },
};
const typeInfo = { inputTypes: [money], outputType: money };

// What defineWorkflowOptions makes of a workflow function.
const pay = Object.assign(
  async function pay(amount: Money): Promise<Money> {
    return amount;
  },
  { staticOptions: { typeInfo } },
);
const tip = { type: "signal", name: "tip", typeInfo: { inputTypes: [money] } } as unknown as SignalDefinition<[Money]>;
const owed = { type: "query", name: "owed", typeInfo } as unknown as QueryDefinition<Money, [Money]>;
const add = { type: "update", name: "add", typeInfo } as unknown as UpdateDefinition<Money, [Money]>;

const ids = () => ({ taskQueue: unique("queue"), workflowId: unique("workflow") });
const texts = (payloads: Payload[] | undefined) => payloads?.map((payload) => decode(payload.data!));

test("a workflow function's own: arguments and result, by execute and by handle", async () => {
  const { workflow } = await client();
  const it = ids();
  const handle = await workflow.start(pay, { ...it, args: [new Money(5)] });
  const task = await answerTask(it.taskQueue, [complete("7 cents")]);
  expect(texts(task.history!.events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads)).toEqual([
    '"5 cents"',
  ]);
  expect(await handle.result()).toEqual(new Money(7));
  const other = ids();
  const result = workflow.execute(pay, { ...other, args: [new Money(1)] });
  await answerTask(other.taskQueue, [complete("8 cents")]);
  expect(await result).toEqual(new Money(8));
  expect(await workflow.getHandle(it.workflowId, undefined, { typeInfo }).result()).toEqual(new Money(7));
  expect(await workflow.result<() => Promise<unknown>>(it.workflowId)).toBe("7 cents");
});

test("given with the call, for workflows, signals, queries and updates by name", async () => {
  const { workflow } = await client();
  const it = ids();
  const handle = await workflow.start("pay", { ...it, args: [new Money(5)], typeInfo });
  await handle.signalWithOptions("tip", { args: [new Money(1)], typeInfo });
  const task = await answerTask(it.taskQueue);
  const signaled = task.history!.events!.find((event) => event.workflowExecutionSignaledEventAttributes)!;
  expect(texts(signaled.workflowExecutionSignaledEventAttributes!.input!.payloads)).toEqual(['"1 cents"']);
  const query = handle.queryWithOptions<Money, [Money]>("owed", { args: [new Money(2)], typeInfo });
  expect(texts((await answerQuery(it.taskQueue, "3 cents")).query!.queryArgs!.payloads)).toEqual(['"2 cents"']);
  expect(await query).toEqual(new Money(3));
  const update = handle.executeUpdate<Money, [Money]>("add", { args: [new Money(4)], updateId: "u", typeInfo });
  expect(texts((await answerUpdate(it.taskQueue, { value: "9 cents" })).input!.args!.payloads)).toEqual(['"4 cents"']);
  expect(await update).toEqual(new Money(9));
  expect(await handle.getUpdateHandle<Money>("u", { typeInfo: { outputType: money } }).result()).toEqual(new Money(9));
  expect(await handle.getUpdateHandle<unknown>("u").result()).toBe("9 cents");
  await handle.terminate();
});

test("of definitions of signals, queries and updates", async () => {
  const { workflow } = await client();
  const it = ids();
  const handle = await workflow.signalWithStart(pay, {
    ...it,
    args: [new Money(5)],
    signal: tip,
    signalArgs: [new Money(1)],
  });
  await handle.signal(tip, new Money(2));
  const task = await answerTask(it.taskQueue);
  const signals = task.history!.events!.flatMap(
    (event) => texts(event.workflowExecutionSignaledEventAttributes?.input?.payloads) ?? [],
  );
  expect(signals).toEqual(['"1 cents"', '"2 cents"']);
  const query = handle.query(owed, new Money(2));
  await answerQuery(it.taskQueue, "3 cents");
  expect(await query).toEqual(new Money(3));
  const update = handle.executeUpdate(add, { args: [new Money(4)] });
  await answerUpdate(it.taskQueue, { value: "9 cents" });
  expect(await update).toEqual(new Money(9));
  const startWorkflowOperation = new WithStartWorkflowOperation(pay, {
    ...it,
    args: [new Money(1)],
    workflowIdConflictPolicy: "USE_EXISTING",
  });
  const withStart = workflow.executeUpdateWithStart(add, { args: [new Money(6)], startWorkflowOperation });
  expect(texts((await answerUpdate(it.taskQueue, { value: "10 cents" })).input!.args!.payloads)).toEqual(['"6 cents"']);
  expect(await withStart).toEqual(new Money(10));
  await handle.terminate();
});

test("both a function's or a definition's and the call's are a mistake", async () => {
  const { workflow } = await client();
  await expect(workflow.start(pay, { ...ids(), args: [new Money(5)], typeInfo })).rejects.toThrow(TypeError);
  await expect(workflow.getHandle("w").executeUpdate(add, { args: [new Money(4)], typeInfo })).rejects.toThrow(
    "belongs into its definition",
  );
  const startWorkflowOperation = new WithStartWorkflowOperation(pay, {
    ...ids(),
    args: [new Money(1)],
    workflowIdConflictPolicy: "FAIL",
  });
  await expect(
    workflow.executeUpdateWithStart(add, { args: [new Money(4)], typeInfo, startWorkflowOperation }),
  ).rejects.toThrow("belongs into its definition");
});
