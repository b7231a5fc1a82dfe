import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client, Connection, WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { MockActivityEnvironment, TestWorkflowEnvironment, workflowInterceptorModules } from "@temporalio/testing";
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { Client as OwnClient } from "temporal-bun-sdk/client";
import * as activities from "./activities";
import * as workflows from "./checked-workflows";

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: process.env["ADDRESS"] });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve("./checked-workflows"),
    workflowInterceptorModules,
  });
});

afterAll(async () => {
  await environment?.teardown();
});

test("the environment runs workflows with mocked activities", async () => {
  const { client, nativeConnection: connection } = environment;
  expect(client).toBeInstanceOf(Client);
  expect(client).toBeInstanceOf(OwnClient);
  const taskQueue = randomUUID();
  const mocked: typeof workflows.NeededActivities = { charge: async (total) => `mocked ${total}` };
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: mocked });
  const options = { taskQueue, workflowId: randomUUID() };
  expect(await worker.runUntil(client.workflow.execute(workflows.checked, { ...options, args: [12] }))).toBe(
    "mocked 12",
  );
});

test("assertions fail the workflow", async () => {
  const { client, nativeConnection: connection } = environment;
  const taskQueue = randomUUID();
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities });
  const run = client.workflow.execute(workflows.checked, { taskQueue, workflowId: randomUUID(), args: [-1] });
  const error = await worker.runUntil(run.catch((reason: unknown) => reason));
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect((error as WorkflowFailedError).cause).toBeInstanceOf(ApplicationFailure);
  expect((error as WorkflowFailedError).cause?.message).toBe("totals are positive");
});

test("activities run in a mocked context", async () => {
  const mock = new MockActivityEnvironment({ attempt: 2 });
  expect(await mock.run(activities.charge, 5)).toBe("payment of 5 in attempt 2");
  expect(await new MockActivityEnvironment().run(activities.charge, 0).catch((error: unknown) => error)).toBeInstanceOf(
    ApplicationFailure,
  );
  const watching = new MockActivityEnvironment();
  watching.on("heartbeat", () => watching.cancel());
  expect(await watching.run(activities.watchParcel)).toBe("stopped watching the parcel");
});

test("a connection can be had by its class", async () => {
  const connection = await Connection.connect({ address: process.env["ADDRESS"] });
  expect(environment.connection).toBeInstanceOf(Connection);
  await connection.close();
});
