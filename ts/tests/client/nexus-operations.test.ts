import { afterAll, describe, expect, test } from "bun:test";
import * as nexus from "nexus-rpc";
import {
  ApplicationFailure,
  BuildIdNotFoundError,
  Client,
  type ClientOptions,
  Connection,
  type NexusClientInterceptor,
  NexusOperationAlreadyStartedError,
  NexusOperationFailureError,
  NexusOperationNotFoundError,
  reachabilityResponseFromProto,
  ServiceError,
  type StartNexusOperationOptions,
  TerminatedFailure,
  TimeoutFailure,
  UnversionedBuildId,
} from "../../src/client";
import { decode } from "../../src/common/encoding";
import type { Response } from "../../src/proto/temporal/api/nexus/v1/message";
import { eventually } from "../support/eventually";
import { startServer } from "../support/server";
import { unique } from "./support";

// Off by default in server 1.32: standalone operations, and the older versioning of workers.
const server = await startServer({
  dynamicConfig: {
    "nexusoperation.enableStandalone": true,
    "frontend.workerVersioningDataAPIs": true,
    "frontend.workerVersioningRuleAPIs": true,
  },
  searchAttributes: { NexusCustomer: "Keyword" },
});
const connection = await Connection.connect({ address: server.address });
const namespace = "default";
const { workflowService, operatorService } = connection;
afterAll(async () => {
  await connection.close();
  await server.stop();
});

const client = (options: Omit<ClientOptions, "connection"> = {}) => new Client({ connection, ...options });
const customer = { name: "NexusCustomer", type: "KEYWORD" as const };
const dates = {
  transferTypeConverter: {
    fromTransferType: (text: unknown) => new Date(text as string),
    toTransferType: (date: Date) => date.toISOString(),
  },
};
const shop = nexus.service("shop", {
  order: nexus.operation<{ item: string }, { total: number }>(),
  plan: nexus.operation<Date, Date>({ name: "make-plan", inputType: dates, outputType: dates }),
});

const endpoint = "shop-endpoint";
const taskQueue = unique("queue");
await operatorService.createNexusEndpoint({ spec: { name: endpoint, target: { worker: { namespace, taskQueue } } } });

const options = (more: Partial<StartNexusOperationOptions> = {}): StartNexusOperationOptions => ({
  id: unique("operation"),
  scheduleToCloseTimeout: "1 minute",
  ...more,
});
const rejected = (promise: Promise<unknown>) =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error) => error,
  );

/** Takes the task that starts an operation, or the next one that cancels one, and answers it as a handler does. */
async function handle(answer: Response, id?: string) {
  const poll = { namespace, taskQueue: { name: taskQueue }, identity: "handler" };
  const next = async () => {
    const { taskToken, request } = await workflowService.pollNexusTaskQueue(poll);
    if (!taskToken?.length) return undefined;
    // The operations of other tests that nobody answered are still in the queue.
    const isIt =
      id === undefined
        ? request?.cancelOperation
        : request?.startOperation?.links?.some((link) => link.url?.includes(id));
    await workflowService.respondNexusTaskCompleted({ namespace, taskToken, response: isIt ? answer : asynchronous });
    return isIt ? request : undefined;
  };
  return (await eventually(next, (request) => request !== undefined))!;
}

const payload = (value: unknown) => ({
  metadata: { encoding: new TextEncoder().encode("json/plain") },
  data: new TextEncoder().encode(JSON.stringify(value)),
});
const completed = (value: unknown): Response => ({ startOperation: { syncSuccess: { payload: payload(value) } } });
const asynchronous: Response = { startOperation: { asyncSuccess: { operationToken: "token" } } };

