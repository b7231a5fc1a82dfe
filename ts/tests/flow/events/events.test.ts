import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../../src/client";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { anything, type Fixture, schema, withApp } from "../support";

setDefaultTimeout(240_000);

/** Names of its own for each test: hubs belong to the namespace. */
const named = (what: string) => `${what}.${randomUUID().slice(0, 8)}`;

const paidEvent = (options: Partial<flow.EventOptions<flow.StandardSchema<{ order: string; cents: number }>>> = {}) =>
  flow.event(named("paid"), {
    payload: schema<{ order: string; cents: number }>((value) => {
      if (typeof value.cents !== "number") throw new Error("no cents");
      return value;
    }),
    key: ({ order }) => order,
    ...options,
  });

/** Waits until a run does, so that what is published from now on comes after its subscription. */
async function waits({ app }: Fixture, id: string, step: string): Promise<void> {
  await eventually(
    () => app.inspect(id),
    ({ progress }) =>
      progress.running.some((one) => one.step === step && one.waiting?.startsWith("waits for") === true),
  );
}

/** The result of a Workflow, once it is started. */
async function resultOf(client: Client, id: string): Promise<unknown> {
  const handle = client.workflow.getHandle(id);
  await eventually(() => handle.describe().catch(() => undefined), Boolean);
  return handle.result();
}

test("an event goes to the run that waits for its key, once, and to no other", async () => {
  const paid = paidEvent();
  const order = flow.define({ id: "order", payload: anything<string>() }, (f) =>
    f
      .waitForEvent("paid", paid, { match: ({ payload }) => payload })
      .step("end", ({ last }) => `${last?.order} ${last?.cents}`),
  );
  await withApp([order], async (fixture) => {
    const { app, start } = fixture;
    const [one, other] = await Promise.all([start(order, "a"), start(order, "b")]);
    await Promise.all([waits(fixture, one.id, "paid"), waits(fixture, other.id, "paid")]);
    await app.publish(paid, { order: "a", cents: 1 });
    expect(await one.result()).toBe("a 1");
    expect((await app.inspect(other.id)).status).toBe("RUNNING");
    await app.publish(paid, { order: "b", cents: 2 });
    expect(await other.result()).toBe("b 2");
  });
});

test("an event that comes before the wait is lost, unless it is retained; then each run gets it once", async () => {
  const lost = flow.event(named("lost"), { payload: anything<number>() });
  const kept = flow.event(named("kept"), { payload: anything<number>(), retain: "1 hour" });
  const late = (id: string, event: typeof lost | typeof kept) =>
    flow.define({ id, payload: anything<string>() }, (f) =>
      f
        .waitForEvent("first", event, { timeout: "3s" })
        .waitForEvent("second", event, { timeout: "3s" })
        .transform("end", ({ steps }) => [steps.first.output, steps.second.output]),
    );
  const [lateForLost, lateForKept] = [late("lateForLost", lost), late("lateForKept", kept)];
  await withApp([lateForLost, lateForKept], async ({ app, client, run }) => {
    const handled = async (event: typeof lost, payload: number) => {
      const { id } = await app.publish(event, payload);
      await client.workflow.getHandle(`flow-event/${event.name}/${id}`).result();
    };
    await handled(lost, 1);
    await handled(kept, 1);
    expect(await run(lateForLost, "")).toEqual([null, null]);
    expect(await run(lateForKept, "")).toEqual([1, null]);
    await handled(kept, 2);
    expect(await run(lateForKept, "")).toEqual([1, 2]);
  });
});

