import { totalmem } from "node:os";
import type { ServiceHandler } from "nexus-rpc";
import { DEFAULT_NAMESPACE, defaultIdentity } from "../client/base-client";
import type { ActivityFunction, Duration, LoadedDataConverter, Logger } from "../common";
import { throwIfReservedName } from "../common/reserved";
import { msOptionalToNumber, msToNumber } from "../common/time";
import {
  type WorkerOptions as NativeWorkerOptions,
  type Pollers,
  type SlotSupplier,
  tunerDefaults,
  type Versioning,
  workerDefaults,
} from "../native/options.generated";
import { loadDataConverter } from "../payloads/load-data-converter";
import type { CompiledWorkerInterceptors } from "./interceptors";
import { isSet, wholeNumber } from "./option-values";
import { type CompiledTuner, compileTuner, fixedTuner } from "./slots/compile-tuner";
import type { PollerBehavior, WorkerDeploymentOptions, WorkerOptions } from "./worker-options";

/** {@link WorkerOptions} with defaults filled in and times in milliseconds. */
export interface CompiledWorkerOptions
  extends Omit<WorkerOptions, "interceptors" | "activities" | "nexusServices" | "tuner"> {
  identity: string;
  namespace: string;
  activities: Map<string, ActivityFunction>;
  /** By name; `undefined` for none. */
  nexusServiceHandlers: Map<string, ServiceHandler> | undefined;
  enableNonLocalActivities: boolean;
  interceptors: CompiledWorkerInterceptors;
  loadedDataConverter: LoadedDataConverter;
  shutdownGraceTimeMs: number;
  shutdownForceTimeMs: number | undefined;
  stickyQueueScheduleToStartTimeoutMs: number;
  maxHeartbeatThrottleIntervalMs: number;
  defaultHeartbeatThrottleIntervalMs: number;
  /** Limit of one activation, in milliseconds; 0 for none. */
  isolateExecutionTimeoutMs: number;
  workflowThreadPoolSize: number;
  /** In one activation, in MiB; 0 for no limit. */
  workflowMemoryLimitMb: number;
  maxCachedWorkflows: number;
  nonStickyToStickyPollRatio: number;
  showStackTraceSources: boolean;
  reuseV8Context: boolean;
  debugMode: boolean;
  /** Slots for each kind of task. */
  tuner: CompiledTuner;
  workflowTaskPollerBehavior: PollerBehavior;
  activityTaskPollerBehavior: PollerBehavior;
  nexusTaskPollerBehavior: PollerBehavior;
}

const isolateExecutionTimeoutMs = 5000;
// As in the official SDK, where Core would have other defaults.
const defaultWorkflowSlots = 40;
const defaultPolls = 10;
const defaultAutoscaling = { minimum: 1, maximum: 100, initial: 5 };
const mebibyte = 1024 * 1024;

/**
 * Fills in the defaults of a Worker's options.
 *
 * @param options what the user gave
 * @param logger is told about values that had to be changed
 * @throws TypeError for values that can't be used, naming the option
 */
