import {
  compilePriority,
  compileRetryPolicy,
  encodeWorkflowIdReusePolicy,
  extractWorkflowTypeAndConfig,
  mapToPayloads,
  type PayloadTypeInfo,
  type SignalDefinition,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowResultType,
  type WorkflowReturnType,
  type WorkflowSignalOptions,
} from "../common";
import { encodeUnifiedSearchAttributes } from "../common/converter/payload-search-attributes";
import { then } from "../common/intact";
import { msOptionalToTs } from "../common/time";
import { versioningIntentToProto } from "../common/versioning-intent";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import { ChildWorkflowCancellationType, encodeChildWorkflowCancellationType, encodeParentClosePolicy } from "./enums";
import { eventGroupMarkers } from "./event-groups";
import { type ChildWorkflowHandle, signaller } from "./external-workflow";
import { compose, type StartChildWorkflowExecutionInput } from "./interceptors";
import type { ChildWorkflowOptions, ChildWorkflowOptionsWithDefaults } from "./interfaces";
import { uuid4 } from "./random/streams";
import type { WorkflowRun } from "./run/run";
import { trace } from "./run/traces";

type DefinitionOptions = Omit<ChildWorkflowOptions, "typeInfo"> & { typeInfo?: never };

/**
 * Starts a Child Workflow. It runs on the parent's task queue unless told otherwise, and is cancelled with the current
 * scope.
 *
 * @param workflowType name of the Workflow
 * @param options see {@link ChildWorkflowOptions}
 * @returns resolves when the child was started, to a handle for its result and for signals; rejects with a
 *   `WorkflowExecutionAlreadyStartedError` if a Workflow with that identifier is running
 */
