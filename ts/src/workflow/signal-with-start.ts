import {
  compilePriority,
  compileRetryPolicy,
  type Duration,
  encodeWorkflowIdConflictPolicy,
  encodeWorkflowIdReusePolicy,
  extractWorkflowTypeAndConfig,
  mapToPayloads,
  type Payload,
  type Priority,
  type RetryPolicy,
  type SignalDefinition,
  type TypedSearchAttributes,
  type VersioningOverride,
  type Workflow,
  type WorkflowIdConflictPolicy,
  type WorkflowIdReusePolicy,
} from "../common";
import { encodeUnifiedSearchAttributes } from "../common/converter/payload-search-attributes";
import { encodingKeys, METADATA_ENCODING_KEY, METADATA_MESSAGE_TYPE_KEY } from "../common/converter/types";
import { encode } from "../common/encoding";
import { msOptionalToTs } from "../common/time";
import { versioningOverrideToProto } from "../common/worker-deployments";
import type { SignalWithStartWorkflowExecutionRequest } from "../proto/temporal/api/workflowservice/v1/request_response";
import { requireRun } from "./current";
import { type ExternalWorkflowHandle, getExternalWorkflowHandle } from "./external-workflow";
import { compose } from "./interceptors";
import { pushNexusOperation } from "./nexus";
import type { WorkflowRun } from "./run/run";

/**
 * The Workflow and the signal of {@link signalWithStartWorkflow}, given by name or by function and definition, which
 * say what arguments they take.
 *
 * @experimental
 */
export type SignalWithStartWorkflowRequest<
  W extends Workflow = Workflow,
  S extends SignalDefinition<any[]> = SignalDefinition<any[]>,
> = SignalWithStartOptions &
  ({ workflow: string; args?: readonly unknown[] } | ({ workflow: W } & OptionalIfEmpty<"args", Parameters<W>>)) &
  (
    | { signal: string; signalArgs?: readonly unknown[] }
    | ({ signal: S } & OptionalIfEmpty<"signalArgs", S extends SignalDefinition<infer Args> ? Args : never>)
  );

/** A field that may be left out if it is an empty list. */
type OptionalIfEmpty<K extends string, Args extends any[]> = Args extends [any, ...any[]]
  ? { [P in K]: Args | Readonly<Args> }
  : { [P in K]?: Args | Readonly<Args> };

interface SignalWithStartOptions {
  /** Identifier of the Workflow. */
  id: string;
  /** Task queue on which the Workflow is started. */
  taskQueue: string;
  /** Limit of the execution, retries and continue-as-new included. Default: none. */
  executionTimeout?: Duration;
  /** Limit of a run. Default: that of the execution. */
  runTimeout?: Duration;
  /** Limit of a Workflow task. Default 10 s. */
  taskTimeout?: Duration;
  /** What happens if there was a Workflow with the identifier. Default `ALLOW_DUPLICATE`. */
  idReusePolicy?: WorkflowIdReusePolicy;
  /** What happens if a Workflow with the identifier runs. Default: it gets the signal. */
  idConflictPolicy?: WorkflowIdConflictPolicy;
  /** How a failed Workflow is retried. Default: not at all. */
  retryPolicy?: RetryPolicy;
  /** When the Workflow is repeated. Default: never. */
  cronSchedule?: string;
  /** Notes, not indexed. */
  memo?: Record<string, unknown>;
  /** Indexed values by which the Workflow is found. */
  searchAttributes?: TypedSearchAttributes;
  /** Which of the tasks that wait in the queue goes first. */
  priority?: Priority;
  /** Replaces the versioning behaviour of the Workflow. */
  versioningOverride?: VersioningOverride;
  /** Time to wait before the first task. */
  startDelay?: Duration;
  /** One line for people to see. */
  staticSummary?: string;
  /** Several lines for people to see. */
  staticDetails?: string;
}

