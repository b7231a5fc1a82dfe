/** Where activations and completions have payloads: what codecs and external storage have to look at. */

import type {
  Payload,
  SerializationContext,
  StorageDriverTargetInfo,
  WorkflowSerializationContext,
} from "../../common";
import type { ProtoFailure } from "../../common/failure";
import { storageTargetOf } from "../../payloads/payload-pipeline";
import { SignalWithStartWorkflowExecutionRequest } from "../../proto/temporal/api/workflowservice/v1/request_response";
import type {
  WorkflowActivation,
  WorkflowActivationJob,
} from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { WorkflowCommand } from "../../proto/temporal/sdk/core/workflow_commands/workflow_commands";
import type { WorkflowActivationCompletion } from "../../proto/temporal/sdk/core/workflow_completion/workflow_completion";

/** One field with payloads. */
export interface PayloadSite {
  /** The payloads. */
  readonly payloads: Payload[];
  /** Whether the field holds exactly one payload. */
  readonly single: boolean;
  /** Whether it belongs to a header. */
  readonly header: boolean;
  /** Whose payloads they are. */
  readonly context: SerializationContext;
  /** What storage drivers are told that they belong to. */
  readonly target: StorageDriverTargetInfo | undefined;
  /** Puts others in their place. */
  put(payloads: Payload[]): void;
}

/** Kinds of things that a run waits for, as jobs resolve them. */
type PendingKind = "activity" | "childWorkflowStart" | "childWorkflowComplete" | "signalWorkflow" | "cancelWorkflow";

/** What must be known of a run beside the message. */
export interface SiteOwner {
  namespace: string;
  workflowId: string;
  runId: string;
  workflowType: string;
  /** Who started the run; not known in a run that continues another. */
  parent?: { namespace: string; workflowId: string; runId: string };
  /** Context of the payloads that come with a resolution. */
  pending(kind: PendingKind, seq: number): SerializationContext | undefined;
  /**
   * Whether the server itself handles a Nexus operation, so that it reads the request and makes the result: messages
   * that no codec has to do with.
   */
  isFromServer(seq: number): boolean;
}

/**
 * The places of an activation; search attributes are never among them. {@link PayloadSite.put} changes the activation.
 */
export function activationSites(activation: WorkflowActivation, owner: SiteOwner): PayloadSite[] {
  const sites = new Sites();
  const own = ownScope(owner);
  const pending = (kind: PendingKind, seq = 0): Scope => {
    const context = owner.pending(kind, seq);
    return context === undefined ? own : { context, target: storageTargetOf(context) };
  };
  for (const job of activation.jobs ?? []) addJob(sites, job, own, pending, owner.isFromServer);
  return sites.found;
}

/** The places of a completion. {@link PayloadSite.put} changes the completion. */
export function completionSites(completion: WorkflowActivationCompletion, owner: SiteOwner): PayloadSite[] {
  const sites = new Sites();
  const own = ownScope(owner);
  const failed = completion.failed;
  if (failed !== undefined) sites.failure(failed, "failure", own);
  const successful = completion.successful;
  if (successful?.commands !== undefined) {
    for (const command of successful.commands) addCommand(sites, command, owner, own);
  }
  return sites.found;
}

interface Scope {
  context: SerializationContext;
  target: StorageDriverTargetInfo | undefined;
}

/** The serialization context of what belongs to the workflow itself. */
export function contextOf({ namespace, workflowId }: SiteOwner): WorkflowSerializationContext {
  return { type: "workflow", namespace, workflowId };
}

function ownScope(owner: SiteOwner): Scope {
  const { namespace, workflowId, runId, workflowType } = owner;
  return {
    context: contextOf(owner),
    target: { kind: "workflow", namespace, id: workflowId, runId, type: workflowType },
  };
}

