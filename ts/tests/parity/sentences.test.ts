/**
 * What errors say. Tests and alerts of services compare with the sentences of the official SDK, so ours begin with
 * them. What is known besides follows, or is the cause.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { operation, service, serviceHandler } from "nexus-rpc";
import { Context } from "../../src/activity";
import { Client, Connection, type ScheduleOptions, WithStartWorkflowOperation } from "../../src/client";
import { defaultPayloadConverter, MetricMeterWithComposedTags, noopMetricMeter } from "../../src/common";
import { encode } from "../../src/common/encoding";
import { msToNumber } from "../../src/common/time";
import { loadClientConnectConfig } from "../../src/envconfig";
import { getClient } from "../../src/nexus";
import { MockActivityEnvironment } from "../../src/testing";
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  ResourceBasedController,
  Runtime,
  Worker,
  type WorkerOptions,
} from "../../src/worker";
import * as workflow from "../../src/workflow";
import { testServer } from "../support/server";
import { rejection, testConnection } from "../worker/support";

setDefaultTimeout(180_000);

/** Its server is never asked: what is wrong is found before anything is sent. */
const client = new Client({ connection: Connection.lazy({ address: "127.0.0.1:1" }) });
const shop = service("shop", { order: operation<string, string>() });

const activity = (options: object) => () =>
  client.activity.start("work", { id: "a", taskQueue: "q", startToCloseTimeout: "1s", ...options } as never);
const schedule = (options: object) => () =>
  client.schedule.create({
    scheduleId: "s",
    spec: {},
    action: { type: "startWorkflow", workflowType: "w", taskQueue: "q" },
    ...options,
  } as ScheduleOptions);
const start =
  (options: object, type: any = "w") =>
  () =>
    client.workflow.start(type, { taskQueue: "q", workflowId: "w", ...options } as never);
const worker = (options: object) => async () => {
  const { connection, namespace } = await testConnection();
  const activities = { async work() {} };
  return Worker.create({ connection, namespace, taskQueue: "q", activities, ...options } as WorkerOptions);
};
const configuration =
  (data: string, options: object = {}) =>
  () =>
    loadClientConnectConfig({ configSource: { data }, overrideEnvVars: {}, configFileStrict: true, ...options });
async function named() {}

const targets = { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 };
const fixed = { type: "fixed-size", numSlots: 3 };
const holder = (suppliers: object) => ({
  tuner: {
    workflowTaskSlotSupplier: fixed,
    activityTaskSlotSupplier: fixed,
    localActivityTaskSlotSupplier: fixed,
    nexusTaskSlotSupplier: fixed,
    ...suppliers,
  },
});
const aiming = (aims: object) => ({ type: "resource-based", ...aims });
const deployment = (defaultVersioningBehavior?: string) => ({
  workerDeploymentOptions: {
    version: { deploymentName: "d", buildId: "b" },
    useWorkerVersioning: true,
    defaultVersioningBehavior,
  },
});
const bundle = (options: object) => () =>
  bundleWorkflowCode({ workflowsPath: `${import.meta.dir}/../worker/fixtures/workflows.ts`, ...options });
const bare = { ...noopMetricMeter, createUpDownCounter: undefined } as never;
const oneOf = "Resource-based tuner must specify exactly one of controller or tunerOptions";

