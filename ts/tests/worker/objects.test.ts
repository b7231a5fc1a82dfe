/** Objects that programs hold: whatever looks at them, a formatter, a container, a comparison, sees plain objects. */

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { inspect, isDeepStrictEqual } from "node:util";
import * as nexus from "nexus-rpc";
import { Client, Connection, type RpcInterceptor, WithStartWorkflowOperation } from "../../src/client";
import { CloudOperationsClient, CloudOperationsConnection } from "../../src/cloud";
import { TypedSearchAttributes } from "../../src/common";
import { MockActivityEnvironment, TestWorkflowEnvironment } from "../../src/testing";
import { DefaultLogger, MetricsBuffer, ResourceBasedController, Runtime } from "../../src/worker";
import { operationContext } from "../../src/worker/nexus/nexus-request";
import { testServer } from "../support/server";
import { makeWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const { address } = await testServer();
/** The calls that were made. */
const calls: string[] = [];
const counting: RpcInterceptor = (call, next) => {
  calls.push(call.method);
  return next(call);
};
const connection = await Connection.connect({ address, interceptors: [counting] });
const lazy = Connection.lazy({ address: "127.0.0.1:1", interceptors: [counting] });
const client = new Client({ connection });
const started = await client.workflow.start("nobody", { taskQueue: "nobody's", workflowId: crypto.randomUUID() });
const { worker } = await makeWorker();
const environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
const activity = new MockActivityEnvironment({}, { client, logger: new DefaultLogger("ERROR") });
const cloudConnection = CloudOperationsConnection.lazy({ address, tls: false, apiKey: "none" });
const cloud = new CloudOperationsClient({ connection: cloudConnection, apiVersion: "one" });
const service = client.nexus.createServiceClient({ endpoint: "endpoint", service: nexus.service("shop", {}) });
const operation = new WithStartWorkflowOperation("nobody", {
  taskQueue: "nobody's",
  workflowId: "id",
  workflowIdConflictPolicy: "FAIL",
});
const nexusContext = operationContext(
  { header: { Some: "header" }, cancelOperation: { service: "shop", operation: "buy" } },
  new AbortController().signal,
  undefined,
);
const failure = await client.workflow
  .getHandle("nothing")
  .describe()
  .catch((error: Error) => error);

const objects: Record<string, object> = {
  connection,
  "connection.options": connection.options,
  "a lazy connection": lazy,
  "connection.workflowService": connection.workflowService,
  "connection.operatorService": connection.operatorService,
  "connection.cloudService": connection.cloudService,
  "connection.testService": connection.testService,
  "connection.healthService": connection.healthService,
  "a NativeConnection": environment.nativeConnection,
  client,
  "client.options": client.options,
  "client.workflow": client.workflow,
  "client.activity": client.activity,
  "client.schedule": client.schedule,
  "client.nexus": client.nexus,
  "client.taskQueue": client.taskQueue,
  "a handle of a started Workflow": started,
  "its description": await started.describe(),
  "its history": await started.fetchHistory(),
  "a handle of a Workflow": client.workflow.getHandle("id"),
  "a handle of an update": client.workflow.getHandle("id").getUpdateHandle("update"),
  "a handle of a schedule": client.schedule.getHandle("id"),
  "a handle of an activity": client.activity.getHandle("id"),
  "a list of Workflows": client.workflow.list(),
  "a WithStartWorkflowOperation": operation,
  "a client of a Nexus service": service,
  "a handle of a Nexus operation": client.nexus.getHandle("id"),
  "the context of a Nexus handler": nexusContext,
  "its headers": nexusContext.headers,
  worker,
  "worker.options": worker.options,
  "worker.client": worker.client,
  "worker.getStatus()": worker.getStatus(),
  "Runtime.instance()": Runtime.instance(),
  "runtime.metricMeter": Runtime.instance().metricMeter,
  "runtime.logger": Runtime.instance().logger,
  "a ResourceBasedController": ResourceBasedController.create({ targetMemoryUsage: 0.5, targetCpuUsage: 0.5 }),
  "a MetricsBuffer": new MetricsBuffer(),
  "a MockActivityEnvironment": activity,
  "the Context of an activity": activity.context,
  "the info of an activity": activity.context.info,
  "a test environment": environment,
  "a CloudOperationsConnection": cloudConnection,
  "a CloudOperationsClient": cloud,
  "cloud.cloudService": cloud.cloudService,
  "an error": failure,
  "search attributes": new TypedSearchAttributes(),
};
afterAll(async () => {
  await started.terminate();
  await Promise.all([connection.close(), environment.teardown()]);
});

/** Names that frameworks and the language look for. */
const probes = [
  "then",
  "toJSON",
  "inspect",
  "nonsense",
  "asymmetricMatch",
  "$$typeof",
  "nodeType",
  "onModuleInit",
  "onModuleDestroy",
  "onApplicationShutdown",
  "dispose",
  Symbol.toPrimitive,
  Symbol.iterator,
  Symbol.toStringTag,
];

const looks: Record<string, (object: any, name: string) => unknown> = {
  "JSON.stringify": (object) => expect(JSON.stringify({ object })).toStartWith("{"),
  "template string": (object) => expect(`${object}`).toBeString(),
  "String()": (object) => expect(String(object)).toBeString(),
  number: (object) => expect(+object).toBeNaN(),
  // biome-ignore lint/suspicious/noDoubleEquals: it is the conversion that is tried.
  "==": (object) => expect(object == "text").toBe(false),
  "util.inspect": (object) => expect(inspect(object, { depth: 4, showHidden: true, getters: true })).toBeString(),
  "Bun.inspect": (object) => expect(Bun.inspect(object, { depth: 4 })).toBeString(),
  "Bun.deepEquals": (object) => expect(Bun.deepEquals(object, object)).toBe(true),
  "Bun.deepEquals with another": (object) => expect(Bun.deepEquals(object, { a: 1 }, true)).toBe(false),
  isDeepStrictEqual: (object) => expect(isDeepStrictEqual(object, { a: 1 })).toBe(false),
  toEqual: (object) => expect(object).not.toEqual({ a: 1 }),
  // Functions can't be cloned, here no more than anywhere.
  structuredClone: (object) => {
    try {
      structuredClone(object);
    } catch (error) {
      expect((error as Error).name).toBe("DataCloneError");
    }
  },
  await: async (object) => expect((await object) === object).toBe(true),
  "own keys": (object) => Object.entries(object).length + Reflect.ownKeys(object).length,
  "its constructor": (object) => expect(object.constructor).toBeFunction(),
  "names that aren't there": (object, name) => {
    const there = probes.filter((probe) => object[probe] !== undefined);
    expect(there).toEqual(name === "search attributes" ? ["toJSON"] : []);
  },
};

test.each(Object.keys(objects))("%s", async (name) => {
  const object = objects[name]!;
  const before = calls.length;
  const failures: Record<string, string> = {};
  for (const [look, run] of Object.entries(looks)) {
    try {
      await run(object, name);
    } catch (error) {
      failures[look] = String(error).slice(0, 300);
    }
  }
  expect(failures).toEqual({});
  expect(calls.slice(before)).toEqual([]);
});