export async function startChild<T extends Workflow>(
  workflowType: string,
  options: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<ChildWorkflowHandle<T>>;
/** Starts a Child Workflow given by its function. */
export async function startChild<T extends Workflow>(
  workflowFunc: T,
  options: WithWorkflowArgs<T, DefinitionOptions>,
): Promise<ChildWorkflowHandle<T>>;
/** Starts a Child Workflow that takes no arguments. */
export async function startChild<T extends () => Promise<any>>(workflowType: string): Promise<ChildWorkflowHandle<T>>;
/** Starts a Child Workflow that takes no arguments, given by its function. */
export async function startChild<T extends () => Promise<any>>(workflowFunc: T): Promise<ChildWorkflowHandle<T>>;
export async function startChild<T extends Workflow>(
  workflowTypeOrFunc: string | T,
  options?: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<ChildWorkflowHandle<T>> {
  const run = requireRun("Workflow.startChild(...)", "Consider using Client.workflow.start(...) instead.)");
  run.assertWritable("startChild(...)");
  const { workflowType, withDefaults } = childOptions(workflowTypeOrFunc, options);
  const { 0: started, 1: completed } = await execute(run, workflowType, withDefaults);
  const firstExecutionRunId = await started;
  const { workflowId } = withDefaults;
  const signal = signaller(run, { type: "child", childWorkflowId: workflowId });
  return {
    workflowId,
    firstExecutionRunId,
    async result(): Promise<WorkflowResultType<T>> {
      return (await completed) as WorkflowResultType<T>;
    },
    async signal<Args extends any[]>(def: SignalDefinition<Args> | string, ...args: Args): Promise<void> {
      return typeof def === "string" ? signal(def, args) : signal(def.name, args, def.typeInfo);
    },
    async signalWithOptions<Args extends any[]>(
      signalName: string,
      options: WorkflowSignalOptions<Args>,
    ): Promise<void> {
      return signal(signalName, options.args ?? [], options.typeInfo);
    },
  };
}

/**
 * Starts a Child Workflow and waits for its end. It runs on the parent's task queue unless told otherwise, and is
 * cancelled with the current scope.
 *
 * @param workflowType name of the Workflow
 * @param options see {@link ChildWorkflowOptions}
 * @returns its result; rejects with a `ChildWorkflowFailure` if it doesn't succeed
 */
export async function executeChild<T extends Workflow>(
  workflowType: string,
  options: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<WorkflowResultType<T>>;
/** Runs a Child Workflow given by its function. */
export async function executeChild<T extends Workflow>(
  workflowFunc: T,
  options: WithWorkflowArgs<T, DefinitionOptions>,
): Promise<WorkflowResultType<T>>;
/** Runs a Child Workflow that takes no arguments. */
export async function executeChild<T extends () => WorkflowReturnType>(
  workflowType: string,
): Promise<WorkflowResultType<T>>;
/** Runs a Child Workflow that takes no arguments, given by its function. */
export async function executeChild<T extends () => WorkflowReturnType>(workflowFunc: T): Promise<WorkflowResultType<T>>;
export async function executeChild<T extends Workflow>(
  workflowTypeOrFunc: string | T,
  options?: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<WorkflowResultType<T>> {
  const run = requireRun("Workflow.executeChild(...)", "Consider using Client.workflow.execute(...) instead.");
  run.assertWritable("executeChild(...)");
  const { workflowType, withDefaults } = childOptions(workflowTypeOrFunc, options);
  return then(execute(run, workflowType, withDefaults), (parts) => parts[1]) as Promise<WorkflowResultType<T>>;
}

/** Fills in what a child needs: a workflow ID that is the same on replay, its arguments and its cancellation type. */
export function addDefaultWorkflowOptions<T extends Workflow>(
  options: WithWorkflowArgs<T, ChildWorkflowOptions>,
): ChildWorkflowOptionsWithDefaults {
  const { args, workflowId, ...rest } = options as ChildWorkflowOptions & { args?: unknown[] };
  return {
    workflowId: workflowId ?? uuid4(),
    args: args ?? [],
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    ...rest,
  };
}

function childOptions<T extends Workflow>(
  workflowTypeOrFunc: string | T,
  options: WithWorkflowArgs<T, ChildWorkflowOptions> | undefined,
): { workflowType: string; withDefaults: ChildWorkflowOptionsWithDefaults } {
  const withDefaults = addDefaultWorkflowOptions(options ?? ({} as WithWorkflowArgs<T, ChildWorkflowOptions>));
  const { type, typeInfo } = extractWorkflowTypeAndConfig(
    workflowTypeOrFunc,
    withDefaults.typeInfo as PayloadTypeInfo | undefined,
  );
  withDefaults.typeInfo = typeInfo;
  return { workflowType: type, withDefaults };
}

function execute(
  run: WorkflowRun,
  workflowType: string,
  options: ChildWorkflowOptionsWithDefaults,
): Promise<[Promise<string>, Promise<unknown>]> {
  const next = compose(run, run.interceptors.outbound, "startChildWorkflowExecution", pushStartChild);
  return next({ seq: run.nextSeqs.childWorkflow++, options, headers: {}, workflowType });
}

function pushStartChild({
  options,
  headers,
  workflowType,
  seq,
}: StartChildWorkflowExecutionInput): Promise<[Promise<string>, Promise<unknown>]> {
  const run = requireRun("Workflow.startChild(...)");
  const workflowId = options.workflowId ?? uuid4();
  const context = run.context(workflowId);
  let release: (() => void) | undefined;
  const started = new Promise<string>((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const markers = eventGroupMarkers(options.eventGroups);
    if (scope.cancellable) {
      release = scope.onCancelRequested(() => {
        if (!run.completions.childWorkflowComplete.has(seq)) return;
        run.pushCommand({ cancelChildWorkflowExecution: { childWorkflowSeq: seq }, eventGroupMarkers: markers });
      });
    }
    const { searchAttributes, typedSearchAttributes } = options;
    run.pushCommand({
      startChildWorkflowExecution: {
        seq,
        workflowId,
        workflowType,
        input: run.toPayloads(options.args, context, options.typeInfo?.inputTypes),
        retryPolicy: options.retry ? compileRetryPolicy(options.retry) : undefined,
        taskQueue: options.taskQueue || run.host.taskQueue,
        workflowExecutionTimeout: msOptionalToTs(options.workflowExecutionTimeout, "workflowExecutionTimeout"),
        workflowRunTimeout: msOptionalToTs(options.workflowRunTimeout, "workflowRunTimeout"),
        workflowTaskTimeout: msOptionalToTs(options.workflowTaskTimeout, "workflowTaskTimeout"),
        namespace: run.host.namespace,
        headers,
        cancellationType: encodeChildWorkflowCancellationType(options.cancellationType),
        workflowIdReusePolicy: encodeWorkflowIdReusePolicy(options.workflowIdReusePolicy),
        parentClosePolicy: encodeParentClosePolicy(options.parentClosePolicy),
        cronSchedule: options.cronSchedule,
        searchAttributes:
          searchAttributes || typedSearchAttributes
            ? { indexedFields: encodeUnifiedSearchAttributes(searchAttributes, typedSearchAttributes) }
            : undefined,
        memo: options.memo && mapToPayloads(run.payloadConverter, options.memo, context),
        versioningIntent: versioningIntentToProto(options.versioningIntent),
        priority: options.priority ? compilePriority(options.priority) : undefined,
      },
      userMetadata: run.userMetadata(options.staticSummary, options.staticDetails, context),
      eventGroupMarkers: markers,
    });
    run.completions.childWorkflowStart.set(seq, { resolve, reject, context });
  });
  const completed = new Promise<unknown>((resolve, reject) => {
    then(started, undefined, reject);
    run.completions.childWorkflowComplete.set(seq, {
      resolve,
      reject,
      release,
      context,
      outputTypeInfo: options.typeInfo?.outputType,
      trace: trace(),
    });
  });
  // The result of a child that was only started may never be asked for.
  then(completed, undefined, () => undefined);
  return Promise.resolve([started, completed]);
}
