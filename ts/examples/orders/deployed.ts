import { Runtime, type WorkerOptions } from "temporal-bun-sdk/worker";
import * as activities from "./activities";

const {
  METRICS_ADDRESS,
  SHUTDOWN_GRACE_SECONDS = "20",
  TEMPORAL_DEPLOYMENT_NAME,
  TEMPORAL_WORKER_BUILD_ID,
} = process.env;

if (METRICS_ADDRESS !== undefined)
  Runtime.install({ telemetryOptions: { metrics: { prometheus: { bindAddress: METRICS_ADDRESS } } } });

const graceMs = Number(SHUTDOWN_GRACE_SECONDS) * 1_000;
const version =
  TEMPORAL_DEPLOYMENT_NAME !== undefined && TEMPORAL_WORKER_BUILD_ID !== undefined
    ? { deploymentName: TEMPORAL_DEPLOYMENT_NAME, buildId: TEMPORAL_WORKER_BUILD_ID }
    : undefined;

export default {
  taskQueue: "orders",
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  shutdownGraceTime: graceMs,
  shutdownForceTime: graceMs + 10_000,
  ...(version === undefined
    ? {}
    : { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: "PINNED" } }),
} satisfies WorkerOptions;
