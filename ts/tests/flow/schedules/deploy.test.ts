/** Triggers by time, and the schedules that a deployment makes of them. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Client, ScheduleHandle } from "../../../src/client";
import * as flow from "../../../src/integrations/flow";
import { eventually } from "../../support/eventually";
import { run } from "../../support/process";
import { testServer } from "../../support/server";
import { testConnection } from "../../worker/support";
import { anything, schema, withApp } from "../support";

const unique = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;
const nightly = flow.schedule("0 3 * * *", { payload: { n: 1 }, timezone: "Europe/Berlin", name: "nightly" });

function counting(id: string, ...triggers: flow.Trigger<any>[]) {
  return flow.define({ id, payload: anything<{ n: number }>(), triggers }, (f) => f.transform("n", (c) => c.payload.n));
}

/** Deploys flows as an application of this name, which runs none. */
async function deploy(
  name: string,
  flows: flow.AnyFlow[],
  options: flow.DeployOptions = {},
): Promise<flow.DeployReport> {
  return flow.app({ flows, ...(await testConnection()), name, taskQueue: name }).deploy(options);
}

const nothing: flow.DeployReport = { created: [], updated: [], unchanged: [], deleted: [], left: [] };

/** Waits for the server's list of schedules, which lags. */
async function listed(client: Client, ids: string[]): Promise<void> {
  await eventually(
    () => Array.fromAsync(client.schedule.list(), ({ scheduleId }) => scheduleId),
    (found) => ids.every((id) => found.includes(id)),
  );
}

/** Ids of the Workflows that a schedule has started, once there are so many. */
async function started(handle: ScheduleHandle, count: number): Promise<string[]> {
  const { info } = await eventually(
    () => handle.describe(),
    ({ info: { recentActions } }) => recentActions.length >= count,
  );
  return info.recentActions.map(({ action }) => action.workflow.workflowId);
}