function addJob(
  sites: Sites,
  job: WorkflowActivationJob,
  own: Scope,
  pending: (kind: PendingKind, seq?: number) => Scope,
  isFromServer: SiteOwner["isFromServer"],
): void {
  const { initializeWorkflow: start, queryWorkflow: query, signalWorkflow: signal, doUpdate: update } = job;
  if (start !== undefined) {
    sites.list(start, "arguments", own);
    sites.map(start, "headers", own, true);
    sites.failure(start, "continuedFailure", own);
    sites.list(start.lastCompletionResult, "payloads", own);
    sites.map(start.memo, "fields", own);
  } else if (signal !== undefined) {
    sites.list(signal, "input", own);
    sites.map(signal, "headers", own, true);
  } else if (query !== undefined) {
    sites.list(query, "arguments", own);
    sites.map(query, "headers", own, true);
  } else if (update !== undefined) {
    sites.list(update, "input", own);
    sites.map(update, "headers", own, true);
  } else if (job.resolveActivity !== undefined) {
    addResult(sites, job.resolveActivity.result, pending("activity", job.resolveActivity.seq));
  } else if (job.resolveChildWorkflowExecution !== undefined) {
    addResult(
      sites,
      job.resolveChildWorkflowExecution.result,
      pending("childWorkflowComplete", job.resolveChildWorkflowExecution.seq),
    );
  } else if (job.resolveChildWorkflowExecutionStart !== undefined) {
    const { seq } = job.resolveChildWorkflowExecutionStart;
    sites.failure(job.resolveChildWorkflowExecutionStart.cancelled, "failure", pending("childWorkflowStart", seq));
  } else if (job.resolveSignalExternalWorkflow !== undefined) {
    sites.failure(
      job.resolveSignalExternalWorkflow,
      "failure",
      pending("signalWorkflow", job.resolveSignalExternalWorkflow.seq),
    );
  } else if (job.resolveRequestCancelExternalWorkflow !== undefined) {
    sites.failure(
      job.resolveRequestCancelExternalWorkflow,
      "failure",
      pending("cancelWorkflow", job.resolveRequestCancelExternalWorkflow.seq),
    );
  } else if (job.resolveNexusOperationStart !== undefined) {
    sites.failure(job.resolveNexusOperationStart, "failed", own);
  } else if (job.resolveNexusOperation !== undefined) {
    const result = job.resolveNexusOperation.result;
    if (!isFromServer(job.resolveNexusOperation.seq ?? 0)) sites.one(result, "completed", own);
    sites.failure(result, "failed", own);
    sites.failure(result, "cancelled", own);
    sites.failure(result, "timedOut", own);
  }
}

interface Result {
  completed?: { result?: Payload };
  failed?: { failure?: ProtoFailure };
  cancelled?: { failure?: ProtoFailure };
}

function addResult(sites: Sites, result: Result | undefined, scope: Scope): void {
  if (result === undefined) return;
  sites.one(result?.completed, "result", scope);
  sites.failure(result?.failed, "failure", scope);
  sites.failure(result?.cancelled, "failure", scope);
}

function addCommand(sites: Sites, command: WorkflowCommand, owner: SiteOwner, own: Scope): void {
  const activity = command.scheduleActivity ?? command.scheduleLocalActivity;
  const child = command.startChildWorkflowExecution;
  const signal = command.signalExternalWorkflowExecution;
  const continued = command.continueAsNewWorkflowExecution;
  const query = command.respondToQuery;
  const update = command.updateResponse;
  /** Whose texts for user interfaces come with the command. */
  let described = own;
  if (activity !== undefined) {
    const { namespace, workflowId } = owner;
    const isLocal = command.scheduleLocalActivity !== undefined;
    described = {
      context: { type: "activity", namespace, workflowId, activityId: activity.activityId || undefined, isLocal },
      target: own.target,
    };
    sites.list(activity, "arguments", described);
    sites.map(activity, "headers", described, true);
  } else if (child !== undefined) {
    const { workflowId = "", namespace = owner.namespace, workflowType } = child;
    described = {
      context: { type: "workflow", namespace, workflowId },
      target: { kind: "workflow", namespace, id: workflowId, type: workflowType },
    };
    sites.list(child, "input", described);
    sites.map(child, "headers", described, true);
    sites.map(child, "memo", described);
  } else if (signal !== undefined) {
    const workflowId = signal.workflowExecution?.workflowId || signal.childWorkflowId || "";
    const namespace = signal.workflowExecution?.namespace || owner.namespace;
    const receiver: Scope = {
      context: { type: "workflow", namespace, workflowId },
      target: { kind: "workflow", namespace, id: workflowId },
    };
    sites.list(signal, "args", receiver);
    sites.map(signal, "headers", receiver, true);
  } else if (continued !== undefined) {
    const { namespace, workflowId, workflowType } = owner;
    const next: Scope = {
      context: own.context,
      target: { kind: "workflow", namespace, id: workflowId, type: continued.workflowType || workflowType },
    };
    sites.list(continued, "arguments", next);
    sites.map(continued, "headers", next, true);
    sites.map(continued, "memo", next);
  } else if (query !== undefined) {
    sites.one(query.succeeded, "response", own);
    sites.failure(query, "failed", own);
  } else if (update !== undefined) {
    sites.one(update, "completed", own);
    sites.failure(update, "rejected", own);
  } else if (command.completeWorkflowExecution !== undefined) {
    // The result goes to the parent, if there is one.
    const { parent } = owner;
    const target: StorageDriverTargetInfo | undefined =
      parent === undefined
        ? own.target
        : {
            kind: "workflow",
            namespace: parent.namespace || owner.namespace,
            id: parent.workflowId,
            runId: parent.runId,
          };
    sites.one(command.completeWorkflowExecution, "result", { context: own.context, target });
  } else if (command.failWorkflowExecution !== undefined) {
    sites.failure(command.failWorkflowExecution, "failure", own);
  } else if (command.cancelWorkflowExecution !== undefined) {
    sites.list(command.cancelWorkflowExecution?.details, "payloads", own);
  } else if (command.modifyWorkflowProperties !== undefined) {
    sites.map(command.modifyWorkflowProperties?.upsertedMemo, "fields", own);
  } else if (command.scheduleNexusOperation !== undefined) {
    const operation = command.scheduleNexusOperation;
    if (operation?.input && owner.isFromServer(operation.seq ?? 0)) {
      const request = SignalWithStartWorkflowExecutionRequest.decode(operation.input.data ?? new Uint8Array(0));
      operation.input = new SystemRequest(operation.input.metadata, request);
      addRequest(sites, request);
    } else sites.one(operation, "input", own);
  }
  const metadata = command.userMetadata;
  sites.one(metadata, "summary", described);
  sites.one(metadata, "details", described);
  if (command.eventGroupMarkers !== undefined) {
    for (const marker of command.eventGroupMarkers) sites.one(marker.label, "label", described);
  }
}

