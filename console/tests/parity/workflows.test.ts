import { expect } from "bun:test";
import { unique } from "../support";
import { act, at, eventually, get, post, row, started, statusOf, temporal, withWorker } from "./worker";

withWorker();

row("workflow start", async () => {
  const { workflowId } = await started("waiter", [], { summary: "why", memo: { a: 1 }, executionTimeout: "1h" });
  const { executionConfig, workflowExecutionInfo: info } = await temporal("workflow", "describe", "-w", workflowId);
  expect(info).toMatchObject({ type: { name: "waiter" }, memo: { fields: { a: 1 } } });
  expect(executionConfig).toMatchObject({ workflowExecutionTimeout: "3600s", userMetadata: { summary: "why" } });
});

row("workflow execute", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/signal`, { name: "finish", input: ["done"] });
  const page = await eventually(
    () => get(`${path}/history?pageSize=1`),
    ({ events }) => events[0].type === "WorkflowExecutionCompleted",
  );
  const event = await get(`${path}/history/${page.events[0].id}`);
  expect(event.workflowExecutionCompletedEventAttributes.result.payloads).toMatchObject([{ value: "done" }]);
  expect(await temporal("workflow", "result", "-w", workflowId)).toMatchObject({ result: "done" });
});

row("workflow signal-with-start", async () => {
  const { workflowId } = await started("waiter", [], { signal: { name: "finish", input: ["at once"] } });
  expect(await temporal("workflow", "result", "-w", workflowId)).toMatchObject({ result: "at once" });
});

row("workflow start-update-with-start", async () => {
  const workflowId = unique("update-with-start");
  const start = { workflowId, type: "waiter", taskQueue: at.taskQueue, conflictPolicy: "Fail" };
  const { update } = await post("/workflows", { ...start, update: { name: "change", input: ["x"], wait: "Accepted" } });
  const path = `/workflows/${workflowId}/latest/updates/${update.updateId}`;
  expect(
    await eventually(
      () => get(path),
      ({ stage }) => stage === "Completed",
    ),
  ).toMatchObject({
    result: [{ value: "new" }],
  });
  expect(await temporal("workflow", "query", "-w", workflowId, "--type", "state")).toMatchObject({
    queryResult: ["x"],
  });
});

row("workflow execute-update-with-start", async () => {
  const workflowId = unique("update-with-start");
  const start = { workflowId, type: "waiter", taskQueue: at.taskQueue, conflictPolicy: "Fail" };
  const { update } = await post("/workflows", { ...start, update: { name: "change", input: ["y"] } });
  expect(update).toMatchObject({ stage: "Completed", result: [{ value: "new" }] });
  expect(await temporal("workflow", "query", "-w", workflowId, "--type", "state")).toMatchObject({
    queryResult: ["y"],
  });
});

row("workflow list", async () => {
  const { workflowId, runId } = await started("waiter");
  const query = `WorkflowId = '${workflowId}'`;
  const list = () => get(`/workflows?query=${encodeURIComponent(query)}`);
  const { rows } = await eventually(list, (answer) => answer.rows.length > 0);
  expect(rows).toMatchObject([{ workflowId, runId, type: "waiter", status: "Running", taskQueue: at.taskQueue }]);
  expect(await temporal("workflow", "list", "-q", query)).toMatchObject([{ execution: { workflowId, runId } }]);
});

row("workflow count", async () => {
  const { workflowId } = await started("waiter");
  const query = `WorkflowId = '${workflowId}'`;
  const count = () => get(`/workflows/count?query=${encodeURIComponent(query)}`);
  expect(await eventually(count, (answer) => answer.count > 0)).toEqual({
    count: 1,
    groups: [{ value: "Running", count: 1 }],
  });
  expect(await temporal("workflow", "count", "-q", query)).toMatchObject({ count: "1" });
});

row("workflow describe", async () => {
  const { workflowId, runId, path } = await started("waiter");
  const described = await get(path);
  const { workflowExecutionInfo } = await temporal("workflow", "describe", "-w", workflowId);
  expect(described.workflowExecutionInfo.execution).toEqual({ workflowId, runId });
  expect(described.workflowExecutionInfo.startTime).toBe(workflowExecutionInfo.startTime);
});

row("workflow show", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/terminate`, { reason: "shown" });
  const { events } = await temporal("workflow", "show", "-w", workflowId);
  const rows = (await get(`${path}/history?order=oldest`)).events;
  expect(rows.map(({ id }: { id: number }) => String(id))).toEqual(
    events.map(({ eventId }: { eventId: string }) => eventId),
  );
  expect((await get(`${path}/history`)).events).toEqual(rows.toReversed());
  const { events: downloaded } = await act("GET", `${path}/download`);
  expect(downloaded.map(({ eventTime }: { eventTime: string }) => eventTime)).toEqual(
    events.map(({ eventTime }: { eventTime: string }) => eventTime),
  );
});

