import { expect, test } from "bun:test";
import Long from "long";
import type { WorkflowActivation } from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { resultOf, TestThread } from "./support";

/** Mulberry32: a failure can be repeated. */
function generator(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const jobs = [
  "initializeWorkflow",
  "fireTimer",
  "updateRandomSeed",
  "queryWorkflow",
  "cancelWorkflow",
  "signalWorkflow",
  "resolveActivity",
  "notifyHasPatch",
  "resolveChildWorkflowExecutionStart",
  "resolveChildWorkflowExecution",
  "resolveSignalExternalWorkflow",
  "resolveRequestCancelExternalWorkflow",
  "doUpdate",
  "resolveNexusOperationStart",
  "resolveNexusOperation",
  "removeFromCache",
];

test("activations that make no sense get a completion, and the thread lives on", async () => {
  const thread = await TestThread.open("features.ts");
  const random = generator(42);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const fields = (): object => ({
    seq: pick([0, 1, 2, 4294967295, undefined]),
    workflowType: pick(["messages", "children", "nope", "", undefined]),
    workflowId: pick(["id", "", undefined]),
    arguments: pick([[], [{}], [{ metadata: { encoding: new Uint8Array([255]) } }], undefined]),
    input: pick([[], [{ data: new Uint8Array([1, 2]) }], undefined]),
    signalName: pick(["add", "__temporal_x", "", undefined]),
    queryType: pick(["total", "__stack_trace", "", undefined]),
    queryId: pick(["q", undefined]),
    id: pick(["u", undefined]),
    protocolInstanceId: pick(["p", undefined]),
    name: pick(["change", "", undefined]),
    patchId: pick(["a", undefined]),
    randomnessSeed: pick([Long.MAX_UNSIGNED_VALUE, undefined]),
    result: pick([
      {},
      { completed: {} },
      { failed: {} },
      { cancelled: { failure: { message: "x", activityFailureInfo: {} } } },
      { backoff: {} },
      undefined,
    ]),
    succeeded: pick([{}, undefined]),
    failed: pick([{}, undefined]),
    runValidator: pick([true, false]),
    startTime: pick([{}, undefined]),
    workflowTaskTimeout: pick([{}, undefined]),
  });
  for (let count = 0; count < 500; count++) {
    const activation = {
      runId: pick(["one", "two", "", undefined]),
      timestamp: pick([{}, { seconds: Long.fromNumber(1e9) }, undefined]),
      isReplaying: pick([true, false, undefined]),
      availableInternalFlags: pick([[], [1, 2], [999], undefined]),
      jobs: Array.from({ length: Math.floor(random() * 4) }, () => ({ [pick(jobs)]: fields() })),
    } as WorkflowActivation;
    const { completion } = await thread.activate(activation);
    expect(completion.runId ?? "").toBe(activation.runId ?? "");
    expect(completion.successful === undefined).not.toBe(completion.failed === undefined);
  }
  const run = thread.run("messages", 0);
  expect(resultOf(await run.start())).toEqual([]);
});
