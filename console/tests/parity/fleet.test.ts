import { expect } from "bun:test";
import { join } from "node:path";
import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import { unique } from "../support";
import { act, activities, at, eventually, get, post, row, started, temporal, withWorker } from "./worker";

withWorker();

row("task-queue describe", async () => {
  await started("waiter");
  const shown = await eventually(
    () => get(`/queues/${at.taskQueue}`),
    ({ workflow }) => workflow.pollers?.length > 0,
  );
  const said = await temporal("task-queue", "describe", "-t", at.taskQueue);
  expect(JSON.stringify(said)).toContain(shown.workflow.pollers[0].identity);
  expect(shown.activity.stats).toBeDefined();
  const { rows } = await get("/queues");
  expect(rows).toContainEqual({ name: at.taskQueue, workers: expect.any(Number), hasRuns: true });
});

row("task-queue list-partition", async () => {
  const shown = await get(`/queues/${at.taskQueue}/partitions`);
  const said = await temporal("task-queue", "list-partition", "-t", at.taskQueue);
  const keys = (partitions: { key: string }[]) => partitions.map(({ key }) => key).sort();
  expect(keys(shown.workflowTaskQueuePartitions)).toEqual(keys(said.workflowTaskQueuePartitions));
});

row("task-queue config get", async () => {
  const queue = unique("limited");
  const options = [
    "-t",
    queue,
    "--task-queue-type",
    "activity",
    "--queue-rps-limit",
    "7",
    "--queue-rps-limit-reason",
    "slow",
  ];
  await temporal("task-queue", "config", "set", ...options);
  const { activity } = await get(`/queues/${queue}`);
  expect(activity.config.queueRateLimit).toMatchObject({
    rateLimit: { requestsPerSecond: 7 },
    metadata: { reason: "slow" },
  });
});

row("task-queue config set", async () => {
  const queue = unique("limited");
  await act("PUT", `/queues/${queue}/config`, {
    type: "Activity",
    queueLimit: { perSecond: 5, reason: "a partner is slow" },
    fairnessWeights: { vip: 3 },
  });
  const config = async () =>
    await temporal("task-queue", "config", "get", "-t", queue, "--task-queue-type", "activity");
  expect(JSON.stringify(await config())).toContain("a partner is slow");
  await act("PUT", `/queues/${queue}/config`, {
    type: "Activity",
    queueLimit: { perSecond: null, reason: "it is quick again" },
    fairnessWeights: { vip: null },
  });
  const { activity } = await get(`/queues/${queue}`);
  expect(activity.config?.queueRateLimit?.rateLimit).toBeUndefined();
  expect(activity.config?.fairnessWeightOverrides ?? {}).toEqual({});
});

/** The Worker in the list of hosts. */
const ours = async () => {
  const query = encodeURIComponent(`TaskQueue = '${at.taskQueue}'`);
  const { rows } = await eventually(
    () => get(`/hosts?query=${query}`),
    (answer) => answer.rows.length > 0,
  );
  return { query, row: rows[0] };
};

row("worker list", async () => {
  const { row } = await ours();
  const said = await temporal("worker", "list", "-q", `TaskQueue = '${at.taskQueue}'`);
  expect(JSON.stringify(said)).toContain(row.workerInstanceKey);
  expect(row).toMatchObject({ taskQueue: at.taskQueue, sdkName: expect.any(String) });
});

row("worker count", async () => {
  const { query } = await ours();
  const { count } = await get(`/hosts/count?query=${query}`);
  const said = await temporal("worker", "count", "-q", `TaskQueue = '${at.taskQueue}'`);
  expect([count, Number(said.count)]).toEqual([1, 1]);
});

row("worker describe", async () => {
  const { row } = await ours();
  const { workerHeartbeat } = await get(`/hosts/${row.workerInstanceKey}`);
  const said = await temporal("worker", "describe", "--worker-instance-key", row.workerInstanceKey);
  expect(workerHeartbeat.taskQueue).toBe(at.taskQueue);
  expect(JSON.stringify(said)).toContain(workerHeartbeat.workerIdentity);
});

/** A Worker of a deployment's build. Returns what ends it. */
async function versioned(deploymentName: string, buildId: string): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address: at.running.address });
  const worker = await Worker.create({
    connection,
    taskQueue: `${deploymentName}-queue`,
    workflowsPath: join(import.meta.dir, "workflows.ts"),
    activities,
    shutdownGraceTime: "1 second",
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName, buildId },
      defaultVersioningBehavior: "PINNED",
    },
  });
  const running = worker.run();
  await eventually(
    () => get(`/deployments/${deploymentName}/${buildId}`).catch(() => undefined),
    (answer) => answer !== undefined,
  );
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

const describe = (name: string) => temporal("worker", "deployment", "describe", "--name", name);

row("worker deployment list", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  const list = () => get("/deployments?pageSize=1000");
  await eventually(list, ({ rows }) => rows.some((row: { name: string }) => row.name === name));
  expect(JSON.stringify(await temporal("worker", "deployment", "list"))).toContain(name);
  await stop();
});

row("worker deployment describe", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  const { workerDeploymentInfo } = await get(`/deployments/${name}`);
  expect(workerDeploymentInfo.versionSummaries).toMatchObject([{ deploymentVersion: { buildId: "1" } }]);
  expect(JSON.stringify(await describe(name))).toContain('"1"');
  await stop();
});

