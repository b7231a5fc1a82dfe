/** `temporal-bun worker`: what it runs, how it ends, and its health. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import type { Health } from "../../src/worker";
import { eventually } from "../support/eventually";
import { Program } from "../support/process";
import { testServer } from "../support/server";

const sdk = JSON.stringify(join(import.meta.dir, "../../src/worker"));
const program = join(import.meta.dir, "../../src/cli/temporal-bun.ts");
const fixture = join(import.meta.dir, "fixtures/worker.ts");
const folder = mkdtempSync(join(tmpdir(), "temporal-worker-"));
const { address } = await testServer();
const connection = await Connection.connect({ address });
const { workflow } = new Client({ connection });

afterAll(async () => {
  await connection.close();
  rmSync(folder, { recursive: true });
});

const unique = () => crypto.randomUUID();

/** Runs the command. `words` begin with the module. */
function run(words: string[], environment: Record<string, string> = {}): Program {
  return new Program([process.execPath, program, "worker", ...words], {
    env: { ...process.env, HOME: folder, TEMPORAL_ADDRESS: address, ...environment },
  });
}

/** A module in a file of its own. */
function moduleOf(code: string): string {
  const path = join(folder, `${unique()}.ts`);
  writeFileSync(path, code);
  return path;
}

interface Line {
  time: string;
  level: string;
  message: string;
  [attribute: string]: unknown;
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The fixture's Worker with a health endpoint, once it runs. */
async function serving(taskQueue: string) {
  const worker = run([fixture, "--health-port", "0", "--log-format", "json"], { TASK_QUEUE: taskQueue });
  const [, port] = await worker.says(/"healthPort":(\d+)/);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, ...((await response.json()) as Health) };
  };
  return { worker, get };
}

describe("health", () => {
  test("a Worker that runs is live and ready; one that shuts down isn't ready", async () => {
    const taskQueue = unique();
    const { worker, get } = await serving(taskQueue);
    await using _ = worker;
    const ready = await eventually(
      () => get("/ready"),
      ({ status }) => status === 200,
    );
    expect(ready).toMatchObject({ live: true, ready: true, workers: ["RUNNING"] });
    expect(ready.threads.map(({ name }) => name)).toEqual(["main", "workflows 1"]);
    expect(await get("/")).toMatchObject({ status: 404 });

    const [begun, end] = [join(folder, unique()), join(folder, unique())] as const;
    const handle = await workflow.start("restForLong", { taskQueue, workflowId: taskQueue, args: [begun, end] });
    await eventually(
      () => existsSync(begun),
      (there) => there,
    );
    worker.kill("SIGTERM");
    const draining = await eventually(
      () => get("/ready"),
      ({ status }) => status === 503,
    );
    expect(draining).toMatchObject({ live: true, ready: false, workers: ["DRAINING"] });
    expect((await get("/live")).status).toBe(200);
    // It had time to end.
    writeFileSync(end, "");
    await worker.ends();
    expect(await workflow.getHandle(handle.workflowId).describe()).toMatchObject({ status: { name: "RUNNING" } });
    const { events } = await handle.fetchHistory();
    expect(events?.some((event) => event.activityTaskCompletedEventAttributes !== undefined)).toBe(true);
    await handle.terminate();
  });

  test("says that the event loop is blocked, and that it is free again", async () => {
    const taskQueue = unique();
    const { worker, get } = await serving(taskQueue);
    await using _ = worker;
    const file = join(folder, unique());
    const handle = await workflow.start("blockMain", { taskQueue, workflowId: taskQueue, args: [file] });
    const blocked = await eventually(
      () => get("/live"),
      ({ status }) => status === 503,
    );
    expect(blocked).toMatchObject({ live: false, ready: false });
    expect(blocked.threads.find(({ name }) => name === "main")!.blockedMs).toBeGreaterThanOrEqual(10_000);
    expect((await get("/ready")).status).toBe(503);
    writeFileSync(file, "");
    await eventually(
      () => get("/ready"),
      ({ status }) => status === 200,
    );
    expect(await handle.result()).toBe("free");
    worker.kill("SIGTERM");
    await worker.ends();
  });
});

describe("how it ends", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s: in order, with exit code 0, and each line of the log is JSON",
    async (signal) => {
      const taskQueue = unique();
      const worker = run([fixture, "--log-format", "json", "--log-level", "debug"], { TASK_QUEUE: taskQueue });
      await using _ = worker;
      await worker.says(/"state":"RUNNING"/);
      worker.kill(signal);
      const { output, errors } = await worker.ends();
      expect(output).toBe("");
      const lines = linesOf(errors);
      expect(lines).toContainEqual(
        expect.objectContaining({ level: "INFO", taskQueue, namespace: "default", shutdownGraceTimeMs: 10_000 }),
      );
      expect(lines.at(-1)).toMatchObject({ message: "Worker state changed", state: "STOPPED", sdkComponent: "worker" });
      expect(Date.parse(lines[0]!.time)).toBeGreaterThan(0);
    },
  );

  test("a Worker that fails: exit code 1, although an activity goes on", async () => {
    const queue = unique();
    const begun = join(folder, unique());
    const path = moduleOf(`import { writeFileSync } from "node:fs";
      export default {
        taskQueue: "${queue}",
        workflowsPath: "${import.meta.dir}/fixtures/worker-workflows.ts",
        activities: {
          block: () => new Promise(() => {
            writeFileSync("${begun}", "");
            setInterval(() => {}, 1000);
          }),
        },
        shutdownGraceTime: 0,
        shutdownForceTime: 100,
      };`);
    const worker = run([path, "--log-format", "json"]);
    await using _ = worker;
    await worker.says(/"state":"RUNNING"/);
    const handle = await workflow.start("blockMain", { taskQueue: queue, workflowId: queue, args: [""] });
    await eventually(
      () => existsSync(begun),
      (there) => there,
    );
    worker.kill("SIGTERM");
    const { errors } = await worker.ends(1);
    expect(linesOf(errors)).toContainEqual(
      expect.objectContaining({
        ...{ level: "ERROR", message: "Worker failed" },
        error: expect.objectContaining({ name: "GracefulShutdownPeriodExpiredError" }),
      }),
    );
    await handle.terminate();
  });

  test("the log is text without colours in a pipe by default, Core's lines too", async () => {
    const worker = run([fixture], { TASK_QUEUE: unique() });
    await using _ = worker;
    await worker.says(/state: 'RUNNING'/);
    worker.kill("SIGTERM");
    const { output, errors } = await worker.ends();
    expect(output).toBe("");
    expect(errors).not.toContain("\u001b");
    expect(errors).toMatch(/^\S+Z \[INFO\] /);
  });
});

