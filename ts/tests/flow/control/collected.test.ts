/** Options by which one run takes several starts, `debounce` and `batch`, and events that cancel runs. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../../src/client";
import { CancelledFailure } from "../../../src/common";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { rejection } from "../../worker/support";
import { anything, type Fixture, schema, withApp } from "../support";

setDefaultTimeout(240_000);

/** An id of its own for each test: collectors and hubs belong to the namespace. */
const named = (what: string) => `${what}-${randomUUID().slice(0, 8)}`;

/** A flow that says with what it ran, and on which event it was started, if on any. */
function collecting<P>(what: string, seen: P[], options: flow.ControlOptions<P>, triggers: flow.Trigger<any>[] = []) {
  const payload = schema<P>((value) => {
    if (value === "wrong") throw new Error("it is wrong");
    return value as P;
  });
  // Which options there are depends on the payload's type, which isn't known here.
  const all = { id: named(what), payload, triggers, ...(options as any) };
  return flow.define(all, (f) =>
    f.step("see", (c: any) => {
      seen.push(c.payload as P);
    }),
  );
}

test("debounce: one run for what comes within the period, with the last payload or the first, for each key", async () => {
  const [last, first]: string[][] = [[], []];
  const lasts = collecting("last", last!, { debounce: { period: "2 seconds", key: (payload) => payload[0]! } });
  const firsts = collecting("first", first!, { debounce: { period: "2 seconds", take: "first" } });
  await withApp([lasts, firsts], async ({ app, taskQueue }) => {
    for (const payload of ["a1", "b1", "a2", "a3", "b2"]) {
      const { id, outcome } = await app.trigger(lasts, payload);
      expect({ id, outcome }).toEqual({
        id: `flow-gate/${lasts.id}/debounce/${payload[0]}@${taskQueue}`,
        outcome: "collected",
      });
      const start = await app.trigger(firsts, payload);
      expect((await rejection(start.result())).message).toBe(
        `'flow-gate/${firsts.id}/debounce@${taskQueue}' collects starts: which run has this one isn't known yet`,
      );
    }
    await eventually(
      () => [...last!, ...first!],
      ({ length }) => length === 3,
    );
    expect(last!.toSorted()).toEqual(["a3", "b2"]);
    expect(first).toEqual(["a1"]);
    // The next one begins anew.
    await app.trigger(firsts, "again");
    await eventually(
      () => first!,
      ({ length }) => length === 2,
    );
    expect(first).toEqual(["a1", "again"]);
  });
});

test("debounce waits no longer than maxWait, and a start whose key has come already changes nothing", async () => {
  const seen: number[] = [];
  const waited = collecting("waited", seen, { debounce: { period: "1 hour", maxWait: "3 seconds" } });
  await withApp([waited], async ({ app }) => {
    const begun = Date.now();
    await app.trigger(waited, 1, { key: "one" });
    await app.trigger(waited, 2, { key: "two" });
    await app.trigger(waited, 1, { key: "one" });
    await eventually(
      () => seen,
      ({ length }) => length === 1,
    );
    expect(seen).toEqual([2]);
    // Nor does it when the run has begun: its sender may not have heard.
    await app.trigger(waited, 1, { key: "one" });
    await app.trigger(waited, 3, { key: "three" });
    await eventually(
      () => seen,
      ({ length }) => length === 2,
    );
    expect(seen).toEqual([2, 3]);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(2_900);
  });
});

test("batch: so many items a run, and what is left after the timeout", async () => {
  const seen: number[][] = [];
  const payload = schema<number[]>((value) => {
    if (value === "wrong") throw new Error("it is wrong");
    return value;
  });
  const batch = {
    size: 4,
    timeout: "3 seconds",
    key: ([first]: readonly number[]) => (first === 0 ? "zero" : "other"),
  } as const;
  const batched = flow.define({ id: named("batched"), payload, batch }, (f) =>
    f.step("see", (c) => {
      seen.push(c.payload);
    }),
  );
  await withApp([batched], async ({ app }) => {
    for (const items of [[1], [2, 3], [4, 5, 6, 7, 8, 9], []])
      expect(await app.trigger(batched, items)).toMatchObject({ outcome: "collected" });
    await eventually(
      () => seen,
      ({ length }) => length === 3,
    );
    expect(seen.toSorted(([a], [b]) => a! - b!)).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
    const noList = await rejection(app.trigger(batched, 1 as any));
    expect(noList).toMatchObject({ type: "PayloadInvalid" });
    expect(noList.message).toBe(`The flow '${batched.id}' has batch, so its payload must be a list, got number`);
    const wrong = await rejection(app.trigger(batched, "wrong" as any));
    expect(wrong.message).toBe(`The payload isn't what the flow '${batched.id}' takes: given: it is wrong`);
    const long = await rejection(app.trigger(batched, ["x".repeat(1_000_000)] as any));
    expect(long.message).toBe(
      `The payload of the flow '${batched.id}' has 1000004 characters. With batch it can have 1000000: store it elsewhere and give where`,
    );
  });
});

test("a collector that continued as new still has what it collected", async () => {
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 20 } });
  const connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  try {
    const seen: number[][] = [];
    const batched = collecting<number[]>("batched", seen, { batch: { size: 40, timeout: "1 hour" } });
    await withApp(
      [batched],
      async ({ app }) => {
        const numbers = Array.from({ length: 40 }, (_, n) => n);
        for (const n of numbers) await app.trigger(batched, [n]);
        await eventually(
          () => seen,
          ({ length }) => length === 1,
        );
        expect(seen).toEqual([numbers]);
        const runs = await Array.fromAsync(
          client.workflow.list({ query: 'WorkflowType = "flow.collector"' }),
          ({ status }) => status.name,
        );
        expect(runs).toContain("CONTINUED_AS_NEW");
      },
      { connection, namespace: "default" },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});

