import { expect, setDefaultTimeout, test } from "bun:test";
import { toJson } from "../../src/proto/json";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { bundleWorkflowCode, ReplayError, Worker } from "../../src/worker";
import { DeterminismViolationError } from "../../src/workflow";
import { rejection, withWorker, workflowsPath } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const changedPath = `${import.meta.dir}/fixtures/changed-workflows.ts`;

let recording: Promise<History> | undefined;

/** The history of a `recorded` Workflow, made once. */
function recordedHistory(): Promise<History> {
  recording ??= withWorker(async ({ start }) => {
    const handle = await start("recorded");
    expect(await handle.result()).toBe("Hello, first!Hello, second!");
    return handle.fetchHistory();
  });
  return recording;
}

test("a history replays: as a message, as bytes, as JSON", async () => {
  const history = await recordedHistory();
  const json = JSON.parse(JSON.stringify(toJson("temporal.api.history.v1.History", history)));
  for (const form of [history, History.encode(history).finish(), json]) {
    await Worker.runReplayHistory({ workflowsPath }, form);
  }
});

test("a ready-made bundle can be used", async () => {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath });
  await Worker.runReplayHistory({ workflowBundle }, await recordedHistory());
});

test("changed code is a DeterminismViolationError", async () => {
  const error = await rejection(Worker.runReplayHistory({ workflowsPath: changedPath }, await recordedHistory()));
  expect(error).toBeInstanceOf(DeterminismViolationError);
  expect(error.message).toContain("not compatible with the history");
});

test("a Workflow type that isn't there is a ReplayError", async () => {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: `${import.meta.dir}/fixtures/activities-free.ts` });
  const error = await rejection(Worker.runReplayHistory({ workflowBundle }, await recordedHistory()));
  expect(error).toBeInstanceOf(ReplayError);
  expect(error.message).toContain("recorded");
});

test("many histories, with a result for each, in order", async () => {
  const history = await recordedHistory();
  const histories = ["a", "b", "c"].map((workflowId) => ({ workflowId, history }));
  const results = await Array.fromAsync(Worker.runReplayHistories({ workflowsPath }, histories));
  expect(results.map(({ workflowId, error }) => [workflowId, error])).toEqual([
    ["a", undefined],
    ["b", undefined],
    ["c", undefined],
  ]);
  const failed = await Array.fromAsync(Worker.runReplayHistories({ workflowsPath: changedPath }, histories));
  expect(failed.every(({ error }) => error instanceof DeterminismViolationError)).toBe(true);
});

test("failures between other histories: each result is of its own history", async () => {
  const good = await recordedHistory();
  const other = structuredClone(toJson("temporal.api.history.v1.History", good)) as { events: Record<string, any>[] };
  for (const { activityTaskScheduledEventAttributes: scheduled } of other.events)
    if (scheduled) scheduled.activityType.name = "other";
  const unknown = structuredClone(toJson("temporal.api.history.v1.History", good)) as { events: Record<string, any>[] };
  unknown.events[0]!.workflowExecutionStartedEventAttributes.workflowType.name = "unknown";
  // Fails where there is nothing left to compare with, which is no failure of the replay; Core then asks for the next
  // history twice.
  const begun = { events: unknown.events.slice(0, 3) };
  const order = ["good", "begun", "good", "good", "other", "good", "unknown", "begun", "good", "good", "other", "good"];
  const histories = order.map((workflowId) => ({ workflowId, history: { good, other, unknown, begun }[workflowId]! }));
  const results = await Array.fromAsync(Worker.runReplayHistories({ workflowsPath }, histories));
  const expected = { good: undefined, other: DeterminismViolationError, unknown: ReplayError, begun: undefined };
  expect(results.map(({ workflowId, error }) => [workflowId, error?.constructor])).toEqual(
    order.map((workflowId) => [workflowId, expected[workflowId as keyof typeof expected]]),
  );
});

test("leaving the loop early ends the replay", async () => {
  const history = await recordedHistory();
  for await (const result of Worker.runReplayHistories({ workflowsPath }, [
    { workflowId: "a", history },
    { workflowId: "b", history },
  ])) {
    expect(result.workflowId).toBe("a");
    break;
  }
});

test("what isn't a history is refused", async () => {
  for (const history of [{}, { events: [] }, null, "text"]) {
    expect(await rejection(Worker.runReplayHistory({ workflowsPath }, history as object))).toBeInstanceOf(TypeError);
  }
  expect(
    (await rejection(Worker.runReplayHistory({ workflowsPath }, new Uint8Array([255, 255, 255])))).message,
  ).toMatch(/history|decode|protobuf/i);
});

test("without Workflows there is nothing to replay against", async () => {
  expect((await rejection(Worker.runReplayHistory({}, await recordedHistory()))).message).toContain("workflowsPath");
});