describe("what a module may export", () => {
  const worker = `${import.meta.dir}/../../src/worker`;
  test.each([
    ["options", (queue: string) => `export default { taskQueue: "${queue}", activities: { async one() {} } };`],
    [
      "options, and something that stays open",
      (queue: string) =>
        `setInterval(() => {}, 1000); export default { taskQueue: "${queue}", activities: { async one() {} } };`,
    ],
    [
      "a promise of options",
      (queue: string) => `export default Promise.resolve({ taskQueue: "${queue}", activities: { async one() {} } });`,
    ],
    [
      "a Worker",
      (queue: string) => `import { NativeConnection, Worker } from "${worker}";
        const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
        export default Worker.create({ connection, taskQueue: "${queue}", activities: { async one() {} } });`,
    ],
    [
      "a function that returns a Worker, in a module that sets up the Runtime",
      (queue: string) => `import { DefaultLogger, NativeConnection, Runtime, Worker } from "${worker}";
        Runtime.install({ logger: new DefaultLogger("INFO", ({ message, meta }) => console.log(message, meta)) });
        export default async () => Worker.create({
          connection: await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS }),
          taskQueue: "${queue}",
          activities: { async one() {} },
        });`,
    ],
  ])("%s", async (_title, code) => {
    const taskQueue = unique();
    await using running = run([moduleOf(code(taskQueue))]);
    await running.says(new RegExp(`${taskQueue}[\\s\\S]*RUNNING`));
    running.kill("SIGTERM");
    await running.ends();
  });

  test.each([
    ["a file that isn't there", () => "missing.ts", /^There is no \/\S+\/missing\.ts\.\n$/],
    ["no default export", () => moduleOf("export const a = 1;"), /has no default export: export the Worker's options/],
    [
      "a module that runs its Worker by itself, nor does it begin to",
      () => moduleOf('console.log("begins");\nawait new Promise(() => {});'),
      /^(\S+) has no default export: [^\n]*start it with `bun \1`/,
    ],
    ["something else", () => moduleOf("export default { queue: 1 };"), /is no Worker, has no taskQueue/],
    ["a syntax error", () => moduleOf("export default {"), /can't be loaded:\n[\s\S]*export default \{/],
    [
      "what throws",
      () => moduleOf('throw new Error("no such configuration"); export default {};'),
      /can't be loaded:\n[\s\S]*no such configuration/,
    ],
    [
      "a function that throws",
      () => moduleOf('export default () => { throw new Error("not now"); };'),
      /failed:\n[\s\S]*not now/,
    ],
    [
      "Workflow code that doesn't build",
      () => moduleOf(`export default { taskQueue: "x", workflowsPath: ${JSON.stringify(moduleOf("const a = ;"))} };`),
      /^Can't bundle the Workflows of [^\n]*\n +- \S+\.ts:1:11: [^\n]*\n$/,
    ],
    [
      "options that can't be used",
      () => moduleOf('export default { taskQueue: "x", maxCachedWorkflows: -1 };'),
      /maxCachedWorkflows/,
    ],
  ])("not %s", async (_title, path, message) => {
    const { errors, output } = await run([path()]).ends(1);
    expect(errors).toMatch(message);
    expect(output).toBe("");
  });

  test.each([
    ["ES", `import { NativeConnection } from ${sdk}; export default`],
    ["CommonJS", `const { NativeConnection } = require(${sdk}); module.exports =`],
  ])("%s modules that connect by themselves, without a server: what to do is said", async (_, before) => {
    const connect = "await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS })";
    const module = moduleOf(`${before} async () => ({ connection: ${connect}, taskQueue: "x" });`);
    const { errors } = await run([module], { TEMPORAL_ADDRESS: "127.0.0.1:1" }).ends(1);
    expect(errors).toMatch(/^Failed to connect to Temporal server: [^\n]*\nStart a server with [^\n]*\n$/);
  });

  test("no server, an unknown namespace, and a port in use", async () => {
    const module = moduleOf('export default { taskQueue: "x", activities: { async one() {} } };');
    const none = await run([module], { TEMPORAL_ADDRESS: "127.0.0.1:1" }).ends(1);
    expect(none.errors).toMatch(/127\.0\.0\.1:1.*\nStart a server with/);
    const unknown = await run([module, "-n", "unknown"]).ends(1);
    expect(unknown.errors).toMatch(/unknown/i);
    expect(unknown.errors).not.toMatch(/^ +at /m);
    const { port } = new URL(`http://${address}`);
    const taken = await run([module, "--health-port", port]).ends(1);
    expect(taken.errors).toMatch(new RegExp(`Health can't be served on \\S+:${port}: .*Is the port in use\\?\n$`));
    expect((await run([module, "--health-port", "no"]).ends(2)).errors).toContain("must be a number from 0 to 65535");
  });
});
