import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  NativeClient,
  NativeError,
  NativeRuntime,
  NativeWorker,
  NativeWorkflowThread,
  Service,
  type SlotDocument,
  type TaskKind,
  type WorkerOptions,
} from "../../src/native";
import {
  GetWorkflowExecutionHistoryRequest,
  GetWorkflowExecutionHistoryResponse,
  StartWorkflowExecutionRequest,
  StartWorkflowExecutionResponse,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { ActivityTask } from "../../src/proto/temporal/sdk/core/activity_task/activity_task";
import { ActivityHeartbeat, ActivityTaskCompletion } from "../../src/proto/temporal/sdk/core/core_interface";
import { WorkflowActivation } from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WorkflowActivationCompletion } from "../../src/proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { eventually } from "../support/eventually";
import { testServer } from "../support/server";
import { recordingTemporal, workflowTask } from "../worker/recorded";

const runtime = new NativeRuntime({});
let client: NativeClient;

beforeAll(async () => {
  client = await NativeClient.connect(runtime, { address: (await testServer()).address });
}, 180_000);

afterAll(() => {
  client.close();
  runtime.close();
});

function makeWorker(options: Partial<WorkerOptions> = {}): NativeWorker {
  return new NativeWorker(client, { namespace: "default", taskQueue: `native-${crypto.randomUUID()}`, ...options });
}

/** Resolves when `onStopped` was called for as many kinds. */
function stops(count: number) {
  const { promise, resolve } = Promise.withResolvers<TaskKind[]>();
  const kinds: TaskKind[] = [];
  const onStopped = (kind: TaskKind) => {
    if (kinds.push(kind) === count) resolve(kinds.toSorted());
  };
  return { promise, onStopped };
}

/** A Bun Worker with `fixtures/workflow-thread.ts`, and what it says, in order. */
class WorkflowThread {
  readonly #worker = new Worker(new URL("fixtures/workflow-thread.ts", import.meta.url).href);
  readonly #messages: unknown[] = [];

  constructor() {
    this.#worker.onmessage = ({ data }) => void this.#messages.push(data);
    this.#worker.onerror = ({ message }) => void this.#messages.push({ failed: message });
  }

  async next<Message>(): Promise<Message> {
    const message = await eventually(
      () => this.#messages.shift(),
      (message) => message !== undefined,
    );
    return message as Message;
  }

  say(message: unknown): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#worker.addEventListener("close", resolve));
    this.say("close");
    this.#worker.terminate();
    await closed;
  }
}

test("a workflow on another thread and its activity on this one run on the server", async () => {
  const taskQueue = `native-${crypto.randomUUID()}`;
  const worker = makeWorker({ taskQueue, taskTypes: { workflows: true, remoteActivities: true } });
  await worker.validate();

  const thread = new WorkflowThread();
  const { queue } = await thread.next<{ queue: number }>();
  thread.say({ worker: worker.handle });
  expect(await thread.next<string>()).toBe("attached");

  const stopped = stops(1);
  const refusal = Promise.withResolvers<NativeError>();
  worker.start({
    workflowQueues: [queue],
    onActivityTask(bytes) {
      const { taskToken, start } = ActivityTask.decode(bytes);
      worker.recordActivityHeartbeat(ActivityHeartbeat.encode({ taskToken }).finish());
      const result = { metadata: {}, data: new TextEncoder().encode(`"${start?.activityType} from native"`) };
      worker.completeActivityTask(
        ActivityTaskCompletion.encode({ taskToken, result: { completed: { result } } }).finish(),
      );
    },
    onStopped: stopped.onStopped,
    onError: refusal.resolve,
  });
  expect(() => worker.start({ workflowQueues: [queue], onActivityTask() {} })).toThrow(/started before/);

  const workflowId = crypto.randomUUID();
  const started = StartWorkflowExecutionResponse.decode(
    await client.rpc(
      Service.WORKFLOW,
      "StartWorkflowExecution",
      StartWorkflowExecutionRequest.encode({
        namespace: "default",
        workflowId,
        workflowType: { name: taskQueue },
        taskQueue: { name: taskQueue },
        requestId: crypto.randomUUID(),
      }).finish(),
    ),
  );
  const history = GetWorkflowExecutionHistoryResponse.decode(
    await client.rpc(
      Service.WORKFLOW,
      "GetWorkflowExecutionHistory",
      GetWorkflowExecutionHistoryRequest.encode({
        namespace: "default",
        execution: { workflowId, runId: started.runId },
        waitNewEvent: true,
        historyEventFilterType: 2, // the close event
      }).finish(),
    ),
  );
  const completed = history.history?.events?.at(-1)?.workflowExecutionCompletedEventAttributes;
  expect(new TextDecoder().decode(completed?.result?.payloads?.[0]?.data)).toBe('"echo from native"');

  worker.completeActivityTask(new Uint8Array([255, 255, 255]));
  expect(await refusal.promise).toMatchObject({ status: "INVALID_ARGUMENT" });
  thread.say("spoil");
  expect(await thread.next<{ refused: string }>()).toMatchObject({
    refused: expect.stringContaining("not an encoded"),
  });

  worker.initiateShutdown();
  expect(await stopped.promise).toEqual(["activity"]);
  expect(await thread.next<{ stopped: string }>()).toEqual({ stopped: "OK" });
  await worker.finalizeShutdown();
  expect(() => worker.completeActivityTask(new Uint8Array(0))).toThrow(NativeError);
  await expect(worker.finalizeShutdown()).rejects.toMatchObject({ status: "CLOSED" });
  worker.close();
  worker.close();
  await thread.close();
}, 180_000);

