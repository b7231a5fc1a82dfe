/** Options that say how many runs of a flow there may be: `concurrency`, `singleton`, `rateLimit`, `throttle`. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client, WorkflowFailedError } from "../../../src/client";
import { ApplicationFailure, CancelledFailure } from "../../../src/common";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { rejection } from "../../worker/support";
import { anything, type Fixture, withApp } from "../support";

setDefaultTimeout(240_000);

/** An id of its own for each test: gates belong to the namespace. */
const named = (what: string) => `${what}-${randomUUID().slice(0, 8)}`;

/** Steps that are in, and end when they are let go. */
class Room {
  readonly entered: string[] = [];
  readonly left: string[] = [];
  most = 0;
  readonly #open = new Map<string, () => void>();
  #isOpen = false;

  async stay(name: string): Promise<string> {
    this.entered.push(name);
    this.most = Math.max(this.most, this.inside.length);
    if (!this.#isOpen) await new Promise<void>((resolve) => this.#open.set(name, resolve));
    this.left.push(name);
    return name;
  }

  get inside(): string[] {
    return this.entered.filter((name) => !this.left.includes(name));
  }

  let(name: string): void {
    this.#open.get(name)!();
  }

  /** Lets everyone go, those that come later too. */
  open(): void {
    this.#isOpen = true;
    for (const resolve of this.#open.values()) resolve();
  }
}

function staying<const Id extends string>(
  id: Id,
  room: Room,
  control: flow.ControlOptions<string>,
  defaults: flow.StepDefaults = { timeout: "2 minutes" },
) {
  return flow.define({ id, payload: anything<string>(), defaults, ...control }, (f) =>
    f.step("stay", ({ payload }) => room.stay(payload)),
  );
}

/** Waits until a run waits for its turn. */
async function queued({ app }: Pick<Fixture, "app">, id: string): Promise<void> {
  await eventually(
    () => app.inspect(id),
    ({ progress }) => progress.running.some(({ waiting }) => waiting?.startsWith("it waits for its turn") === true),
  );
}

const refusedBy = async (promise: Promise<unknown>) => {
  const error = (await rejection(promise)) as WorkflowFailedError;
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect(error.cause).toBeInstanceOf(ApplicationFailure);
  expect((error.cause as ApplicationFailure).type).toBe("FlowRefused");
  return error.cause!.message;
};

test("concurrency: so many at a time, the others in the order of their starts", async () => {
  const room = new Room();
  const flowOf = staying(named("two"), room, { concurrency: { limit: 2 } });
  await withApp([flowOf], async (fixture) => {
    const runs: flow.FlowRun<string>[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) {
      const run = await fixture.start(flowOf, name);
      expect(run.outcome).toBe("started");
      runs.push(run);
      if (runs.length > 2) await queued(fixture, run.id);
      else
        await eventually(
          () => room.entered,
          (entered) => entered.includes(name),
        );
    }
    room.let("b");
    await eventually(
      () => room.entered,
      ({ length }) => length === 3,
    );
    room.let("c");
    await eventually(
      () => room.entered,
      ({ length }) => length === 4,
    );
    room.open();
    expect(await Promise.all(runs.map((run) => run.result()))).toEqual(["a", "b", "c", "d", "e"]);
    expect(room.entered).toEqual(["a", "b", "c", "d", "e"]);
    expect(room.most).toBe(2);
    // Nobody needs the gate any more.
    await fixture.client.workflow.getHandle(`flow-gate/${flowOf.id}/concurrency@${fixture.taskQueue}`).result();
  });
});

test("concurrency by key: keys don't wait for each other", async () => {
  const room = new Room();
  const flowOf = staying(named("keyed"), room, { concurrency: { limit: 1, key: (payload) => payload[0]! } });
  await withApp([flowOf], async (fixture) => {
    const [, second] = [await fixture.start(flowOf, "a1"), await fixture.start(flowOf, "a2")];
    await queued(fixture, second.id);
    await fixture.start(flowOf, "b1");
    await eventually(
      () => room.inside,
      (inside) => inside.includes("a1") && inside.includes("b1"),
    );
    expect(room.inside).not.toContain("a2");
    room.open();
    expect(await second.result()).toBe("a2");
  });
});

test("a run that ends in any way makes room, and one whose gate is gone asks again", async () => {
  const id = named("ends");
  const room = new Room();
  const other = staying(named("forgotten"), room, { concurrency: { limit: 1 } });
  const collected = staying(named("collected"), room, { debounce: { period: 100 } });
  const flowOf = flow.define(
    {
      id,
      payload: anything<string>(),
      concurrency: { limit: 1 },
      defaults: { retry: { attempts: 1 }, heartbeat: "1s" },
    },
    (f) =>
      f.step("stay", async ({ payload, signal }) => {
        if (payload === "fails") throw new Error("as it should");
        const stay = room.stay(payload);
        await Promise.race([stay, new Promise((_, reject) => signal.addEventListener("abort", reject))]);
      }),
  );
  await withApp([flowOf, other, collected], async (fixture) => {
    const { client, start } = fixture;
    const { id: collector } = await start(collected, "collected");
    await eventually(
      () => room.entered,
      (entered) => entered.includes("collected"),
    );
    // Whose gate is gone asks again.
    const holder = await start(other, "holder");
    await eventually(
      () => room.entered,
      (entered) => entered.includes("holder"),
    );
    const forgotten = await start(other, "forgotten");
    await queued(fixture, forgotten.id);
    await client.workflow.getHandle(`flow-gate/${other.id}/concurrency@${fixture.taskQueue}`).terminate();
    const handle = ({ id: workflowId }: flow.FlowRun<unknown>) => client.workflow.getHandle(workflowId);
    const cancelled = await start(flowOf, "cancelled");
    await eventually(
      () => room.entered,
      (entered) => entered.includes("cancelled"),
    );
    const waiting = await start(flowOf, "waiting");
    await queued(fixture, waiting.id);
    const terminated = await start(flowOf, "terminated");
    await queued(fixture, terminated.id);
    const fails = await start(flowOf, "fails");
    const last = await start(flowOf, "last");
    await handle(waiting).cancel();
    expect((await rejection(waiting.result())).cause).toBeInstanceOf(CancelledFailure);
    await handle(cancelled).cancel();
    expect((await rejection(cancelled.result())).cause).toBeInstanceOf(CancelledFailure);
    await eventually(
      () => room.entered,
      (entered) => entered.includes("terminated"),
    );
    // This one can't tell its gate, which finds out.
    await handle(terminated).terminate();
    expect((await rejection(fails.result())).cause?.cause?.message).toBe("as it should");
    await eventually(
      () => room.entered,
      (entered) => entered.includes("last"),
    );
    room.open();
    await last.result();
    expect(room.entered).toEqual(["collected", "holder", "cancelled", "terminated", "last"]);
    await holder.result();
    expect(await forgotten.result()).toBe("forgotten");
    // Who has nothing more to collect ends.
    await client.workflow.getHandle(collector).result();
  });
});

test("a gate and a run that continued as new: who is in stays in, who waits still waits", async () => {
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 30 } });
  const connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  try {
    const room = new Room();
    const flowOf = flow.define(
      { id: "many", payload: anything<number>(), concurrency: { limit: 3 }, defaults: { timeout: "2 minutes" } },
      (f) =>
        f
          .while(
            "turn",
            ({ index }) => index < 8,
            (b) => b.transform("at", ({ index }) => index),
            { max: 10 },
          )
          .step("stay", ({ payload }) => room.stay(`${payload}`)),
    );
    await withApp(
      [flowOf],
      async (fixture) => {
        const runs: flow.FlowRun<string>[] = [];
        for (let n = 0; n < 12; n++) {
          runs.push(await fixture.start(flowOf, n));
          if (n >= 3) await queued(fixture, runs[n]!.id);
        }
        await eventually(
          () => room.inside,
          ({ length }) => length === 3,
        );
        const gate = client.workflow.getHandle(`flow-gate/many/concurrency@${fixture.taskQueue}`);
        const started = async () =>
          (await gate.fetchHistory()).events![0]!.workflowExecutionStartedEventAttributes!.continuedExecutionRunId;
        await eventually(started, (runId) => runId !== "");
        room.open();
        await Promise.all(runs.map((run) => run.result()));
        expect(room.most).toBe(3);
        expect(room.entered.length).toBe(12);
      },
      { connection, namespace: "default" },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});

test("singleton: skip leaves the one that runs alone, join gives its result", async () => {
  const room = new Room();
  const skip = staying(named("skip"), room, { singleton: { mode: "skip" } });
  const join = staying(named("join"), room, { singleton: { mode: "join", key: (payload) => payload[0]! } });
  await withApp([skip, join], async ({ start, client }) => {
    const first = await start(skip, "first");
    expect(first.outcome).toBe("started");
    const skipped = await start(skip, "second");
    expect(skipped).toMatchObject({ id: first.id, outcome: "skipped" });
    const [a, b] = [await start(join, "a1"), await start(join, "b1")];
    const joined = await start(join, "a2");
    expect(joined).toMatchObject({ id: a.id, outcome: "joined" });
    expect(b.outcome).toBe("started");
    // Who starts it by Temporal's own means gets to know too.
    const direct = await client.workflow.start(skip.id, {
      workflowId: named("direct"),
      taskQueue: (await client.workflow.getHandle(first.id).describe()).taskQueue,
      args: ["third"],
    });
    expect(await refusedBy(direct.result())).toBe(
      `The option singleton of the flow refused the run: '${first.id}' runs in its place`,
    );
    room.open();
    expect(await joined.result()).toBe("a1");
    expect(await first.result()).toBe("first");
    expect(room.entered).not.toContain("second");
    const next = await start(skip, "next");
    expect(next.outcome).toBe("started");
    expect(await next.result()).toBe("next");
  });
});

test("singleton: the newest replaces the one that runs, after what that one undoes, and those that wait", async () => {
  const id = named("replace");
  const order: string[] = [];
  const room = new Room();
  const undoing = Promise.withResolvers<void>();
  const flowOf = flow.define(
    { id, payload: anything<string>(), singleton: { mode: "replace" }, defaults: { heartbeat: "1s" } },
    (f) =>
      f
        .step("reserve", ({ payload }) => order.push(`reserve ${payload}`), {
          undo: async ({ payload }) => {
            await undoing.promise;
            order.push(`undo ${payload}`);
          },
        })
        .step("stay", ({ payload, signal }) =>
          Promise.race([
            room.stay(payload),
            new Promise<never>((_, reject) => signal.addEventListener("abort", reject)),
          ]),
        )
        .transform("end", ({ payload }) => payload),
  );
  await withApp([flowOf], async ({ start }) => {
    const first = await start(flowOf, "first");
    await eventually(
      () => room.entered,
      (entered) => entered.includes("first"),
    );
    const second = await start(flowOf, "second");
    expect(second.outcome).toBe("started");
    const third = await start(flowOf, "third");
    expect(await refusedBy(second.result())).toContain(`'${third.id}' runs in its place`);
    undoing.resolve();
    expect((await rejection(first.result())).cause).toBeInstanceOf(CancelledFailure);
    await eventually(
      () => room.entered,
      (entered) => entered.includes("third"),
    );
    room.open();
    expect(await third.result()).toBe("third");
    expect(order).toEqual(["reserve first", "undo first", "reserve third"]);
  });
});

test("rateLimit refuses, says when there is room, and a refused key may come again", async () => {
  const room = new Room();
  room.open();
  const flowOf = staying(named("limited"), room, { rateLimit: { limit: 2, period: "4 seconds" } });
  await withApp([flowOf], async ({ app }) => {
    const begun = Date.now();
    await (await app.trigger(flowOf, "a", { key: "a" })).result();
    await (await app.trigger(flowOf, "b", { key: "b" })).result();
    const error = (await rejection(app.trigger(flowOf, "c", { key: "c" }))) as flow.FlowRefusedError;
    expect(error).toBeInstanceOf(flow.FlowRefusedError);
    expect(error).toMatchObject({ flow: flowOf.id, by: "rateLimit" });
    expect(error.retryAt.getTime()).toBeGreaterThan(begun);
    expect(error.message).toBe(
      `The option rateLimit of the flow '${flowOf.id}' refused a run: there is room from ${error.retryAt.toISOString()} on`,
    );
    // A key that was there is the same run, and no new start.
    expect((await app.trigger(flowOf, "a", { key: "a" })).outcome).toBe("started");
    const again = await eventuallyStarted(() => app.trigger(flowOf, "c", { key: "c" }));
    expect(await again.result()).toBe("c");
    expect(Date.now()).toBeGreaterThanOrEqual(error.retryAt.getTime());
    expect(room.entered).toEqual(["a", "b", "c"]);
  });
});

async function eventuallyStarted<R>(start: () => Promise<flow.FlowRun<R>>): Promise<flow.FlowRun<R>> {
  const run = await eventually(
    () => start().catch((error: unknown) => error),
    (result) => !(result instanceof flow.FlowRefusedError),
  );
  if (run instanceof Error) throw run;
  return run as flow.FlowRun<R>;
}

test("throttle: the others wait for their turn, 1,000 of them, then they are refused", async () => {
  const times: number[] = [];
  const quick = flow.define(
    { id: named("throttled"), payload: anything<number>(), throttle: { limit: 2, period: "2 seconds" } },
    (f) => f.step("at", () => times.push(Date.now())),
  );
  const room = new Room();
  const slow = staying(named("slow"), room, { throttle: { limit: 1, period: "1 hour" } });
  await withApp([quick, slow], async ({ app, client, start, taskQueue }) => {
    const runs = await Promise.all(Array.from({ length: 6 }, (_, n) => start(quick, n)));
    await Promise.all(runs.map((run) => run.result()));
    // Any three have the period between the first and the last; the clock is that of the Workers.
    for (const [n, time] of times.slice(2).entries()) expect(time - times[n]!).toBeGreaterThan(1_000);

    const first = await start(slow, "first");
    // A run that is there stands for all that wait.
    const gate = client.workflow.getHandle(`flow-gate/${slow.id}/throttle@${taskQueue}`);
    const rule = { kind: "throttle", limit: 1, period: 3_600_000 };
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const askAll = async () => {
      for (let n = numbers.pop(); n !== undefined; n = numbers.pop())
        await gate.signal("flow.ask", { workflowId: first.id, firstRunId: `${n}` }, rule);
    };
    await Promise.all(Array.from({ length: 20 }, askAll));
    const refused = (await eventually(
      () => app.trigger(slow, "one too many").catch((error: unknown) => error),
      (result) => result instanceof flow.FlowRefusedError,
    )) as flow.FlowRefusedError;
    expect(refused.by).toBe("throttle");
    // Those that wait take an hour each.
    expect(refused.retryAt.getTime()).toBeGreaterThan(Date.now() + 1_000 * 3_600_000 - 60_000);
    await gate.terminate();
    room.open();
    await first.result();
  });
});

test("a webhook answers 429 with the time to wait, and a subflow goes by the options of its flow", async () => {
  const room = new Room();
  room.open();
  const limited = flow.define(
    {
      id: named("limited"),
      payload: anything<{ n: number }>(),
      rateLimit: { limit: 1, period: "1 hour" },
      triggers: [flow.webhook("/limited", { auth: "none" })],
    },
    (f) => f.step("n", ({ payload }) => payload.n),
  );
  const single = staying(named("single"), room, { concurrency: { limit: 1 } });
  const outer = flow.define({ id: named("outer"), payload: anything<number>() }, (f) =>
    f.forEach(
      "all",
      ({ payload }) => Array.from({ length: payload }, (_, n) => `${n}`),
      (b) => b.subflow("one", single, ({ item }) => item as string),
    ),
  );
  await withApp([limited, single, outer], async ({ app, run }) => {
    const post = () =>
      app.fetch(
        new Request("http://localhost/limited", {
          method: "POST",
          body: '{"n":1}',
          headers: { "content-type": "application/json" },
        }),
      );
    expect((await post()).status).toBe(202);
    const refused = await post();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect(await refused.json()).toEqual({ error: "There are too many requests, try again later" } as any);
    await run(outer, 6);
    expect(room.entered.length).toBe(6);
    expect(room.most).toBe(1);
  });
});

test("priority and fairness are those of the run and of its steps, with values from the payload", async () => {
  const flowOf = flow.define(
    {
      id: named("first"),
      payload: anything<{ tenant: string; urgent: boolean }>(),
      priority: ({ urgent }) => (urgent ? 1 : 4),
      fairness: { key: ({ tenant }) => tenant, weight: 2.5 },
    },
    (f) => f.step("a", () => 1),
  );
  await withApp([flowOf], async ({ start, events }) => {
    const run = await start(flowOf, { tenant: "acme", urgent: true });
    await run.result();
    const history = await events(run.id);
    const priority = { priorityKey: 1, fairnessKey: "acme", fairnessWeight: 2.5 };
    expect(history[0]!.workflowExecutionStartedEventAttributes!.priority).toMatchObject(priority);
    const scheduled = history.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    expect(scheduled.map(({ priority: of }) => of)).toMatchObject([priority]);
  });
});

test("what a function of the options does wrong fails the run, and says which", async () => {
  const id = named("wrong");
  const flows = {
    key: flow.define({ id: `${id}-key`, payload: anything<string>(), concurrency: { limit: 1, key: () => "" } }, (f) =>
      f.step("a", () => 1),
    ),
    throws: flow.define(
      {
        id: `${id}-throws`,
        payload: anything<string>(),
        rateLimit: {
          limit: 1,
          period: "1 hour",
          key: () => {
            throw new Error("no tenant");
          },
        },
      },
      (f) => f.step("a", () => 1),
    ),
  };
  await withApp(Object.values(flows), async ({ start }) => {
    const key = (await rejection((await start(flows.key, "")).result())).cause;
    expect(key).toMatchObject({ type: "FlowControlInvalid" });
    expect(key?.message).toBe(
      `concurrency.key of the flow '${flows.key.id}' must return a text of 1 to 500 bytes, got ""`,
    );
    const throws = (await rejection((await start(flows.throws, "")).result())).cause;
    expect(throws?.message).toBe(`rateLimit.key of the flow '${flows.throws.id}' threw: no tenant`);
  });
});

test.each<[flow.ControlOptions<any>, string]>([
  [{ concurrency: { limit: 0 } }, "concurrency.limit must be a whole number from 1 to 1000, got 0"],
  [{ rateLimit: { limit: 1.5, period: "1s" } }, "rateLimit.limit must be a whole number from 1 to 1000, got 1.5"],
  [{ throttle: { limit: 1, period: 0 } }, "throttle.period must be more than nothing, got 0"],
  [{ singleton: { mode: "wait" as "skip" } }, 'singleton.mode must be one of skip, join, replace, got "wait"'],
  [{ concurrency: { limit: 1, key: "a" as any } }, "concurrency.key must be a function of the payload, got string"],
  [{ priority: 6 }, "priority must be a whole number from 1 to 5, got 6"],
  [{ fairness: { key: "a" as any } }, "fairness.key must be a function of the payload, got string"],
  [{ debounce: { period: "1s", take: "all" as "last" } }, 'debounce.take must be "first" or "last", got "all"'],
  [{ batch: { size: 0, timeout: "1s" } }, "batch.size must be a whole number from 1 to 10000, got 0"],
  [{ debounce: { period: "1s" }, batch: { size: 2, timeout: "1s" } }, "it can't have both debounce and batch"],
  [{ cancelOn: [{ event: {} as flow.FlowEvent }] }, "cancelOn needs events that were made by event()"],
])("define refuses %p", (options, why) => {
  const define = () =>
    flow.define({ id: "refused", payload: anything<any>(), ...options }, (f) => f.step("a", () => 1));
  expect(define).toThrow(new TypeError(`flow 'refused': ${why}`));
});