row("worker deployment describe-version", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  const { workerDeploymentVersionInfo } = await get(`/deployments/${name}/1`);
  expect(workerDeploymentVersionInfo.taskQueueInfos.length).toBeGreaterThan(0);
  const named = ["--deployment-name", name, "--build-id", "1"];
  expect(JSON.stringify(await temporal("worker", "deployment", "describe-version", ...named))).toContain(name);
  await stop();
});

row("worker deployment set-current-version", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  await post(`/deployments/${name}/current`, { buildId: "1", reason: "go" });
  expect((await describe(name)).routingConfig).toMatchObject({ currentVersionBuildID: "1" });
  await post(`/deployments/${name}/current`, { buildId: null, reason: "back" });
  expect((await describe(name)).routingConfig.currentVersionBuildID).not.toBe("1");
  await stop();
});

row("worker deployment set-ramping-version", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  await post(`/deployments/${name}/ramp`, { buildId: "1", percentage: 25, reason: "some" });
  expect((await describe(name)).routingConfig).toMatchObject({
    rampingVersionBuildID: "1",
    rampingVersionPercentage: 25,
  });
  await stop();
});

row("worker deployment manager-identity", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  await post(`/deployments/${name}/manager`, { identity: "the release team", reason: "only they" });
  expect((await describe(name)).managerIdentity).toBe("the release team");
  await post(`/deployments/${name}/manager`, { identity: null, reason: "all again" });
  expect((await describe(name)).managerIdentity).toBe("");
  await stop();
});

row("worker deployment update-version-metadata", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  await act("PATCH", `/deployments/${name}/1`, { set: { commit: "abc" } });
  const said = await temporal("worker", "deployment", "describe-version", "--deployment-name", name, "--build-id", "1");
  expect(JSON.stringify(said)).toContain("commit");
  const { workerDeploymentVersionInfo } = await get(`/deployments/${name}/1`);
  expect(workerDeploymentVersionInfo.metadata.entries.commit).toMatchObject({ value: "abc" });
  await act("PATCH", `/deployments/${name}/1`, { remove: ["commit"] });
  expect((await get(`/deployments/${name}/1`)).workerDeploymentVersionInfo.metadata?.entries ?? {}).toEqual({});
  await stop();
});

row("worker deployment create", async () => {
  const name = unique("deployment");
  await post("/deployments", { name });
  expect((await describe(name)).name).toBe(name);
});

row("worker deployment delete", async () => {
  const name = unique("deployment");
  await temporal("worker", "deployment", "create", "--name", name);
  await act("DELETE", `/deployments/${name}`, { reason: "a test's" });
  expect(await describe(name).catch((error: Error) => error.message)).toContain("no Worker Deployment found");
});

row("worker deployment create-version", async () => {
  const name = unique("deployment");
  await post("/deployments", { name });
  await post(`/deployments/${name}/versions`, { buildId: "7" });
  const said = await temporal("worker", "deployment", "describe-version", "--deployment-name", name, "--build-id", "7");
  expect(JSON.stringify(said)).toContain('"7"');
});

row("worker deployment delete-version", async () => {
  const name = unique("deployment");
  const stop = await versioned(name, "1");
  await stop();
  const path = `/deployments/${name}/1`;
  const remove = () =>
    act("DELETE", path, { reason: "a test's", skipDrainage: true }).then(
      () => "",
      (error: Error) => error.message,
    );
  // While its pollers are remembered the server refuses.
  expect(await remove()).toMatch(/^$|poller/);
  const refused = await temporal(
    "worker",
    "deployment",
    "delete-version",
    "--deployment-name",
    name,
    "--build-id",
    "1",
    "--skip-drainage",
  ).then(
    () => "",
    (error: Error) => error.message,
  );
  expect(refused).toMatch(/^$|poller|not found/);
});

row("worker deployment update-version-compute-config", async () => {
  const name = unique("deployment");
  await post("/deployments", { name });
  await post(`/deployments/${name}/versions`, { buildId: "7" });
  const arn = "arn:aws:lambda:us-east-1:123456789012:function:f:1";
  const role = "arn:aws:iam::123456789012:role/r";
  const problemOf = (call: Promise<unknown>) =>
    call.then(
      () => "",
      (error: Error) => error.message,
    );
  const group = { provider: { type: "aws-lambda", details: { arn, role_arn: role } } };
  const refused = await problemOf(act("PUT", `/deployments/${name}/7/compute`, { scalingGroups: { default: group } }));
  const options = ["--aws-lambda-function-arn", arn, "--aws-lambda-assume-role-arn", role];
  const version = ["--deployment-name", name, "--build-id", "7", "--aws-lambda-assume-role-external-id", "id"];
  const said = await problemOf(
    temporal("worker", "deployment", "update-version-compute-config", ...version, ...options),
  );
  // The dev server has no such provider, and says the same to both.
  const reason = "default: Could not instantiate compute provider with type 'aws-lambda'";
  expect([refused, said]).toEqual([expect.stringContaining(reason), expect.stringContaining(reason)]);
  await act("PUT", `/deployments/${name}/7/compute`, { remove: ["default"] });
});
