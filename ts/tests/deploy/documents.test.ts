/** What the documents for operators show is run as it stands there. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../../src/client";
import { NativeConnection, Worker } from "../../src/worker";
import { eventually } from "../support/eventually";
import { run } from "../support/process";
import { startServer, temporalCli } from "../support/server";
import "../worker/support";

setDefaultTimeout(180_000);

const root = join(import.meta.dir, "../../..");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The blocks of a language in a document. */
function blocks(document: string, language: string): string[] {
  const text = readFileSync(join(root, "docs", document), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block!);
}

/** A folder with files, from where `temporal-bun-sdk` is found. */
function folderWith(files: Record<string, string>): string {
  const parent = join(root, "ts/node_modules/.cache/documents");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "/"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const [waitingForPeople = ""] = blocks("FAILED-RUNS.md", "ts");
const workflow = (body: string) => `${waitingForPeople}
import { proxyActivities, sleep } from "temporal-bun-sdk/workflow";
const { pay } = proxyActivities<{ pay(): Promise<string> }>({ startToCloseTimeout: "1 minute", retry: { maximumAttempts: 1 } });
export async function order(): Promise<string> { ${body} }
export async function patient(): Promise<string> { return untilItSucceeds(pay); }`;

test("failed runs are found and reset, or wait for people; runs that stand still are found", async () => {
  await using cleanup = new AsyncDisposableStack();
  // After one failed task instead of five, which would take a minute.
  const server = await startServer({
    dynamicConfig: { "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 1 },
  });
  cleanup.defer(() => server.stop());
  const environment = { ...process.env, TEMPORAL_ADDRESS: server.address };
  const temporal = async (command: string) => {
    const line = command.replace(/^temporal\b/, JSON.stringify(temporalCli()));
    return (await run(["bash", "-euc", line], { env: environment })).output;
  };
  // The commands of the document, with their line breaks undone.
  const commands = blocks("FAILED-RUNS.md", "sh").flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .filter((line) => line.startsWith("temporal ")),
  );
  const command = (start: string) => commands.find((line) => line.startsWith(start)) ?? `no command ${start}`;

  const connection = await NativeConnection.connect({ address: server.address });
  cleanup.defer(() => connection.close());
  let isBankDown = true;
  const activities = {
    async pay() {
      if (isBankDown) throw new Error("the bank is down");
      return "paid";
    },
  };
  const folder = folderWith({ "workflows.ts": workflow('if (!(await pay())) throw new Error(); return "paid";') });
  const options = { connection, taskQueue: "orders", workflowsPath: join(folder, "workflows.ts"), activities };
  const client = new Client({ connection });
  const start = (workflowId: string, type = "order") =>
    client.workflow.start(type, { taskQueue: "orders", workflowId });

  await (await Worker.create(options)).runUntil(async () => {
    const patient = await start("patient", "patient");
    const failed = await start("order-1867");
    await failed.result().catch(() => {});
    // No Workflow of that type, so the task fails.
    const still = await start(`still-${randomUUID()}`, "mistaken");
    await eventually(
      () => temporal(command("temporal workflow list --query 'TemporalReportedProblems")),
      (output) => output.includes(still.workflowId),
    );
    await still.terminate();
    await eventually(
      () => temporal(command("temporal workflow count").replace(/WorkflowType = "order" AND /, "")),
      (output) => output.includes("Total: 1"),
    );
    isBankDown = false;
    await patient.signal("retry");
    expect(await patient.result()).toBe("paid");
    await temporal(command("temporal workflow reset --query"));
    const again = client.workflow.getHandle("order-1867");
    await eventually(
      () => again.describe(),
      ({ status }) => status.name === "COMPLETED",
    );
    expect(await again.result()).toBe("paid");
  });
});

test("the replay before a deployment says which runs the new code breaks", async () => {
  await using cleanup = new AsyncDisposableStack();
  const server = await startServer();
  cleanup.defer(() => server.stop());
  const [script = ""] = blocks("UPGRADING.md", "ts");
  const folder = folderWith({ "workflows.ts": workflow('await sleep("1 hour"); return pay();'), "replay.ts": script });
  const connection = await NativeConnection.connect({ address: server.address });
  cleanup.defer(() => connection.close());
  const workflowsPath = join(folder, "workflows.ts");
  const client = new Client({ connection });
  await (await Worker.create({ connection, taskQueue: "orders", workflowsPath })).runUntil(async () => {
    const handle = await client.workflow.start("order", { taskQueue: "orders", workflowId: "order-1867" });
    await eventually(
      () => handle.fetchHistory(),
      ({ events }) => events?.some(({ timerStartedEventAttributes: timer }) => timer !== undefined) === true,
    );
    await eventually(
      () => client.workflow.count('TaskQueue = "orders" AND ExecutionStatus = "Running"'),
      ({ count }) => count === 1,
    );
  });
  const replay = (code: number) =>
    run([process.execPath, "replay.ts"], {
      cwd: folder,
      env: { ...process.env, TEMPORAL_ADDRESS: server.address },
      code,
    });
  expect((await replay(0)).output).toContain("replayed 1 histories, 0 failed");
  writeFileSync(workflowsPath, workflow("return pay();"));
  const { output, errors } = await replay(1);
  expect(output).toContain("replayed 1 histories, 1 failed");
  expect(errors).toContain("order-1867: ");
});

test("the module of docs/KUBERNETES.md has the options that the chart's variables ask for", async () => {
  const [module = ""] = blocks("KUBERNETES.md", "ts");
  const folder = folderWith({
    "workflows.ts": "",
    "activities.ts": "export async function pay() {}",
    "worker.ts": module,
    "print.ts": `import options from "./worker"; console.log(JSON.stringify(options));`,
  });
  const printed = async (more: Record<string, string> = {}) => {
    const { output } = await run([process.execPath, "print.ts"], { cwd: folder, env: { ...process.env, ...more } });
    return JSON.parse(output);
  };
  const plain = { taskQueue: "orders", workflowsPath: join(folder, "workflows.ts"), activities: {} };
  expect(await printed()).toEqual({ ...plain, shutdownGraceTime: 20_000, shutdownForceTime: 30_000 });
  const version = { deploymentName: "orders", buildId: "2.1.0" };
  expect(
    await printed({
      METRICS_ADDRESS: "127.0.0.1:0",
      SHUTDOWN_GRACE_SECONDS: "600",
      TEMPORAL_DEPLOYMENT_NAME: "orders",
      TEMPORAL_WORKER_BUILD_ID: "2.1.0",
    }),
  ).toEqual({
    ...plain,
    shutdownGraceTime: 600_000,
    shutdownForceTime: 610_000,
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: "PINNED" },
  });
});