test("the first of several events: its name and payload, and nothing of the other afterwards", async () => {
  const yes = paidEvent();
  const no = flow.event(named("no"), { payload: anything<{ why: string }>() });
  const either = flow.define({ id: "either", payload: anything<string>() }, (f) =>
    f
      .waitForEvent("answer", [yes, no], { match: ({ payload }) => payload })
      .waitForEvent("again", no, { timeout: "1s" })
      .transform("end", ({ steps }) => [steps.answer.output, steps.again.output]),
  );
  await withApp([either], async (fixture) => {
    const { app, client, start } = fixture;
    const run = await start(either, "key");
    await waits(fixture, run.id, "answer");
    await app.publish(no, { why: "too dear" });
    expect(await run.result()).toEqual([{ event: no.name, payload: { why: "too dear" } }, null]);
    // The hub of the other one was told that nobody waits, so it ends.
    const hub = client.workflow.getHandle(`flow-hub/${yes.name}/key`);
    await eventually(
      () => hub.describe(),
      ({ status }) => status.name === "COMPLETED",
    );
  });
});

test("at the end of its time a wait gives null, and its hub ends; so it does when the run is cancelled", async () => {
  const event = flow.event(named("never"), { payload: anything<number>() });
  const other = flow.event(named("never"), { payload: anything<number>() });
  const short = flow.define({ id: "short", payload: anything<string>() }, (f) =>
    f.waitForEvent("wait", event, { timeout: "1s" }),
  );
  const long = flow.define({ id: "long", payload: anything<string>() }, (f) => f.waitForEvent("wait", other));
  await withApp([short, long], async (fixture) => {
    const { app, client, run, start } = fixture;
    expect(await run(short, "")).toBeNull();
    const cancelled = await start(long, "");
    await waits(fixture, cancelled.id, "wait");
    await app.cancelRun(cancelled.id);
    await expect(cancelled.result()).rejects.toThrow();
    for (const { name } of [event, other]) {
      const hub = client.workflow.getHandle(`flow-hub/${name}`);
      await eventually(
        () => hub.describe(),
        ({ status }) => status.name === "COMPLETED",
      );
    }
  });
});

test("a race between an event and a time", async () => {
  const event = flow.event(named("raced"), { payload: anything<number>() });
  const raced = flow.define({ id: "raced", payload: anything<string>() }, (f) =>
    f.race("first", {
      event: (b) => b.waitForEvent("wait", event),
      late: (b) => b.sleep("1 day").transform("late", () => "late"),
    }),
  );
  await withApp([raced], async (fixture) => {
    const run = await fixture.start(raced, "");
    await waits(fixture, run.id, "wait");
    await fixture.app.publish(event, 5);
    expect(await run.result()).toEqual({ branch: "event", output: 5 });
  });
});

test("every flow that is on an event is started, once for each id, with what map and match make of it", async () => {
  const ordered = flow.event(named("ordered"), { payload: anything<{ id: string; cents: number }>() });
  const ship = flow.define(
    { id: "ship", payload: anything<{ id: string; cents: number }>(), triggers: [flow.on(ordered)] },
    (f) => f.transform("end", ({ payload }) => payload),
  );
  const check = flow.define(
    {
      id: "check",
      payload: anything<string>(),
      triggers: [flow.on(ordered, { map: ({ id }) => `check ${id}`, match: ({ cents }) => cents > 100 })],
    },
    (f) => f.transform("end", ({ payload }) => payload),
  );
  const broken = flow.define(
    {
      id: "broken",
      payload: anything<string>(),
      triggers: [
        flow.on(ordered, {
          map: (): string => {
            throw new Error("no such field");
          },
        }),
      ],
    },
    (f) => f.transform("end", () => 1),
  );
  await withApp([ship, check, broken], async ({ app, client, taskQueue }) => {
    await Promise.all(Array.from({ length: 10 }, () => app.publish(ordered, { id: "7", cents: 500 }, { id: "one" })));
    await app.publish(ordered, { id: "8", cents: 5 }, { id: "two" });
    const result = (id: string) => resultOf(client, id);
    expect(await result(`ship/${ordered.name}/one`)).toEqual({ id: "7", cents: 500 });
    expect(await result(`check/${ordered.name}/one`)).toBe("check 7");
    expect(await result(`ship/${ordered.name}/two`)).toEqual({ id: "8", cents: 5 });
    await expect(result(`flow-event/${ordered.name}/one`)).rejects.toMatchObject({
      cause: { message: `The event '${ordered.name}' started no run of 'broken': no such field` },
    });
    await expect(result(`flow-event/${ordered.name}/two`)).rejects.toThrow();
    const runs = await eventually(
      () => Array.fromAsync(client.workflow.list({ query: `TaskQueue = "${taskQueue}"` })),
      (list) => list.length >= 5 && list.every(({ status }) => status.name !== "RUNNING"),
    );
    expect(runs.map(({ workflowId }) => workflowId.replace(ordered.name, "…")).sort()).toEqual([
      "check/…/one",
      "flow-event/…/one",
      "flow-event/…/two",
      "ship/…/one",
      "ship/…/two",
    ]);
  });
});

