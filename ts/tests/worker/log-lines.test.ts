/** What a Worker itself logs, as tests and alerts of services look for it. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { run } from "../support/process";
import { testServer } from "../support/server";

setDefaultTimeout(180_000);

interface Line {
  level: string;
  message: string;
  /** Whether it was logged in an activity's context. */
  inActivity: boolean;
  /** Messages of the error and its causes. */
  errors: string[];
  meta: Record<string, unknown>;
}

async function linesOf(...args: string[]): Promise<{ lines: Line[]; taskQueue: string }> {
  const { address, namespace } = await testServer();
  const taskQueue = `log-lines-${randomUUID()}`;
  const program = [process.execPath, `${import.meta.dir}/fixtures/log-lines-process.ts`];
  const { output } = await run([...program, address, namespace, taskQueue, ...args]);
  return {
    lines: output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    taskQueue,
  };
}

test("the ends of activities and Workflows, the bundle's size, and what a Worker doesn't poll for", async () => {
  const { lines, taskQueue } = await linesOf();
  const named = (message: string) => lines.filter((line) => line.message === message);

  for (const message of ["Activity started", "Activity completed", "Activity failed"])
    expect(new Set(named(message).map(({ inActivity }) => inActivity))).toEqual(new Set([true]));
  expect(named("Workflow completed")[0]).toMatchObject({ inActivity: false });

  expect(named("Activity failed")).toMatchObject([{ level: "WARN", errors: ["the activity's", "the root"] }]);
  expect(named("Workflow failed")).toMatchObject([
    {
      level: "WARN",
      errors: ["Activity task failed", "the activity's", "the root"],
      meta: { workflowType: "callOnce" },
    },
  ]);

  const sizes = named("Workflow bundle created").map(({ meta }) => String(meta.size));
  expect(sizes).toHaveLength(2);
  for (const size of sizes) expect(size).toMatch(/^[1-9]\d*\.\d\d(KB|MB)$/);

  const idle = lines.filter(({ message }) => message.includes("not polling"));
  const part = `${taskQueue}-part`;
  const workflows = "WARN No workflows registered, not polling for workflow tasks";
  const ofActivities = "WARN No activities registered, not polling for activity tasks";
  const nexus = "INFO No Nexus services registered, not polling for Nexus tasks";
  expect(idle.map(({ level, message, meta }) => [`${level} ${message}`, meta.taskQueue])).toEqual([
    [nexus, taskQueue],
    // A Worker of Workflows alone, and one of activities alone.
    [ofActivities, part],
    [nexus, part],
    [workflows, part],
    [nexus, part],
  ]);
});

test("Core's records name what they are about as the records of the SDK do", async () => {
  const { lines, taskQueue } = await linesOf("forward");
  const ofCore = lines.filter(({ meta }) => meta.sdkComponent === "core");
  const named = (message: string) => ofCore.find((line) => line.message === message)!;
  expect(named("Initializing worker")).toMatchObject({ level: "INFO", meta: { namespace: "default", taskQueue } });
  const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(named("Failing workflow task")).toMatchObject({
    level: "WARN",
    meta: { taskQueue, workflowId: id, runId: id, target: expect.stringContaining("temporalio_sdk_core") },
  });
  expect(named("handling command").meta).toMatchObject({ commandType: "ScheduleActivityTask" });
  expect(ofCore.flatMap(({ meta }) => Object.keys(meta)).filter((name) => name.includes("_"))).toEqual([]);
});
