import { AsyncLocalStorage } from "node:async_hooks";
import type { BaseWorkflowHandle, SignalDefinition, SignalTypeInfo, Workflow, WorkflowSignalOptions } from "../common";
import { then } from "../common/intact";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import { eventGroupMarkers } from "./event-groups";
import { compose, type SignalWorkflowInput } from "./interceptors";
import { patched } from "./patches";
import type { WorkflowRun } from "./run/run";
import { trace } from "./run/traces";

/** Recorded where cancelling an external Workflow heeds the current scope; before SDK 0.22 it didn't. */
const cancelPatch = "__temporal_internal_connect_external_handle_cancel_to_scope";

/** A Workflow that isn't a child of this one. */
export interface ExternalWorkflowHandle {
  /**
   * Signals the Workflow.
   *
   * @param def the signal, as `defineSignal` gives it, or its name
   * @returns resolves when the server has taken the signal; rejects if the Workflow doesn't exist
   */
  signal<Args extends any[] = [], Name extends string = string>(
    def: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
  /**
   * Signals the Workflow, with type information for the arguments.
   * @experimental
   */
  signalWithOptions<Args extends any[] = []>(signalName: string, options: WorkflowSignalOptions<Args>): Promise<void>;
  /** Requests cancellation. Rejects if the Workflow doesn't exist. */
  cancel(): Promise<void>;
  /** Identifier of the Workflow. */
  readonly workflowId: string;
  /** The run, if the handle is for one. */
  readonly runId?: string;
}

/** A Child Workflow that was started. */
export interface ChildWorkflowHandle<T extends Workflow> extends BaseWorkflowHandle<T> {
  /** Identifier of the child's first run. */
  readonly firstExecutionRunId: string;
}

/**
 * A handle to signal or cancel any Workflow of the namespace. Doesn't check that there is one.
 *
 * @param workflowId identifier of the Workflow
 * @param runId the run. Default: the current one
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function getExternalWorkflowHandle(workflowId: string, runId?: string): ExternalWorkflowHandle {
  const run = requireRun(
    "Workflow.getExternalWorkflowHandle(...)",
    "Consider using Client.workflow.getHandle(...) instead.)",
  );
  const signal = signaller(run, { type: "external", workflowExecution: { workflowId, runId } });
  return {
    workflowId,
    runId,
    cancel: () => cancelExternal(run, workflowId, runId),
    signal: (def: SignalDefinition<any[]> | string, ...args: unknown[]) =>
      typeof def === "string" ? signal(def, args) : signal(def.name, args, def.typeInfo),
    signalWithOptions: (signalName, options) => signal(signalName, options.args ?? [], options.typeInfo),
  };
}

/** A function that signals `target`. */
export function signaller(
  run: WorkflowRun,
  target: SignalWorkflowInput["target"],
): (signalName: string, args: unknown[], typeInfo?: SignalTypeInfo) => Promise<void> {
  return (signalName, args, typeInfo) => {
    run.assertWritable("signal(...)");
    const next = compose(run, run.interceptors.outbound, "signalWorkflow", pushSignal);
    return next({ seq: run.nextSeqs.signalWorkflow++, signalName, args, typeInfo, target, headers: {} });
  };
}

function pushSignal({ seq, signalName, args, typeInfo, target, headers }: SignalWorkflowInput): Promise<void> {
  const run = requireRun("signal(...)");
  const workflowId = target.type === "external" ? target.workflowExecution.workflowId : target.childWorkflowId;
  const context = run.context(workflowId ?? "");
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const release = scope.cancellable
      ? scope.onCancelRequested(() => {
          if (run.completions.signalWorkflow.has(seq)) run.pushCommand({ cancelSignalWorkflow: { seq } });
        })
      : undefined;
    run.pushCommand({
      signalExternalWorkflowExecution: {
        seq,
        args: run.toPayloads(args, context, typeInfo?.inputTypes),
        headers,
        signalName,
        ...(target.type === "external"
          ? { workflowExecution: { namespace: run.host.namespace, ...target.workflowExecution } }
          : { childWorkflowId: target.childWorkflowId }),
      },
      eventGroupMarkers: eventGroupMarkers(),
    });
    run.completions.signalWorkflow.set(seq, { resolve, reject, release, context, trace: trace() });
  });
}

function cancelExternal(run: WorkflowRun, workflowId: string, runId: string | undefined): Promise<void> {
  run.assertWritable("cancel()");
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    // Patched as late as possible, so that the marker is only in histories to which it makes a difference.
    if (scope.cancellable) {
      // Never taken back: histories have the marker even if the scope is cancelled after this is done. Bound to this
      // context, whose event groups the marker gets.
      scope.onCancelRequested(
        AsyncLocalStorage.bind((reason: unknown) => {
          if (patched(cancelPatch)) reject(reason);
        }),
      );
    }
    if (scope.consideredCancelled && patched(cancelPatch)) return;
    const seq = run.nextSeqs.cancelWorkflow++;
    run.pushCommand({
      requestCancelExternalWorkflowExecution: {
        seq,
        workflowExecution: { namespace: run.host.namespace, workflowId, runId },
      },
      eventGroupMarkers: eventGroupMarkers(),
    });
    run.completions.cancelWorkflow.set(seq, { resolve, reject, context: run.context(workflowId), trace: trace() });
  });
}