test("flows of other applications are started too, if the event names their task queues; one publishes for all", async () => {
  const [first, second] = [`flows-${randomUUID()}`, `flows-${randomUUID()}`];
  const happened = flow.event(named("happened"), { payload: anything<string>(), queues: [first, second] });
  const define = (id: string) =>
    flow.define({ id, payload: anything<string>(), triggers: [flow.on(happened)] }, (f) =>
      f.transform("end", ({ payload }) => `${id} ${payload}`),
    );
  const [one, two] = [define("one"), define("two")];
  const waiting = flow.define({ id: "waiting", payload: anything<string>() }, (f) => f.waitForEvent("wait", happened));
  await withApp(
    [one],
    () =>
      withApp(
        [two],
        () =>
          // Neither has flows that are on it, nor its Worker what keeps account of who waits.
          withApp([waiting], async (fixture) => {
            const { app, client, start } = fixture;
            const run = await start(waiting, "");
            await waits(fixture, run.id, "wait");
            const { id } = await app.publish(happened, "now");
            for (const of of ["one", "two"])
              expect(await resultOf(client, `${of}/${happened.name}/${id}`)).toBe(`${of} now`);
            expect(await run.result()).toBe("now");
          }),
        { taskQueue: second },
      ),
    { taskQueue: first },
  );
});

test("what a step publishes is published once, however often it is tried", async () => {
  const told = flow.event(named("told"), { payload: anything<number>() });
  const tells = flow.define({ id: "tells", payload: anything<string>(), defaults: { retry: { backoff: 10 } } }, (f) =>
    f.step("tell", async ({ publish, run }) => {
      const ids = [await publish(told, 1), await publish(told, 2)];
      if (run.attempt < 3) throw new Error("again");
      return ids.map(({ id }) => id);
    }),
  );
  await withApp([tells], async ({ client, run, taskQueue }) => {
    const ids = await run(tells, "");
    expect(new Set(ids).size).toBe(2);
    const published = await eventually(
      () => Array.fromAsync(client.workflow.list({ query: `TaskQueue = "${taskQueue}"` })),
      (list) => list.length >= 3 && list.every(({ status }) => status.name !== "RUNNING"),
    );
    expect(published.map(({ workflowId }) => workflowId)).toContainAllValues([
      ...ids.map((id) => `flow-event/${told.name}/${id}`),
      published.find(({ type }) => type === "tells")!.workflowId,
    ]);
    expect(published.length).toBe(3);
  });
});

