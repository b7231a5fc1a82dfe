/** The inbox: what runs wait for, page by page, and decisions without links; pauses; the commands. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { run as runCommand } from "../../support/process";
import { type PrivateServer, startServer } from "../../support/server";
import { anything, type Fixture, withApp } from "../support";

setDefaultTimeout(240_000);

const signingKeys = ["k".repeat(32)];
let server: PrivateServer;
let connection: NativeConnection;
let options: Partial<flow.AppOptions>;

beforeAll(async () => {
  server = await startServer({ searchAttributes: { FlowWaiting: "KeywordList" } });
  connection = await NativeConnection.connect({ address: server.address });
  options = { signingKeys, connection, namespace: server.namespace };
});

afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

const unique = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;

const ask = (id = unique("ask")) =>
  flow.define({ id, payload: anything<string>() }, (f) =>
    f.humanInTheLoop("ask", { timeout: "3 days" }).transform("end", ({ last }) => last),
  );

/** Waits that the inbox has, once it has so many. */
const listed = ({ app }: Pick<Fixture, "app">, count: number, of: flow.PendingOptions = {}) =>
  eventually(
    async () => (await app.pending(of)).waits,
    ({ length }) => length === count,
  );

const waits = ({ app }: Fixture, id: string, waiting: string) =>
  eventually(
    () => app.inspect(id),
    ({ progress }) => progress.running.some((one) => one.waiting === waiting),
  );

describe("the inbox", () => {
  test("lists each wait of the application's flows until it is decided, page by page", async () => {
    const [one, other, stranger] = [ask(), ask(), ask()];
    await withApp(
      [one, other],
      (fixture) =>
        withApp(
          [stranger],
          async ({ start: startStranger }) => {
            const { app, start } = fixture;
            const foreign = await startStranger(stranger, "");
            const before = Date.now();
            const runs = await Promise.all([...Array(5)].map(() => start(one, "")));
            const last = await start(other, "");
            const all = await listed(fixture, 6);
            expect(all.map(({ id }) => id).sort()).toEqual([...runs, last].map(({ id }) => id).sort());
            expect(all).toContainEqual({
              id: last.id,
              flow: other.id,
              step: "ask",
              since: expect.any(Date) as any,
              until: expect.any(Date) as any,
            });
            for (const { since, until } of all) {
              expect(until!.getTime() - since.getTime()).toBe(3 * 24 * 3600 * 1000);
              expect(since.getTime()).toBeGreaterThan(before - 60_000);
            }
            const pages: flow.PendingPage[] = [];
            do pages.push(await app.pending({ pageSize: 2, after: pages.at(-1)?.next }));
            while (pages.at(-1)?.next !== undefined);
            expect(pages.flatMap((page) => page.waits)).toEqual(all);
            expect(Math.max(...pages.map((page) => page.waits.length))).toBe(2);
            expect((await listed(fixture, 1, { flow: other.id })).map(({ id }) => id)).toEqual([last.id]);
            await app.decide(last.id, { decision: "approved", by: "Ada", input: 7 });
            expect(await last.result()).toEqual({ decision: "approved", by: "Ada", input: 7 });
            await app.cancelRun(runs[0]!.id);
            await fixture.client.workflow.getHandle(runs[1]!.id).terminate();
            const left = await listed(fixture, 3);
            expect(left.map(({ id }) => id).sort()).toEqual(
              runs
                .slice(2)
                .map(({ id }) => id)
                .sort(),
            );
            await expect(app.pending({ flow: stranger.id })).rejects.toThrow("No flow of this application is called");
            await app.cancelRun(foreign.id);
          },
          options,
        ),
      options,
    );
  });

  test("has each of several waits of a run, and of the children that take parts of a loop", async () => {
    const of = flow.define({ id: unique("many"), payload: anything<number>() }, (f) =>
      f
        .parallel("both", { a: (b) => b.humanInTheLoop("first"), b: (b) => b.pause("second") })
        .forEach(
          "each",
          ({ payload }) => Array.from({ length: payload }, (_, n) => n),
          (b) => b.humanInTheLoop("one"),
          { concurrency: 1000 },
        )
        .transform("end", ({ last }) => last.length),
    );
    await withApp(
      [of],
      async (fixture) => {
        const { app, start } = fixture;
        const run = await start(of, 201);
        expect((await listed(fixture, 2)).map(({ step }) => step)).toEqual(["first", "second"]);
        await expect(app.decide(run.id, { decision: "approved" })).rejects.toThrow(
          `'${run.id}' waits for several decisions, say by step which one is meant: 'first', 'second'`,
        );
        await expect(app.decide(run.id, { decision: "approved", step: "third" })).rejects.toThrow(
          `'${run.id}' doesn't wait at 'third', but at 'first', 'second'`,
        );
        await app.decide(run.id, { decision: "denied", step: "first" });
        expect((await listed(fixture, 1))[0]).toMatchObject({ step: "second" });
        await app.decide(run.id, { decision: "approved", step: "second" });
        // The first child has more waits than a search attribute takes: as many are listed as fit, the oldest first.
        const parts = await eventually(
          async () => (await app.pending()).waits,
          (found) => found.some(({ step }) => step === "each[200]/one") && found.length > 20,
        );
        expect(parts.find(({ step }) => step === "each[200]/one")).toMatchObject({ id: `${run.id}/each[200]` });
        const decideAll = async (id: string, from: number, to: number) => {
          for (let n = from; n < to; n++) await app.decide(id, { decision: "approved", step: `each[${n}]/one` });
        };
        await decideAll(`${run.id}/each[200]`, 200, 201);
        await decideAll(`${run.id}/each[0]`, 0, 200);
        expect(await run.result()).toBe(201);
        await listed(fixture, 0);
      },
      options,
    );
  });

  test.each<[string, Record<string, string>]>([
    ["no search attribute", {}],
    ["another kind of search attribute", { FlowWaiting: "Keyword" }],
  ])("isn't there with %s: runs wait all the same, and what is missing is said", async (what, searchAttributes) => {
    const bare = await startServer({ searchAttributes });
    const own = await NativeConnection.connect({ address: bare.address });
    try {
      const of = ask();
      await withApp(
        [of],
        async (fixture) => {
          const { app, start, events } = fixture;
          const run = await start(of, "");
          await waits(fixture, run.id, "waits for a person");
          const missing = await app.pending().catch((error) => error);
          expect(missing).toBeInstanceOf(flow.InboxMissing);
          expect(missing.message).toContain(`has ${what} FlowWaiting`);
          expect(missing.message).toContain(
            "temporal operator search-attribute create --namespace default --name FlowWaiting --type KeywordList",
          );
          await app.decide(run.id, { decision: "denied" });
          expect(await run.result()).toEqual({ decision: "denied" });
          const written = (await events(run.id)).filter((one) => one.upsertWorkflowSearchAttributesEventAttributes);
          expect(written).toEqual([]);
        },
        { ...options, connection: own },
      );
    } finally {
      await own.close();
      await bare.stop();
    }
  });
});

