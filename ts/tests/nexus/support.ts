/** A dev server with standalone Nexus operations, and Workers that serve services there. */
import { randomUUID } from "node:crypto";
import type { ServiceDefinition, ServiceHandler } from "nexus-rpc";
import { Client, type NexusServiceClient, type StartNexusOperationOptions } from "../../src/client";
import { NativeConnection, Worker, type WorkerOptions } from "../../src/worker";
import { type PrivateServer, startServer } from "../support/server";
// Quiet logging.
import "../worker/support";

// On globalThis, not in the module, because a test runner may load this module once per test file.
const sharedKey = Symbol.for("temporal-bun-sdk.tests.nexus-server");
const shared = globalThis as { [sharedKey]?: Promise<PrivateServer> };

// Off by default in server 1.32: operations without a Workflow that calls them, those that activities and updates back,
// and signalWithStart in Workflows.
const dynamicConfig = {
  "nexusoperation.enableStandalone": true,
  "activity.enableCallbacks": true,
  "history.enableUpdateCallbacks": true,
  "history.enableSignalWithStartFromWorkflow": true,
};
const server = await (shared[sharedKey] ??= startServer({ dynamicConfig }));

/** Address of the server. */
export const { address, namespace } = server;

/** The connection that the tests of a file share. */
export const connection = await NativeConnection.connect({ address });

/** A client on it. */
export const client = new Client({ connection, namespace });

/** A name that no other test uses. */
export const unique = (name: string): string => `${name}-${randomUUID()}`;

/** A Worker that serves a service at an endpoint of its own, and what tests call it with. */
export interface Serving<T extends ServiceDefinition> {
  worker: Worker;
  taskQueue: string;
  endpoint: string;
  /** Calls the service from outside of Workflows. */
  service: NexusServiceClient<T>;
}

/** Runs `body` beside a Worker that serves `handler`. */
export async function serving<T extends ServiceDefinition, R>(
  handler: ServiceHandler<any>,
  body: (it: Serving<T>) => Promise<R>,
  options: Partial<WorkerOptions> = {},
): Promise<R> {
  const taskQueue = unique("nexus");
  const endpoint = unique("endpoint");
  await connection.operatorService.createNexusEndpoint({
    spec: { name: endpoint, target: { worker: { namespace, taskQueue } } },
  });
  const worker = await Worker.create({ connection, namespace, taskQueue, nexusServices: [handler], ...options });
  const service = client.nexus.createServiceClient({ endpoint, service: handler.definition as unknown as T });
  return worker.runUntil(() => body({ worker, taskQueue, endpoint, service }));
}

/** Options of a standalone operation. */
export const operation = (more: Partial<StartNexusOperationOptions> = {}): StartNexusOperationOptions => ({
  id: unique("operation"),
  scheduleToCloseTimeout: "1 minute",
  ...more,
});
