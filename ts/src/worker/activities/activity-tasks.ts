import type { Client } from "../../client";
import {
  ActivityCancellationDetails,
  type ActivityFunction,
  type ActivitySerializationContext,
  ApplicationFailure,
  ensureApplicationFailure,
  FAILURE_SOURCE,
  isActivityFunctionWithOptions,
  type LoadedDataConverter,
  type MetricMeter,
  type StorageDriverTargetInfo,
  type TemporalFailure,
  type TypeInfo,
} from "../../common";
import {
  decodeArrayFromPayloads,
  decodeHeaders,
  encodeErrorOrNotice,
  encodeToPayload,
} from "../../payloads/codec-helpers";
import { isPlain, withStorageTarget } from "../../payloads/payload-pipeline";
import { encodeErrorWithin, tooLarge } from "../../payloads/size-limit";
import { ActivityTaskFailedCause } from "../../proto/temporal/api/enums/v1/failed_cause";
import type { ActivityExecutionResult } from "../../proto/temporal/sdk/core/activity_result/activity_result";
import {
  ActivityCancelReason,
  ActivityTask,
  type Cancel,
  type Start,
} from "../../proto/temporal/sdk/core/activity_task/activity_task";
import { ActivityHeartbeat, ActivityTaskCompletion } from "../../proto/temporal/sdk/core/core_interface";
import { asBuffer } from "../../proto/wire";
import type { ActivityInterceptorsFactory } from "../interceptors";
import type { Logger } from "../telemetry/logger";
import {
  ActivityExecution,
  type ActivityOutcome,
  type CancelReason,
  heartbeatConversionFailed,
} from "./activity-execution";
import { activityInfo, activityLogAttributes, base64 } from "./activity-info";
import { RunningTasks } from "./running-tasks";

/** What the activities of a Worker work with. */
interface ActivityTasksOptions {
  /** The functions by name; `default` takes what has no name. */
  activities: ReadonlyMap<string, ActivityFunction>;
  /** Namespace of the Worker. */
  namespace: string;
  /** Task queue of the Worker. */
  taskQueue: string;
  /** The Worker's converter. */
  dataConverter: LoadedDataConverter;
  /** The Worker's interceptors. */
  interceptors: readonly ActivityInterceptorsFactory[];
  /** The Worker's logger. */
  logger: Logger;
  /** The Worker's metrics. */
  metricMeter: MetricMeter;
  /** How many bytes of a result or a failure the server takes. */
  sizeLimit: number;
  /** Makes or returns the Worker's client. */
  client: () => Client;
  /** Hands a completion to Core. */
  complete(completion: Uint8Array): void;
  /** Hands a heartbeat to Core, which throttles it. */
  recordHeartbeat(heartbeat: Uint8Array): void;
}

const payloadsTooLarge = ActivityTaskFailedCause.ACTIVITY_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE;

/** Bytes of a local activity's marker besides result and failure; generous. */
const MARKER_OVERHEAD = 2000;

interface Running {
  readonly isLocal: boolean;
  execution: ActivityExecution | undefined;
  /** A cancellation that came while the arguments were still being decoded. */
  cancelEarly: Cancel | undefined;
  heartbeats: Heartbeats;
}

/** The activities that run on a Worker's main thread: starts, cancels and completes them as Core's tasks say. */
export class ActivityTasks {
  readonly #options: ActivityTasksOptions;
  readonly #running = new RunningTasks<Running>();

  constructor(options: ActivityTasksOptions) {
    this.#options = options;
  }

  /** Activities that are running, local ones included. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Local activities that are running. */
  get inFlightLocal(): number {
    return this.#running.count(({ isLocal }) => isLocal);
  }

  /** Running activities that have sent a heartbeat. */
  get heartbeating(): number {
    return this.#running.count(({ heartbeats }) => heartbeats.used);
  }

  /** Resolves when no activity is running. */
  idle(): Promise<void> {
    return this.#running.idle();
  }

  /** Takes one task of Core's, as protobuf bytes. */
  handle(bytes: Uint8Array): void {
    const { taskToken = new Uint8Array(0), start, cancel } = ActivityTask.decode(asBuffer(bytes));
    if (start !== undefined) void this.#start(taskToken, start);
    else if (cancel !== undefined) this.#cancel(taskToken, cancel);
  }

