import { drainMicrotasks } from "bun:jsc";
import { encodeVersioningBehavior } from "../../common";
import { arrayFromPayloads } from "../../common/converter/payload-converter";
import { append, apply, filtered, some, then } from "../../common/intact";
import { requiredTsToMs } from "../../common/time";
import type {
  InitializeWorkflow,
  WorkflowActivation,
  WorkflowActivationJob,
} from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { Success } from "../../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { SdkFlags } from "../flags";
import { compose } from "../interceptors";
import { executeWithLifecycleLogging } from "../logs";
import { endWithError, endWithResult } from "./outcome";
import * as resolutions from "./resolutions";
import type { WorkflowRun } from "./run";

/** Jobs that may come together with the start of the run. */
const startable: readonly (keyof WorkflowActivationJob)[] = [
  "signalWorkflow",
  "doUpdate",
  "cancelWorkflow",
  "updateRandomSeed",
];

/**
 * Applies one activation to a run whose bundle is evaluated, and runs the run's microtasks until it can't go on. The
 * order of things here decides about the order of commands, so it is part of every recorded history.
 *
 * @throws whatever fails the Workflow Task
 */
export function applyActivation(
  run: WorkflowRun,
  activation: WorkflowActivation,
  init: InitializeWorkflow | undefined,
): Success {
  const jobs = activation.jobs ?? [];
  if (some(jobs, isQuery)) return answerQueries(run, activation, jobs);
  if (init !== undefined) initialize(run);
  const hasSignals = some(jobs, isSignal);
  const singleBatch = !hasSignals || run.hasFlag(SdkFlags.ProcessWorkflowActivationJobsAsSingleBatch);
  let rest: WorkflowActivationJob[] = [];
  let seed: WorkflowActivationJob["updateRandomSeed"];
  for (let index = 0; index < jobs.length; index++) {
    const job = jobs[index]!;
    if (job.notifyHasPatch !== undefined) run.notifyHasPatch(job.notifyHasPatch.patchId ?? "");
    else if (singleBatch && job.updateRandomSeed !== undefined) seed = job.updateRandomSeed;
    else append(rest, job);
  }
  if (seed !== undefined) updateRandomSeed(run, seed);
  if (singleBatch) {
    applyBatch(run, activation, rest, 0);
  } else {
    const signals = filtered(rest, isSignal);
    rest = filtered(rest, (job) => !isSignal(job));
    applyBatch(run, activation, signals, 0);
    if (rest.length > 0) applyBatch(run, activation, rest, 1);
  }
  return conclude(run);
}

const isQuery = ({ queryWorkflow }: WorkflowActivationJob) => queryWorkflow !== undefined;
const isSignal = ({ signalWorkflow }: WorkflowActivationJob) => signalWorkflow !== undefined;

/** Takes over what the activation says about time and replay. Before the bundle is evaluated, whose code may ask. */
export function beginActivation(run: WorkflowRun, activation: WorkflowActivation): void {
  if (some(activation.jobs ?? [], isQuery)) {
    run.isReplaying = true;
    run.isReplayingHistoryEvents = false;
    run.facts.invalidate();
    return;
  }
  run.now = requiredTsToMs(activation.timestamp, "activation.timestamp");
  run.isReplaying = activation.isReplaying ?? false;
  run.isReplayingHistoryEvents = run.isReplaying;
  run.facts.update(activation);
  if (activation.availableInternalFlags !== undefined) run.addKnownFlags(activation.availableInternalFlags);
  if (activation.lastSdkVersion) run.sdkVersion = activation.lastSdkVersion;
}

function initialize(run: WorkflowRun): void {
  const options = run.definitionOptions?.();
  if (options !== undefined) {
    run.versioningBehavior = options.versioningBehavior;
    run.failureExceptionTypes = options.failureExceptionTypes;
  }
  drainMicrotasks();
}

function answerQueries(run: WorkflowRun, activation: WorkflowActivation, jobs: WorkflowActivationJob[]): Success {
  if (some(jobs, (job) => !isQuery(job))) throw new TypeError("Got both queries and other jobs in a single activation");
  let names = "";
  for (let index = 0; index < jobs.length; index++)
    names += `${index > 0 ? ", " : ""}'${jobs[index]!.queryWorkflow?.queryType}'`;
  // Interceptors of queries too, and what any of them starts.
  run.readOnlyActivation = `the query ${names}`;
  try {
    applyJobs(run, activation, jobs, 0);
    drainMicrotasks();
    const failed = run.takeTaskError();
    if (failed === undefined) return conclude(run);
    // What a query started and nobody waited for: an answer that hides it would be wrong, but the run is as it was.
    run.takeCommands();
    const failure = run.errorToAnswer(failed.error);
    for (let index = 0; index < jobs.length; index++) {
      run.pushCommand({ respondToQuery: { queryId: jobs[index]!.queryWorkflow?.queryId, failed: failure } });
    }
    return conclude(run);
  } finally {
    run.readOnlyActivation = undefined;
  }
}

