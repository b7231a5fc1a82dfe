/** The workloads of the bench with this SDK. */
import { Client, Connection } from "temporal-bun-sdk/client";
import { bundleWorkflowCode, NativeConnection, Worker } from "temporal-bun-sdk/worker";
import { main } from "./workloads";

await main({
  Client,
  Connection,
  NativeConnection,
  Worker,
  bundleWorkflowCode,
  workflowsPath: `${import.meta.dir}/workflows.ts`,
});