/** What is done wrong, and how the error begins. */
const wrong: Record<string, Record<string, [() => unknown, string]>> = {
  "standalone activities": {
    "no id": [activity({ id: undefined }), "id is required"],
    "no task queue": [activity({ taskQueue: undefined }), "taskQueue is required"],
    "no timeout": [
      activity({ startToCloseTimeout: undefined }),
      "Either scheduleToCloseTimeout or startToCloseTimeout is required",
    ],
    "a delay below 0": [activity({ startDelay: -5 }), "startDelay must be non-negative"],
    "no type": [() => client.activity.start("", {} as never), "activityType is required"],
    "a handle without an id": [() => client.activity.getHandle(""), "activityId is required"],
  },
  "Nexus clients": {
    "an unknown operation": [
      () =>
        client.nexus
          .createServiceClient({ service: shop, endpoint: "e" })
          .startOperation("x" as never, 1 as never, { id: "o" }),
      "Unable to resolve Nexus operation name from key x for service shop",
    ],
  },
  schedules: {
    "an hour": [
      schedule({ spec: { calendars: [{ hour: 99 }] } }),
      "Invalid CalendarSpec component for field hour: '99' of type 'number'",
    ],
    "a day": [
      schedule({ spec: { calendars: [{ dayOfWeek: "NEVER" }] } }),
      "Invalid CalendarSpec component for field dayOfWeek: 'NEVER' of type 'string'",
    ],
    "a policy": [schedule({ policies: { overlap: "NEVER" } }), "Invalid enum value: 'NEVER'"],
  },
  "starting Workflows": {
    "a policy": [start({ workflowIdReusePolicy: "NEVER" }), "Invalid enum value: 'NEVER'"],
    "a duration": [start({ workflowRunTimeout: "x" }), "Invalid duration string: 'x'"],
    "a search attribute": [
      start({ searchAttributes: { a: [{}] } }),
      "SearchAttribute values must arrays of strings, numbers, booleans, or Dates. " +
        "The value [object Object] at index 0 is of type object",
    ],
    "type information beside a function": [
      start({ typeInfo: {} }, named),
      "Workflow type information cannot be supplied at the call site when using a workflow function.",
    ],
    "a priority": [start({ priority: { priorityKey: -1 } }), "priorityKey must be a positive integer"],
    "a start operation that is used twice": [
      () => {
        const startWorkflowOperation = new WithStartWorkflowOperation("w", {
          workflowId: "w",
          taskQueue: "q",
          workflowIdConflictPolicy: "FAIL",
        });
        startWorkflowOperation.workflowHandle().catch(() => {});
        client.workflow.executeUpdateWithStart("u", { startWorkflowOperation }).catch(() => {});
        return client.workflow.executeUpdateWithStart("u", { startWorkflowOperation });
      },
      "This WithStartWorkflowOperation instance has already been executed.",
    ],
  },
  "options of Workers": {
    "no task queue": [worker({ taskQueue: undefined }), "Task queue name is required"],
    "versioning without a build ID": [
      worker({ useVersioning: true }),
      "Must provide a buildId if useVersioning is true",
    ],
    "a versioning behaviour": [worker(deployment("NEVER")), "Unknown versioning behavior: NEVER"],
    "no versioning behaviour": [worker(deployment()), "Unknown versioning behavior: undefined"],
    "a tuner beside a number": [
      worker({ tuner: { tunerOptions: targets }, maxConcurrentActivityTaskExecutions: 5 }),
      "Cannot set both tuner and maxConcurrentActivityTaskExecutions",
    ],
    "no tuner": [worker({ tuner: {} }), "Invalid worker tuner configuration"],
    "several resource-based tuners": [
      worker(
        holder({
          activityTaskSlotSupplier: aiming({ tunerOptions: targets }),
          localActivityTaskSlotSupplier: aiming({ tunerOptions: { ...targets, targetCpuUsage: 0.5 } }),
        }),
      ),
      "Cannot construct worker tuner with multiple different resource-based tuner configurations",
    ],
    "two controllers": [
      worker(
        holder({
          activityTaskSlotSupplier: aiming({ controller: ResourceBasedController.create(targets) }),
          localActivityTaskSlotSupplier: aiming({ controller: ResourceBasedController.create(targets) }),
        }),
      ),
      "Cannot construct worker tuner with multiple different resource-based tuner configurations",
    ],
    "a controller beside targets": [
      worker({ tuner: { tunerOptions: targets, controller: ResourceBasedController.create(targets) } }),
      oneOf,
    ],
    "neither controller nor targets": [worker(holder({ activityTaskSlotSupplier: aiming({}) })), oneOf],
    "a controller that is none": [
      worker({ tuner: { controller: {} } }),
      "Resource-based tuner controller must be a ResourceBasedController",
    ],
    "eager activities below 0": [
      worker({ maxEagerActivityReservationsPerWorkflowTask: -1 }),
      "maxEagerActivityReservationsPerWorkflowTask must be a non-negative integer",
    ],
    "two Nexus services of a name": [
      worker({ nexusServices: [1, 2].map(() => serviceHandler(shop, { order: async () => "done" })) }),
      "Duplicate registration of nexus service 'shop'",
    ],
    "a bundle that is none": [worker({ workflowBundle: {} }), "Invalid WorkflowOptions.workflowBundle"],
    "a replay without a history": [
      () => Worker.runReplayHistory({ workflowBundle: { code: "" } }, null as never),
      "Expected a non-null history object, got object",
    ],
  },
  conversion: {
    "an unknown encoding": [
      () => defaultPayloadConverter.fromPayload({ metadata: { encoding: encode("a/b") }, data: encode("x") }),
      "Unknown encoding: a/b",
    ],
    "no metadata": [() => defaultPayloadConverter.fromPayload({ data: encode("x") }), "Missing payload metadata"],
    "a value": [() => defaultPayloadConverter.toPayload(1n), "Unable to convert 1 to payload"],
    "a duration": [() => msToNumber("x" as never), "Invalid duration string: 'x'"],
  },
  configuration: {
    "what is no TOML": [configuration("x = ["), "Invalid TOML document: "],
    "an unknown key": [configuration("other = 1"), "Validation error: key(s) unrecognized: other"],
    "an unknown key of a profile": [
      configuration("[profile.default]\nother = 1"),
      "Validation error: key(s) unrecognized in profile.default: other",
    ],
    "a profile": [configuration("[profile]\ndefault = 1"), "Validation error: profile.default must be a table"],
    "a path beside data": [
      configuration("[profile.default.tls]\nclient_cert_path = 'a'\nclient_cert_data = 'b'"),
      "Cannot specify both client_cert_path and client_cert_data",
    ],
    "no source": [
      configuration("", { disableFile: true, disableEnv: true }),
      "Cannot disable both file and environment loading",
    ],
    "an unknown profile": [configuration("", { profile: "other" }), "Profile 'other' not found in config data"],
  },
  "the wrong place": {
    "an activity's context": [() => Context.current(), "Activity context not initialized"],
    "an activity without a client": [
      () =>
        new MockActivityEnvironment({}, { logger: new DefaultLogger("ERROR") }).run(
          async () => Context.current().client,
        ),
      "No Client available. This may be a MockActivityEnvironment that was created without a Client.",
    ],
    "a Nexus handler's client": [() => getClient(), "Not in a Nexus handler context"],
    "a Workflow's information": [
      () => workflow.workflowInfo(),
      "Workflow.workflowInfo(...) may only be used from a Workflow Execution.",
    ],
    "a Workflow's timer": [() => workflow.sleep(1), "Workflow.sleep(...) may only be used from a Workflow Execution"],
    "a Workflow's handler": [
      () => workflow.setHandler(workflow.defineSignal("s"), () => {}),
      "Workflow.setHandler(...) may only be used from a Workflow Execution.",
    ],
    "a child Workflow's start": [
      () => workflow.startChild("child"),
      "Workflow.startChild(...) may only be used from a Workflow Execution. " +
        "Consider using Client.workflow.start(...) instead.)",
    ],
    "a child Workflow": [
      () => workflow.executeChild("child"),
      "Workflow.executeChild(...) may only be used from a Workflow Execution. " +
        "Consider using Client.workflow.execute(...) instead.",
    ],
    "another Workflow": [
      () => workflow.getExternalWorkflowHandle("other"),
      "Workflow.getExternalWorkflowHandle(...) may only be used from a Workflow Execution. " +
        "Consider using Client.workflow.getHandle(...) instead.)",
    ],
    "a Workflow's patch": [
      () => workflow.patched("p"),
      "Workflow.patch(...) and Workflow.deprecatePatch may only be used from a Workflow Execution.",
    ],
    "options of activities": [() => workflow.proxyActivities(undefined as never), "options must be defined"],
  },
  "the runtime": {
    "a filter that is none": [
      () => Runtime.install({ telemetryOptions: { logging: { filter: 2 as never } } }),
      "Invalid logging filter",
    ],
  },
  connections: {
    "one that is closed": [
      async () => {
        const { address } = await testServer();
        const connection = await NativeConnection.connect({ address });
        await connection.close();
        await connection.close();
      },
      "Client already closed",
    ],
    "a client's for a Worker": [
      worker({ connection: client.connection }),
      "WorkerOptions.connection must be a NativeConnection",
    ],
    "two Workers for one task queue": [
      async () => {
        const first = await worker({ taskQueue: "taken" })();
        try {
          await worker({ taskQueue: "taken" })();
        } finally {
          await first.runUntil(async () => {});
        }
      },
      "Failed to initialize worker: Registration of multiple workers",
    ],
  },
  bundles: {
    "a module that is preloaded and ignored": [
      bundle({ preloadModules: ["a/b", "c"], ignoreModules: ["a"] }),
      "Cannot preload modules that are also ignored: 'a/b'",
    ],
  },
  metrics: {
    "a meter without up-down-counters": [
      () => (MetricMeterWithComposedTags.compose(bare, { a: 1 }) as any).createUpDownCounter("x"),
      "createUpDownCounter is not supported by the underlying meter",
    ],
  },
};

for (const [subject, cases] of Object.entries(wrong)) {
  describe(subject, () => {
    test.each(Object.entries(cases))("%s", async (_what, [attempt, sentence]) => {
      const error = await rejection((async () => attempt())());
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toStartWith(sentence);
    });
  });
}