test("1,000 events at once reach 1,000 runs, each its own; a hub continues as new with who waits and what it keeps", async () => {
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 60 } });
  const connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  try {
    const done = flow.event("done", { payload: anything<number>(), key: (n) => `k${n % 20}`, retain: "1 hour" });
    const stop = flow.event("stop", { payload: anything<number>() });
    const waiting = flow.define({ id: "waiting", payload: anything<number>() }, (f) =>
      f.waitForEvent("done", done, { match: ({ payload }) => `k${payload}` }),
    );
    const stopping = flow.define({ id: "stopping", payload: anything<number>() }, (f) => f.waitForEvent("stop", stop));
    await withApp(
      [waiting, stopping],
      async (fixture) => {
        const { app, start } = fixture;
        const first = await start(stopping, 0);
        await waits(fixture, first.id, "stop");
        // As many at a time as a server on a small machine answers in time.
        const numbers = Array.from({ length: 1000 }, (_, n) => n);
        const publish = async () => {
          for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) await app.publish(done, n, { id: `${n}` });
        };
        await Promise.all(Array.from({ length: 100 }, publish));
        // Each gets the oldest that is kept for its key.
        const runs = await Promise.all(Array.from({ length: 20 }, (_, n) => start(waiting, n)));
        const got = await Promise.all(runs.map((run) => run.result()));
        expect(got.map((n) => n! % 20)).toEqual(Array.from({ length: 20 }, (_, n) => n));
        const more = await Promise.all(Array.from({ length: 200 }, () => start(stopping, 0)));
        await Promise.all(more.map(({ id }) => waits(fixture, id, "stop")));
        // A run waits as soon as its subscription is on its way; the hub takes it up in a workflow task of its own.
        const hub = client.workflow.getHandle("flow-hub/stop");
        const continued = async () =>
          (await hub.fetchHistory()).events![0]!.workflowExecutionStartedEventAttributes!.continuedExecutionRunId;
        await eventually(continued, (runId) => runId !== "");
        expect((await hub.describe()).status.name).toBe("RUNNING");
        await app.publish(stop, 7);
        expect(new Set(await Promise.all([first, ...more].map((run) => run.result())))).toEqual(new Set([7]));
      },
      { connection, namespace: "default" },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});

test("a run that was terminated in its wait is passed over", async () => {
  const event = flow.event(named("event"), { payload: anything<number>() });
  const waiting = flow.define({ id: "waiting", payload: anything<string>() }, (f) => f.waitForEvent("wait", event));
  await withApp([waiting], async (fixture) => {
    const { app, client, start } = fixture;
    const [gone, other] = await Promise.all([start(waiting, ""), start(waiting, "")]);
    await Promise.all([waits(fixture, gone.id, "wait"), waits(fixture, other.id, "wait")]);
    await client.workflow.getHandle(gone.id).terminate();
    await app.publish(event, 1);
    expect(await other.result()).toBe(1);
    await eventually(
      () => client.workflow.getHandle(`flow-hub/${event.name}`).describe(),
      ({ status }) => status.name === "COMPLETED",
    );
  });
});

test("what can't be published or defined is refused, and says why", async () => {
  const paid = paidEvent();
  expect(() => flow.event("a/b", { payload: anything() })).toThrow('event "a/b": a name has up to 100 letters');
  expect(() => flow.event("a", {} as never)).toThrow('event "a": its payload must be a schema');
  expect(() => flow.event("a", { payload: anything(), retain: "soon" })).toThrow("soon");
  const wait = (event: any, options?: any) =>
    flow.define({ id: "wait", payload: anything<string>() }, (f) => f.waitForEvent("here", event, options));
  expect(() => wait(paid)).toThrow(
    `'here' waits for the event '${paid.name}', which has a key: say by match which one`,
  );
  expect(() => wait([])).toThrow("'here' needs an event that was made by event()");
  expect(() => wait([paid, paid], { match: () => "x" })).toThrow("'here' waits for an event twice");
  expect(() => wait(flow.event("x", { payload: anything() }), { match: () => "x" })).toThrow(
    "no event of it has a key",
  );
  const wrong = wait(paid, { match: () => "" });
  await withApp([wrong], async ({ app, run }) => {
    await expect(app.publish(paid, { order: "a" } as never)).rejects.toThrow(
      `The payload isn't what the event '${paid.name}' takes: given: no cents`,
    );
    await expect(app.publish(paid, { order: "", cents: 1 })).rejects.toThrow(
      'must be a text of 1 to 500 characters, got ""',
    );
    await expect(app.publish(paid, { order: "x", cents: 1 }, { id: "" })).rejects.toThrow("The id of an event must be");
    await expect(app.publish(paid, { order: "x", cents: 1, more: "x".repeat(300_000) } as never)).rejects.toThrow(
      "store it elsewhere",
    );
    await expect(run(wrong, "")).rejects.toMatchObject({
      cause: { message: expect.stringContaining("must return a key") },
    });
  });
});
