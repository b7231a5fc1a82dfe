/** State, in each of the stores: what steps do with it, over their retries and over the ends of their processes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SQL } from "bun";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { type Postgres, startPostgres } from "../../support/postgres";
import { startServer, testServer } from "../../support/server";
import { anything, type Fixture, withApp } from "../support";

const folder = mkdtempSync(join(tmpdir(), "flow-state-"));
let postgres: Postgres;
/** Has several connections. */
let database: SQL;

beforeAll(async () => {
  postgres = await startPostgres();
  database = postgres.connect();
}, 180_000);

afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const unique = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;

interface Kind {
  name: string;
  /** A store, which is new for each test. */
  make: () => flow.StateStore | undefined;
  /** What makes the same store in another process. */
  elsewhere: () => object;
}

const kinds: Kind[] = [
  { name: "workflows", make: () => undefined, elsewhere: () => ({}) },
  {
    name: "sqlite",
    make: () => flow.sqlite(join(folder, unique("state"))),
    elsewhere: () => ({ path: join(folder, "shared") }),
  },
  { name: "sql", make: () => flow.sql(database), elsewhere: () => postgres.options },
];

type Do = (state: flow.FlowState) => unknown;

describe.each(kinds)("$name", ({ name, make, elsewhere }) => {
  /** Runs each function as a step of a run, one after the other. Returns what they return. */
  async function steps(functions: Do[], id = unique("state")): Promise<unknown[]> {
    return withState([id], functions, async ({ run }, [of]) => run(of!, {}));
  }

  /** An application with flows that run the functions as steps. */
  function withState<R>(ids: string[], functions: Do[], body: (fixture: Fixture, flows: flow.AnyFlow[]) => Promise<R>) {
    const flows = ids.map((id) =>
      flow.define({ id, payload: anything(), defaults: { retry: { attempts: 1 } } }, (f) =>
        f.forEach(
          "each",
          () => functions.map((_, index) => index),
          (b) => b.step("do", async ({ item, state }) => (await functions[item]!(state)) ?? null),
          { concurrency: 1 },
        ),
      ),
    );
    const state = make();
    return withApp(flows, (fixture) => body(fixture, flows), state === undefined ? {} : { state });
  }

  test("keeps, counts, compares and forgets", async () => {
    const given = await steps([
      (s) => s.get("a"),
      (s) => s.set("a", { x: [1, null, "é"] }),
      (s) => s.get("a"),
      (s) => s.cas("a", { x: [1] }, "no"),
      (s) => s.cas("a", { x: [1, null, "é"] }, "yes"),
      (s) => s.get("a"),
      (s) => s.cas("b", undefined, 1),
      (s) => s.cas("b", undefined, 2),
      (s) => s.incr("b"),
      (s) => s.incr("b", -2.5),
      (s) => s.incr("new", 7),
      (s) => s.delete("b"),
      (s) => s.delete("b"),
      (s) => s.get("b"),
      (s) => s.get("__proto__"),
      (s) => s.set("__proto__", 1),
      (s) => s.get("__proto__"),
    ]);
    const value = { x: [1, null, "é"] };
    expect(given).toEqual([
      null,
      null,
      value,
      false,
      true,
      "yes",
      true,
      false,
      2,
      -0.5,
      7,
      true,
      false,
      null,
      null,
      null,
      1,
    ]);
  });

  test("keeps flows and scopes apart, and is there for the next run", async () => {
    const [one = "", two = ""] = [unique("one"), unique("two")];
    const functions: Do[] = [
      (s) => s.incr("n"),
      (s) => s.for("other").incr("n", 10),
      (s) => s.for("other").for("third").get("n"),
    ];
    await withState([one, two], functions, async ({ run }, [first, second]) => {
      expect(await run(first!, {})).toEqual([1, 10, null]);
      expect(await run(first!, {})).toEqual([2, 20, null]);
      expect(await run(second!, {})).toEqual([1, 10, null]);
    });
  });

  test("forgets what is over, and lets a counter keep its time", async () => {
    const given = await steps([
      (s) => s.set("short", 1, { ttl: 1 }),
      (s) => s.set("long", 1, { ttl: "1 hour" }),
      (s) => s.incr("count", 1, { ttl: 200 }),
      (s) => s.incr("count"),
      (s) =>
        eventually(
          () => s.get("short"),
          (value) => value === undefined,
        ),
      (s) =>
        eventually(
          () => s.get("count"),
          (value) => value === undefined,
        ),
      (s) => s.incr("count"),
      (s) => s.get("long"),
    ]);
    expect(given).toEqual([null, null, 1, 2, null, null, 1, 1]);
  });

  test("does an operation of a step once, however often the step is tried", async () => {
    const id = unique("retried");
    const of = flow.define({ id, payload: anything(), defaults: { retry: { attempts: 5, backoff: 1 } } }, (f) =>
      f
        .step("count", async ({ state, run }) => {
          const counts = [await state.incr("a"), await state.for("other").incr("a"), await state.incr("a")];
          if (run.attempt < 4) throw new Error("again");
          return counts;
        })
        .step("see", async ({ state, last }) => [last, await state.get("a"), await state.for("other").get("a")]),
    );
    const state = make();
    const output = await withApp([of], ({ run }) => run(of, {}), state === undefined ? {} : { state });
    expect(output).toEqual([[1, 1, 2], 2, 1]);
  });

  test("says what it can't do", async () => {
    const why = async (act: Do) => {
      const id = unique("wrong");
      const failing = steps([(s) => s.set("text", "x"), act], id);
      return failing.then(
        () => "nothing",
        (error: Error) => (error.cause as Error).cause as Error,
      );
    };
    expect(await why((s) => s.incr("text"))).toMatchObject({
      type: "StateInvalid",
      message: "'text' isn't a number, it can't be counted",
    });
    expect(await why((s) => s.incr("n", Number.NaN))).toMatchObject({ message: "incr('n') needs a number, got NaN" });
    expect(await why((s) => s.set("", 1))).toMatchObject({
      message: 'A key of the state must be a text of 1 to 200 characters, got ""',
    });
    expect(await why((s) => s.for("x".repeat(201)))).toMatchObject({
      message: expect.stringContaining("A scope of the state"),
    });
    expect(await why((s) => s.set("u", undefined))).toMatchObject({
      message: "The value of 'u' is undefined: use delete",
    });
    expect(await why((s) => s.set("b", 1n))).toMatchObject({ type: "OutputInvalid" });
    expect(await why((s) => s.set("t", 1, { ttl: 0 }))).toMatchObject({
      message: "ttl must be more than nothing, got 0",
    });
  });

  test("goes out as lines, and comes in again", async () => {
    const id = unique("moved");
    const lines = await withState(
      [id],
      [
        (s) => s.set("a", [1]),
        (s) => s.for("x").set("b", { c: 2 }, { ttl: "1 hour" }),
        (s) => s.set("over", 1, { ttl: 1 }),
      ],
      async ({ app, run }, [of]) => {
        await run(of!, {});
        const mine = async () =>
          (await Array.fromAsync(app.exportState())).filter((line) => JSON.parse(line).flow === id);
        // The list of Workflows lags.
        return eventually(mine, (found) => found.length === 2);
      },
    );
    expect(lines.map((line) => JSON.parse(line)).toSorted((one, other) => one.key.localeCompare(other.key))).toEqual([
      { flow: id, scope: "default", key: "a", value: [1] },
      { flow: id, scope: "x", key: "b", value: { c: 2 }, expires: expect.any(Number) },
    ]);
    const other = unique("target");
    await withState([other], [(s) => s.get("a"), (s) => s.for("x").get("b")], async ({ app, run }, [of]) => {
      expect(await app.importState(lines.map((line) => line.replace(id, other)))).toBe(2);
      expect(await run(of!, {})).toEqual([[1], { c: 2 }]);
      for (const [index, wrong] of ["{", "{}", '{"flow":"f","scope":"s","key":"k"}', "7"].entries())
        expect([index, await app.importState(["\n", wrong]).catch((error) => error.message)]).toEqual([
          index,
          "Line 2 is no value of a state: it needs flow, scope, key and value",
        ]);
    });
  });

  test("200 counts by steps whose processes are killed are 200", async () => {
    const { address } = await testServer();
    const taskQueue = unique("counted");
    const runs = 20;
    const program = join(import.meta.dir, "../fixtures/state-worker.ts");
    const command = [process.execPath, program, address, taskQueue, name, JSON.stringify(elsewhere())];
    const startWorker = () => Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    await withApp([], async ({ client, app }) => {
      let worker = startWorker();
      try {
        const handles = await Promise.all(
          Array.from({ length: runs }, (_, index) =>
            client.workflow.start(taskQueue, {
              workflowId: `${taskQueue}/${index}`,
              taskQueue,
              args: [10],
              workflowTaskTimeout: "1s",
            }),
          ),
        );
        for (const counts of [10, 25, 40]) {
          let lines = 0;
          for await (const bytes of worker.stdout)
            if ((lines += bytes.filter((byte) => byte === 10).length) >= counts) break;
          worker.kill("SIGKILL");
          await worker.exited;
          worker = startWorker();
        }
        await Promise.all(handles.map((handle) => handle.result()));
      } finally {
        worker.kill("SIGKILL");
        await worker.exited;
      }
      void app;
    });
    const state = {
      sqlite: () => flow.sqlite(join(folder, "shared")),
      sql: () => flow.sql(database),
      workflows: () => undefined,
    }[name]!();
    const read = flow.define({ id: taskQueue, payload: anything() }, (f) => f.step("n", ({ state: s }) => s.get("n")));
    expect(
      await withApp([read], ({ run }) => run(read, {}), { taskQueue, ...(state === undefined ? {} : { state }) }),
    ).toBe(200);
  }, 180_000);
});

