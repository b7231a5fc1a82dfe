import type { BuildConfig } from "bun";
import type { ServiceHandler } from "nexus-rpc";
import type { DataConverter, Duration, VersioningBehavior, WorkerDeploymentVersion } from "../common";
import type { WorkflowBundle } from "./bundler/bundler";
import type { WebpackConfiguration } from "./bundler/webpack";
import type { NativeConnection } from "./connection";
import type { WorkerInterceptors } from "./interceptors";
import type { PatchActivationCallback } from "./patch-activation";
import type { InjectedSinks } from "./sinks";
import type { WorkerTuner } from "./slots/worker-tuner";
import type { Worker } from "./worker";

/** A bundle in a file, as written from `bundleWorkflowCode(...).code`. */
export interface WorkflowBundlePath {
  /** Path of the file. */
  codePath: string;
}

/** @deprecated The source map is part of the bundle: use {@link WorkflowBundlePath}. */
export interface WorkflowBundlePathWithSourceMap extends WorkflowBundlePath {
  /** Not read. */
  sourceMapPath: string;
}

/** A ready-made bundle, see `bundleWorkflowCode`. */
export type WorkflowBundleOption = WorkflowBundle | WorkflowBundlePath | WorkflowBundlePathWithSourceMap;

/** Keep as many polls open as there are free slots, up to a maximum. */
export interface PollerBehaviorSimpleMaximum {
  /** The kind of this behaviour. */
  type: "simple-maximum";
  /** Most polls open at a time. Default: 10, or the number of slots if that's lower. */
  maximum?: number;
}

/** Let the number of open polls follow the load, as the server advises. */
export interface PollerBehaviorAutoscaling {
  /** The kind of this behaviour. */
  type: "autoscaling";
  /** At least this many polls are open while there are slots; from 1. Default 1. */
  minimum?: number;
  /** Most polls open at a time. Default 100. */
  maximum?: number;
  /** Polls open at the start, between minimum and maximum. Default 5. */
  initial?: number;
}

/** How a Worker decides how many polls to keep open. */
export type PollerBehavior = PollerBehaviorSimpleMaximum | PollerBehaviorAutoscaling;

/** Which version of a deployment a Worker is. */
export type WorkerDeploymentOptions = {
  /** The deployment and the build that this Worker belongs to. */
  version: WorkerDeploymentVersion;
} & (
  | {
      /** Take only tasks of Workflows that belong to this version. */
      useWorkerVersioning: true;
      /** What becomes of a running Workflow when the version changes, if its definition doesn't say. */
      defaultVersioningBehavior: VersioningBehavior;
    }
  | {
      /** Only report the version. */
      useWorkerVersioning: false;
      /** Must be absent when versioning isn't used. */
      defaultVersioningBehavior?: never;
    }
);

