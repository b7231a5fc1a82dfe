import { decodePriority, decompileRetryPolicy, mapFromPayloads, TypedSearchAttributes } from "../../common";
import { suggestContinueAsNewReasonsFromProto } from "../../common/continue-as-new";
import { fromPayloadsAtIndex } from "../../common/converter/payload-converter";
import { decodeSearchAttributes, decodeTypedSearchAttributes } from "../../common/converter/payload-search-attributes";
import { optionalTsToDate, optionalTsToMs, requiredTsToMs } from "../../common/time";
import { convertDeploymentVersion } from "../../common/worker-deployments";
import type {
  InitializeWorkflow,
  WorkflowActivation,
} from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { WorkflowInfo } from "../interfaces";
import { unsafeSource } from "../random/draw";
import type { WorkflowRun } from "./run";

/** What stays the same for the whole run, from its first activation. */
export interface RunStart {
  /** Identifier of the run. */
  readonly runId: string;
  /** Identifier of the Workflow. */
  readonly workflowId: string;
  /** Name of the Workflow's function. */
  readonly workflowType: string;
  /** Bytes of the randomness seed, most significant first. */
  readonly seed: Uint8Array;
  /** Time of the first activation, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** The rest of the start event, without arguments and headers, so that these can be freed. */
  readonly details: Omit<InitializeWorkflow, "arguments" | "headers">;
}

/** What may change with every activation; see the fields of the activation. */
interface TaskInfo {
  historyLength: number;
  historySize: number;
  continueAsNewSuggested: boolean;
  targetWorkerDeploymentVersionChanged: boolean;
  suggestedReasons: WorkflowActivation["suggestContinueAsNewReasons"];
  buildId: string;
  deploymentVersion: WorkflowActivation["deploymentVersionForCurrentTask"];
}

/**
 * Reads the start of a run from its first activation.
 *
 * @throws TypeError if a field is missing without which no run can begin
 */
export function readStart(activation: WorkflowActivation, init: InitializeWorkflow): RunStart {
  const { arguments: _arguments, headers: _headers, ...details } = init;
  const { workflowId, workflowType, randomnessSeed } = init;
  if (!activation.runId || !workflowId || !workflowType) {
    throw new TypeError(
      `Malformed InitializeWorkflow activation: it has run ID '${activation.runId}', workflow ID '${workflowId}', workflow type '${workflowType}'`,
    );
  }
  const seed = randomnessSeed?.toBytesBE() ?? new Array<number>(8).fill(0);
  const startedMs = requiredTsToMs(activation.timestamp, "timestamp");
  return { runId: activation.runId, workflowId, workflowType, seed: Uint8Array.from(seed), startedMs, details };
}

/** Makes the snapshots for `workflowInfo()`, only when somebody asks for one. */
export class RunInfo {
  readonly task: TaskInfo = {
    historyLength: 0,
    historySize: 0,
    continueAsNewSuggested: false,
    targetWorkerDeploymentVersionChanged: false,
    suggestedReasons: undefined,
    buildId: "",
    deploymentVersion: undefined,
  };
  #constant: ReturnType<RunInfo["constant"]> | undefined;
  #overrides: Partial<WorkflowInfo> | undefined;
  #snapshot: WorkflowInfo | undefined;

  constructor(
    private readonly run: WorkflowRun,
    readonly start: RunStart,
  ) {}

  /** Takes what an activation says about its Workflow Task. */
  update(activation: WorkflowActivation): void {
    const { task } = this;
    task.historyLength = activation.historyLength ?? 0;
    task.historySize = activation.historySizeBytes?.toNumber() ?? 0;
    task.continueAsNewSuggested = activation.continueAsNewSuggested ?? false;
    task.targetWorkerDeploymentVersionChanged = activation.targetWorkerDeploymentVersionChanged ?? false;
    task.suggestedReasons = activation.suggestContinueAsNewReasons;
    task.deploymentVersion = activation.deploymentVersionForCurrentTask;
    task.buildId = task.deploymentVersion?.buildId ?? "";
    this.#snapshot = undefined;
  }