describe("state in Workflows", () => {
  test("continues as new and keeps all, also what was done", async () => {
    const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 40 } });
    const connection = await NativeConnection.connect({ address: server.address });
    try {
      const defaults = { retry: { attempts: 3, backoff: 1 } };
      const of = flow.define({ id: "long", payload: anything(), defaults }, (f) =>
        f.step("count", async ({ state, run }) => {
          for (let n = 0; n < 50; n++) await state.incr("n");
          if (run.attempt === 1) throw new Error("again");
          return state.get("n");
        }),
      );
      await withApp(
        [of],
        async ({ run, client }) => {
          expect(await run(of, {})).toBe(50);
          const { events = [] } = await client.workflow.getHandle("flow-state/long/default").fetchHistory();
          expect(events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toBeTruthy();
        },
        { connection, namespace: "default" },
      );
    } finally {
      await connection.close();
      await server.stop();
    }
  });

  test("refuses what makes a scope too large, and takes it again when there is room", async () => {
    const id = unique("large");
    const big = "x".repeat(600_000);
    const of = flow.define({ id, payload: anything(), defaults: { retry: { attempts: 1 } } }, (f) =>
      f
        .step("first", ({ state }) => state.set("a", big))
        .step("second", ({ state }) => state.set("b", big), { onError: (_, { message }) => message })
        .step("room", ({ state }) => state.delete("a"))
        .step("third", ({ state }) => state.set("b", big))
        .step("end", ({ steps }) => steps.second.output),
    );
    await withApp([of], async ({ run, client }) => {
      expect(await run(of, {})).toContain(
        `The state of '${id}' in the scope 'default' would have 1200006 bytes, more than 1000000`,
      );
      await client.workflow.getHandle(`flow-state/${id}/default`).terminate();
    });
  });

  test("counts bytes, and takes large values at once", async () => {
    const id = unique("bytes");
    const big = "x".repeat(900_000);
    const of = flow.define({ id, payload: anything(), defaults: { retry: { attempts: 1 } } }, (f) =>
      f
        // Three bytes each.
        .step("wide", ({ state }) => state.set("a", "€".repeat(400_000)), { onError: (_, { message }) => message })
        .step("huge", ({ state }) => state.cas("a", `${big}${big}`, big), { onError: (_, { message }) => message })
        .step("at once", async ({ state }) => {
          await Promise.all([1, 2, 3, 4].map((n) => state.set("a", `${n}${big}`)));
          return (await state.get<string>("a"))?.slice(0, 1);
        })
        .step("end", ({ steps }) => [steps.wide.output, steps.huge.output, steps["at once"].output]),
    );
    await withApp([of], async ({ run, client }) => {
      expect(await run(of, {})).toEqual([
        expect.stringContaining(`in the scope 'default' would have 1200003 bytes, more than 1000000`),
        expect.stringContaining("What is to be kept under 'a' has 27"),
        "4",
      ]);
      await client.workflow.getHandle(`flow-state/${id}/default`).terminate();
    });
  });

  test("is there in tests of flows", async () => {
    const { TestWorkflowEnvironment } = await import("../../../src/testing");
    const env = await TestWorkflowEnvironment.createTimeSkipping();
    try {
      const of = flow.define({ id: unique("tested"), payload: anything() }, (f) =>
        f.step("n", ({ state }) => state.incr("n")),
      );
      expect(await of.test(env).run()).toMatchObject({ output: 1 });
      expect(await of.test(env).run()).toMatchObject({ output: 1 });
    } finally {
      await env.teardown();
    }
  });
});

test("secrets don't get into state", async () => {
  process.env["STATE_SECRET"] = "hush-hush";
  const schema = anything<{ token: string }>();
  const bank = flow.service({ id: "bank", config: schema, create: ({ token }) => ({ token: () => token }) });
  const of = flow.define(
    { id: unique("secret"), payload: anything(), services: { bank }, defaults: { retry: { attempts: 1 } } },
    (f) =>
      f.step("leak", ({ state, services }) => state.set("t", { deep: [services.bank.token()] }), {
        onError: (_, { type }) => type,
      }),
  );
  const services = [bank.withConfig({ token: flow.secret("STATE_SECRET") })];
  expect(await withApp([of], ({ run }) => run(of, {}), { services })).toBe("SecretInOutput");
});