/** Changes a Worker's options, or wraps its run. */
export interface WorkerPlugin {
  /** Name of the plugin; reported to the server. */
  get name(): string;
  /** Called by `Worker.create`; returns the options to go on with. */
  configureWorker?(options: WorkerOptions): WorkerOptions | Promise<WorkerOptions>;
  /** Called by `Worker.runReplayHistories`; returns the options to go on with. */
  configureReplayWorker?(options: ReplayWorkerOptions): ReplayWorkerOptions | Promise<ReplayWorkerOptions>;
  /** Called by `Worker.run`; must call `next`. */
  runWorker?(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void>;
}

/** Options of `Worker.create`. Times are milliseconds or texts such as `"30s"`. */
export interface WorkerOptions {
  /** The connection to use. Default: an own one to `localhost:7233`, closed with the Worker. */
  connection?: NativeConnection;
  /** Who this Worker is, for people who read histories. Default: `pid@host`. */
  identity?: string;
  /** Namespace to take tasks from. Default `"default"`. */
  namespace?: string;
  /** Task queue to take tasks from. */
  taskQueue: string;
  /** Activity functions by name. The one called `default` gets what no other name matches. Default none. */
  activities?: object;
  /** Nexus services, as `serviceHandler` of `nexus-rpc` makes them. Their names must differ. Default none. */
  nexusServices?: ServiceHandler<any>[];
  /** Module that exports the Workflows, see `BundleOptions.workflowsPath`. It's bundled by `Worker.create`. */
  workflowsPath?: string;
  /** Ready-made bundle, instead of `workflowsPath`. */
  workflowBundle?: WorkflowBundleOption;
  /** Options of the bundler, for `workflowsPath`. */
  bundlerOptions?: {
    /** See `BundleOptions.ignoreModules`. */
    ignoreModules?: string[];
    /** See `BundleOptions.preloadModules`. */
    preloadModules?: string[];
    /** See `BundleOptions.buildConfigHook`. */
    buildConfigHook?: (config: BuildConfig) => BuildConfig;
    /** See `BundleOptions.webpackConfigHook`. */
    webpackConfigHook?: (config: WebpackConfiguration) => WebpackConfiguration;
  };
  /**
   * After a shutdown has begun, activities and Nexus handlers run on for this long before they are cancelled. Default
   * 0: at once.
   */
  shutdownGraceTime?: Duration;
  /** A shutdown that takes longer fails with `GracefulShutdownPeriodExpiredError`. Default: no limit. */
  shutdownForceTime?: Duration;
  /**
   * Converts arguments, results and failures. Default: the SDK's. Codecs and external storage run on this thread, also
   * for Workflows, whose payloads come here and go back for that.
   */
  dataConverter?: DataConverter;
  /** Most activities executed at a time. Default 100. */
  maxConcurrentActivityTaskExecutions?: number;
  /** Most local activities executed at a time. Default 100. */
  maxConcurrentLocalActivityExecutions?: number;
  /** Most Workflow tasks executed at a time; with a cache at least 2 and at most `maxCachedWorkflows`. Default 40. */
  maxConcurrentWorkflowTaskExecutions?: number;
  /** Most Nexus tasks executed at a time. Default 100. */
  maxConcurrentNexusTaskExecutions?: number;
  /**
   * Decides how many tasks of each kind are executed at a time, instead of `maxConcurrentWorkflowTaskExecutions` and
   * its like, which can't be set beside it. Default: a fixed number each.
   */
  tuner?: WorkerTuner;
  /** Decides which patches become active. Default: every patch does. */
  patchActivationCallback?: PatchActivationCallback;
  /** Whether to take activity tasks from the server; local activities always run. Default `true`. */
  enableNonLocalActivities?: boolean;
  /** Most activities started per second by this Worker. Default: no limit. */
  maxActivitiesPerSecond?: number;
  /** Most activities per second that the server gives out for the whole task queue. Default: no limit. */
  maxTaskQueueActivitiesPerSecond?: number;
  /** Most activities that one Workflow task may start at once on this Worker, past the queue; 0 for none. Default 3. */
  maxEagerActivityReservationsPerWorkflowTask?: number;
  /** Share of the Workflow polls that ask the shared queue rather than the Worker's sticky one. Default 0.2. */
  nonStickyToStickyPollRatio?: number;
  /** Most Workflow polls open at a time. Default: 10, or the number of slots if that's lower. */
  maxConcurrentWorkflowTaskPolls?: number;
  /** Most activity polls open at a time. Default: 10, or the number of slots if that's lower. */
  maxConcurrentActivityTaskPolls?: number;
  /** Most Nexus polls open at a time. Default: 10, or the number of slots if that's lower. */
  maxConcurrentNexusTaskPolls?: number;
  /** How Workflow polls follow the load. Default: a fixed maximum, see `maxConcurrentWorkflowTaskPolls`. */
  workflowTaskPollerBehavior?: PollerBehavior;
  /** How activity polls follow the load. Default: a fixed maximum, see `maxConcurrentActivityTaskPolls`. */
  activityTaskPollerBehavior?: PollerBehavior;
  /** How Nexus polls follow the load. Default: a fixed maximum, see `maxConcurrentNexusTaskPolls`. */
  nexusTaskPollerBehavior?: PollerBehavior;
  /**
   * How long a Workflow task waits for this Worker, which has the run cached, before any Worker may take it. Default 10
   * s.
   */
  stickyQueueScheduleToStartTimeout?: Duration;
  /**
   * Runs kept in memory between their tasks; 0 for none, else at least 2. Default: 600 per GiB beyond
   * 200 MiB of a quarter of the memory (at most 4 GiB), at least 10.
   */
  maxCachedWorkflows?: number;
  /** Threads that run Workflow code. A run stays on its thread. Default 1, or 2 with `reuseV8Context: false`. */
  workflowThreadPoolSize?: number;
  /**
   * By how many MiB the process may grow while a Workflow runs without yielding; 0 for no limit. Beyond it, the
   * Workflow's task fails, and another thread takes the runs of its thread, whose tasks fail too (see
   * docs/ISOLATION.md). Not in debug mode and in replays. Default: a quarter of the memory, at most 4096.
   */
  workflowMemoryLimitMb?: number;
  /** Longest time between two heartbeats that are sent. Default 60 s. */
  maxHeartbeatThrottleInterval?: Duration;
  /** Time between two heartbeats that are sent, for activities without a heartbeat timeout. Default 30 s. */
  defaultHeartbeatThrottleInterval?: Duration;
  /** Interceptors. Default none. */
  interceptors?: WorkerInterceptors;
  /**
   * Implementations of the sinks that Workflows call. Names that start with `__temporal_` are reserved. Default none.
   */
  sinks?: InjectedSinks<any>;
  /**
   * Names of errors that fail a Workflow instead of its task, by Workflow type or `"*"` for all:
   * `NondeterminismError`, `Error` for any error, or names of error classes. Default none.
   */
  workflowFailureErrorTypes?: Record<string, string[]>;
  /** Whether `__enhanced_stack_trace` carries source texts. Default `false`. */
  showStackTraceSources?: boolean;
  /**
   * Runs Workflow code on this thread, where Bun's debugger (`bun --inspect`) can stop in it, and without a time limit.
   * Not for production: Workflows and activities are in each other's way, and Workflows aren't kept from changing what
   * others use (see docs/ISOLATION.md). Default: `true` if the environment variable `TEMPORAL_DEBUG` is `1`, `t` or
   * `true`, which counts for replays too.
   */
  debugMode?: boolean;
  /**
   * Whether the runs of a thread share one realm, in which what they share can't be changed. With `false` each run has
   * a realm of its own, which takes about 10 ms and 2 MB more per run (see docs/ISOLATION.md). Default `true`.
   */
  reuseV8Context?: boolean;
  /** @deprecated Core no longer traces: ignored. */
  enableSDKTracing?: boolean;
  /** Which version of a deployment this Worker is. Default: none. */
  workerDeploymentOptions?: WorkerDeploymentOptions;
  /** @deprecated Use {@link workerDeploymentOptions}. Default: SDK version and a hash of the bundle. */
  buildId?: string;
  /** @deprecated Use {@link workerDeploymentOptions}. Needs a `buildId`. Default `false`. */
  useVersioning?: boolean;
  /** Whether payloads that are too large are sent all the same, for the server to refuse. Default `false`. */
  disablePayloadErrorLimit?: boolean;
  /** Plugins. Those of the connection come after them. Default none. */
  plugins?: WorkerPlugin[];
}

/** Options of `Worker.runReplayHistory`: those of {@link WorkerOptions} that matter to a replay. */
export interface ReplayWorkerOptions
  extends Pick<
    WorkerOptions,
    | "bundlerOptions"
    | "dataConverter"
    | "identity"
    | "interceptors"
    | "plugins"
    | "reuseV8Context"
    | "showStackTraceSources"
    | "sinks"
    | "workflowBundle"
    | "workflowFailureErrorTypes"
    | "workflowsPath"
    | "workflowThreadPoolSize"
  > {
  /** Start of the task queue's name in `workflowInfo()`. Default `"fake_replay_queue"`. */
  replayName?: string;
}
