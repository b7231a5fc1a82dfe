/**
 * Workers in AWS Lambda: the official SDK's `@temporalio/lambda-worker`.
 *
 * @module
 */
export { type PowertoolsLogger, PowertoolsLoggerAdapter } from "./powertools";
export { runWorker } from "./run-worker";
export type { LambdaContext, LambdaHandler, LambdaWorkerConfig, ShutdownHook } from "./types";