export function compileWorkerOptions(options: WorkerOptions, logger: Logger): CompiledWorkerOptions {
  if (typeof options.taskQueue !== "string" || options.taskQueue === "")
    throw new TypeError("Task queue name is required");
  throwIfReservedName("task queue", options.taskQueue);
  for (const sink of Object.keys(options.sinks ?? {})) throwIfReservedName("sink", sink);
  if (options.useVersioning === true && !options.buildId)
    throw new TypeError("Must provide a buildId if useVersioning is true");
  const {
    shutdownGraceTime = 0,
    stickyQueueScheduleToStartTimeout = seconds(workerDefaults.stickyQueueScheduleToStartTimeoutMs),
    maxHeartbeatThrottleInterval = seconds(workerDefaults.maxHeartbeatThrottleIntervalMs),
    defaultHeartbeatThrottleInterval = seconds(workerDefaults.defaultHeartbeatThrottleIntervalMs),
    useVersioning = false,
  } = options;
  const activities = activityFunctions(options.activities);
  const maxCachedWorkflows = cacheSize(options.maxCachedWorkflows, logger);
  const debugMode = options.debugMode === true || isSet(process.env["TEMPORAL_DEBUG"]);
  const tuner = tunerOf(options, maxCachedWorkflows, logger);
  const { workflowTasks, activities: activityTasks, nexusTasks } = tuner.native;
  return {
    ...options,
    identity: options.identity ?? defaultIdentity(),
    namespace: options.namespace ?? DEFAULT_NAMESPACE,
    activities,
    nexusServiceHandlers: serviceHandlers(options.nexusServices),
    enableNonLocalActivities: (options.enableNonLocalActivities ?? true) && activities.size > 0,
    interceptors: {
      client: options.interceptors?.client,
      activity: [
        ...(options.interceptors?.activityInbound ?? []).map((factory) => (context: Parameters<typeof factory>[0]) => ({
          inbound: factory(context),
        })),
        ...(options.interceptors?.activity ?? []),
      ],
      nexus: options.interceptors?.nexus ?? [],
      workflowModules: options.interceptors?.workflowModules ?? [],
    },
    loadedDataConverter: loadDataConverter(options.dataConverter),
    useVersioning,
    shutdownGraceTime,
    shutdownGraceTimeMs: msToNumber(shutdownGraceTime, "shutdownGraceTime"),
    shutdownForceTimeMs: msOptionalToNumber(options.shutdownForceTime, "shutdownForceTime"),
    stickyQueueScheduleToStartTimeout,
    stickyQueueScheduleToStartTimeoutMs: msToNumber(
      stickyQueueScheduleToStartTimeout,
      "stickyQueueScheduleToStartTimeout",
    ),
    maxHeartbeatThrottleInterval,
    maxHeartbeatThrottleIntervalMs: msToNumber(maxHeartbeatThrottleInterval, "maxHeartbeatThrottleInterval"),
    defaultHeartbeatThrottleInterval,
    defaultHeartbeatThrottleIntervalMs: msToNumber(
      defaultHeartbeatThrottleInterval,
      "defaultHeartbeatThrottleInterval",
    ),
    isolateExecutionTimeoutMs: debugMode ? 0 : isolateExecutionTimeoutMs,
    workflowThreadPoolSize: wholeNumber(
      "workflowThreadPoolSize",
      options.workflowThreadPoolSize ?? (options.reuseV8Context === false ? 2 : 1),
      1,
    ),
    workflowMemoryLimitMb: debugMode
      ? 0
      : wholeNumber("workflowMemoryLimitMb", options.workflowMemoryLimitMb ?? Math.floor(heapMebibytes()), 0),
    maxCachedWorkflows,
    nonStickyToStickyPollRatio: options.nonStickyToStickyPollRatio ?? workerDefaults.nonstickyToStickyPollRatio,
    maxEagerActivityReservationsPerWorkflowTask: wholeNumber(
      "maxEagerActivityReservationsPerWorkflowTask",
      options.maxEagerActivityReservationsPerWorkflowTask ?? workerDefaults.maxEagerActivityReservationsPerWorkflowTask,
      0,
    ),
    showStackTraceSources: options.showStackTraceSources ?? false,
    reuseV8Context: options.reuseV8Context ?? true,
    debugMode,
    tuner,
    // With a cache Core has a poller for each of two queues.
    workflowTaskPollerBehavior:
      options.workflowTaskPollerBehavior ??
      pollerBehavior(options.maxConcurrentWorkflowTaskPolls, workflowTasks, maxCachedWorkflows > 0 ? 2 : 1),
    activityTaskPollerBehavior:
      options.activityTaskPollerBehavior ?? pollerBehavior(options.maxConcurrentActivityTaskPolls, activityTasks, 1),
    nexusTaskPollerBehavior:
      options.nexusTaskPollerBehavior ?? pollerBehavior(options.maxConcurrentNexusTaskPolls, nexusTasks, 1),
  };
}

/** A time as people write it, such as `10s`. */
const seconds = (milliseconds: number): Duration => `${milliseconds / 1000}s`;

/** Whether a Worker with these options runs Workflows. */
export function hasWorkflows({
  workflowsPath,
  workflowBundle,
}: Pick<WorkerOptions, "workflowsPath" | "workflowBundle">): boolean {
  return workflowsPath !== undefined || workflowBundle !== undefined;
}

/**
 * The options of the native worker.
 *
 * @param options the Worker's
 * @param buildId what the Worker's code is called in histories
 */