  async #start(taskToken: Uint8Array, start: Start): Promise<void> {
    const key = base64(taskToken);
    const { recordHeartbeat, logger, namespace } = this.#options;
    const dataConverter = withStorageTarget(this.#options.dataConverter, () => storageTarget(start, namespace));
    const context: ActivitySerializationContext = {
      type: "activity",
      namespace,
      activityId: start.activityId,
      workflowId: start.workflowExecution?.workflowId || undefined,
      isLocal: start.isLocal ?? false,
    };
    const running: Running = {
      isLocal: context.isLocal,
      execution: undefined,
      cancelEarly: undefined,
      heartbeats: new Heartbeats({
        taskToken,
        dataConverter,
        context,
        record: recordHeartbeat,
        failed: (error) => {
          logger.warn("Failed to encode heartbeat details, cancelling Activity", {
            error,
            taskToken: key,
            activityType: start.activityType,
          });
          running.execution?.cancel(heartbeatConversionFailed, undefined);
        },
      }),
    };
    this.#running.add(key, running);
    const encode = (result: ActivityExecutionResult) => ActivityTaskCompletion.encode({ taskToken, result }).finish();
    let result: ActivityExecutionResult;
    let completion: Uint8Array;
    try {
      result = await this.#run(taskToken, start, dataConverter, context, running);
      completion = encode(result);
    } catch (error) {
      // The activity's arguments couldn't be decoded, nobody knows it, or its outcome couldn't be encoded.
      const failure = ensureApplicationFailure(error);
      logger.error(`Error while processing ActivityTask.start: ${failure.message}`, {
        error,
        activityId: start.activityId,
        activityType: start.activityType,
      });
      const report = (conversionError: unknown) =>
        logger.error("Failed to convert the failure of an activity", {
          error: conversionError,
          activityId: start.activityId,
        });
      result = { failed: { failure: await encodeErrorOrNotice(dataConverter, failure, context, report) } };
      completion = encode(result);
    }
    await running.heartbeats.finish(result.failed !== undefined);
    this.#running.finish(key, () => this.#options.complete(completion));
  }

  async #run(
    taskToken: Uint8Array,
    start: Start,
    dataConverter: LoadedDataConverter,
    context: ActivitySerializationContext,
    running: Running,
  ): Promise<ActivityExecutionResult> {
    const { activities, interceptors, logger, metricMeter, client, namespace, taskQueue } = this.#options;
    const { activityId, activityType = "" } = start;
    const [heartbeatDetails] = await this.#decode(
      start.heartbeatDetails,
      context,
      undefined,
      `heartbeat details for activity ${activityId}`,
    );
    const info = activityInfo(taskToken, start, { taskQueue, namespace, heartbeatDetails });
    const fn = activities.get(activityType) ?? activities.get("default");
    if (fn === undefined) throw unknownActivity(activityType, activities);
    const typeInfo = isActivityFunctionWithOptions(fn) ? fn.activityDefinitionOptions.typeInfo : undefined;
    const args = await this.#decode(
      start.input,
      context,
      typeInfo?.inputTypes,
      `activity args for activity ${activityType}`,
    );
    const execution = new ActivityExecution({
      info,
      heartbeat: info.isLocal ? () => {} : (details) => running.heartbeats.send(details),
      client,
      logger,
      metricMeter,
      interceptors,
    });
    running.execution = execution;
    if (running.cancelEarly !== undefined) this.#deliverCancel(execution, running.cancelEarly);
    const { headerFields = {} } = start;
    const headers = isPlain(dataConverter) ? headerFields : await decodeHeaders(dataConverter, headerFields, context);
    const outcome = await execution.run(fn, { args, headers });
    return this.#encodeOutcome(outcome, activityType, dataConverter, context, typeInfo?.outputType);
  }

  async #decode(
    payloads: Start["input"],
    context: ActivitySerializationContext,
    types: readonly TypeInfo[] | undefined,
    what: string,
  ): Promise<unknown[]> {
    if (payloads === undefined || payloads.length === 0) return [];
    try {
      return await decodeArrayFromPayloads(this.#options.dataConverter, payloads, context, types);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw ApplicationFailure.fromError(error, {
        message: `Failed to parse ${what}: ${message}`,
        nonRetryable: false,
      });
    }
  }

  async #encodeOutcome(
    outcome: ActivityOutcome,
    activityType: string,
    converter: LoadedDataConverter,
    context: ActivitySerializationContext,
    outputType: TypeInfo | undefined,
  ): Promise<ActivityExecutionResult> {
    // What Core says of a local activity in its marker takes room too.
    const sizeLimit = this.#options.sizeLimit - (context.isLocal ? MARKER_OVERHEAD : 0);
    const encodeError = (error: TemporalFailure) =>
      encodeErrorWithin(sizeLimit, `activity '${activityType}'`, converter, error, context);
    const failed = async (error: unknown) => ({
      failed: { failure: await encodeError(ensureApplicationFailure(error)) },
    });
    switch (outcome.type) {
      case "completed":
        try {
          const result = await encodeToPayload(converter, outcome.result, context, outputType);
          const refused = tooLarge(result, sizeLimit, `The result of activity '${activityType}'`);
          if (refused === undefined) return { completed: { result } };
          return { failed: { failure: await encodeError(refused), cause: payloadsTooLarge } };
        } catch (error) {
          return failed(error);
        }
      case "failed":
        return failed(outcome.error);
      case "cancelled": {
        if (outcome.error === undefined)
          return { cancelled: { failure: { source: FAILURE_SOURCE, canceledFailureInfo: {} } } };
        // Its stack would show where the Worker made the failure, which tells nobody anything.
        return { cancelled: { failure: { ...(await encodeError(outcome.error)), stackTrace: undefined } } };
      }
      case "willCompleteAsync":
        return { willCompleteAsync: {} };
    }
  }

  #cancel(taskToken: Uint8Array, cancel: Cancel): void {
    const running = this.#running.get(base64(taskToken));
    // The activity may have ended while the cancellation was on its way.
    if (running === undefined) return;
    if (running.execution === undefined) running.cancelEarly = cancel;
    else this.#deliverCancel(running.execution, cancel);
  }

  #deliverCancel(execution: ActivityExecution, { reason, details }: Cancel): void {
    this.#options.logger.trace("Cancelling activity", activityLogAttributes(execution.context.info));
    execution.cancel(
      (ActivityCancelReason[reason ?? ActivityCancelReason.NOT_FOUND] ?? "UNRECOGNIZED") as CancelReason,
      ActivityCancellationDetails.fromProto(details),
    );
  }
}