describe("a pause", () => {
  const paused = flow.define({ id: unique("paused"), payload: anything<string>() }, (f) =>
    f
      .pause("hold")
      .step("end", ({ last, steps }) => [last, steps.hold.output.by])
      .transform("done", ({ last }) => last),
  );

  test("waits until somebody lets it go on, with what came along; it can't be denied, and needs no key", async () => {
    await withApp(
      [paused],
      async (fixture) => {
        const { app, start } = fixture;
        const run = await start(paused, "");
        await waits(fixture, run.id, "is paused");
        expect(await listed(fixture, 1)).toMatchObject([{ id: run.id, step: "hold" }]);
        await expect(app.decide(run.id, { decision: "denied" })).rejects.toThrow("'hold' is a pause");
        const handle = fixture.client.workflow.getHandle(run.id);
        const [{ run: of }] = (await handle.query<{ run: string }[]>("flow.pending")) as [{ run: string }];
        const denial = handle.executeUpdate("flow.resolve", { args: [{ run: of, path: "hold", decision: "denied" }] });
        await expect(denial).rejects.toMatchObject({ cause: { message: expect.stringContaining("can't be denied") } });
        await app.decide(run.id, { decision: "approved", by: "Bo", input: { n: 1 } });
        expect(await run.result()).toEqual([{ by: "Bo", input: { n: 1 } }, "Bo"]);
        await expect(app.decide(run.id, { decision: "approved" })).rejects.toThrow("waits for no decision");
      },
      { ...options, signingKeys: [] },
    );
  });

  test("of any run, between its verbs: it holds what comes next, and no more", async () => {
    const gate = Promise.withResolvers<void>();
    let laterRan = false;
    const of = flow.define({ id: unique("held"), payload: anything<string>() }, (f) =>
      f
        .parallel("both", {
          a: (b) => b.step("first", () => gate.promise).step("later", () => void (laterRan = true)),
          b: (b) => b.sleep(1),
        })
        .transform("end", () => "end"),
    );
    await withApp(
      [of],
      async ({ app, start }) => {
        const run = await start(of, "");
        await app.pauseRun(run.id);
        expect((await app.inspect(run.id)).progress.isPaused).toBe(true);
        gate.resolve();
        await eventually(
          () => app.inspect(run.id),
          ({ progress }) => !progress.running.some(({ step }) => step === "first" || step === "both sleep"),
        );
        expect([(await app.inspect(run.id)).status, laterRan]).toEqual(["RUNNING", false]);
        await app.resumeRun(run.id);
        expect(await run.result()).toBe("end");
        const other = await start(of, "");
        await app.pauseRun(other.id);
        await app.cancelRun(other.id);
        await expect(other.result()).rejects.toThrow();
      },
      options,
    );
  });

  test("outlives a run that continues as new", async () => {
    const small = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 10 } });
    const own = await NativeConnection.connect({ address: small.address });
    const gate = Promise.withResolvers<void>();
    let begun = false;
    const of = flow.define({ id: unique("long"), payload: anything<string>() }, (f) =>
      f
        .step("a", () => 1)
        .step("b", () => 2)
        .action("beside", () => {
          begun = true;
          return gate.promise;
        })
        .step("c", () => 3)
        .step("d", () => 4),
    );
    try {
      await withApp(
        [of],
        async ({ app, client, start }) => {
          const run = await start(of, "");
          // It waits for the action before it continues as new.
          await eventually(
            () => app.inspect(run.id),
            ({ progress }) => begun && progress.running.length === 0,
          );
          const { runId } = await client.workflow.getHandle(run.id).describe();
          await app.pauseRun(run.id);
          gate.resolve();
          await eventually(
            () => client.workflow.getHandle(run.id).describe(),
            (next) => next.runId !== runId,
          );
          expect((await app.inspect(run.id)).progress).toMatchObject({ isPaused: true, running: [] });
          await app.resumeRun(run.id);
          expect(await run.result()).toBe(4);
        },
        { ...options, connection: own },
      );
    } finally {
      await own.close();
      await small.stop();
    }
  });
});

