import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { WorkflowFailedError } from "../../src/client";
import { ApplicationFailure } from "../../src/common";
import * as flow from "../../src/integrations/flow";
import { eventually } from "../support/eventually";
import { rejection, taskFailure } from "../worker/support";
import { anything, schema, withApp } from "./support";

setDefaultTimeout(180_000);

const once = { retry: { attempts: 1 } };

test("a payload that the schema refuses fails the run at once, with the issues", async () => {
  const strict = flow.define(
    {
      id: "strict",
      payload: schema<unknown, { n: number }>((given) => {
        if (typeof given?.n !== "string") throw new Error("n must be a text");
        return { n: Number(given.n) };
      }),
    },
    (f) => f.step("double", (c) => c.payload.n * 2),
  );
  await withApp([strict], async ({ run, start, events }) => {
    expect(await run(strict, { n: "21" })).toBe(42);
    const { id, result } = await start(strict, { n: 21 });
    const error = await rejection(result());
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error.cause).toMatchObject({
      type: "PayloadInvalid",
      nonRetryable: true,
      message: "The payload isn't what the flow 'strict' takes: given: n must be a text",
      details: [{ issues: [{ path: "given", message: "n must be a text" }] }],
    });
    expect((await events(id)).filter(({ activityTaskScheduledEventAttributes: step }) => step)).toEqual([]);
  });
});

test("a Workflow of a type that no flow has waits, and its task's failure lists the flows", async () => {
  const known = flow.define({ id: "known", payload: anything<null>() }, (f) => f.step("a", () => 1));
  await withApp([known], async ({ client, taskQueue }) => {
    const handle = await client.workflow.start("unknown", { taskQueue, workflowId: randomUUID() });
    expect((await taskFailure(handle)).message).toContain("is called 'unknown'. Its flows: known");
    await handle.terminate();
  });
});

test("a step's attempts, then onError, whose value is the output", async () => {
  const attempts: number[] = [];
  const handled = flow.define({ id: "handled", payload: anything<string>() }, (f) =>
    f
      .step(
        "bad",
        ({ run }) => {
          attempts.push(run.attempt);
          throw ApplicationFailure.retryable(`no ${run.attempt}`, "Bad", { code: run.attempt });
        },
        {
          retry: { attempts: 3, backoff: 1 },
          onError: (c, error) => ({ given: c.payload, error, key: c.run.step }),
        },
      )
      .step("end", (c) => c.last),
  );
  await withApp([handled], async ({ run }) => {
    expect(await run(handled, "x")).toEqual({
      given: "x",
      error: { type: "Bad", message: "no 3", details: [{ code: 3 }] },
      key: "bad.onError",
    });
    expect(attempts).toEqual([1, 2, 3]);
  });
});

test("a run that fails: undo in reverse, one that fails is passed over, then onFailure", async () => {
  const calls: unknown[] = [];
  const failing = flow.define(
    {
      id: "failing",
      payload: anything<string>(),
      defaults: once,
      onSuccess: () => calls.push("onSuccess"),
      onFailure: (c, error) => calls.push(["onFailure", c.payload, error]),
    },
    (f) =>
      f
        .step("one", () => 1, { undo: (c, output) => calls.push(["undo one", output, c.payload]) })
        .parallel("both", {
          a: (b) => b.step("two", () => 2, { undo: () => Promise.reject(new Error("can't")) }),
          b: (b) => b.step("three", () => 3, { undo: (_, output) => calls.push(["undo three", output]) }),
        })
        .step("four", () => Promise.reject(new RangeError("too far")), { undo: () => calls.push("undo four") }),
  );
  await withApp([failing], async ({ run }) => {
    const error = await rejection(run(failing, "p"));
    expect(error.cause).toMatchObject({
      activityType: "failing.four",
      cause: { type: "RangeError", message: "too far" },
    });
  });
  expect(calls).toEqual([
    ["undo three", 3],
    ["undo one", 1, "p"],
    ["onFailure", "p", { type: "RangeError", message: "too far" }],
  ]);
});

test("a run that ends well calls onSuccess, whose failure changes nothing", async () => {
  const outputs: unknown[] = [];
  const well = flow.define(
    {
      id: "well",
      payload: anything<null>(),
      defaults: once,
      onSuccess: (_, output) => {
        outputs.push(output);
        throw new Error("too late");
      },
    },
    (f) => f.step("a", () => ({ n: 1 }), { undo: () => outputs.push("undone") }),
  );
  await withApp([well], async ({ run }) => expect(await run(well, null)).toEqual({ n: 1 }));
  expect(outputs).toEqual([{ n: 1 }]);
});

