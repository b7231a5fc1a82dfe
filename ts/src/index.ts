/**
 * What programs need first. The rest is in the parts of this package:
 *
 * - `temporal-bun-sdk/workflow`: what Workflow code imports, and all that it may import of this package
 * - `temporal-bun-sdk/activity`: what activities import
 * - `temporal-bun-sdk/worker` and `temporal-bun-sdk/client`: Workers; starting Workflows and talking to them
 * - `temporal-bun-sdk/testing`: environments for tests
 * - `temporal-bun-sdk/common`, `nexus`, `envconfig`, `plugin`, `cloud`, and integrations: the README has the list
 *
 * @module
 */

export { Client, Connection } from "./client";
export { ApplicationFailure } from "./common";
export { NativeConnection, Runtime, Worker, type WorkerOptions } from "./worker";