  /** The next snapshot must be made anew. */
  invalidate(): void {
    this.#snapshot = undefined;
  }

  /** Values that Workflow code set itself. */
  override(values: Partial<WorkflowInfo>): void {
    this.#overrides = { ...this.#overrides, ...values };
    this.#snapshot = undefined;
  }

  /** The information as of now. Not changed later: what changes makes a new snapshot. */
  snapshot(): WorkflowInfo {
    return (this.#snapshot ??= this.#make());
  }

  #make(): WorkflowInfo {
    const { task, run } = this;
    const { host } = run;
    return {
      ...(this.#constant ??= this.constant()),
      historyLength: task.historyLength,
      historySize: task.historySize,
      continueAsNewSuggested: task.continueAsNewSuggested,
      targetWorkerDeploymentVersionChanged: task.targetWorkerDeploymentVersionChanged,
      suggestedContinueAsNewReasons: suggestContinueAsNewReasonsFromProto(task.suggestedReasons),
      currentBuildId: task.buildId,
      currentDeploymentVersion: convertDeploymentVersion(task.deploymentVersion),
      ...this.#overrides,
      unsafe: {
        now: host.realNow,
        isReplaying: run.isReplaying,
        isReplayingHistoryEvents: run.isReplayingHistoryEvents,
        random: unsafeSource(host.realRandom),
      },
    };
  }

  private constant() {
    const { run, start } = this;
    const { details } = start;
    const context = run.context();
    const {
      parentWorkflowInfo: parent,
      rootWorkflow: root,
      searchAttributes,
      memo,
      continuedFailure,
      lastCompletionResult,
    } = details;
    return {
      workflowId: start.workflowId,
      runId: start.runId,
      workflowType: start.workflowType,
      searchAttributes: searchAttributes === undefined ? {} : decodeSearchAttributes(searchAttributes.indexedFields),
      typedSearchAttributes:
        searchAttributes === undefined
          ? new TypedSearchAttributes()
          : decodeTypedSearchAttributes(searchAttributes.indexedFields),
      memo: mapFromPayloads(run.payloadConverter, memo?.fields, context) ?? {},
      parent: parent && {
        workflowId: parent.workflowId ?? "",
        runId: parent.runId ?? "",
        namespace: parent.namespace ?? "",
      },
      root: root && { workflowId: root.workflowId ?? "", runId: root.runId ?? "" },
      lastResult: fromPayloadsAtIndex(run.payloadConverter, 0, lastCompletionResult?.payloads, context),
      lastFailure: continuedFailure && run.failureToError(continuedFailure),
      taskQueue: run.host.taskQueue,
      namespace: run.host.namespace,
      firstExecutionRunId: details.firstExecutionRunId ?? "",
      originalExecutionRunId: details.originalExecutionRunId || start.runId,
      continuedFromExecutionRunId: details.continuedFromExecutionRunId || undefined,
      startTime: new Date(requiredTsToMs(details.startTime, "startTime")),
      runStartTime: new Date(start.startedMs),
      executionTimeoutMs: optionalTsToMs(details.workflowExecutionTimeout),
      executionExpirationTime: optionalTsToDate(details.workflowExecutionExpirationTime),
      runTimeoutMs: optionalTsToMs(details.workflowRunTimeout),
      taskTimeoutMs: requiredTsToMs(details.workflowTaskTimeout, "workflowTaskTimeout"),
      retryPolicy: decompileRetryPolicy(details.retryPolicy),
      attempt: details.attempt ?? 1,
      cronSchedule: details.cronSchedule || undefined,
      // 0 means that there is none: cron runs are at least a minute apart.
      cronScheduleToScheduleInterval: optionalTsToMs(details.cronScheduleToScheduleInterval) || undefined,
      priority: decodePriority(details.priority),
    };
  }
}