/**
 * Signals a Workflow of this namespace, and starts it if it isn't running. The server itself does it, behind a Nexus
 * endpoint of its own. It must be one that can (from 1.32) and that has `history.enableSignalWithStartFromWorkflow`
 * turned on: any other refuses the Workflow task, which is tried again and again until it is.
 *
 * @returns a handle of the run that got the signal; rejects with a `NexusOperationFailure` if that was not possible
 * @throws IllegalStateError outside of a Workflow Execution
 * @experimental
 */
export async function signalWithStartWorkflow<
  W extends Workflow = Workflow,
  S extends SignalDefinition<any[]> = SignalDefinition<any[]>,
>(request: SignalWithStartWorkflowRequest<W, S>): Promise<ExternalWorkflowHandle> {
  const run = requireRun("signalWithStartWorkflow(...)");
  run.assertWritable("signalWithStartWorkflow(...)");
  for (const field of ["id", "taskQueue"] as const) {
    if (!request[field]) throw new TypeError(`signalWithStartWorkflow(...) needs ${field}, a text that isn't empty`);
  }
  const convert = {
    toPayload: (input: unknown): Payload => ({
      metadata: {
        [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_PROTOBUF,
        [METADATA_MESSAGE_TYPE_KEY]: encode("temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest"),
      },
      data: run.host.encodeSignalWithStart(toProto(run, input as SignalWithStartWorkflowRequest)),
    }),
    fromPayload: run.host.decodeSignalWithStart,
  };
  const next = compose(run, run.interceptors.outbound, "startNexusOperation", (start) =>
    pushNexusOperation(start, convert),
  );
  const { result } = await next({
    endpoint: "__temporal_system",
    service: "temporal.api.workflowservice.v1.WorkflowService",
    operation: "SignalWithStartWorkflowExecution",
    options: { cancellationType: "WAIT_CANCELLATION_COMPLETED" },
    headers: {},
    seq: run.nextSeqs.nexusOperation++,
    input: request,
  });
  const { runId } = (await result) as ReturnType<typeof run.host.decodeSignalWithStart>;
  return getExternalWorkflowHandle(request.id, runId || undefined);
}

function toProto(run: WorkflowRun, request: SignalWithStartWorkflowRequest): SignalWithStartWorkflowExecutionRequest {
  const { id, taskQueue, workflow, signal, args = [], signalArgs = [], memo, retryPolicy, priority } = request;
  const context = run.context(id);
  const { type, typeInfo } = extractWorkflowTypeAndConfig(workflow);
  const definition: Pick<SignalDefinition, "name" | "typeInfo"> =
    typeof signal === "string" ? { name: signal } : signal;
  return {
    namespace: run.host.namespace,
    workflowId: id,
    workflowType: { name: type },
    taskQueue: { name: taskQueue },
    input: { payloads: run.toPayloads(args, context, typeInfo?.inputTypes) },
    signalName: definition.name,
    signalInput: { payloads: run.toPayloads(signalArgs, context, definition.typeInfo?.inputTypes) },
    workflowExecutionTimeout: msOptionalToTs(request.executionTimeout, "executionTimeout"),
    workflowRunTimeout: msOptionalToTs(request.runTimeout, "runTimeout"),
    workflowTaskTimeout: msOptionalToTs(request.taskTimeout, "taskTimeout"),
    workflowIdReusePolicy: encodeWorkflowIdReusePolicy(request.idReusePolicy ?? "ALLOW_DUPLICATE"),
    workflowIdConflictPolicy: encodeWorkflowIdConflictPolicy(request.idConflictPolicy),
    retryPolicy: retryPolicy && compileRetryPolicy(retryPolicy),
    cronSchedule: request.cronSchedule,
    memo: memo && { fields: mapToPayloads(run.payloadConverter, memo, context) },
    searchAttributes: request.searchAttributes && {
      indexedFields: encodeUnifiedSearchAttributes(undefined, request.searchAttributes),
    },
    priority: priority && compilePriority(priority),
    versioningOverride: versioningOverrideToProto(request.versioningOverride),
    workflowStartDelay: msOptionalToTs(request.startDelay, "startDelay"),
    userMetadata: run.userMetadata(request.staticSummary, request.staticDetails, context),
  };
}