interface HeartbeatsOptions {
  taskToken: Uint8Array;
  dataConverter: LoadedDataConverter;
  context: ActivitySerializationContext;
  record(heartbeat: Uint8Array): void;
  failed(error: unknown): void;
}

/**
 * Converts the heartbeats of one activity in order. While one is being converted only the newest of those after it
 * is kept, since each replaces the one before.
 */
class Heartbeats {
  /** Whether there ever was one. */
  used = false;
  readonly #options: HeartbeatsOptions;
  #converting: Promise<void> | undefined;
  #next: { details: unknown } | undefined;
  #finished = false;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  send(details: unknown): void {
    // Code that an activity left running must not bring its token back to life.
    if (this.#finished) return;
    this.used = true;
    this.#next = { details };
    this.#converting ??= this.#convert();
  }

  /** Waits until what was sent has reached Core; without `flush` what isn't converted yet is dropped. */
  async finish(flush: boolean): Promise<void> {
    this.#finished = true;
    if (!flush) this.#next = undefined;
    await this.#converting;
  }

  async #convert(): Promise<void> {
    const { taskToken, dataConverter, context, record, failed } = this.#options;
    try {
      while (this.#next !== undefined) {
        const { details } = this.#next;
        this.#next = undefined;
        const payload = await encodeToPayload(dataConverter, details, context);
        record(ActivityHeartbeat.encode({ taskToken, details: [payload] }).finish());
      }
    } catch (error) {
      failed(error);
    } finally {
      this.#converting = undefined;
    }
  }
}

/**
 * What storage drivers are told about an activity's payloads: those of a workflow's activities belong to the workflow.
 */
function storageTarget(
  { workflowExecution, workflowNamespace, workflowType, activityId, activityType, runId }: Start,
  namespace: string,
): StorageDriverTargetInfo {
  const base = { namespace: workflowNamespace || namespace };
  if (!workflowExecution?.workflowId) return { kind: "activity", ...base, id: activityId, type: activityType, runId };
  return {
    kind: "workflow",
    ...base,
    id: workflowExecution.workflowId,
    runId: workflowExecution.runId,
    type: workflowType,
  };
}

function unknownActivity(activityType: string, activities: ReadonlyMap<string, ActivityFunction>): ApplicationFailure {
  return ApplicationFailure.create({
    type: "NotFoundError",
    message: `Activity function ${activityType} is not registered on this Worker, available activities: ${JSON.stringify([...activities.keys()])}`,
    // Another Worker of the task queue may have it, as while a fleet is brought up to date.
    nonRetryable: false,
  });
}