describe("Nexus operations", () => {
  test("executed: input and headers reach the handler, its result comes back", async () => {
    const service = client().nexus.createServiceClient({ endpoint, service: shop });
    const it = options({ headers: { trace: "1" } });
    const result = service.executeOperation("order", { item: "book" }, it);
    const request = await handle(completed({ total: 3 }), it.id);
    expect(await result).toEqual({ total: 3 });
    expect(request.startOperation).toMatchObject({ service: "shop", operation: "order" });
    expect(decode(request.startOperation!.payload!.data!)).toBe('{"item":"book"}');
    expect(request.header?.trace).toBe("1");
  });

  test("given by their definition, with type information for input and result", async () => {
    const { nexus: operations } = client();
    const service = operations.createServiceClient({ endpoint, service: shop });
    const started = await service.startOperation(shop.operations.plan, new Date(0), options());
    const request = await handle(completed(new Date(1000)), started.operationId);
    expect([request.startOperation!.operation, decode(request.startOperation!.payload!.data!)]).toEqual([
      "make-plan",
      '"1970-01-01T00:00:00.000Z"',
    ]);
    const result: Date = await started.result();
    expect(result).toEqual(new Date(1000));
    const again = operations.getHandle<typeof shop.operations.plan>(started.operationId, {
      runId: started.runId,
      typeInfo: { outputType: dates as never },
    });
    expect(await again.result()).toEqual(new Date(1000));
    expect((await operations.getHandle<string>(started.operationId).result()) as unknown).toBe(
      "1970-01-01T00:00:01.000Z",
    );
  });

  test("described: everything that is set, and what became of it", async () => {
    const { nexus: operations } = client({ identity: "me" });
    const it = options({
      scheduleToStartTimeout: "30s",
      startToCloseTimeout: "40s",
      summary: "summary",
      searchAttributes: [{ key: customer, value: "c" }],
    });
    const started = await operations
      .createServiceClient({ endpoint, service: shop })
      .startOperation("order", { item: "x" }, it);
    await handle(asynchronous, started.operationId);
    const description = await eventually(
      () => started.describe(),
      ({ state }) => state === "STARTED",
    );
    expect(description).toMatchObject({
      operationId: it.id,
      runId: started.runId,
      endpoint,
      service: "shop",
      operation: "order",
      status: "RUNNING",
      state: "STARTED",
      scheduleToCloseTimeout: 60_000,
      scheduleToStartTimeout: 30_000,
      startToCloseTimeout: 40_000,
      attempt: 1,
      operationToken: "token",
      identity: "me",
      cancellationInfo: undefined,
      blockedReason: undefined,
      closeTime: undefined,
    });
    expect(description.searchAttributes.get(customer)).toBe("c");
    expect([await description.staticSummary(), await description.staticDetails()]).toEqual(["summary", undefined]);
    expect(description.expirationTime!.getTime() - description.scheduleTime!.getTime()).toBe(60_000);
    await started.terminate();
  });

  test("cancelled: the handler is asked, and the description says so", async () => {
    const started = await client()
      .nexus.createServiceClient({ endpoint, service: shop })
      .startOperation("order", { item: "x" }, options());
    await handle(asynchronous, started.operationId);
    await eventually(
      () => started.describe(),
      ({ state }) => state === "STARTED",
    );
    await started.cancel("enough");
    const request = await handle({ cancelOperation: {} });
    expect(request.cancelOperation).toMatchObject({ service: "shop", operation: "order", operationToken: "token" });
    const { cancellationInfo } = await eventually(
      () => started.describe(),
      (description) => description.cancellationInfo?.state === "SUCCEEDED",
    );
    expect(cancellationInfo).toMatchObject({ reason: "enough", attempt: 1 });
    await started.terminate();
  });

  test("failed, terminated and timed out", async () => {
    const service = client().nexus.createServiceClient({ endpoint, service: shop });
    const it = options();
    const failed = rejected(service.executeOperation("order", { item: "x" }, it));
    await handle(
      {
        startOperation: { failure: { message: "no", applicationFailureInfo: { type: "Refused", nonRetryable: true } } },
      },
      it.id,
    );
    const error = await failed;
    expect(error).toBeInstanceOf(NexusOperationFailureError);
    expect(error.message).toStartWith("Nexus operation failed: ");
    expect([error.cause, error.cause.cause].find((cause) => cause instanceof ApplicationFailure)).toMatchObject({
      message: "no",
      type: "Refused",
    });
    const started = await service.startOperation("order", { item: "x" }, options());
    await started.terminate("stop");
    const terminated = await rejected(started.result());
    expect(terminated.cause).toBeInstanceOf(TerminatedFailure);
    // An outcome is fetched once.
    expect(await rejected(started.result())).toBe(terminated);
    const waited = await service.startOperation("order", { item: "x" }, options());
    const patient = rejected(waited.result());
    await expect(connection.withDeadline(Date.now() + 100, () => waited.result())).rejects.toBeInstanceOf(ServiceError);
    await waited.terminate("enough");
    expect((await patient).cause.message).toBe("enough");
    const late = await rejected(
      service.executeOperation("order", { item: "x" }, options({ scheduleToCloseTimeout: 300 })),
    );
    expect([late.cause, late.cause.cause].find((cause) => cause instanceof TimeoutFailure)).toBeDefined();
  });

  test("a taken id", async () => {
    const service = client().nexus.createServiceClient({ endpoint, service: shop });
    const it = options();
    const started = await service.startOperation("order", { item: "x" }, it);
    const error = await rejected(service.startOperation("order", { item: "x" }, it));
    expect(error).toBeInstanceOf(NexusOperationAlreadyStartedError);
    expect([error.operationId, error.runId]).toEqual([it.id, started.runId]);
    expect(
      (await service.startOperation("order", { item: "x" }, { ...it, idConflictPolicy: "USE_EXISTING" })).runId,
    ).toBe(started.runId);
    await started.terminate();
    expect(
      await rejected(service.startOperation("order", { item: "x" }, { ...it, idReusePolicy: "REJECT_DUPLICATE" })),
    ).toBeInstanceOf(NexusOperationAlreadyStartedError);
    const again = await service.startOperation("order", { item: "x" }, it);
    expect(again.runId).not.toBe(started.runId);
    await again.terminate();
  });

  test("unknown operations, keys and endpoints", async () => {
    const { nexus: operations } = client();
    const unknown = operations.getHandle(unique("nothing"));
    for (const error of await Promise.all(
      [unknown.result(), unknown.describe(), unknown.cancel(), unknown.terminate()].map(rejected),
    )) {
      expect(error).toBeInstanceOf(NexusOperationNotFoundError);
      expect(error.operationId).toBe(unknown.operationId);
    }
    const service = operations.createServiceClient({ endpoint, service: shop });
    // @ts-expect-error: no such operation
    await expect(service.startOperation("dance", 1, options())).rejects.toThrow(
      "Unable to resolve Nexus operation name from key dance for service shop",
    );
    const nowhere = operations.createServiceClient({ endpoint: "nowhere", service: shop });
    expect((await rejected(nowhere.startOperation("order", { item: "x" }, options()))).cause.details).toContain(
      "nowhere",
    );
  });

  test("listed and counted", async () => {
    const { nexus: operations } = client();
    const service = operations.createServiceClient({ endpoint, service: shop });
    const name = unique("customer");
    const its = [1, 2, 3].map(() => options({ searchAttributes: [{ key: customer, value: name }] }));
    const handles = [];
    for (const it of its) handles.push(await service.startOperation("order", { item: "x" }, it));
    await handles[0]!.terminate();
    const query = `NexusCustomer = '${name}'`;
    const list = await eventually(
      () => Array.fromAsync(operations.list({ query, pageSize: 2 })),
      (found) => found.length === 3 && found.some((item) => item.status === "TERMINATED"),
    );
    expect(list.map((item) => item.operationId).sort()).toEqual(its.map((it) => it.id).sort());
    expect(list.find((item) => item.operationId === its[1]!.id)).toMatchObject({
      endpoint,
      service: "shop",
      operation: "order",
      status: "RUNNING",
      runId: handles[1]!.runId,
    });
    const { count, groups } = await operations.count(`${query} GROUP BY ExecutionStatus`);
    expect(count).toBe(3);
    expect(groups.map((group) => [group.count, group.groupValues[0]!.value]).sort()).toEqual([
      [1, "Terminated"],
      [2, "Running"],
    ]);
    expect(await rejected(operations.count("this is none"))).toBeInstanceOf(ServiceError);
    for (const started of handles.slice(1)) await started.terminate();
  });

  test("interceptors: every call goes through them, first to last", async () => {
    const seen: string[] = [];
    const interceptor = (name: string) =>
      new Proxy({} as NexusClientInterceptor, {
        get: (_target, method) => (input: object, next: (input: object) => unknown) => {
          seen.push(`${name} ${String(method)}`);
          return next(input);
        },
      });
    const changing: NexusClientInterceptor = {
      startOperation: (input, next) => next({ ...input, arg: { item: "changed" } }),
    };
    const { nexus: operations } = client({
      interceptors: { nexus: [interceptor("one"), interceptor("two"), changing] },
    });
    const started = await operations
      .createServiceClient({ endpoint, service: shop })
      .startOperation("order", { item: "x" }, options());
    expect(decode((await handle(asynchronous, started.operationId)).startOperation!.payload!.data!)).toBe(
      '{"item":"changed"}',
    );
    await started.describe();
    await started.cancel();
    await started.terminate();
    await rejected(started.result());
    await Array.fromAsync(operations.list());
    await operations.count();
    const methods = ["startOperation", "describe", "cancel", "terminate", "getResult", "list", "count"];
    expect(seen).toEqual(methods.flatMap((method) => [`one ${method}`, `two ${method}`]));
  });

  test("types: inputs and results are those of the operations", () => {
    const service = client().nexus.createServiceClient({ endpoint, service: shop });
    void (async () => {
      const { total }: { total: number } = await service.executeOperation(
        shop.operations.order,
        { item: "x" },
        options(),
      );
      // @ts-expect-error: of another type
      await service.executeOperation("order", { item: 1 }, options());
      // @ts-expect-error: the id is missing
      await service.executeOperation("order", { item: "x" }, {});
      // @ts-expect-error: the result has another type
      const wrong: string = await service.executeOperation("order", { item: "x" }, options());
      void [total, wrong];
    }).length;
    expect([service.endpoint, service.service]).toEqual([endpoint, shop]);
  });
});

