/** The workloads of the bench with the official SDK, on Node or on Bun. */
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { main, type Sdk } from "../workloads";

Runtime.install({ logger: new DefaultLogger("ERROR") });
const workflowsPath = fileURLToPath(new URL("../workflows.ts", import.meta.url));
await main({ Client, Connection, NativeConnection, Worker, bundleWorkflowCode, workflowsPath } as unknown as Sdk);
