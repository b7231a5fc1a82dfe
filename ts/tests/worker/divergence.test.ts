import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import Long from "long";
import { toJson } from "../../src/proto/json";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { type ReplayResult, type ReplayWorkerOptions, Worker } from "../../src/worker";
import { findDivergence } from "../../src/worker/replay/divergence";
import { withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/diverging-workflows.ts`;
const lines = readFileSync(workflowsPath, "utf8").split("\n");

type Events = { events: Record<string, any>[] };
let recording: Promise<Events> | undefined;

/** The history of `original` under another name, replayed. */
async function replay(
  type: string,
  options: Partial<ReplayWorkerOptions> = {},
): Promise<{ result: ReplayResult; idOf: (type: string, index?: number) => number }> {
  recording ??= withWorker(
    async ({ start }) => {
      const handle = await start("original");
      await handle.result();
      return toJson("temporal.api.history.v1.History", await handle.fetchHistory()) as Events;
    },
    { workflowsPath },
  );
  const history = structuredClone(await recording);
  history.events[0]!.workflowExecutionStartedEventAttributes.workflowType.name = type;
  const [result] = await Array.fromAsync(
    Worker.runReplayHistories({ workflowsPath, ...options }, [{ workflowId: "replayed", history }]),
  );
  const idOf = (type: string, index = 0) =>
    Number(history.events.filter(({ eventType }) => eventType === `EVENT_TYPE_${type}`)[index]?.eventId);
  return { result: result!, idOf };
}

/** Where a stack begins, if that is the line that the Workflow has marked. */
function markedLine(stack: readonly string[] | undefined, type: string): string {
  const [, file = "", line = "0"] = /\((.*):(\d+):\d+\)$/.exec(stack?.[0] ?? "") ?? [];
  expect(file).toBe(workflowsPath);
  const start = lines.findIndex((text) => text.includes(`function ${type}(`));
  const marked = lines.findIndex((text, index) => index > start && text.includes("← here"));
  expect(Number(line)).toBe(marked + 1);
  return lines[marked]!.trim();
}

test("what a Workflow tells is told once, though its divergence is looked for once more", async () => {
  let told = 0;
  const { result } = await replay("otherWithSink", {
    sinks: { place: { told: { fn: () => void told++, callDuringReplay: true } } },
  });
  expect(result.divergence?.command).toMatchObject({ type: "scheduleActivity", name: "echo" });
  expect(told).toBe(1);
});

test.each(["original", "deprecatesPatch"])("%s does what the history has", async (type) => {
  const { result } = await replay(type);
  expect(result).toEqual({ workflowId: "replayed", runId: expect.any(String) });
});

test.each([
  ["otherActivity", "ACTIVITY_TASK_SCHEDULED", 0, "ActivityTaskScheduled", "greet", "scheduleActivity", "echo"],
  ["otherKind", "ACTIVITY_TASK_SCHEDULED", 0, "ActivityTaskScheduled", "greet", "startTimer", ""],
  ["otherTimer", "MARKER_RECORDED", 1, "MarkerRecorded", "change", "startTimer", ""],
  ["noPatch", "MARKER_RECORDED", 1, "MarkerRecorded", "change", "upsertWorkflowSearchAttributes", ""],
  [
    "otherOrder",
    "ACTIVITY_TASK_SCHEDULED",
    1,
    "ActivityTaskScheduled",
    "greet",
    "startChildWorkflowExecution",
    "child",
  ],
  [
    "otherChild",
    ...(["START_CHILD_WORKFLOW_EXECUTION_INITIATED", 0, "StartChildWorkflowExecutionInitiated", "child"] as const),
    ...(["startChildWorkflowExecution", "child"] as const),
  ],
  ["otherLocal", "MARKER_RECORDED", 0, "MarkerRecorded", "greet", "scheduleLocalActivity", "echo"],
  ["failsEarly", "TIMER_STARTED", 1, "TimerStarted", "", "failWorkflowExecution", ""],
] as const)("%s: the event, the command and the line of it", async (type, event, index, ...expected) => {
  const { result, idOf } = await replay(type);
  const [eventType, eventName, commandType, commandName] = expected;
  const { divergence, error } = result;
  expect(divergence).toMatchObject({
    expected: { id: idOf(event, index), type: eventType, name: eventName },
    command: { type: commandType, name: commandName },
    waiting: [],
  });
  const line = markedLine(divergence!.command?.stack, type === "otherKind" ? "waits" : type);
  expect(error!.message).toContain(`Expected: event ${idOf(event, index)}, ${eventType}`);
  expect(error!.message).toContain(divergence!.command!.stack.join("\n"));
  expect(line).not.toBe("");
});

test("what differs in IDs alone is told by them", async () => {
  const { result } = await replay("otherChild");
  expect(result.error!.message).toMatch(/Expected: event \d+, .* 'child' with ID 'Hello, first!-child'\n/);
  expect(result.error!.message).toContain("Produced: startChildWorkflowExecution 'child' with ID 'another'\n");
});

test.each(["endsEarly", "otherPatch"])("%s: an end has no line", async (type) => {
  const { result } = await replay(type);
  expect(result.divergence!.command).toMatchObject({ type: "completeWorkflowExecution", stack: [] });
  expect(result.error!.message).toContain("when a function of the Workflow had ended");
});

test.each([
  ["waitsForNothing", "TIMER_STARTED", 1],
  ["noLocal", "MARKER_RECORDED", 0],
])("%s: without a command it is said where the Workflow waits", async (type, event, index) => {
  const { result, idOf } = await replay(type);
  expect(result.divergence).toMatchObject({ expected: { id: idOf(event, index) } });
  expect(result.divergence!.command).toBeUndefined();
  markedLine(result.divergence!.waiting[0], type);
});

test("a command too many is found where it is issued, not where it is missed", async () => {
  const { result, idOf } = await replay("doesMore");
  const { divergence, error } = result;
  expect(divergence!.expected).toBeUndefined();
  expect(divergence).toMatchObject({ agreedUntil: idOf("TIMER_STARTED", 1), command: { type: "scheduleActivity" } });
  markedLine(divergence!.command?.stack, "doesMore");
  expect(error!.message).toContain(`Expected: no further command after event ${idOf("TIMER_STARTED", 1)}\n`);
});

test("of commands that are no longer known nothing is said", () => {
  const completed = (startedEventId: number) => ({ workflowTaskCompletedEventAttributes: { startedEventId } });
  const timer = (timerId: string) => ({ timerStartedEventAttributes: { timerId } });
  const attributes = [{}, {}, {}, completed(3), timer("1"), {}, {}, {}, completed(8), timer("2")];
  const events = attributes.map((event, index) => ({ eventId: Long.fromNumber(index + 1), ...event }));
  const history = History.encode({ events } as unknown as History).finish();
  const command = { kind: "startTimer", seq: 2, id: "2", name: "", historyLength: 8, stack: [] };
  expect(findDivergence(history, { commands: [command], since: 4, waiting: [] })).toBeUndefined();
  expect(findDivergence(history, { commands: [command], since: 0, waiting: [] })).toMatchObject({
    expected: { id: 5 },
  });
});
