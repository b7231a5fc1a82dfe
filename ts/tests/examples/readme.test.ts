import { expect, test } from "bun:test";
import { join } from "node:path";
import { TestWorkflowEnvironment } from "temporal-bun-sdk/testing";
import { Worker } from "temporal-bun-sdk/worker";
import { welcome } from "../../examples/hello/welcome";
import { run } from "../support/process";
import { temporalCli, testServer } from "../support/server";

const folder = join(import.meta.dir, "../../examples/hello");

test("the hello example prints its greeting and ends by itself", async () => {
  const { address } = await testServer();
  const { output } = await run([process.execPath, join(folder, "hello.ts")], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
  });
  expect(output).toContain("Hello, Bun!");
});

test("the Workflow at the top of the README sends its second mail a week later", async () => {
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: "existing-path", path: temporalCli() } },
  });
  try {
    const sent: string[] = [];
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: "welcome",
      workflowsPath: join(folder, "welcome.ts"),
      activities: { sendMail: async (to: string, text: string) => void sent.push(`${to}: ${text}`) },
    });
    const before = await environment.currentTimeMs();
    await worker.runUntil(
      environment.client.workflow.execute(welcome, { taskQueue: "welcome", workflowId: "welcome", args: ["Ann"] }),
    );
    expect(sent).toEqual(["Ann: Welcome!", "Ann: How do you like it?"]);
    expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(7 * 86_400_000);
  } finally {
    await environment.teardown();
  }
});