describe("build ids of task queues (deprecated)", () => {
  test("are added, promoted and merged", async () => {
    const queue = unique("queue");
    const { taskQueue: queues } = client();
    expect(await queues.getBuildIdCompatability(queue)).toBeUndefined();
    const sets = async () => (await queues.getBuildIdCompatability(queue))?.versionSets.map((set) => set.buildIds);
    await queues.updateBuildIdCompatibility(queue, { operation: "addNewIdInNewDefaultSet", buildId: "1.0" });
    await queues.updateBuildIdCompatibility(queue, { operation: "addNewIdInNewDefaultSet", buildId: "2.0" });
    await queues.updateBuildIdCompatibility(queue, {
      operation: "addNewCompatibleVersion",
      buildId: "1.1",
      existingCompatibleBuildId: "1.0",
    });
    expect(await sets()).toEqual([["1.0", "1.1"], ["2.0"]]);
    expect(await queues.getBuildIdCompatability(queue)).toMatchObject({
      defaultBuildId: "2.0",
      defaultSet: { buildIds: ["2.0"], default: "2.0" },
    });
    await queues.updateBuildIdCompatibility(queue, { operation: "promoteBuildIdWithinSet", buildId: "1.0" });
    await queues.updateBuildIdCompatibility(queue, { operation: "promoteSetByBuildId", buildId: "1.0" });
    expect(await sets()).toEqual([["2.0"], ["1.1", "1.0"]]);
    await queues.updateBuildIdCompatibility(queue, {
      operation: "addNewCompatibleVersion",
      buildId: "2.1",
      existingCompatibleBuildId: "2.0",
      promoteSet: true,
    });
    expect(await sets()).toEqual([
      ["1.1", "1.0"],
      ["2.0", "2.1"],
    ]);
    await queues.updateBuildIdCompatibility(queue, {
      operation: "mergeSets",
      primaryBuildId: "2.0",
      secondaryBuildId: "1.0",
    });
    expect((await queues.getBuildIdCompatability(queue))?.defaultBuildId).toBe("2.1");
    expect((await sets())?.length).toBe(1);
    const unknown = queues.updateBuildIdCompatibility(queue, { operation: "promoteSetByBuildId", buildId: "9.0" });
    expect(await rejected(unknown)).toBeInstanceOf(BuildIdNotFoundError);
  });

  test("reachability", async () => {
    const queue = unique("queue");
    const { taskQueue: queues } = client();
    await queues.updateBuildIdCompatibility(queue, { operation: "addNewIdInNewDefaultSet", buildId: "r1" });
    await queues.updateBuildIdCompatibility(queue, { operation: "addNewIdInNewDefaultSet", buildId: "r2" });
    const { buildIdReachability } = await queues.getReachability({
      buildIds: ["r1", "r2", UnversionedBuildId],
      taskQueues: [queue],
      reachability: "OPEN_WORKFLOWS",
    });
    expect(buildIdReachability.r2).toEqual({ taskQueueReachability: { [queue]: ["NEW_WORKFLOWS"] } });
    expect(Reflect.ownKeys(buildIdReachability)).toEqual(["r1", "r2", UnversionedBuildId]);
    expect(await rejected(queues.getReachability({ taskQueues: [queue] }))).toBeInstanceOf(ServiceError);
  });
});