/** A request that the server itself reads; encoded when the command is, after the payloads in it are replaced. */
class SystemRequest implements Payload {
  constructor(
    readonly metadata: Payload["metadata"],
    private readonly request: SignalWithStartWorkflowExecutionRequest,
  ) {}

  /** The encoded message. */
  get data(): Uint8Array {
    return SignalWithStartWorkflowExecutionRequest.encode(this.request).finish();
  }
}

/** A request that the server itself reads: all that belongs to the Workflow that it is for. */
function addRequest(sites: Sites, request: SignalWithStartWorkflowExecutionRequest): void {
  const { namespace = "", workflowId = "", workflowType } = request;
  const receiver: Scope = {
    context: { type: "workflow", namespace, workflowId },
    target: { kind: "workflow", namespace, id: workflowId, type: workflowType?.name },
  };
  sites.list(request.input, "payloads", receiver);
  sites.list(request.signalInput, "payloads", receiver);
  sites.map(request.memo, "fields", receiver);
  sites.map(request.header, "fields", receiver, true);
  const metadata = request.userMetadata;
  sites.one(metadata, "summary", receiver);
  sites.one(metadata, "details", receiver);
}

/** Gathers places. */
class Sites {
  readonly found: PayloadSite[] = [];

  list<K extends string>(message: { [P in K]?: Payload[] } | undefined, key: K, { context, target }: Scope): void {
    const payloads = message?.[key];
    if (message === undefined || payloads === undefined || payloads.length === 0) return;
    const put = (changed: Payload[]) => void (message[key] = changed as (typeof message)[K]);
    this.found.push({ payloads, single: false, header: false, context, target, put });
  }

  one<K extends string>(message: { [P in K]?: Payload } | undefined, key: K, { context, target }: Scope): void {
    const payload: Payload | undefined = message?.[key];
    if (message === undefined || payload === undefined) return;
    const put = ([changed]: Payload[]) => void (message[key] = changed as (typeof message)[K]);
    this.found.push({ payloads: [payload], single: true, header: false, context, target, put });
  }

  map<K extends string>(
    message: { [P in K]?: Record<string, Payload> } | undefined,
    key: K,
    { context, target }: Scope,
    header = false,
  ): void {
    const payloads: Record<string, Payload> | undefined = message?.[key];
    if (message === undefined || payloads === undefined) return;
    for (const [name, payload] of Object.entries(payloads)) {
      this.found.push({
        payloads: [payload],
        single: true,
        header,
        context,
        target,
        put: ([changed]) => void (payloads[name] = changed!),
      });
    }
  }

  failure<K extends string>(message: { [P in K]?: ProtoFailure } | undefined, key: K, scope: Scope): void {
    const failure = message?.[key] as ProtoFailure | undefined;
    if (failure === undefined) return;
    this.one(failure, "encodedAttributes", scope);
    this.list(failure.applicationFailureInfo?.details, "payloads", scope);
    this.list(failure.canceledFailureInfo?.details, "payloads", scope);
    this.list(failure.timeoutFailureInfo?.lastHeartbeatDetails, "payloads", scope);
    this.list(failure.resetWorkflowFailureInfo?.lastHeartbeatDetails, "payloads", scope);
    this.failure(failure, "cause", scope);
  }
}