test("a branch that fails cancels the others, and all of their steps are undone", async () => {
  const seen: string[] = [];
  const split = flow.define({ id: "split", payload: anything<null>(), defaults: once }, (f) =>
    f.parallel("both", {
      bad: (b) => b.step("bad", () => Promise.reject(new Error("bad"))),
      good: (b) =>
        b
          .step(
            "good",
            async ({ signal }) => {
              // Finishes all the same.
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
              return "good";
            },
            { undo: (_, output) => seen.push(`undo ${output}`) },
          )
          .step("next", () => seen.push("next")),
    }),
  );
  await withApp([split], async ({ run }) => {
    expect((await rejection(run(split, null))).cause.cause.message).toBe("bad");
  });
  expect(seen).toEqual(["undo good"]);
});

test("the first branch of a race that ends decides, also by failing", async () => {
  const lost = flow.define({ id: "lost", payload: anything<null>(), defaults: once }, (f) =>
    f.race("first", { bad: (b) => b.step("bad", () => Promise.reject(new Error("bad"))), slow: (b) => b.sleep("30d") }),
  );
  await withApp([lost], async ({ run }) => {
    expect((await rejection(run(lost, null))).cause.cause.message).toBe("bad");
  });
});

test("a flow's timeout ends the run, after what there is to undo", async () => {
  const undone: string[] = [];
  const late = flow.define({ id: "late", payload: anything<null>(), timeout: "300ms" }, (f) =>
    f.step("a", () => 1, { undo: () => undone.push("a") }).sleep("30d"),
  );
  await withApp([late], async ({ run, app, start }) => {
    expect((await rejection(run(late, null))).cause).toMatchObject({
      type: "FlowTimeout",
      message: "The flow 'late' took longer than its timeout of 300 ms",
    });
    // Cancelled before that, it is cancelled.
    const { id, result } = await start(late, null);
    await app.cancelRun(id);
    await rejection(result());
    expect((await app.inspect(id)).status).toMatch(/CANCELLED|FAILED/);
  });
  expect(undone).toContain("a");
});

const cyclic: any = { here: [{}] };
cyclic.here[0].there = cyclic;

test.each([
  ["a BigInt", () => ({ a: { b: [1n] } }), "'a.b.0' of the result of 'bad': JSON has no BigInt: make it a text"],
  ["a cycle", () => cyclic, "'here.0.there' of the result of 'bad': it is a part of itself"],
  ["bytes", () => new Uint8Array(3), "the result of 'bad': JSON has no bytes: make them a text, such as base64"],
  ["a Map", () => ({ m: new Map() }), "'m' of the result of 'bad': JSON has no Map: make it an array or an object"],
  ["a function", () => () => 1, "the result of 'bad': a function can't be stored"],
  [
    "too much",
    () => ({ small: 1, large: { text: "x".repeat(2_000_001) } }),
    "'large.text' of the result of 'bad': it has 2000032 bytes, more than 2000000: store it elsewhere and return where",
  ],
])("a result that can't be stored, %s, fails the step once and says where it is", async (_, make, message) => {
  let calls = 0;
  const bad = flow.define({ id: "bad", payload: anything<null>() }, (f) =>
    f.step("bad", () => {
      calls++;
      return make();
    }),
  );
  await withApp([bad], async ({ run }) => {
    const { cause } = await rejection(run(bad, null));
    expect(cause.cause).toMatchObject({ type: "OutputInvalid", message });
    expect(calls).toBe(1);
  });
});

test("ids and missing configurations are refused together", async () => {
  const two = [1, 2].map((n) => flow.define({ id: "same", payload: anything<null>() }, (f) => f.step("a", () => n)));
  const options = { connection: undefined as any, taskQueue: "q" };
  expect(() => flow.app({ flows: two, ...options })).toThrow("Two flows have the id 'same'");
});