describe("deploy", () => {
  test("makes schedules, leaves those that are right, changes those that aren't, deletes those of nobody", async () => {
    const name = unique("app");
    const id = (of: string, trigger: string) => `flow/${name}/${of}/${trigger}`;
    const both = [counting("a", nightly), counting("b", flow.interval("1 hour", { payload: { n: 2 }, offset: "5m" }))];
    expect(await deploy(name, both, { dryRun: true })).toEqual({
      ...nothing,
      created: [id("a", "nightly"), id("b", "1")],
    });
    expect(await deploy(name, both)).toEqual({ ...nothing, created: [id("a", "nightly"), id("b", "1")] });
    expect(await deploy(name, both)).toEqual({ ...nothing, unchanged: [id("a", "nightly"), id("b", "1")] });
    await withApp([], async ({ client }) => {
      const { spec, action, policies } = await client.schedule.getHandle(id("a", "nightly")).describe();
      expect([spec.timezone, action.workflowType, action.args]).toEqual(["Europe/Berlin", "a", [{ n: 1 }]]);
      expect(policies.overlap).toBe("SKIP");
      await listed(client, [id("a", "nightly"), id("b", "1")]);
    });
    const changed = [
      counting("a", flow.schedule("0 4 * * *", { payload: { n: 1 }, name: "nightly", overlap: "BUFFER_ONE" })),
    ];
    expect(await deploy(name, changed, { prune: false })).toEqual({
      ...nothing,
      updated: [id("a", "nightly")],
      left: [id("b", "1")],
    });
    expect(await deploy(name, changed, { dryRun: true })).toEqual({
      ...nothing,
      unchanged: [id("a", "nightly")],
      deleted: [id("b", "1")],
    });
    expect(await deploy(name, changed)).toEqual({
      ...nothing,
      unchanged: [id("a", "nightly")],
      deleted: [id("b", "1")],
    });
    await withApp([], async ({ client }) => {
      const { spec, policies } = await client.schedule.getHandle(id("a", "nightly")).describe();
      expect([spec.calendars?.[0]?.hour, spec.timezone, policies.overlap]).toEqual([
        [{ start: 4, end: 4, step: 1 }],
        "",
        "BUFFER_ONE",
      ] as any);
      await expect(client.schedule.getHandle(id("b", "1")).describe()).rejects.toThrow();
      await client.schedule.getHandle(id("a", "nightly")).delete();
    });
  });

  test("leaves a schedule paused that an operator has paused", async () => {
    const name = unique("app");
    await withApp(
      [counting("a", nightly)],
      async ({ app, client }) => {
        await app.deploy();
        const handle = client.schedule.getHandle(`flow/${name}/a/nightly`);
        await handle.pause("until the audit is over");
        const other = counting("a", flow.schedule("@daily", { payload: { n: 3 }, name: "nightly" }));
        expect((await deploy(name, [other])).updated).toHaveLength(1);
        const { state, action } = await handle.describe();
        expect([state.paused, state.note, action.args]).toEqual([true, "until the audit is over", [{ n: 3 }]]);
        await handle.delete();
      },
      { name },
    );
  });

  test("by two at once ends with one schedule", async () => {
    const name = unique("app");
    const reports = await Promise.all([deploy(name, [counting("a", nightly)]), deploy(name, [counting("a", nightly)])]);
    const done = reports.flatMap(({ created, updated, unchanged }) =>
      [created, updated, unchanged].map(({ length }) => length),
    );
    expect(done.reduce((sum, length) => sum + length)).toBe(2);
    expect(reports.flatMap(({ created }) => created).length).toBe(1);
    await withApp([], ({ client }) => client.schedule.getHandle(`flow/${name}/a/nightly`).delete());
  });

  test("leaves schedules of an application whose name goes on after a slash, and those that nobody deployed", async () => {
    const name = unique("app");
    await withApp([], async ({ client, taskQueue }) => {
      const other = `flow/${name}/more/a/nightly`;
      const own = `flow/${name}/by/hand`;
      await deploy(`${name}/more`, [counting("a", nightly)]);
      const action = { type: "startWorkflow", workflowType: "x", taskQueue } as const;
      await client.schedule.create({ scheduleId: own, action, spec: { intervals: [{ every: "1d" }] } });
      await listed(client, [other, own]);
      expect(await deploy(name, [])).toEqual(nothing);
      for (const id of [other, own]) await client.schedule.getHandle(id).delete();
    });
  });

  test("of an earlier generation after a later one is refused, and changes nothing", async () => {
    const name = unique("app");
    await deploy(name, [counting("a", nightly)], { generation: 7 });
    const older = counting("a", flow.schedule("@yearly", { payload: { n: 0 }, name: "nightly" }));
    await expect(deploy(name, [older], { generation: 6 })).rejects.toThrow("Generation 6 is older than 7");
    expect((await deploy(name, [counting("a", nightly)], { generation: 7 })).unchanged).toHaveLength(1);
    expect((await deploy(name, [older], { generation: 8 })).updated).toHaveLength(1);
    await withApp([], ({ client }) => client.schedule.getHandle(`flow/${name}/a/nightly`).delete());
  });

  test("refuses a payload that the flow doesn't take", async () => {
    const strict = schema<{ n: number }>((value) => {
      if (typeof value.n !== "number") throw new Error("n must be a number");
      return value;
    });
    const triggers = [flow.interval("1h", { payload: {} as { n: number } })];
    const of = flow.define({ id: "strict", payload: strict, triggers }, (f) => f.step("a", () => 1));
    await expect(deploy(unique("app"), [of])).rejects.toThrow(
      "The payload of the trigger '1' isn't what the flow 'strict' takes: given: n must be a number",
    );
  });

  test("starts runs with the payload", async () => {
    const name = unique("app");
    const of = counting(unique("due"), flow.interval("1 day", { payload: { n: 4 } }));
    await withApp(
      [of],
      async ({ app, client }) => {
        await app.deploy();
        const handle = client.schedule.getHandle(`flow/${name}/${of.id}/1`);
        await handle.trigger();
        const [workflowId = ""] = await started(handle, 1);
        expect(workflowId).toStartWith(`${of.id}/1-`);
        expect(await client.workflow.getHandle(workflowId).result()).toBe(4);
        await handle.delete();
      },
      { name },
    );
  });
});