export function nativeWorkerOptions(options: CompiledWorkerOptions, buildId: string): NativeWorkerOptions {
  const workflows = hasWorkflows(options);
  const { tuner } = options;
  return {
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    identity: options.identity,
    taskTypes: {
      workflows,
      localActivities: workflows && options.activities.size > 0,
      remoteActivities: options.enableNonLocalActivities,
      nexus: options.nexusServiceHandlers !== undefined,
    },
    maxCachedWorkflows: options.maxCachedWorkflows,
    tuner: tuner.native,
    workflowTaskPollers: pollers(options.workflowTaskPollerBehavior),
    activityTaskPollers: pollers(options.activityTaskPollerBehavior),
    nexusTaskPollers: pollers(options.nexusTaskPollerBehavior),
    nonstickyToStickyPollRatio: options.nonStickyToStickyPollRatio,
    stickyQueueScheduleToStartTimeoutMs: options.stickyQueueScheduleToStartTimeoutMs,
    maxHeartbeatThrottleIntervalMs: options.maxHeartbeatThrottleIntervalMs,
    defaultHeartbeatThrottleIntervalMs: options.defaultHeartbeatThrottleIntervalMs,
    ...(options.maxTaskQueueActivitiesPerSecond === undefined
      ? {}
      : { maxTaskQueueActivitiesPerSecond: options.maxTaskQueueActivitiesPerSecond }),
    ...(options.maxActivitiesPerSecond === undefined
      ? {}
      : { maxWorkerActivitiesPerSecond: options.maxActivitiesPerSecond }),
    maxEagerActivityReservationsPerWorkflowTask: options.maxEagerActivityReservationsPerWorkflowTask,
    gracefulShutdownPeriodMs: options.shutdownGraceTimeMs,
    ...nondeterminismFailures(options.workflowFailureErrorTypes ?? {}),
    versioning: versioning(options, buildId),
    plugins: (options.plugins ?? []).map(({ name }) => ({ name })),
    storageDrivers: [...new Set(options.dataConverter?.externalStorage?.drivers.map(({ type }) => type))],
    disablePayloadErrorLimit: options.disablePayloadErrorLimit,
  };
}

function activityFunctions(activities: object | undefined): Map<string, ActivityFunction> {
  const functions = new Map<string, ActivityFunction>();
  for (const [name, fn] of activities instanceof Map ? activities : Object.entries(activities ?? {})) {
    if (typeof fn !== "function") continue;
    throwIfReservedName("activity", String(name));
    functions.set(String(name), fn as ActivityFunction);
  }
  return functions;
}

function serviceHandlers(services: ServiceHandler<any>[] = []): Map<string, ServiceHandler> | undefined {
  if (services.length === 0) return undefined;
  const handlers = new Map<string, ServiceHandler>();
  for (const service of services) {
    const name = (service as Partial<ServiceHandler>).definition?.name;
    if (!name)
      throw new TypeError(
        "nexusServices must be what serviceHandler of nexus-rpc makes, of services whose names aren't empty",
      );
    if (handlers.has(name)) throw new TypeError(`Duplicate registration of nexus service '${name}'`);
    handlers.set(name, service);
  }
  return handlers;
}

function cacheSize(asked: number | undefined, logger: Logger): number {
  if (asked === undefined) return Math.max(Math.floor((Math.max(heapMebibytes() - 200, 0) * 600) / 1024), 10);
  const size = wholeNumber("maxCachedWorkflows", asked, 0);
  if (size !== 1) return size;
  logger.warn("maxCachedWorkflows must be either 0 (ie. cache is disabled) or greater than 1. Defaulting to 2.");
  return 2;
}

/** What Workflows may reckon with. Bun's heap has no limit of its own; this is the one that Node would set itself. */
function heapMebibytes(): number {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.min(memory / 4 / mebibyte, 4096);
}

const slotLimits = {
  workflowTasks: "maxConcurrentWorkflowTaskExecutions",
  activities: "maxConcurrentActivityTaskExecutions",
  localActivities: "maxConcurrentLocalActivityExecutions",
  nexusTasks: "maxConcurrentNexusTaskExecutions",
} as const;

