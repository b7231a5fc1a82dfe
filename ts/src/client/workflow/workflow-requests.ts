/** Requests that start workflows. */

import type { LoadedDataConverter } from "../../common/converter/data-converter";
import { encodeUnifiedSearchAttributes } from "../../common/converter/payload-search-attributes";
import type { WorkflowSerializationContext } from "../../common/converter/serialization-context";
import type { Headers } from "../../common/interceptors";
import { compilePriority } from "../../common/priority";
import { compileRetryPolicy } from "../../common/retry-policy";
import { encodeWorkflowIdConflictPolicy, encodeWorkflowIdReusePolicy } from "../../common/workflow-options";
import {
  encodeHeaders,
  encodeMapToPayloads,
  encodeToPayloadsWithContext,
  encodeUserMetadata,
} from "../../payloads/codec-helpers";
import { withStorageTarget } from "../../payloads/payload-pipeline";
import type {
  SignalWithStartWorkflowExecutionRequest,
  StartWorkflowExecutionRequest,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import type { WorkflowSignalWithStartInput, WorkflowStartInput } from "../interceptors";
import { type InternalWorkflowStartOptions, InternalWorkflowStartOptionsSymbol } from "../internal";
import type { CompiledWorkflowOptions } from "./workflow-options";

/** Who sends a request and how its values are converted. */
export interface RequestSource {
  readonly namespace: string;
  readonly identity: string;
  readonly dataConverter: LoadedDataConverter;
}

/** Protobuf's number for ordinary task queues. */
export const TASK_QUEUE_KIND_NORMAL = 1;

/** What the helpers of Nexus operations want of a start. */
export function internalStartOptions(
  options: CompiledWorkflowOptions,
): InternalWorkflowStartOptions[typeof InternalWorkflowStartOptionsSymbol] {
  return (options as InternalWorkflowStartOptions & CompiledWorkflowOptions)[InternalWorkflowStartOptionsSymbol];
}

/** The data converter, which tells storage drivers for which workflow it converts. */
function convertingFor({ dataConverter, namespace }: RequestSource, type: string, id: string): LoadedDataConverter {
  return withStorageTarget(dataConverter, () => ({ kind: "workflow", namespace, id, type }));
}

/** The part that StartWorkflowExecution and SignalWithStartWorkflowExecution have in common. */
async function commonFields(
  source: RequestSource,
  workflowType: string,
  options: CompiledWorkflowOptions,
  headers: Headers,
) {
  const { namespace, identity } = source;
  const dataConverter = convertingFor(source, workflowType, options.workflowId);
  const context: WorkflowSerializationContext = { type: "workflow", namespace, workflowId: options.workflowId };
  const { memo, searchAttributes, typedSearchAttributes } = options;
  const internal = internalStartOptions(options);
  return {
    namespace,
    identity,
    requestId: internal?.requestId ?? crypto.randomUUID(),
    workflowId: options.workflowId,
    workflowIdReusePolicy: encodeWorkflowIdReusePolicy(options.workflowIdReusePolicy),
    workflowIdConflictPolicy: encodeWorkflowIdConflictPolicy(options.workflowIdConflictPolicy),
    workflowType: { name: workflowType },
    input: {
      payloads: await encodeToPayloadsWithContext(dataConverter, context, options.args, options.typeInfo?.inputTypes),
    },
    taskQueue: { kind: TASK_QUEUE_KIND_NORMAL, name: options.taskQueue },
    workflowExecutionTimeout: options.workflowExecutionTimeout,
    workflowRunTimeout: options.workflowRunTimeout,
    workflowTaskTimeout: options.workflowTaskTimeout,
    workflowStartDelay: options.startDelay,
    retryPolicy: options.retry && compileRetryPolicy(options.retry),
    memo: memo && { fields: await encodeMapToPayloads(dataConverter, memo, context) },
    searchAttributes:
      searchAttributes || typedSearchAttributes
        ? { indexedFields: encodeUnifiedSearchAttributes(searchAttributes, typedSearchAttributes) }
        : undefined,
    cronSchedule: options.cronSchedule,
    header: { fields: await encodeHeaders(dataConverter, headers, context) },
    userMetadata: await encodeUserMetadata(dataConverter, options.staticSummary, options.staticDetails, context),
    priority: options.priority && compilePriority(options.priority),
    versioningOverride: options.versioningOverride,
    links: internal?.links,
  };
}

/** The request that starts a workflow. */
export async function startRequest(
  source: RequestSource,
  { workflowType, options, headers }: WorkflowStartInput,
): Promise<StartWorkflowExecutionRequest> {
  const internal = internalStartOptions(options);
  return {
    ...(await commonFields(source, workflowType, options, headers)),
    requestEagerExecution: options.requestEagerStart,
    completionCallbacks: internal?.completionCallbacks,
    onConflictOptions: internal?.onConflictOptions,
  };
}

/** The request that signals a workflow and starts it if it is not running. */
export async function signalWithStartRequest(
  source: RequestSource,
  input: WorkflowSignalWithStartInput,
): Promise<SignalWithStartWorkflowExecutionRequest> {
  const { workflowType, options, headers, signalName, signalArgs, signalTypeInfo } = input;
  const context: WorkflowSerializationContext = {
    type: "workflow",
    namespace: source.namespace,
    workflowId: options.workflowId,
  };
  return {
    ...(await commonFields(source, workflowType, options, headers)),
    signalName,
    signalInput: {
      payloads: await encodeToPayloadsWithContext(
        convertingFor(source, workflowType, options.workflowId),
        context,
        signalArgs,
        signalTypeInfo?.inputTypes,
      ),
    },
  };
}