describe("poll", () => {
  test("starts one run for each item, goes on where it was, and looks again where it failed", async () => {
    const name = unique("app");
    const cursors: unknown[] = [];
    let failures = 1;
    const look = ({ cursor }: flow.PollContext<number>) => {
      cursors.push(cursor);
      if (cursor === 2 && failures-- > 0) throw new Error("the other side is away");
      const from = cursor ?? 0;
      // The last item of the look before is seen again.
      return { items: [from - 1, from, from + 1].filter((n) => n >= 0).map((n) => ({ n })), cursor: from + 2 };
    };
    const of = counting(
      unique("polled"),
      flow.poll(look, { every: "1 hour", id: ({ n }: { n: number }) => String(n), name: "feed" }),
    );
    await withApp(
      [of],
      async ({ app, client }) => {
        await app.deploy();
        const handle = client.schedule.getHandle(`flow/${name}/${of.id}/feed`);
        for (const times of [1, 2]) {
          // What is started beside others isn't told what those before it returned.
          await handle.trigger("SKIP");
          const id = (await started(handle, times)).at(-1);
          expect(await client.workflow.getHandle(id!).result()).toEqual({
            cursor: 2 * times,
            items: times === 1 ? 2 : 3,
          });
          await eventually(
            () => handle.describe(),
            ({ info }) => info.runningActions.length === 0,
          );
        }
        expect(cursors).toEqual([undefined, 2, 2]);
        for (const n of [0, 1, 2, 3]) expect(await client.workflow.getHandle(`${of.id}/feed/${n}`).result()).toBe(n);
        await handle.delete();
      },
      { name },
    );
  });

  /** How the first look ends. */
  async function firstLook(trigger: flow.Trigger<any>, options: Partial<flow.AppOptions> = {}): Promise<unknown> {
    const name = unique("app");
    const of = counting(unique("polled"), trigger);
    return withApp(
      [of],
      async ({ app, client }) => {
        const [id = ""] = (await app.deploy()).created;
        const handle = client.schedule.getHandle(id);
        await handle.trigger();
        const [looked = ""] = await started(handle, 1);
        try {
          return await client.workflow.getHandle(looked).result();
        } catch (error) {
          return ((error as Error).cause as Error).cause;
        } finally {
          await handle.delete();
        }
      },
      { name, ...options },
    );
  }

  test("refuses items that have no id of their own, what isn't a list, and secrets", async () => {
    const hourly = { every: "1h", id: ({ n }: { n: string }) => n } as const;
    const twins = flow.poll(() => ({ items: [{}, {}] as { n: string }[], cursor: 1 }), hourly);
    expect(await firstLook(twins)).toMatchObject({
      type: "TypeError",
      message: expect.stringContaining("'id' must give a text that isn't empty, got undefined for {}"),
    });
    expect(await firstLook(flow.poll((() => [{ n: "1" }]) as any, hourly))).toMatchObject({
      message: expect.stringContaining("must return { items, cursor } with an array of items, got ["),
    });
    process.env["POLL_SECRET"] = "hush-poll";
    const bank = flow.service({ id: "bank", config: anything<{ token: string }>(), create: () => ({}) });
    const services = [bank.withConfig({ token: flow.secret("POLL_SECRET") })];
    const told = flow.poll(() => ({ items: [], cursor: "after hush-poll" }), hourly);
    expect(await firstLook(told, { services })).toMatchObject({ type: "SecretInOutput" });
  });

  test("waits as long as a look may take", async () => {
    let looks = 0;
    const slow = flow.poll(
      async () => {
        looks++;
        // Longer than a Worker may be silent.
        await Bun.sleep(25_000);
        return { items: [], cursor: looks };
      },
      { every: "1h", id: () => "" },
    );
    expect(await firstLook(slow)).toEqual({ cursor: 1, items: 0 });
  });

  test("starts a run for each item once when its process is killed while it looks, and while it starts them", async () => {
    const name = unique("killed");
    const { address } = await testServer();
    const program = join(import.meta.dir, "../fixtures/poll-worker.ts");
    const startWorker = () =>
      Bun.spawn([process.execPath, program, address, name], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    let worker = startWorker();
    try {
      await withApp([], async ({ client }) => {
        const handle = client.schedule.getHandle(`flow/${name}/${name}/feed`);
        for (const at of ["looked", "ran"]) {
          let text = "";
          for await (const bytes of worker.stdout) {
            text += new TextDecoder().decode(bytes);
            if (text.includes("deployed") && at === "looked") await handle.trigger();
            if (text.includes(at)) break;
          }
          worker.kill("SIGKILL");
          await worker.exited;
          worker = startWorker();
        }
        const [looked = ""] = await started(handle, 1);
        expect(await client.workflow.getHandle(looked).result()).toEqual({ cursor: 20, items: 20 });
        for (let n = 0; n < 20; n++) expect(await client.workflow.getHandle(`${name}/feed/${n}`).result()).toBe(n);
        const runs = await eventually(
          () => Array.fromAsync(client.workflow.list({ query: `WorkflowType = '${name}'` })),
          (found) => found.length >= 20,
        );
        expect(runs.length).toBe(20);
        await handle.delete();
      });
    } finally {
      worker.kill("SIGKILL");
      await worker.exited;
    }
  }, 180_000);

  test("waits for code that has it", async () => {
    const name = unique("app");
    const id = unique("missing");
    const feed = flow.poll(() => ({ items: [], cursor: 1 }), { every: "1h", id: () => "", name: "feed" });
    const taskQueue = name;
    await deploy(name, [counting(id, feed)]);
    await withApp(
      [counting(id)],
      async ({ client }) => {
        const handle = client.schedule.getHandle(`flow/${name}/${id}/feed`);
        await handle.trigger();
        const [running = ""] = await started(handle, 1);
        const { raw } = await eventually(
          () => client.workflow.getHandle(running).describe(),
          (found) => found.raw.pendingActivities?.[0]?.lastFailure !== undefined,
        );
        expect(raw.pendingActivities?.[0]?.lastFailure?.message).toContain(`no poll 'feed' in a flow '${id}'`);
      },
      { name, taskQueue },
    );
    await withApp(
      [counting(id, feed)],
      async ({ client }) => {
        const handle = client.schedule.getHandle(`flow/${name}/${id}/feed`);
        const [looked = ""] = await started(handle, 1);
        expect(await client.workflow.getHandle(looked).result()).toEqual({ cursor: 1, items: 0 });
        await handle.delete();
      },
      { name, taskQueue },
    );
  });
});

describe("cron texts", () => {
  const right = [
    "0 3 * * *",
    "*/5 1-3,7 1 JAN,mar sun-5",
    "0 0 * * 7",
    "0 12 * * MON",
    "5/10 * * * *",
    "0 0 1 1 * 2030",
    "30 0 0 1 1 * 2030-2040",
    "@daily",
    "@hourly",
  ];
  const wrong = [
    "",
    "* * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "a * * * *",
    "*/0 * * * *",
    "5-1 * * * *",
    "1,, * * * *",
    "* * * * * 1999",
    "@never",
    "@Hourly",
    "* * * * * * * *",
    "-1 * * * *",
    "0 12 ? * MON",
    "1- * * * *",
  ];

  test("are those that the server takes", async () => {
    await withApp([], async ({ client, taskQueue }) => {
      const takes = async (cron: string) => {
        const scheduleId = unique("cron");
        const action = { type: "startWorkflow", workflowType: "x", taskQueue } as const;
        try {
          const handle = await client.schedule.create({ scheduleId, action, spec: { cronExpressions: [cron] } });
          await handle.delete();
          return true;
        } catch {
          return false;
        }
      };
      for (const cron of right) expect([cron, await takes(cron)]).toEqual([cron, true]);
      for (const cron of wrong) expect([cron, await takes(cron)]).toEqual([cron, false]);
    });
  });

  test.each(right)("%p is right", (cron) => expect(flow.schedule(cron, { payload: 1 }).when.cron).toEqual([cron]));
  test.each(wrong)("%p is refused", (cron) => expect(() => flow.schedule(cron, { payload: 1 })).toThrow(TypeError));
});

test.each<[string, () => unknown, string]>([
  ["a zone", () => flow.schedule("@daily", { payload: 1, timezone: "Mars/Base" }), 'there is no time zone "Mars/Base"'],
  ["a zone in other letters", () => flow.schedule("@daily", { payload: 1, timezone: "europe/berlin" }), "no time zone"],
  ["an offset as a zone", () => flow.schedule("@daily", { payload: 1, timezone: "+02:00" }), "there is no time zone"],
  [
    "a zone in the text",
    () => flow.schedule("CRON_TZ=UTC 0 3 * * *", { payload: 1 }),
    "the zone is the option 'timezone'",
  ],
  ["no text", () => flow.schedule([], { payload: 1 }), "there must be a cron text"],
  ["parts of seconds", () => flow.interval(1500, { payload: 1 }), "whole seconds alone"],
  ["no time", () => flow.interval("0s", { payload: 1 }), "must be more than nothing"],
  ["an offset beyond the interval", () => flow.interval("1m", { payload: 1, offset: "1m" }), "offset must be from 0"],
  ["jitter", () => flow.interval("1m", { payload: 1, jitter: -1 }), "jitter of"],
  ["a name", () => flow.interval("1m", { payload: 1, name: "a b" }), "is no name"],
  [
    "a poll without ids",
    () => flow.poll(() => ({ items: [], cursor: 1 }), { every: "1m" } as any),
    "it needs a function, and 'id'",
  ],
  ["two of one name", () => counting("x", nightly, nightly), "flow 'x': two triggers by time have the name 'nightly'"],
])("%s is refused", (_, make, why) => expect(make).toThrow(why));

test("temporal-bun flow deploy does it from a module that exports an application", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flow-deploy-"));
  const name = unique("cli");
  const { address } = await testServer();
  const sources = resolve(import.meta.dir, "../../../src");
  writeFileSync(
    join(folder, "app.ts"),
    `import * as flow from "${sources}/integrations/flow";
    import { NativeConnection } from "${sources}/worker";
    const payload = { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } };
    const a = flow.define({ id: "a", payload, triggers: [flow.interval("1h", { payload: 1 })] }, (f) => f.step("s", () => 1));
    const connection = await NativeConnection.connect({ address: process.env.ADDRESS });
    export const app = flow.app({ flows: [a], connection, name: "${name}", taskQueue: "q" });`,
  );
  const command = [process.execPath, join(sources, "cli/temporal-bun.ts"), "flow", "deploy", join(folder, "app.ts")];
  const deployed = async (...flags: string[]) => {
    const { output, errors } = await run([...command, ...flags], { env: { ...process.env, ADDRESS: address } });
    expect(errors).toBe("");
    return output;
  };
  const id = `flow/${name}/a/1`;
  expect(await deployed("--dry-run")).toBe(`Nothing was changed. This would be done:\ncreated   ${id}\n`);
  expect(await deployed("--generation", "2")).toBe(`created   ${id}\n`);
  expect(JSON.parse(await deployed("--generation", "2", "--json"))).toEqual({ ...nothing, unchanged: [id] });
  await expect(deployed("--generation", "1")).rejects.toThrow("Generation 1 is older than 2");
  await expect(deployed("--generation", "x")).rejects.toThrow("It must be a whole number");
  await withApp([], ({ client }) => client.schedule.getHandle(id).delete());
  rmSync(folder, { recursive: true });
});
