import { DEFAULT_NAMESPACE } from "../../client/base-client";
import { IllegalStateError, type Logger, ValueError, type WorkerDeploymentVersion } from "../../common";
import { NativeConnection, Runtime, Worker, type WorkerOptions } from "../../worker";
import { loadLambdaClientConnectConfig } from "./connect-config";
import { makePowertoolsLogger, PowertoolsLoggerAdapter } from "./powertools";
import type { LambdaContext, LambdaHandler, LambdaWorkerConfig } from "./types";

/** With less than this there would be time for nothing but connecting. */
const MINIMUM_WORK_TIME_MS = 1000;
/** With less than this there is a warning. */
const LITTLE_WORK_TIME_MS = 5000;
/** The default of `shutdownGraceTime`, and 2 s to spare. */
const DEFAULT_SHUTDOWN_DEADLINE_BUFFER_MS = 7000;

/** For the little memory and CPU that a function has. */
const workerDefaults: Partial<WorkerOptions> = {
  maxConcurrentActivityTaskExecutions: 2,
  maxConcurrentWorkflowTaskExecutions: 10,
  maxConcurrentLocalActivityExecutions: 2,
  maxConcurrentNexusTaskExecutions: 5,
  shutdownGraceTime: "5s",
  maxCachedWorkflows: 30,
  workflowTaskPollerBehavior: { type: "simple-maximum", maximum: 2 },
  activityTaskPollerBehavior: { type: "simple-maximum", maximum: 1 },
  nexusTaskPollerBehavior: { type: "simple-maximum", maximum: 1 },
};

/**
 * Makes a handler for AWS Lambda. Each invocation runs a Worker: connects, works until the deadline of the invocation
 * is near, shuts down, calls the shutdown hooks and closes the connection. Installs the Runtime, so it can be called
 * once per process.
 *
 * ```ts
 * export const handler = runWorker({ deploymentName: "orders", buildId: "1.0" }, (config) => {
 *   config.workerOptions.taskQueue = "orders";
 *   config.workerOptions.workflowBundle = { codePath: "workflow-bundle.js" };
 *   config.workerOptions.activities = activities;
 * });
 * ```
 *
 * @param version which version of which deployment the Worker is
 * @param configure changes the configuration, synchronously
 * @throws ValueError without a task queue, and for a `temporal.toml` or environment variables that are not right
 * @throws IllegalStateError if this process has a Runtime already
 * @returns the handler. Rejects with an `IllegalStateError` if an invocation has less than a second for work, and with
 *   what ends the Worker before its time, or keeps it from starting
 */
export function runWorker(
  version: WorkerDeploymentVersion,
  configure: (config: LambdaWorkerConfig) => void,
): LambdaHandler {
  const config = defaultConfig();
  configure(config);
  const { workerOptions, runtimeOptions, connectionOptions = {} } = config;
  const { shutdownDeadlineBufferMs = DEFAULT_SHUTDOWN_DEADLINE_BUFFER_MS } = config;
  const { taskQueue } = workerOptions;
  if (!taskQueue)
    throw new ValueError(
      "There is no task queue: set config.workerOptions.taskQueue, or TEMPORAL_TASK_QUEUE in the environment",
    );
  Runtime.install(runtimeOptions);

  return async (_event, context) => {
    if (runtimeOptions.logger instanceof PowertoolsLoggerAdapter) runtimeOptions.logger.addContext(context);
    const { logger } = Runtime.instance();
    const workTimeMs = () => context.getRemainingTimeInMillis() - shutdownDeadlineBufferMs;
    checkWorkTime(context, workTimeMs(), shutdownDeadlineBufferMs, logger);
    let connection: NativeConnection | undefined;
    try {
      connection = await NativeConnection.connect(connectionOptions);
      const worker = await Worker.create({
        ...workerOptions,
        taskQueue,
        connection,
        namespace: config.namespace,
        identity: `${context.awsRequestId}@${context.invokedFunctionArn}`,
        workerDeploymentOptions: {
          version,
          useWorkerVersioning: true,
          defaultVersioningBehavior: workerOptions.workerDeploymentOptions?.defaultVersioningBehavior ?? "PINNED",
        },
      });
      await runFor(worker, workTimeMs);
    } finally {
      for (const hook of config.shutdownHooks)
        await loggingErrors(logger, "A shutdown hook of the Lambda Worker failed", hook);
      await loggingErrors(logger, "The connection of the Lambda Worker could not be closed", () => connection?.close());
    }
  };
}

function defaultConfig(): LambdaWorkerConfig {
  const { connectionOptions, namespace } = loadLambdaClientConnectConfig();
  const taskQueue = process.env["TEMPORAL_TASK_QUEUE"];
  return {
    workerOptions: {
      ...workerDefaults,
      workerDeploymentOptions: { defaultVersioningBehavior: "PINNED" },
      ...(taskQueue ? { taskQueue } : {}),
    },
    connectionOptions: { ...connectionOptions },
    namespace: namespace || DEFAULT_NAMESPACE,
    runtimeOptions: { logger: makePowertoolsLogger(), shutdownSignals: [] },
    shutdownHooks: [],
  };
}

function checkWorkTime(
  context: LambdaContext,
  workTimeMs: number,
  shutdownDeadlineBufferMs: number,
  logger: Logger,
): void {
  const remainingMs = context.getRemainingTimeInMillis();
  if (workTimeMs <= MINIMUM_WORK_TIME_MS) {
    throw new IllegalStateError(
      `This invocation has too little time for a Worker: ${remainingMs} ms are left, of which shutdownDeadlineBufferMs takes ${shutdownDeadlineBufferMs}, ` +
        `so there are ${workTimeMs} ms for work, and there must be more than ${MINIMUM_WORK_TIME_MS}. Raise the timeout of the Lambda function`,
    );
  }
  if (workTimeMs < LITTLE_WORK_TIME_MS) {
    logger.warn("This invocation has little time for a Worker", { remainingMs, shutdownDeadlineBufferMs, workTimeMs });
  }
}

/** Runs a Worker for a time, that of its start included, or until it fails. */
async function runFor(worker: Worker, workTimeMs: () => number): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, Math.max(0, workTimeMs()));
  try {
    await worker.runUntil(over.promise);
  } finally {
    clearTimeout(timer);
  }
}

async function loggingErrors(logger: Logger, message: string, call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    logger.error(message, { error });
  }
}