test("reachability that the server did not look up, and none", () => {
  const answer = {
    buildIdReachability: [
      { buildId: "1.0", taskQueueReachability: [{ taskQueue: "a", reachability: [0] }, { taskQueue: "b" }] },
    ],
  };
  expect(reachabilityResponseFromProto(answer).buildIdReachability["1.0"]).toEqual({
    taskQueueReachability: { a: ["NOT_FETCHED"], b: [] },
  });
});

describe("worker deployments, by raw RPCs", () => {
  test("a deployment is made, gets a current and a ramping version, and is described and listed", async () => {
    const deploymentName = unique("deployment");
    await workflowService.createWorkerDeployment({
      namespace,
      deploymentName,
      requestId: crypto.randomUUID(),
      identity: "me",
    });
    for (const buildId of ["1.0", "2.0"]) {
      await workflowService.createWorkerDeploymentVersion({
        namespace,
        deploymentVersion: { deploymentName, buildId },
        requestId: crypto.randomUUID(),
        identity: "me",
      });
    }
    const describe = async () =>
      (await workflowService.describeWorkerDeployment({ namespace, deploymentName })).workerDeploymentInfo!;
    await eventually(describe, (info) => info.versionSummaries?.length === 2);
    await workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId: "1.0",
      identity: "me",
      ignoreMissingTaskQueues: true,
    });
    await workflowService.setWorkerDeploymentRampingVersion({
      namespace,
      deploymentName,
      buildId: "2.0",
      percentage: 25,
      identity: "me",
      ignoreMissingTaskQueues: true,
    });
    expect((await describe()).routingConfig).toMatchObject({
      currentDeploymentVersion: { deploymentName, buildId: "1.0" },
      rampingDeploymentVersion: { deploymentName, buildId: "2.0" },
      rampingVersionPercentage: 25,
    });
    const { workerDeploymentVersionInfo: version } = await workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName, buildId: "1.0" },
    });
    expect(version!.deploymentVersion).toEqual({ deploymentName, buildId: "1.0" });
    await eventually(
      async () => (await workflowService.listWorkerDeployments({ namespace })).workerDeployments ?? [],
      (list) => list.some((item) => item.name === deploymentName),
    );
  });
});