test("a handler that this code doesn't have is waited for, and seen; an alias brings it back", async () => {
  const taskQueue = `flows-${randomUUID()}`;
  const started = Promise.withResolvers<void>();
  const define = (hold: (signal: AbortSignal) => Promise<unknown>, name: string, aliases: string[] = []) =>
    flow.define({ id: "moving", payload: anything<string>() }, (f) =>
      f
        .step("hold", (c) => hold(c.signal), { retry: { backoff: 1 } })
        .step(name, (c) => `${name} ${c.payload}`, { aliases }),
    );
  const untilStopped = (signal: AbortSignal) => {
    started.resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const before = define(untilStopped, "old");
  // The run keeps the plan that it began with, whatever comes later.
  const id = await withApp(
    [before],
    async ({ start }) => {
      const { id } = await start(before, "x");
      await started.promise;
      return id;
    },
    { taskQueue },
  );
  await withApp(
    [define(async () => 1, "other")],
    async ({ app, events }) => {
      const waiting = await eventually(
        async () => (await app.inspect(id)).progress.running,
        (running) => running.some(({ waiting }) => waiting !== undefined),
      );
      expect(waiting).toEqual([
        { step: "old", waiting: expect.stringContaining("the code of this Worker has no 'old' in the flow 'moving'") },
      ]);
      const failures = (await events(id)).flatMap(
        ({ activityTaskFailedEventAttributes: failed }) => failed?.failure ?? [],
      );
      expect(failures[0]!.applicationFailureInfo!.type).toBe("FlowHandlerMissing");
    },
    { taskQueue },
  );
  await withApp(
    [define(async () => 1, "new", ["old"])],
    async ({ client }) => expect(await client.workflow.getHandle(id).result()).toBe("new x"),
    { taskQueue },
  );
});

test("a run goes on by the plan of newer code, if that is the same as far as the run has come", async () => {
  const taskQueue = `flows-${randomUUID()}`;
  const started = Promise.withResolvers<void>();
  const waits = (signal: AbortSignal) => {
    started.resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  /** The same flow but for the steps of its loop, and for what is before it. */
  const define = (before: string, body: (b: any) => any) =>
    flow.define({ id: "migrating", payload: anything<string>() }, (f: any) =>
      f
        .step(before, () => ({ n: 0, seen: [] as string[] }))
        .while("turns", (c: any) => c.last.n < 3, body)
        .step("end", (c: any) => c.last.seen),
    ) as flow.Flow<string, string[]>;
  const seen = (name: string) => (c: any) => ({ n: c.index + 1, seen: [...c.last.seen, name] });
  const old = define("start", (b) =>
    b
      .transform("same", (c: any) => c.last)
      .step("gone", (c: any) => (c.index === 0 ? seen("gone")(c) : waits(c.signal)), {
        retry: { backoff: 1 },
      }),
  );
  const options = { taskQueue };
  const id = await withApp(
    [old],
    async ({ start }) => {
      const { id } = await start(old, "x");
      await started.promise;
      return id;
    },
    options,
  );
  const fresh = (b: any) => b.transform("same", (c: any) => c.last).step("fresh", seen("fresh"));
  const untilItWaits = (app: flow.App) =>
    eventually(
      async () => (await app.inspect(id)).progress.running,
      (running) => running.some(({ waiting }) => waiting?.includes("no 'gone'")),
    );
  await withApp(
    [define("other", fresh)],
    async ({ app }) => {
      await untilItWaits(app);
      const refused = await rejection(app.migrate(id));
      expect(refused.cause).toMatchObject({
        type: "MigrationRefused",
        message: "The run can't go on by this plan: 'start', which it has run, is another in it",
      });
    },
    options,
  );
  await withApp(
    [define("start", fresh)],
    async ({ app, client }) => {
      await untilItWaits(app);
      await app.migrate(id);
      expect(await client.workflow.getHandle(id).result()).toEqual(["gone", "fresh", "fresh"]);
    },
    options,
  );
});

test("activities of an application's own can't take the names of steps, and unknown ones are tried again", async () => {
  const plain = flow.define({ id: "plain", payload: anything<null>() }, (f) => f.step("a", () => 1));
  const work = () => 1;
  const activities = { work, default: work, "plain.a": work, "flow.begin": work };
  const error = await rejection(withApp([plain], async () => {}, { worker: { activities } }));
  expect(error.message).toBe(
    "Activities can't have names that belong to flows, rename them: default, plain.a, flow.begin",
  );
});

test("a run that is cancelled while it waits for its actions is undone too", async () => {
  const seen: string[] = [];
  const started = Promise.withResolvers<void>();
  const waiting = flow.define(
    { id: "waiting", payload: anything<null>(), onSuccess: () => seen.push("onSuccess") },
    (f) =>
      f
        .step("a", () => 1, { undo: () => seen.push("undo a") })
        .action("slow", async ({ signal }) => {
          started.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }),
  );
  await withApp([waiting], async ({ start, app }) => {
    const { id, result } = await start(waiting, null);
    await started.promise;
    await app.cancelRun(id);
    await rejection(result());
    expect((await app.inspect(id)).status).toBe("CANCELLED");
  });
  expect(seen).toEqual(["undo a"]);
});

test("a subflow that someone else cancels fails the run, which tells so", async () => {
  const told: unknown[] = [];
  const inner = flow.define({ id: "inner", payload: anything<null>() }, (f) => f.sleep("30d").step("never", () => 1));
  const outer = flow.define(
    { id: "outer", payload: anything<null>(), onFailure: (_, error) => told.push(error.type) },
    (f) => f.subflow("inner", inner, () => null),
  );
  await withApp([outer], async ({ start, app }) => {
    const { id, result } = await start(outer, null);
    await eventually(
      () =>
        app.cancelRun(`${id}/inner`).then(
          () => true,
          () => false,
        ),
      (done) => done,
    );
    await rejection(result());
    expect((await app.inspect(id)).status).toBe("FAILED");
  });
  expect(told).toEqual(["CancelledFailure"]);
});
