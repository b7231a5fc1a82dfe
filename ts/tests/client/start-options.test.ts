import { describe, expect, test } from "bun:test";
import {
  Client,
  Connection,
  type WorkflowClientInterceptor,
  WorkflowFailedError,
  type WorkflowStartOptions,
} from "../../src/client";
import {
  type InternalWorkflowHandle,
  InternalWorkflowSignalOptionsSymbol,
  type InternalWorkflowStartOptions,
  InternalWorkflowStartOptionsSymbol,
  InternalWorkflowUpdateOptionsSymbol,
} from "../../src/client/internal";
import { mapConcurrently } from "../../src/client/iterators";
import { SearchAttributeType, TimeoutFailure, TypedSearchAttributes } from "../../src/common";
import {
  StartWorkflowExecutionRequest,
  UpdateWorkflowExecutionRequest,
  UpdateWorkflowExecutionResponse,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { eventually } from "../support/eventually";
import { grpcServer } from "../support/grpc-server";
import { answerTask, answerUpdate, client, complete, fail, searchAttribute, unique } from "./support";

await Promise.all([
  searchAttribute("StartKeyword", "KEYWORD"),
  searchAttribute("StartInt", "INT"),
  searchAttribute("StartDate", "DATETIME"),
]);

/** Starts a workflow with these options, and returns what the first event of its history says of it. */
async function started(options: Partial<WorkflowStartOptions>, interceptors?: WorkflowClientInterceptor[]) {
  const { workflow } = await client({ interceptors: { workflow: interceptors } });
  const taskQueue = unique("queue");
  const handle = await workflow.start("order", { taskQueue, workflowId: unique("workflow"), ...options });
  const { events } = await handle.fetchHistory();
  return {
    workflow,
    handle,
    taskQueue,
    attributes: events![0]!.workflowExecutionStartedEventAttributes!,
    async [Symbol.asyncDispose]() {
      await handle.terminate().catch(() => {});
    },
  };
}

describe("options of a start", () => {
  test("retry: a failed run is followed by another, and result() waits for it", async () => {
    await using it = await started({
      retry: { maximumAttempts: 2, initialInterval: "1s", nonRetryableErrorTypes: ["Bad"] },
    });
    expect(it.attributes.retryPolicy).toMatchObject({ maximumAttempts: 2, nonRetryableErrorTypes: ["Bad"] });
    const result = it.handle.result();
    await answerTask(it.taskQueue, [fail({ message: "first", applicationFailureInfo: { type: "Once" } })]);
    await answerTask(it.taskQueue, [complete("second")]);
    expect(await result).toBe("second");
    expect((await it.workflow.getHandle(it.handle.workflowId).describe()).runId).not.toBe(
      it.handle.firstExecutionRunId,
    );
  });

  test("cronSchedule: runs wait for their time", async () => {
    await using it = await started({ cronSchedule: "0 0 1 1 *" });
    expect(it.attributes.cronSchedule).toBe("0 0 1 1 *");
    const { executionTime, startTime } = await it.handle.describe();
    expect(executionTime!.getTime()).toBeGreaterThan(startTime.getTime());
    expect([executionTime!.getUTCDate(), executionTime!.getUTCMonth()]).toEqual([1, 0]);
    await expect(started({ cronSchedule: "never" })).rejects.toThrow("Failed to start Workflow: ");
  });

  test("memo and search attributes, typed and not; where both have one, the typed counts", async () => {
    const date = new Date("2020-02-03T04:05:06.789Z");
    await using it = await started({
      memo: { text: "t", list: [1, null] },
      searchAttributes: { StartKeyword: ["untyped"], StartInt: [1] },
      typedSearchAttributes: new TypedSearchAttributes([
        { key: { name: "StartKeyword", type: SearchAttributeType.KEYWORD }, value: "typed" },
        { key: { name: "StartDate", type: SearchAttributeType.DATETIME }, value: date },
      ]),
    });
    const { memo, searchAttributes, typedSearchAttributes } = await it.handle.describe();
    expect(memo).toEqual({ text: "t", list: [1, null] });
    expect(searchAttributes).toEqual({ StartKeyword: ["typed"], StartInt: [1], StartDate: [date] });
    expect(typedSearchAttributes.get({ name: "StartDate", type: SearchAttributeType.DATETIME })).toEqual(date);
    const found = await eventually(
      () =>
        Array.fromAsync(
          it.workflow.list({ query: `StartKeyword = 'typed' AND WorkflowId = '${it.handle.workflowId}'` }),
        ),
      (list) => list.length === 1,
    );
    expect(found[0]).toMatchObject({
      workflowId: it.handle.workflowId,
      memo: { text: "t" },
      searchAttributes: { StartInt: [1] },
    });
  });

  test("priority", async () => {
    await using it = await started({ priority: { priorityKey: 1, fairnessKey: "tenant", fairnessWeight: 2.5 } });
    expect((await it.handle.describe()).priority).toEqual({
      priorityKey: 1,
      fairnessKey: "tenant",
      fairnessWeight: 2.5,
    });
    await expect(started({ priority: { priorityKey: 1.5 } })).rejects.toThrow(
      "priorityKey must be an integer, got 1.5",
    );
  });

  test("timeouts arrive, and end the run", async () => {
    await using it = await started({
      workflowExecutionTimeout: "1 hour",
      workflowRunTimeout: "2s",
      workflowTaskTimeout: 1000,
    });
    const seconds = (duration: { seconds?: { toNumber(): number } } | undefined) => duration?.seconds?.toNumber();
    const { workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout } = it.attributes;
    expect([workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout].map(seconds)).toEqual([3600, 2, 1]);
    const error = await it.handle.result().catch((reason) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error.cause).toBeInstanceOf(TimeoutFailure);
  });

  test("startDelay: the first task comes later", async () => {
    await using it = await started({ startDelay: "1 hour" });
    expect(it.attributes.firstWorkflowTaskBackoff?.seconds?.toNumber()).toBe(3600);
    const { executionTime, startTime } = await it.handle.describe();
    expect(executionTime!.getTime() - startTime.getTime()).toBe(3_600_000);
  });

  test("versioningOverride: pinned to a version, or upgrading", async () => {
    const requests: StartWorkflowExecutionRequest[] = [];
    await using server = await grpcServer(
      ({ rpc, request }) =>
        void (rpc === "StartWorkflowExecution" && requests.push(StartWorkflowExecutionRequest.decode(request))),
    );
    const connection = await Connection.connect({ address: server.address });
    const { workflow } = new Client({ connection });
    const base = { taskQueue: "queue", workflowId: "workflow" };
    await workflow.start("order", {
      ...base,
      versioningOverride: { pinnedTo: { deploymentName: "shop", buildId: "1.0" } },
    });
    await workflow.start("order", { ...base, versioningOverride: "AUTO_UPGRADE" });
    await workflow.start("order", base);
    expect(requests.map((request) => request.versioningOverride)).toEqual([
      {
        pinned: { behavior: 1, version: { deploymentName: "shop", buildId: "1.0" } },
        behavior: 1,
        pinnedVersion: "shop.1.0",
      },
      { autoUpgrade: true, behavior: 2 },
      undefined,
    ]);
    await connection.close();
    // A real server knows no such version, and says so.
    await expect(
      started({ versioningOverride: { pinnedTo: { deploymentName: "shop", buildId: "none" } } }),
    ).rejects.toThrow("Failed to start Workflow: ");
    await using upgrading = await started({ versioningOverride: "AUTO_UPGRADE" });
    const { raw } = await upgrading.handle.describe();
    expect(raw.workflowExecutionInfo?.versioningInfo?.versioningOverride).toMatchObject({ autoUpgrade: true });
  });
});

describe("request ids, links and callbacks", () => {
  const links = [
    { workflowEvent: { namespace: "default", workflowId: "caller", runId: "01a1fc05-abb7-7dcf-a9ec-a1a59f3ce8da" } },
  ];

  test("of a start: the same request id starts one workflow; links and the server's link are kept", async () => {
    const details: InternalWorkflowStartOptions[typeof InternalWorkflowStartOptionsSymbol] = {
      requestId: crypto.randomUUID(),
      links,
    };
    const options = {
      taskQueue: unique("queue"),
      workflowId: unique("workflow"),
      [InternalWorkflowStartOptionsSymbol]: details,
    };
    const { workflow } = await client();
    const handle = await workflow.start("order", options);
    const again = await workflow.start("order", options);
    expect(again.firstExecutionRunId).toBe(handle.firstExecutionRunId);
    expect(details.responseLink?.workflowEvent).toMatchObject({
      workflowId: options.workflowId,
      runId: handle.firstExecutionRunId,
    });
    const [first] = (await handle.fetchHistory()).events!;
    expect(first!.links?.[0]?.workflowEvent).toMatchObject({ workflowId: "caller" });
    // A handle's signals carry links too.
    const internal = handle as unknown as InternalWorkflowHandle;
    internal[InternalWorkflowSignalOptionsSymbol] = { links };
    await internal.signal("signal");
    const signaled = (await handle.fetchHistory()).events!.find(
      (event) => event.workflowExecutionSignaledEventAttributes,
    );
    expect(signaled!.links?.[0]?.workflowEvent).toMatchObject({ workflowId: "caller" });
    await handle.terminate();
  });

  test("callbacks and conflict options of a start, all of an update", async () => {
    const starts: StartWorkflowExecutionRequest[] = [];
    const updates: UpdateWorkflowExecutionRequest[] = [];
    await using server = await grpcServer(({ rpc, request }) => {
      if (rpc === "StartWorkflowExecution") starts.push(StartWorkflowExecutionRequest.decode(request));
      if (rpc !== "UpdateWorkflowExecution") return;
      updates.push(UpdateWorkflowExecutionRequest.decode(request));
      return UpdateWorkflowExecutionResponse.encode({
        stage: 3,
        outcome: { success: {} },
        link: { batchJob: { jobId: "job" } },
      }).finish();
    });
    const connection = await Connection.connect({ address: server.address });
    const { workflow } = new Client({ connection });
    const details = {
      requestId: "r",
      completionCallbacks: [{ nexus: { url: "http://localhost/callback" } }],
      links: [{ batchJob: { jobId: "caller" } }],
    };
    const onConflictOptions = { attachRequestId: true, attachCompletionCallbacks: true, attachLinks: true };
    const options = {
      taskQueue: "queue",
      workflowId: "workflow",
      [InternalWorkflowStartOptionsSymbol]: { ...details, onConflictOptions },
    };
    const handle = await workflow.start("order", options);
    expect(starts[0]).toMatchObject({ ...details, onConflictOptions });
    const internal: typeof details & { responseLink?: unknown; outcome?: unknown } = { ...details };
    await (handle as unknown as InternalWorkflowHandle).startUpdate("update", {
      waitForStage: "ACCEPTED",
      [InternalWorkflowUpdateOptionsSymbol]: internal as never,
    });
    expect(updates[0]!.request).toMatchObject(details);
    expect(internal).toMatchObject({ responseLink: { batchJob: { jobId: "job" } }, outcome: { success: {} } });
    await connection.close();
  });
});

describe("lists", () => {
  test("histories are fetched as many at a time as asked for and come in order; one that fails fails at its turn", async () => {
    async function* numbers() {
      yield* [0, 1, 2, 3, 4, 5];
    }
    let running = 0;
    let most = 0;
    /** Takes the longer the lower the number. */
    const fetch = (failing?: number) => async (number: number) => {
      most = Math.max(most, ++running);
      for (let turns = 6 - number; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (number === failing) throw new Error(`${number} failed`);
      return number;
    };
    expect(await Array.fromAsync(mapConcurrently(numbers(), fetch(), 3))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(most).toBe(3);
    const seen: number[] = [];
    const failing = async () => {
      for await (const number of mapConcurrently(numbers(), fetch(2), 3)) seen.push(number);
    };
    await expect(failing()).rejects.toThrow("2 failed");
    expect(seen).toEqual([0, 1]);
    // Nobody asks for the others any more, so that one of them failed is nobody's concern.
    for await (const number of mapConcurrently(numbers(), fetch(1), 3)) {
      expect(number).toBe(0);
      break;
    }
  });

  test("histories of what was found", async () => {
    const { workflow } = await client();
    const taskQueue = unique("queue");
    const ids = ["a", "b", "c", "d", "e"].map(unique);
    for (const workflowId of ids) await workflow.start("order", { taskQueue, workflowId });
    const query = `TaskQueue = '${taskQueue}'`;
    await eventually(
      () => workflow.count(query),
      ({ count }) => count === ids.length,
    );
    for (const options of [undefined, { concurrency: 2 }, { concurrency: 3, bufferLimit: 1 }]) {
      const histories = await Array.fromAsync(workflow.list({ query, pageSize: 2 }).intoHistories(options));
      expect(histories.map((item) => item.workflowId).sort()).toEqual(ids.toSorted());
      for (const { history } of histories) {
        const [first] = (history as { events: { workflowExecutionStartedEventAttributes?: object }[] }).events;
        expect(first!.workflowExecutionStartedEventAttributes).toMatchObject({ taskQueue: { name: taskQueue } });
      }
    }
    for await (const { workflowId } of workflow.list({ query }).intoHistories()) {
      expect(ids).toContain(workflowId);
      break;
    }
    for (const workflowId of ids) await workflow.getHandle(workflowId).terminate();
  });

  test("counts by group", async () => {
    const { workflow } = await client();
    const taskQueue = unique("queue");
    const handles = [];
    for (const name of ["a", "b", "c"])
      handles.push(await workflow.start("order", { taskQueue, workflowId: unique(name) }));
    await handles[0]!.terminate();
    const { groups } = await eventually(
      () => workflow.count(`TaskQueue = '${taskQueue}' GROUP BY ExecutionStatus`),
      (result) => result.count === 3 && result.groups.length === 2,
    );
    expect(groups.toSorted((a, b) => a.count - b.count)).toEqual([
      { count: 1, groupValues: [["Terminated"]] as never },
      { count: 2, groupValues: [["Running"]] as never },
    ]);
    for (const handle of handles.slice(1)) await handle.terminate();
  });
});

test("an update by handle that was rejected is not in the way of others", async () => {
  await using it = await started({});
  const first = it.handle.executeUpdate("add", { args: [1] }).catch((error) => error);
  await answerUpdate(it.taskQueue, { rejection: { message: "no", applicationFailureInfo: {} } });
  expect(await first).toMatchObject({ cause: { message: "no" } });
  const second = it.handle.executeUpdate("add", { args: [1] });
  await answerUpdate(it.taskQueue, { value: 2 });
  expect(await second).toBe(2);
});