test("runs are spread over the queues of the threads, each with all of its activations", async () => {
  // By a hash of their ids; that one of three gets none of so many happens once in 10^10 times.
  const runs = 60;
  await using server = await recordingTemporal({
    workflows: Array.from({ length: runs }, () => workflowTask("waits")),
  });
  const own = await NativeClient.connect(runtime, { address: server.address });
  const worker = new NativeWorker(own, { namespace: "recorded", taskQueue: "queue", taskTypes: { workflows: true } });
  const threads = Array.from({ length: 3 }, () => ({ thread: new NativeWorkflowThread(true), seen: [] as string[] }));
  for (const { thread, seen } of threads) {
    thread.attach(worker.handle, {
      onActivation(bytes) {
        const { runId = "" } = WorkflowActivation.decode(bytes);
        seen.push(runId);
        thread.completeWorkflowActivation(WorkflowActivationCompletion.encode({ runId, successful: {} }).finish());
      },
    });
  }
  worker.start({ workflowQueues: threads.map(({ thread }) => thread.queue) });
  await server.seen("RespondWorkflowTaskCompleted", runs);
  const activations = () => threads.flatMap(({ seen }) => seen);
  // Brings each run's second activation.
  for (const runId of activations()) worker.requestWorkflowEviction(runId);
  await eventually(activations, ({ length }) => length === 2 * runs);
  await worker.finalizeShutdown();
  worker.close();
  for (const { thread } of threads) thread.close();
  own.close();
  const counts = threads.map(({ seen }) => new Set(seen).size);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts.reduce((sum, count) => sum + count)).toBe(runs);
});

test("every kind of task says when it stops", async () => {
  const worker = makeWorker({ taskTypes: { remoteActivities: true, nexus: true } });
  const stopped = stops(2);
  worker.start({ workflowQueues: [], onActivityTask() {}, onNexusTask() {}, onStopped: stopped.onStopped });
  worker.initiateShutdown();
  expect(await stopped.promise).toEqual(["activity", "nexus"]);
  await worker.finalizeShutdown();
  worker.close();
}, 180_000);

test("validation of a namespace that isn't there rejects and names it", async () => {
  const worker = makeWorker({ namespace: "not-a-namespace" });
  await expect(worker.validate()).rejects.toMatchObject({ status: "WORKER_FAILED", grpcCode: 5 });
  worker.close();
});

test("wrong options name the path, and a closed client is refused", async () => {
  expect(() => makeWorker({ maxCachedWorkflows: -1 })).toThrow(/maxCachedWorkflows/);
  const own = await NativeClient.connect(runtime, { address: (await testServer()).address });
  own.close();
  expect(() => new NativeWorker(own, { namespace: "default", taskQueue: "x" })).toThrow(NativeError);
});

test("a worker may be closed in any state", async () => {
  makeWorker().close();

  const running = makeWorker({ taskTypes: { remoteActivities: true } });
  expect(() => running.start({ workflowQueues: [] })).toThrow(/not a live queue/);
  running.start({ workflowQueues: [], onActivityTask() {} });
  running.close();

  const finalizing = makeWorker({ taskTypes: { remoteActivities: true } });
  finalizing.start({ workflowQueues: [], onActivityTask() {} });
  const finalized = finalizing.finalizeShutdown();
  finalizing.close();
  await finalized;
  expect(() => finalizing.initiateShutdown()).toThrow(/closed before/);
}, 180_000);

test("a replay worker takes histories and refuses what is none", async () => {
  const worker = NativeWorker.replay(runtime, {});
  expect(() => worker.pushHistory("some-workflow", new Uint8Array([255]))).toThrow(/not an encoded history/);
  expect(() => worker.pushHistory("some-workflow", new Uint8Array(0))).toThrow(/some-workflow/);
  worker.finishHistories();
  expect(() => worker.replaceClient(client)).toThrow(NativeError);
  worker.close();
});

test("slots that the host supplies are asked for, granted once and given back", async () => {
  const worker = makeWorker({ taskTypes: { remoteActivities: true }, tuner: { activities: { type: "host" } } });
  const reserved = Promise.withResolvers<SlotDocument>();
  const released = Promise.withResolvers<SlotDocument>();
  const open = new Set<number>();
  worker.supplySlots({
    onReserve(slot) {
      open.add(slot.reservation);
      reserved.resolve(slot);
    },
    onCancelled: ({ reservation }) => void open.delete(reservation),
    onUsed() {},
    onReleased(slot) {
      open.delete(slot.reservation);
      released.resolve(slot);
    },
  });
  expect(() => worker.supplySlots({ onReserve() {}, onCancelled() {}, onUsed() {}, onReleased() {} })).toThrow(
    NativeError,
  );
  worker.start({ workflowQueues: [], onActivityTask() {} });

  const slot = await reserved.promise;
  expect(slot.slotKind).toBe("activity");
  expect(slot.request?.issuedSlots).toBe(0);
  expect(worker.grantSlot(slot.reservation)).toBe(true);
  expect(worker.grantSlot(slot.reservation)).toBe(false);

  await worker.finalizeShutdown();
  expect((await released.promise).reservation).toBe(slot.reservation);
  worker.close();

  const other = makeWorker({ taskTypes: { remoteActivities: true } });
  expect(() => other.supplySlots({ onReserve() {}, onCancelled() {}, onUsed() {}, onReleased() {} })).toThrow(
    NativeError,
  );
  expect(() => other.grantSlot(-1)).toThrow(NativeError);
  other.close();
}, 180_000);
