/** The examples, run from the packed package: they write log records to standard error, and nothing else. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { mainPackage } from "../../../release/npm-packages";
import { Program } from "../support/process";
import type { Registry } from "../support/registry";
import { type PrivateServer, startServer } from "../support/server";
import { install, installed, nativePackage, type Project, registryWith, root } from "./support";

let registry: Registry;
let project: Project;
/** Of its own, because the examples' task queues have fixed names. */
let server: PrivateServer;

beforeAll(async () => {
  server = await startServer();
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  cpSync(join(root, "ts/examples"), join(project.folder, "examples"), { recursive: true });
  const telemetry = ["api", "context-async-hooks", "core", "resources", "sdk-trace-base"];
  for (const name of ["webpack", ...telemetry.map((part) => `@opentelemetry/${part}`)]) {
    const link = join(project.folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(installed(name), link);
  }
}, 180_000);

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await server?.stop();
});

const environment = () => ({ TEMPORAL_ADDRESS: server.address });

/**
 * What a program wrote besides log records of some levels. They begin with a time, and go on on lines that are
 * indented.
 */
function besides(errors: string, levels = "INFO|DEBUG|TRACE"): string {
  const record = new RegExp(`^\\d{4}-\\S+ \\[(?:${levels})\\] .*\\n(?:(?: .*|\\})\\n)*`, "gm");
  return errors.replace(record, "");
}

test.each(["hello/hello.ts", "opentelemetry/tracing.ts"])("%s", async (file) => {
  const { output, errors } = await project.bun([join("examples", file)], environment());
  expect(output).not.toBe("");
  expect(besides(errors)).toBe("");
});

const start = (script: string, ...words: string[]) =>
  new Program([process.execPath, join("examples", script), ...words], {
    cwd: project.folder,
    env: { ...process.env, TEMPORAL_BUN_LIBRARY: undefined, ...environment() },
  });

test("orders: the worker and the client", async () => {
  await using worker = start("orders/worker.ts");
  const client = await start("orders/client.ts", "packed").ends();
  expect(client.output).toContain("parcel-1867");
  expect(client.errors).toBe("");
  worker.kill("SIGTERM");
  // Its charge fails twice, which is logged with the stack of the activity.
  const { errors } = await worker.ends();
  expect(errors).toContain("[WARN]");
  expect(errors).toContain("examples/orders/activities.ts:");
  expect(besides(errors, "INFO|DEBUG|TRACE|WARN")).toBe("");
});

test("flows: the worker and the client", async () => {
  await using worker = start("flows/worker.ts");
  const client = await start("flows/client.ts", "packed").ends();
  expect(client.output).toContain('delivery: "delivered"');
  expect(besides(client.errors)).toBe("");
  worker.kill("SIGTERM");
  const { output, errors } = await worker.ends();
  expect(output).toContain('sent the receipt "packed: 49.90"');
  expect(besides(errors)).toBe("");
});

test("hello, bundled with webpack", async () => {
  const workflows = join(project.folder, "examples/hello/workflows.ts");
  project.write(
    "hooked.ts",
    `import { bundleWorkflowCode } from "temporal-bun-sdk/worker";
    const options = { workflowsPath: ${JSON.stringify(workflows)}, webpackConfigHook: (config) => config };
    const { code, sourceMap } = await bundleWorkflowCode(options);
    console.log(code.includes("proxyActivities"), JSON.parse(sourceMap).sources.includes(options.workflowsPath));`,
  );
  expect(await project.bun(["hooked.ts"])).toEqual({ output: "true true\n", errors: "" });
});

/** A program whose Workflow is refused by the SDK, on the realm's side and on the thread's. */
const failing = `
import { Client, Connection } from "temporal-bun-sdk/client";
import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
const address = process.env["TEMPORAL_ADDRESS"];
const connection = await NativeConnection.connect({ address });
const code = 'const { sleep, ApplicationFailure } = require("temporal-bun-sdk/workflow");' +
  'exports.fail = async () => { try { await sleep("nonsense"); } catch (error) { throw ApplicationFailure.create({ message: error.stack }); } };';
const taskQueue = "failing";
const worker = await Worker.create({ connection, taskQueue, workflowBundle: { code } });
const client = new Client({ connection: await Connection.connect({ address }) });
await worker.runUntil(async () => {
  const error = await client.workflow.execute("fail", { taskQueue, workflowId: "failing" }).catch((error) => error);
  console.log(error.cause.message);
});
await client.connection.close();
await connection.close();
`;

test("frames of the SDK in Workflow code name its files", async () => {
  project.write("failing.ts", failing);
  const { output, errors } = await project.bun(["failing.ts"], environment());
  const frames = output.split("\n").filter((line) => line.startsWith("    at "));
  expect(frames[0]).toMatch(/^ {4}at msToNumber \(node_modules\/temporal-bun-sdk\/src\/common\/time\.ts:\d+:\d+\)$/);
  expect(frames[1]).toMatch(/^ {4}at sleep \(node_modules\/temporal-bun-sdk\/src\/workflow\/timers\.ts:\d+:\d+\)$/);
  expect(errors).not.toContain("sourcemap");
});

/** A program that loads a file of the package as a thread does, and throws from within. */
const throwing = `
import { workflowThreadFile } from "./node_modules/temporal-bun-sdk/src/worker/threads/workflow-thread-bundle.ts";
globalThis.self = { postMessage() {} };
await import(workflowThreadFile);
// It is told where the library is first: without that it isn't ready for anything.
try { self.onmessage({ data: { type: "shutdown" } }); } catch (error) { console.log(error.stack); }
`;

test("and so do those of a workflow thread", async () => {
  project.write("throwing.ts", throwing);
  const { output, errors } = await project.bun(["throwing.ts"]);
  expect(output).toContain("/node_modules/temporal-bun-sdk/src/worker/threads/workflow-thread.ts:");
  expect(errors).toBe("");
});

test("no text in what the thread loads can be taken for its source map", () => {
  const file = join(project.folder, "node_modules", mainPackage, "src/worker/threads/workflow-thread.bundle.js");
  expect(readFileSync(file, "utf8").match(/\/\/# ?sourceMappingURL=/g)).toHaveLength(1);
});