test("webhooks and events are collected too, and a webhook of such a flow can't wait for its run", async () => {
  const seen: number[][] = [];
  const happened = flow.event(named("happened"), { payload: anything<number>() });
  const batched = collecting<number[]>("batched", seen, { batch: { size: 3, timeout: "1 hour" } }, [
    flow.webhook("/items", { auth: "none" }),
    flow.on(happened, { map: (n: number) => [n] }),
  ]);
  await withApp([batched], async ({ app }) => {
    const headers = { "content-type": "application/json" };
    const answer = await app.fetch(new Request("http://localhost/items", { method: "POST", body: "[1]", headers }));
    expect(answer.status).toBe(202);
    await app.publish(happened, 2, { id: "two" });
    await app.publish(happened, 2, { id: "two" });
    await app.publish(happened, 3, { id: "three" });
    await eventually(
      () => seen,
      ({ length }) => length === 1,
    );
    expect(seen[0]!.toSorted()).toEqual([1, 2, 3]);
  });
  const waiting = () =>
    collecting("w", [], { debounce: { period: "1s" } }, [flow.webhook("/w", { auth: "none", respond: "result" })]);
  expect(waiting).toThrow("with debounce or batch, nobody can wait for a run of it");
});

test("a run that is collected but refused doesn't hold up the next ones", async () => {
  const seen: number[][] = [];
  const both = collecting<number[]>("both", seen, {
    batch: { size: 1, timeout: "1 hour" },
    rateLimit: { limit: 1, period: "3 seconds" },
  });
  await withApp([both], async ({ app }) => {
    await app.trigger(both, [1]);
    await eventually(
      () => seen,
      ({ length }) => length === 1,
    );
    // Refused ones are gone, until there is room again.
    await eventually(
      async () => {
        await app.trigger(both, [2]);
        return seen;
      },
      ({ length }) => length === 2,
    );
    expect(seen).toEqual([[1], [2]]);
  });
});

/** Waits until nobody waits for an event any more: then its hub ends. */
const hubEnds = ({ client }: Fixture, event: flow.FlowEvent, key: string) =>
  client.workflow.getHandle(`flow-hub/${event.name}/${key}`).result();

test("cancelOn: an event of the key that match returns cancels the run, in a step or in its turn", async () => {
  const dropped = flow.event(named("dropped"), { payload: anything<{ order: string }>(), key: ({ order }) => order });
  const undone: string[] = [];
  const entered: string[] = [];
  const order = flow.define(
    {
      id: named("order"),
      payload: anything<string>(),
      concurrency: { limit: 2 },
      cancelOn: [{ event: dropped, match: (payload) => payload }],
      defaults: { heartbeat: "1s" },
    },
    (f) =>
      f
        .step("reserve", ({ payload }) => entered.push(payload), { undo: ({ payload }) => undone.push(payload) })
        .sleep("1 hour"),
  );
  await withApp([order], async (fixture) => {
    const { app, start } = fixture;
    const [one, two] = [await start(order, "one"), await start(order, "two")];
    await eventually(
      () => entered,
      ({ length }) => length === 2,
    );
    const waiting = await start(order, "three");
    await eventually(
      () => app.inspect(waiting.id),
      ({ progress }) => progress.running.some(({ waiting: why }) => why?.startsWith("it waits for its turn") === true),
    );
    await app.publish(dropped, { order: "three" });
    expect((await rejection(waiting.result())).cause).toBeInstanceOf(CancelledFailure);
    await app.publish(dropped, { order: "one" });
    expect((await rejection(one.result())).cause).toBeInstanceOf(CancelledFailure);
    expect(undone).toEqual(["one"]);
    expect((await app.inspect(two.id)).status).toBe("RUNNING");
    expect(entered.toSorted()).toEqual(["one", "two"]);
    await app.cancelRun(two.id);
    expect((await rejection(two.result())).cause).toBeInstanceOf(CancelledFailure);
    for (const key of ["one", "two", "three"]) await hubEnds(fixture, dropped, key);
  });
});

test("cancelOn: events that were kept count from the run's start on, and a run that continued as new still listens", async () => {
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 20 } });
  const connection = await NativeConnection.connect({ address: server.address });
  try {
    const stop = flow.event("stop", { payload: anything<string>(), key: (key) => key, retain: "1 hour" });
    const turns = flow.define(
      { id: "turns", payload: anything<string>(), cancelOn: [{ event: stop, match: (payload) => payload }] },
      (f) =>
        f
          .while(
            "turn",
            ({ index }) => index < 12,
            (b) => b.step("at", ({ payload }) => payload),
            { max: 20 },
          )
          .sleep("1 hour"),
    );
    await withApp(
      [turns],
      async ({ app, client, start }) => {
        await app.publish(stop, "a");
        await client.workflow
          .getHandle("flow-event/stop")
          .describe()
          .catch(() => undefined);
        await eventually(
          () =>
            client.workflow
              .getHandle("flow-hub/stop/a")
              .describe()
              .catch(() => undefined),
          Boolean,
        );
        const run = await start(turns, "a");
        await eventually(
          () => app.inspect(run.id),
          ({ progress }) => progress.running.some(({ step }) => step.endsWith("sleep")),
        );
        const [first] = (await client.workflow.getHandle(run.id).fetchHistory()).events!;
        expect(first!.workflowExecutionStartedEventAttributes!.continuedExecutionRunId).not.toBe("");
        expect((await app.inspect(run.id)).status).toBe("RUNNING");
        await app.publish(stop, "a");
        expect((await rejection(run.result())).cause).toBeInstanceOf(CancelledFailure);
      },
      { connection, namespace: "default" },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});