function tunerOf(options: WorkerOptions, maxCachedWorkflows: number, logger: Logger): CompiledTuner {
  if (options.tuner === undefined) {
    const limit = (kind: keyof typeof slotLimits) => {
      const option = slotLimits[kind];
      return wholeNumber(option, options[option] ?? tunerDefaults[kind].slots, 1);
    };
    return fixedTuner({
      workflowTasks: workflowSlots(options.maxConcurrentWorkflowTaskExecutions, maxCachedWorkflows, logger),
      activities: limit("activities"),
      localActivities: limit("localActivities"),
      nexusTasks: limit("nexusTasks"),
    });
  }
  for (const option of Object.values(slotLimits)) {
    if (options[option] !== undefined) {
      throw new TypeError(
        `Cannot set both tuner and ${option}: make it the numSlots of a fixed-size supplier in the tuner`,
      );
    }
  }
  return compileTuner(options.tuner);
}

function workflowSlots(asked: number | undefined, maxCachedWorkflows: number, logger: Logger): number {
  const slots = wholeNumber("maxConcurrentWorkflowTaskExecutions", asked ?? defaultWorkflowSlots, 1);
  if (asked === undefined || maxCachedWorkflows === 0) return slots;
  if (slots > maxCachedWorkflows) {
    logger.warn(
      "maxConcurrentWorkflowTaskExecutions can't exceed maxCachedWorkflows (unless cache is disabled). Defaulting to maxCachedWorkflows.",
    );
    return maxCachedWorkflows;
  }
  if (slots >= 2) return slots;
  logger.warn(
    "maxConcurrentWorkflowTaskExecutions can't be lower than 2 if maxCachedWorkflows is non-zero. Defaulting to 2.",
  );
  return 2;
}

function pollerBehavior(polls: number | undefined, slots: SlotSupplier | undefined, fewest: number): PollerBehavior {
  const enough = slots?.type === "fixed" ? Math.min(defaultPolls, slots.slots) : defaultPolls;
  return {
    type: "simple-maximum",
    maximum: polls === undefined || polls === 1 ? Math.max(polls ?? enough, fewest) : polls,
  };
}

function pollers(behavior: PollerBehavior): Pollers {
  if (behavior.type === "autoscaling") {
    return {
      type: "autoscaling",
      minimum: behavior.minimum ?? defaultAutoscaling.minimum,
      maximum: behavior.maximum ?? defaultAutoscaling.maximum,
      initial: behavior.initial ?? defaultAutoscaling.initial,
    };
  }
  return { type: "simple", maximum: behavior.maximum ?? defaultPolls };
}

/** Core needs to know only about nondeterminism; the other error types are decided in the workflow library. */
function nondeterminismFailures(
  types: Record<string, string[]>,
): Pick<NativeWorkerOptions, "workflowFailureErrors" | "workflowTypesToFailureErrors"> {
  const relevant = new Set(["NondeterminismError", "DeterminismViolationError", "Error"]);
  const failing = Object.entries(types).filter(([, names]) => names.some((name) => relevant.has(name)));
  return {
    workflowFailureErrors: failing.some(([type]) => type === "*") ? ["nondeterminism"] : [],
    workflowTypesToFailureErrors: Object.fromEntries(
      failing.filter(([type]) => type !== "*").map(([type]) => [type, ["nondeterminism" as const]]),
    ),
  };
}

function versioning({ workerDeploymentOptions, useVersioning }: CompiledWorkerOptions, buildId: string): Versioning {
  if (workerDeploymentOptions !== undefined) return deployment(workerDeploymentOptions);
  return useVersioning === true ? { type: "buildId", buildId } : { type: "none", buildId };
}

function deployment({ version, useWorkerVersioning, defaultVersioningBehavior }: WorkerDeploymentOptions): Versioning {
  const base = {
    type: "deployment" as const,
    deploymentName: version.deploymentName,
    buildId: version.buildId,
    useWorkerVersioning,
  };
  if (!useWorkerVersioning) return base;
  switch (defaultVersioningBehavior) {
    case "PINNED":
      return { ...base, defaultVersioningBehavior: "pinned" };
    case "AUTO_UPGRADE":
      return { ...base, defaultVersioningBehavior: "autoUpgrade" };
    default:
      throw new TypeError(
        `Unknown versioning behavior: ${String(defaultVersioningBehavior)}; workerDeploymentOptions.defaultVersioningBehavior must be PINNED or AUTO_UPGRADE`,
      );
  }
}