row("workflow trace", async () => {
  const childId = unique("child");
  const { workflowId, runId, path } = await started("parent", [childId]);
  const child = await eventually(
    () => get(`/workflows/${childId}/latest/relations`).catch(() => undefined),
    (answer) => answer !== undefined,
  );
  expect(child).toMatchObject({ parent: { workflowId, runId }, root: { workflowId, runId }, children: [] });
  const relations = await eventually(
    () => get(`${path}/relations`),
    ({ children }) => children.length > 0,
  );
  expect(relations).toMatchObject({
    children: [{ workflowId: childId, type: "waiter", status: "Running" }],
    more: false,
  });
  const described = await temporal("workflow", "describe", "-w", childId);
  expect(described.workflowExecutionInfo.parentExecution.workflowId).toBe(workflowId);
});

row("workflow result", async () => {
  const { workflowId, path } = await started("waiter");
  await temporal("workflow", "signal", "-w", workflowId, "--name", "finish", "-i", '{"answer":42}');
  await temporal("workflow", "result", "-w", workflowId);
  const [last] = (await get(`${path}/history?pageSize=1`)).events;
  const event = await get(`${path}/history/${last.id}`);
  expect(event.workflowExecutionCompletedEventAttributes.result.payloads).toMatchObject([{ value: { answer: 42 } }]);
});

for (const [command, query] of [
  ["workflow stack", "__stack_trace"],
  ["workflow metadata", "__temporal_workflow_metadata"],
] as const)
  row(command, async () => {
    const { workflowId, path } = await started("waiter");
    const { result } = await post(`${path}/query`, { name: query });
    const said = await temporal("workflow", "query", "-w", workflowId, "--type", query);
    expect([result[0].value]).toEqual(said.queryResult);
  });

row("workflow query", async () => {
  const { workflowId, path } = await started("waiter");
  expect(await post(`${path}/query`, { name: "state" })).toMatchObject({ result: [{ value: "new" }] });
  await post(`${path}/terminate`, { reason: "asked enough" });
  expect(await post(`${path}/query`, { name: "state", rejectIf: "NotOpen" })).toEqual({
    result: [],
    rejected: "Terminated",
  });
  expect(await temporal("workflow", "query", "-w", workflowId, "--type", "state")).toMatchObject({
    queryResult: ["new"],
  });
});

row("workflow signal", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/signal`, { name: "finish", input: [{ deep: [1] }] });
  expect(await temporal("workflow", "result", "-w", workflowId)).toMatchObject({ result: { deep: [1] } });
});

row("workflow update", async () => {
  const { workflowId, path } = await started("waiter");
  const done = await post(`${path}/update`, { name: "change", input: ["z"], updateId: "mine" });
  expect(done).toMatchObject({ updateId: "mine", stage: "Completed", result: [{ value: "new" }] });
  expect(await get(`${path}/updates/mine`)).toMatchObject({ stage: "Completed", result: [{ value: "new" }] });
  const result = await temporal("workflow", "update", "result", "-w", workflowId, "--update-id", "mine");
  expect(result).toMatchObject({ result: "new" });
  const failed = await post(`${path}/update`, { name: "nothing" });
  expect(failed.failure.message).toContain("nothing");
});

row("workflow cancel", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/cancel`, { reason: "not needed" });
  expect(
    await eventually(
      () => statusOf(workflowId),
      (status) => status !== "RUNNING",
    ),
  ).toBe("CANCELED");
  const { events } = await temporal("workflow", "show", "-w", workflowId);
  const [asked] = events.flatMap(
    (event: Record<string, object>) => event["workflowExecutionCancelRequestedEventAttributes"] ?? [],
  );
  expect(asked).toMatchObject({ cause: "not needed", identity: "console:local" });
});

