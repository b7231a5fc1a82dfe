/** Temporal Cloud's operations API: the names of `@temporalio/cloud` (experimental). */

export { CloudOperationsClient, type CloudOperationsClientOptions } from "./cloud-operations-client";
export { CloudOperationsConnection, type CloudOperationsConnectionOptions } from "./cloud-operations-connection";
