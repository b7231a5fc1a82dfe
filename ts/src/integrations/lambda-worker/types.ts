import type { VersioningBehavior } from "../../common";
import type { NativeConnectionOptions, RuntimeOptions, WorkerOptions } from "../../worker";

/**
 * What Lambda tells a handler about an invocation, as far as {@link runWorker} needs it: the `Context` of
 * `@types/aws-lambda` has it all.
 */
export interface LambdaContext {
  /** Id of the invocation. */
  awsRequestId: string;
  /** The function, version or alias that was invoked. */
  invokedFunctionArn: string;
  /** Time until Lambda ends the invocation, in milliseconds. */
  getRemainingTimeInMillis(): number;
}

/** The handler that {@link runWorker} makes. The event doesn't matter. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<void>;

/** Called after the Worker of an invocation has stopped. Errors are logged. */
export type ShutdownHook = () => Promise<void> | void;

/** What the function given to {@link runWorker} may change: filled with defaults that suit Lambda. */
export interface LambdaWorkerConfig {
  /**
   * Options of the Worker. `taskQueue` is TEMPORAL_TASK_QUEUE from the environment, if there is one. `workflowBundle`
   * is faster to start with than `workflowsPath`.
   */
  workerOptions: Partial<Omit<WorkerOptions, "connection" | "namespace" | "identity" | "workerDeploymentOptions">> & {
    /** The version is that of {@link runWorker}. */
    workerDeploymentOptions?: {
      /** For Workflows that don't say it themselves. Default PINNED. */
      defaultVersioningBehavior?: VersioningBehavior;
    };
  };
  /**
   * Options of the connection. Default: those of the environment and `temporal.toml`, see
   * `loadLambdaClientConnectConfig`.
   */
  connectionOptions?: Partial<NativeConnectionOptions>;
  /** The namespace. Default: that of the environment or `temporal.toml`, or "default". */
  namespace?: string;
  /**
   * How long before the end of an invocation the Worker begins to shut down, in milliseconds. Default 7000: 5 s for
   * what runs, 2 s to spare.
   */
  shutdownDeadlineBufferMs?: number;
  /**
   * Options of the Runtime, which {@link runWorker} installs. By default it logs through
   * `@aws-lambda-powertools/logger` if that is installed, and heeds no signals.
   */
  runtimeOptions: RuntimeOptions;
  /** Called in their order after each invocation. */
  shutdownHooks: ShutdownHook[];
}
