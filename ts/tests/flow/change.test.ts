/** Runs that begin with one process's code and go on with another's, after the first one was killed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import type { FlowProgress } from "../../src/integrations/flow";
import { eventually } from "../support/eventually";
import { testServer } from "../support/server";

setDefaultTimeout(240_000);

const taskQueue = `change-${crypto.randomUUID()}`;
let connection: Connection;
let client: Client;
let worker: Bun.Subprocess | undefined;

beforeAll(async () => {
  const { address, namespace } = await testServer();
  connection = await Connection.connect({ address });
  client = new Client({ connection, namespace });
});

afterAll(async () => {
  worker?.kill("SIGKILL");
  await worker?.exited;
  await connection?.close();
});

/** Kills the Worker, if there is one, and starts one of another version. */
async function workerOf(version: "old" | "new"): Promise<void> {
  worker?.kill("SIGKILL");
  await worker?.exited;
  const { address } = await testServer();
  const started = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/change-worker.ts"), address, taskQueue, version],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  worker = started;
  const { value } = await started.stdout.getReader().read();
  if (value === undefined) throw new Error(`the worker ended with exit code ${await started.exited}`);
}

const flows = ["body", "added", "removed", "moved", "renamed", "condition", "longer"];
const start = (id: string, when: string) =>
  client.workflow.start(id, {
    workflowId: `${taskQueue}/${id}/${when}`,
    taskQueue,
    args: ["x"],
    workflowTaskTimeout: "1s",
  });

test("each case of changed code: what runs that are under way make of it, and what new ones do", async () => {
  await workerOf("old");
  const old = Object.fromEntries(await Promise.all(flows.map(async (id) => [id, await start(id, "old")] as const)));
  for (const handle of Object.values(old))
    await eventually(
      async () => (await handle.describe()).raw.pendingActivities ?? [],
      (pending) => pending.some(({ activityType, attempt }) => activityType?.name?.endsWith(".hold") && attempt! > 1),
    );
  await workerOf("new");
  const results = async (ids: string[], of: Record<string, { result(): Promise<unknown> }>) =>
    Object.fromEntries(await Promise.all(ids.map(async (id) => [id, await of[id]!.result()] as const)));
  expect(
    await results(
      flows.filter((id) => id !== "removed"),
      old,
    ),
  ).toEqual({
    // What has been done stays; what comes is done by the new code.
    body: "held>b:new",
    // The plan is the one that it began with.
    added: "held>end:new",
    moved: "held>a:new>b:new",
    renamed: "held>before:new",
    // Decisions that were made aren't made again; those that come are.
    condition: "then new",
    longer: "1",
  });
  // A step whose code has gone is waited for, and seen.
  const waiting = await eventually(
    () => old["removed"]!.query<FlowProgress, []>("flow.progress"),
    ({ running }) => running.some(({ waiting: why }) => why !== undefined),
  );
  expect(waiting.running[0]!.waiting).toContain("no 'gone' in the flow 'removed'");

  const fresh = Object.fromEntries(await Promise.all(flows.map(async (id) => [id, await start(id, "new")] as const)));
  expect(await results(flows, fresh)).toEqual({
    body: "held>b:new",
    added: "held>more:new>end:new",
    removed: "held>end:new",
    moved: "held",
    renamed: "held>after:new",
    condition: "otherwise new",
    longer: "1",
  });

  // Going back brings it back.
  await workerOf("old");
  expect(await old["removed"]!.result()).toBe("held>gone:old>end:old");
});
