import { expect } from "bun:test";
import { unique } from "../support";
import { act, at, eventually, get, post, row, started, temporal, withWorker } from "./worker";

withWorker();

/** Starts a standalone activity. Returns its id. */
async function startedActivity(type: string, more = {}): Promise<string> {
  const activityId = unique(type);
  await post("/activities", { activityId, type, taskQueue: at.taskQueue, startToCloseTimeout: "1h", ...more });
  return activityId;
}

const describe = (activityId: string) => temporal("activity", "describe", "-a", activityId);
const statusOf = async (activityId: string) =>
  (await describe(activityId)).info.status.replace("ACTIVITY_EXECUTION_STATUS_", "");

/** A workflow whose activity is waiting. Returns its names and the activity's id. */
async function waiting() {
  const run = await started("outside");
  const described = await eventually(
    () => get(run.path),
    ({ pendingActivities }) => pendingActivities?.[0]?.attempt === 1,
  );
  return { ...run, activityId: described.pendingActivities[0].activityId as string };
}

/** The pending activity of a workflow, as the CLI has it. */
const pending = async (workflowId: string) =>
  (await temporal("workflow", "describe", "-w", workflowId)).pendingActivities[0];

row("activity start", async () => {
  const activityId = await startedActivity("later", { input: ["x"], summary: "why" });
  expect(await describe(activityId)).toMatchObject({ info: { activityType: { name: "later" } } });
});

row("activity execute", async () => {
  const activityId = await startedActivity("echo", { input: [{ a: 1 }] });
  const done = await eventually(
    () => get(`/activities/${activityId}`),
    ({ outcome }) => outcome !== undefined,
  );
  expect(done.outcome.result.payloads).toMatchObject([{ value: { a: 1 } }]);
  expect(done.input.payloads).toMatchObject([{ value: { a: 1 } }]);
});

row("activity result", async () => {
  const activityId = unique("echo");
  const options = ["--type", "echo", "-t", at.taskQueue, "--start-to-close-timeout", "1m", "-i", '"said"'];
  await temporal("activity", "execute", "-a", activityId, ...options);
  expect((await get(`/activities/${activityId}`)).outcome.result.payloads).toMatchObject([{ value: "said" }]);
});

row("activity list", async () => {
  const activityId = await startedActivity("later");
  const list = () => get(`/activities?query=${encodeURIComponent(`ActivityId = '${activityId}'`)}`);
  const { rows } = await eventually(list, (answer) => answer.rows.length > 0);
  expect(rows).toMatchObject([{ activityId, activityType: { name: "later" } }]);
  const said = await temporal("activity", "list", "-q", `ActivityId = '${activityId}'`);
  expect(said[0].activityId).toBe(activityId);
});

row("activity count", async () => {
  const activityId = await startedActivity("later");
  const query = `ActivityId = '${activityId}'`;
  const count = () => get(`/activities/count?query=${encodeURIComponent(query)}`);
  expect(await eventually(count, (answer) => answer.count > 0)).toMatchObject({
    count: 1,
    groups: [{ value: "Running" }],
  });
  expect(await temporal("activity", "count", "-q", query)).toMatchObject({ count: "1" });
});

row("activity describe", async () => {
  const activityId = await startedActivity("later");
  const { info } = await get(`/activities/${activityId}`);
  expect(info.scheduleTime).toBe((await describe(activityId)).info.scheduleTime);
});

row("activity pause", async () => {
  const { workflowId, activityId } = await waiting();
  await post(`/activities/${activityId}/pause`, { workflowId, reason: "look first" });
  expect(await pending(workflowId)).toMatchObject({ paused: true });
});

row("activity unpause", async () => {
  const { workflowId, activityId } = await waiting();
  await temporal("activity", "pause", "-w", workflowId, "-a", activityId);
  await post(`/activities/${activityId}/unpause`, { workflowId });
  expect((await pending(workflowId)).paused ?? false).toBe(false);
});

row("activity reset", async () => {
  const activityId = await startedActivity("fails", { retryPolicy: { initialInterval: "1h" } });
  await eventually(
    () => describe(activityId),
    ({ info }) => info.lastFailure !== undefined || info.attempt > 1,
  );
  await post(`/activities/${activityId}/reset`, {});
  // It does not wait for its hour any more: the first attempt is made again.
  const first = (await describe(activityId)).info;
  const again = await eventually(
    () => describe(activityId),
    ({ info }) => info.lastStartedTime !== first.lastStartedTime || info.attempt === 1,
  );
  expect(again.info.attempt).toBeLessThanOrEqual(2);
});

row("activity update-options", async () => {
  const { workflowId, activityId } = await waiting();
  const path = `/activities/${activityId}/update-options`;
  await post(path, {
    workflowId,
    startToCloseTimeout: "2h",
    retryPolicy: { initialInterval: "5s", maximumAttempts: 3 },
  });
  expect((await pending(workflowId)).activityOptions).toMatchObject({
    startToCloseTimeout: "7200s",
    retryPolicy: { initialInterval: "5s", maximumAttempts: 3 },
  });
});

row("activity complete", async () => {
  const { workflowId, activityId } = await waiting();
  await post(`/activities/${activityId}/complete`, { workflowId, result: { by: "hand" } });
  expect(await temporal("workflow", "result", "-w", workflowId)).toMatchObject({ result: { by: "hand" } });
});

row("activity fail", async () => {
  const { workflowId, activityId, path } = await waiting();
  await post(`/activities/${activityId}/fail`, { workflowId, reason: "given up" });
  const last = await eventually(
    () => get(`${path}/history?pageSize=1`),
    ({ events }) => events[0].type === "WorkflowExecutionFailed",
  );
  expect(last.events[0].id).toBeGreaterThan(1);
  expect(JSON.stringify(await temporal("workflow", "show", "-w", workflowId))).toContain("given up");
});

row("activity cancel", async () => {
  const activityId = await startedActivity("later");
  await post(`/activities/${activityId}/cancel`, { reason: "not needed" });
  expect((await describe(activityId)).info).toMatchObject({ canceledReason: "not needed" });
});

row("activity terminate", async () => {
  const activityId = await startedActivity("later");
  await post(`/activities/${activityId}/terminate`, { reason: "stuck" });
  expect(await statusOf(activityId)).toBe("TERMINATED");
});

row("activity delete", async () => {
  const activityId = await startedActivity("later");
  await act("DELETE", `/activities/${activityId}`, { reason: "a test's" });
  const described = () => describe(activityId).catch((error: Error) => error.message);
  expect(await eventually(described, (answer) => typeof answer === "string")).toContain("not found");
});