function applyBatch(
  run: WorkflowRun,
  activation: WorkflowActivation,
  jobs: WorkflowActivationJob[],
  batchIndex: number,
): void {
  applyJobs(run, activation, jobs, batchIndex);
  drainMicrotasks();
  while (run.unblockConditions() > 0) drainMicrotasks();
}

function applyJobs(
  run: WorkflowRun,
  activation: WorkflowActivation,
  jobs: WorkflowActivationJob[],
  batchIndex: number,
): void {
  const { internals } = run.interceptors;
  if (internals.length === 0) applyEach(run, jobs);
  else
    compose(run, internals, "activate", (input) => applyEach(run, input.activation.jobs ?? []))({
      activation: { ...activation, jobs },
      batchIndex,
    });
}

function applyEach(run: WorkflowRun, jobs: readonly WorkflowActivationJob[]): void {
  const init = jobs[0]?.initializeWorkflow;
  for (let index = init === undefined ? 0 : 1; index < jobs.length; index++) {
    const job = jobs[index]!;
    if (init !== undefined && !some(startable, (variant) => job[variant] !== undefined)) {
      throw new TypeError(
        `Received initializeWorkflow together with ${Object.keys(job).join(", ")} in the same activation`,
      );
    }
    applyJob(run, job);
    if (job.queryWorkflow === undefined) run.unblockConditions();
  }
  if (init === undefined) return;
  startWorkflow(run, init);
  run.unblockConditions();
}

function applyJob(run: WorkflowRun, job: WorkflowActivationJob): void {
  if (job.resolveActivity !== undefined) resolutions.resolveActivity(run, job.resolveActivity);
  else if (job.fireTimer !== undefined) resolutions.fireTimer(run, job.fireTimer);
  else if (job.signalWorkflow !== undefined) run.messages.signal(job.signalWorkflow);
  else if (job.queryWorkflow !== undefined) run.messages.query(job.queryWorkflow);
  else if (job.doUpdate !== undefined) run.messages.update(job.doUpdate);
  else if (job.resolveChildWorkflowExecutionStart !== undefined) {
    resolutions.resolveChildWorkflowExecutionStart(run, job.resolveChildWorkflowExecutionStart);
  } else if (job.resolveChildWorkflowExecution !== undefined) {
    resolutions.resolveChildWorkflowExecution(run, job.resolveChildWorkflowExecution);
  } else if (job.resolveSignalExternalWorkflow !== undefined) {
    resolutions.resolveSignalExternalWorkflow(run, job.resolveSignalExternalWorkflow);
  } else if (job.resolveRequestCancelExternalWorkflow !== undefined) {
    resolutions.resolveRequestCancelExternalWorkflow(run, job.resolveRequestCancelExternalWorkflow);
  } else if (job.resolveNexusOperationStart !== undefined) {
    resolutions.resolveNexusOperationStart(run, job.resolveNexusOperationStart);
  } else if (job.resolveNexusOperation !== undefined) {
    resolutions.resolveNexusOperation(run, job.resolveNexusOperation);
  } else if (job.cancelWorkflow !== undefined) {
    run.cancelled = true;
    run.rootScope.cancel();
  } else if (job.updateRandomSeed !== undefined) {
    updateRandomSeed(run, job.updateRandomSeed);
  } else {
    throw new TypeError(
      `Unknown activation job ${JSON.stringify(Object.keys(job))}; the library and Temporal's Core don't fit together`,
    );
  }
}

function updateRandomSeed(
  run: WorkflowRun,
  { randomnessSeed }: NonNullable<WorkflowActivationJob["updateRandomSeed"]>,
): void {
  if (randomnessSeed === undefined) throw new TypeError("Expected activation with randomnessSeed attribute");
  run.random.reseed(Uint8Array.from(randomnessSeed.toBytesBE()));
}

function startWorkflow(run: WorkflowRun, init: InitializeWorkflow): void {
  const { workflow } = run;
  if (workflow === undefined) throw new TypeError("Workflow uninitialized");
  const execute = compose(run, run.interceptors.inbound, "execute", async ({ args }) => await apply(workflow, args));
  const args = arrayFromPayloads(run.payloadConverter, init.arguments, run.context(), run.typeInfo?.inputTypes);
  const ended = then(
    executeWithLifecycleLogging(run, () => execute({ headers: init.headers ?? {}, args })),
    (result) => endWithResult(run, result),
    (error: unknown) => endWithError(run, error),
  );
  // A result or an error that has no payload.
  then(ended, undefined, (error: unknown) => run.failTask(error));
}

function conclude(run: WorkflowRun): Success {
  run.messages.rejectBufferedUpdates();
  const commands = run.takeCommands();
  const { internals } = run.interceptors;
  let concluded = commands;
  if (internals.length > 0) {
    concluded = compose(run, internals, "concludeActivation", (input) => input)({ commands }).commands;
    // What interceptors start goes on now. Commands that come of it are for the next completion, as in the official
    // SDK.
    drainMicrotasks();
    run.throwIfTaskFailed();
  }
  if (run.completed) run.messages.warnIfUnfinished();
  return {
    commands: concluded,
    usedInternalFlags: run.usedFlags,
    versioningBehavior: encodeVersioningBehavior(run.versioningBehavior),
  };
}
