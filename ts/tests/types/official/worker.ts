/** Workers: options, running, bundles, tuners, replay, the Runtime. */

import type { Client } from "@temporalio/client";
import { historyFromJSON } from "@temporalio/common/lib/proto-utils";
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  type LogEntry,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  type RuntimeOptions,
  type SlotInfo,
  type State,
  Worker,
  type WorkerOptions,
  type WorkerTuner,
} from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import * as activities from "./activities";
import { createActivities, Payments } from "./activities";
import type { LoggerSinks } from "./sinks";

const runtime: RuntimeOptions = {
  logger: new DefaultLogger("DEBUG", ({ level, message, meta, timestampNanos }: LogEntry) =>
    console.log(level, message, meta, timestampNanos),
  ),
  telemetryOptions: {
    logging: { filter: makeTelemetryFilterString({ core: "INFO", other: "WARN" }), forward: {} },
    metrics: { prometheus: { bindAddress: "0.0.0.0:9464" }, globalTags: { a: "b" } },
  },
  shutdownSignals: ["SIGTERM"],
};

const sinks: InjectedSinks<LoggerSinks> = {
  logger: { info: { fn: (info, message) => console.log(info.workflowType, message), callDuringReplay: false } },
};

const tuner: WorkerTuner = {
  workflowTaskSlotSupplier: { type: "fixed-size", numSlots: 10 },
  activityTaskSlotSupplier: {
    type: "resource-based",
    tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 },
    minimumSlots: 1,
    rampThrottle: "50ms",
  },
  localActivityTaskSlotSupplier: {
    type: "custom",
    reserveSlot: async (context, signal) => ({ context, signal }),
    tryReserveSlot: () => null,
    markSlotUsed: ({ slotInfo }: { slotInfo: SlotInfo }) => console.log(slotInfo.type),
    releaseSlot: () => {},
  },
  nexusTaskSlotSupplier: { type: "fixed-size", numSlots: 5 },
};

export async function main(): Promise<void> {
  Runtime.install(runtime);
  const connection = await NativeConnection.connect({ address: "localhost:7233" });
  const options: WorkerOptions = {
    connection,
    namespace: "default",
    taskQueue: "orders",
    workflowsPath: require.resolve("./workflows"),
    activities: { ...activities, ...createActivities({ get: async (key) => key }) },
    sinks,
    interceptors: {
      activity: [(context) => ({ inbound: { execute: (input, next) => (context.log.info("x"), next(input)) } })],
      workflowModules: [require.resolve("./workflow-interceptors")],
    },
    dataConverter: { payloadConverterPath: require.resolve("./payload-converter") },
    maxConcurrentActivityTaskExecutions: 5,
    maxCachedWorkflows: 10,
    shutdownGraceTime: "10s",
    stickyQueueScheduleToStartTimeout: 5_000,
    bundlerOptions: { ignoreModules: ["fs"] },
  };
  const worker = await Worker.create(options);
  const state: State = worker.getState();
  console.log(state, worker.getStatus().numInFlightActivities, worker.options.identity);
  const result: number = await worker.runUntil(async () => 5);
  await worker.runUntil(Promise.resolve(result));
  await worker.run();
  worker.shutdown();
  await connection.close();
}

export async function versioned(): Promise<void> {
  const payments = new Payments(2);
  await Worker.create({
    taskQueue: "orders",
    activities: { charge: payments.charge.bind(payments) },
    workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve("./workflows") }),
    workerDeploymentOptions: {
      version: { deploymentName: "orders", buildId: "1" },
      useWorkerVersioning: true,
      defaultVersioningBehavior: "AUTO_UPGRADE",
    },
    activityTaskPollerBehavior: { type: "autoscaling", initial: 2 },
    tuner,
  });
}

export async function replays(client: Client): Promise<void> {
  const workflowsPath = require.resolve("./workflows");
  await Worker.runReplayHistory({ workflowsPath }, historyFromJSON({ events: [] }));
  await Worker.runReplayHistory({ workflowsPath }, await client.workflow.getHandle("w").fetchHistory(), "w");
  const histories = client.workflow.list({ query: "x" }).intoHistories({ concurrency: 2 });
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowsPath }, histories))
    if (error instanceof DeterminismViolationError) console.log(workflowId, error.message);
  const direct = Worker.runReplayHistories({ workflowsPath }, client.workflow.list().intoHistories());
  for await (const each of direct) console.log(each.workflowId);
}