test("temporal-bun flow pending, approve and deny do it from a module that exports an application", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flow-inbox-"));
  const sources = resolve(import.meta.dir, "../../../src");
  const [id, taskQueue] = [unique("cli"), unique("queue")];
  writeFileSync(
    join(folder, "app.ts"),
    `import * as flow from "${sources}/integrations/flow";
    import { NativeConnection } from "${sources}/worker";
    const payload = { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } };
    const of = flow.define({ id: "${id}", payload }, (f) => f.humanInTheLoop("ask").pause("hold"));
    const connection = await NativeConnection.connect({ address: process.env.ADDRESS });
    export const app = flow.app({ flows: [of], connection, taskQueue: "${taskQueue}", signingKeys: ["${signingKeys[0]}"] });`,
  );
  const program = [process.execPath, join(sources, "cli/temporal-bun.ts"), "flow"];
  const command = async (name: string, ...rest: string[]) =>
    runCommand([...program, name, join(folder, "app.ts"), ...rest], {
      env: { ...process.env, ADDRESS: server.address },
    });
  const of = flow.define({ id, payload: anything<string>() }, (f) => f.humanInTheLoop("ask").pause("hold"));
  try {
    await withApp(
      [of],
      async (fixture) => {
        expect(await command("pending")).toEqual({ output: "", errors: "No run waits for a person.\n" } as any);
        const [one, other] = [await fixture.start(of, ""), await fixture.start(of, "")];
        await listed(fixture, 2);
        const { output } = await command("pending");
        const row = `ask   ${one.id}  \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\n`;
        expect(output).toMatch(new RegExp(`^STEP  WORKFLOW ID +SINCE +UNTIL\n.*\n?${row}`, "m"));
        const limited = await command("pending", "--limit", "1", "--json", "--flow", id);
        expect(JSON.parse(limited.output)).toMatchObject([{ flow: id, step: "ask" }]);
        expect(limited.errors).toContain("There are more than 1");
        expect((await command("approve", one.id, "--by", "Ada", "--input", '{"a":1}')).output).toBe(
          `approved ${one.id}\n`,
        );
        await waits(fixture, one.id, "is paused");
        await expect(command("deny", one.id)).rejects.toThrow("'hold' is a pause");
        await expect(command("approve", one.id, "--input", "fine")).rejects.toThrow("--input isn't JSON");
        await expect(command("approve", one.id, "--step", "ask")).rejects.toThrow(
          "doesn't wait at 'ask', but at 'hold'",
        );
        await command("approve", one.id);
        expect(await one.result()).toEqual({});
        const denied = await command("deny", other.id, "--step", "ask", "--json");
        expect(JSON.parse(denied.output)).toEqual({ id: other.id, decision: "denied" });
        await fixture.app.cancelRun(other.id);
        await expect(command("approve", `${id}/nobody`)).rejects.toThrow("not found");
        await expect(command("pending", "--limit", "0")).rejects.toThrow("It must be a whole number above 0");
      },
      { ...options, taskQueue },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