row("workflow terminate", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/terminate`, { reason: "stuck" });
  expect(await statusOf(workflowId)).toBe("TERMINATED");
  const { events } = await temporal("workflow", "show", "-w", workflowId);
  expect(events.at(-1).workflowExecutionTerminatedEventAttributes).toMatchObject({
    reason: "stuck",
    identity: "console:local",
  });
});

row("workflow reset", async () => {
  const { workflowId, runId, path } = await started("waiter");
  // What came before the event that is reset to isn't left out.
  await eventually(
    () => get(`${path}/history?order=oldest`),
    ({ events }) => events.some(({ type }: { type: string }) => type === "WorkflowTaskCompleted"),
  );
  await post(`${path}/signal`, { name: "finish", input: ["first"] });
  await temporal("workflow", "result", "-w", workflowId);
  const reset = await post(`${path}/reset`, { reason: "again", to: { at: "FirstWorkflowTask" }, exclude: ["Signal"] });
  expect(reset.runId).not.toBe(runId);
  expect(await statusOf(workflowId)).toBe("RUNNING");
  const { events } = await get(`/workflows/${workflowId}/latest/history?order=oldest`);
  const completed = events.find(
    ({ type }: { type: string }) => type === "WorkflowTaskCompleted" || type === "WorkflowTaskFailed",
  );
  const next = await post(`/workflows/${workflowId}/${reset.runId}/reset`, {
    reason: "to an event",
    to: { eventId: completed.id },
  });
  const { workflowExecutionInfo } = await temporal("workflow", "describe", "-w", workflowId);
  expect(workflowExecutionInfo.execution.runId).toBe(next.runId);

  const { workflowId: chain } = await started("again", [true]);
  const before = await eventually(
    () => get(`/workflows/${chain}/latest`),
    ({ workflowExecutionInfo: info }) => info.firstRunId !== info.execution.runId,
  );
  const third = await post(`/workflows/${chain}/latest/reset`, { reason: "chain", to: { at: "LastContinuedAsNew" } });
  expect([before.workflowExecutionInfo.firstRunId, before.workflowExecutionInfo.execution.runId]).not.toContain(
    third.runId,
  );
});

row("workflow reset with-workflow-update-options", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/query`, { name: "state" });
  const body = { reason: "move", to: { at: "LastWorkflowTask" }, versioningOverride: "AutoUpgrade" };
  await post(`${path}/reset`, body);
  const { workflowExecutionInfo } = await temporal("workflow", "describe", "-w", workflowId);
  expect(workflowExecutionInfo.versioningInfo.versioningOverride).toMatchObject({ autoUpgrade: true });
});

row("workflow pause", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/pause`, { reason: "look first" });
  expect(await statusOf(workflowId)).toBe("PAUSED");
});

row("workflow unpause", async () => {
  const { workflowId, path } = await started("waiter");
  await temporal("workflow", "pause", "-w", workflowId, "--reason", "look first");
  await post(`${path}/unpause`, {});
  expect(await statusOf(workflowId)).toBe("RUNNING");
});

row("workflow update-options", async () => {
  const { workflowId, path } = await started("waiter");
  await post(`${path}/options`, { versioningOverride: "AutoUpgrade", priority: { priorityKey: 2 } });
  const described = async () => (await temporal("workflow", "describe", "-w", workflowId)).workflowExecutionInfo;
  expect(await described()).toMatchObject({
    versioningInfo: { versioningOverride: { autoUpgrade: true } },
    priority: { priorityKey: 2 },
  });
  const pinned = { deploymentName: unique("deployment"), buildId: "1" };
  const refused = await post(`${path}/options`, { versioningOverride: pinned }).catch((error: Error) => error.message);
  // There is no such version, and the server says so by its name: the pin has come to it.
  expect(refused).toContain(pinned.deploymentName);
  await post(`${path}/options`, { versioningOverride: null });
  expect((await described()).versioningInfo?.versioningOverride).toBeUndefined();
});

row("workflow delete", async () => {
  const { workflowId, path } = await started("waiter");
  await act("DELETE", path, { reason: "a test's" });
  const described = () => temporal("workflow", "describe", "-w", workflowId).catch((error: Error) => error.message);
  expect(await eventually(described, (answer) => typeof answer === "string")).toContain("not found");
});
