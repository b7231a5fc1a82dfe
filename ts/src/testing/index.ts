/**
 * Servers and contexts for the tests of Workflows and activities.
 *
 * @module
 */
import { join } from "node:path";

export { type ClientOptionsForTestEnv, TimeSkippingWorkflowClient } from "./client";
export {
  type ExistingServerConnectionOptions,
  type ExistingServerTestWorkflowEnvironmentOptions,
  type LocalTestWorkflowEnvironmentOptions,
  type NexusEndpointIdentifier,
  TestWorkflowEnvironment,
  type TimeSkippingTestWorkflowEnvironmentOptions,
} from "./environment";
export type { DevServerConfig, EphemeralServerExecutable, TimeSkippingServerConfig } from "./ephemeral-server";
export {
  defaultActivityInfo,
  MockActivityEnvironment,
  type MockActivityEnvironmentOptions,
} from "./mock-activity-environment";

/**
 * Modules for `interceptors.workflowModules` of a Worker or a bundle: an `AssertionError` then fails the Workflow with
 * an `ApplicationFailure` that is not retried, instead of failing its task again and again.
 */
export const workflowInterceptorModules = [join(import.meta.dir, "assert-to-failure-interceptor.ts")];
