import { defaultFailureConverter, defaultPayloadConverter, type LogLevel, type Workflow } from "../common";
import { FailureLimits } from "../common/converter/failure-limits";
import type { ProtoFailure } from "../common/failure";
import { append } from "../common/intact";
import {
  isWorkflowFunctionWithOptions,
  isWorkflowFunctionWithStaticOptions,
} from "../common/workflow-definition-options";
import {
  SignalWithStartWorkflowExecutionRequest,
  SignalWithStartWorkflowExecutionResponse,
} from "../proto/temporal/api/workflowservice/v1/request_response";
import {
  RemoveFromCache_EvictionReason as EvictionReason,
  type InitializeWorkflow,
  WorkflowActivation,
} from "../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import {
  type Success,
  WorkflowActivationCompletion,
} from "../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { current, outside, setCurrent } from "../workflow/current";
import { DeterminismViolationError } from "../workflow/errors";
import { compose, type WorkflowInterceptorsFactory } from "../workflow/interceptors";
import { severity } from "../workflow/logs";
import { reportProgress } from "../workflow/progress";
import { applyActivation, beginActivation } from "../workflow/run/activation";
import { readStart } from "../workflow/run/info";
import type { Evidence } from "../workflow/run/issued-commands";
import { type HostServices, notConverted, WorkflowRun } from "../workflow/run/run";
import { type InfoMessage, infoToMessage } from "./info-message";
import { callOut, platform } from "./platform";
import { factsOf, type RunFacts } from "./run-facts";
import { Bundle, type BundleExports } from "./sandbox/bundle";
import { adoptGlobals, enterRun, isHidden, leaveChanged, leaveRun, sweep } from "./sandbox/globals";
import { explainHidden, isRefusal } from "./sandbox/hidden";
import { sendable, textOf } from "./sendable";

/** What a realm is to run; plain data. */
export interface RuntimeOptions {
  /** The bundle: text of a CommonJS module that exports Workflows. */
  code: string;
  /** Name of the bundle in stack traces. */
  filename: string;
  /** What stands behind the code, for a debugger. */
  trailer: string;
  /** Namespace of the Worker. */
  namespace: string;
  /** Task queue of the Worker. */
  taskQueue: string;
  /** Names of the Worker's Activities, for local Activities. */
  activityNames: readonly string[];
  /** Whether answers to `__enhanced_stack_trace` carry source texts. */
  showStackTraceSources: boolean;
  /** Names of error classes that fail a Workflow, by the name of the Workflow; `"*"` for all. */
  failureErrorTypes: Readonly<Record<string, readonly string[]>>;
  /** Records below this level aren't made. */
  logLevel: LogLevel;
  /** Whether log records are calls of the sink `defaultWorkerLogger`. */
  logsToSink: boolean;
  /** Whether the Worker decides which patches become active. */
  asksAboutPatches: boolean;
  /** Whether a debugger wants to know where code is about to go on. */
  reportsProgress: boolean;
  /** Whether what runs have done is kept, and told when they are evicted because of it. */
  keepsEvidence: boolean;
}

/** A log record that can go to another thread. */
export interface LogMessage {
  level: LogLevel;
  message: string;
  /** Copies of the attributes, see `sendable`. */
  attributes: Record<string, unknown>;
  /** Real time, in milliseconds since the epoch. */
  timestampMs: number;
}

/** A call of a sink that can go to another thread. */
export interface SinkMessage {
  sink: string;
  fn: string;
  /** Copies of the arguments, see `sendable`. */
  args: unknown[];
  info: InfoMessage;
}

/** What Workflow code wrote since the last time. */
export interface Output {
  logs: LogMessage[];
  sinkCalls: SinkMessage[];
}

/** A run that was removed from memory. */
export interface Eviction {
  runId: string;
  /** Number of `RemoveFromCache.EvictionReason`. */
  reason: number;
  message: string;
  /** What the run has done, if that doesn't agree with its history. */
  evidence: Evidence | undefined;
}

/** Kinds of things that a run waits for. */
export type PendingKind = keyof WorkflowRun["completions"];

/**
 * The library's side of Workflow code: takes activations of any number of runs, one after the other, and gives
 * completions, both as bytes. Everything in it belongs to the realm.
 */
export class WorkflowRuntime {
  readonly #bundle: Bundle;
  readonly #services: HostServices;
  readonly #reportsProgress: boolean;
  readonly #runs = new Map<string, WorkflowRun>();
  /** The run that was active last, to which a promise belongs that the engine reports as rejected without a handler. */
  #lastRunId: string | undefined;
  #unhandled: { runId: string; error: unknown } | undefined;
  #failed = false;
  #refused = false;
  #isQuery = false;
  #evicted: Eviction | undefined;
  #logs: LogMessage[] = [];
  #sinkCalls: SinkMessage[] = [];

  /** @throws SyntaxError if the bundle doesn't parse */
  constructor(options: RuntimeOptions) {
    this.#bundle = new Bundle(options.code, options.filename, options.trailer);
    this.#reportsProgress = options.reportsProgress;
    const types = options.failureErrorTypes;
    const { now, random, mapStack, sourceText } = platform;
    this.#services = {
      namespace: options.namespace,
      taskQueue: options.taskQueue,
      activityNames: new Set(options.activityNames),
      sha1: (text) => callOut(() => platform.sha1(text)),
      // What reads and writes messages calls the other side's Buffer.
      encodeSignalWithStart: (request) =>
        callOut(() => SignalWithStartWorkflowExecutionRequest.encode(request).finish()),
      decodeSignalWithStart: ({ data = new Uint8Array(0) }) =>
        callOut(() => SignalWithStartWorkflowExecutionResponse.decode(data)),
      logSeverity: severity[options.logLevel],
      logsToSink: options.logsToSink,
      copy: sendable,
      log: (record) => {
        const message = textOf(record.message);
        const attributes = sendable(record.attributes) as Record<string, unknown>;
        append(this.#logs, { ...record, message, attributes });
      },
      realNow: Object.freeze(() => callOut(now)),
      realRandom: Object.freeze(() => callOut(random)),
      failureErrorTypes: (workflowType) => [...(types[workflowType] ?? []), ...(types["*"] ?? [])],
      mapStack: mapStacks(mapStack),
      showStackTraceSources: options.showStackTraceSources,
      keepsEvidence: options.keepsEvidence,
      sourceText: (file) => sourceText(file),
      patchActivationCallback: options.asksAboutPatches ? askAboutPatch : undefined,
    };
  }

  /** Number of runs in memory. */
  get size(): number {
    return this.#runs.size;
  }

  /**
   * Applies an activation. Starts a run for an `initializeWorkflow` job and forgets it at a `removeFromCache` job.
   * Never throws: what goes wrong fails the Workflow Task. Before the completion is sent, {@link confirm} it.
   *
   * @param isSameRun whether the last activation was of this run too, and none of another was between
   */
  activate(bytes: Uint8Array, isSameRun: boolean): Uint8Array {
    const message = owned(bytes);
    if (!isSameRun) leaveRun();
    let activation: WorkflowActivation;
    try {
      activation = WorkflowActivation.decode(message);
    } catch (error) {
      // It may be the run's own changes that are in the way.
      leaveRun();
      const { runId = "" } = WorkflowActivation.decode(message);
      return this.#fail(runId, this.#runs.get(runId), error);
    }
    const runId = activation.runId ?? "";
    this.#evicted = undefined;
    this.#refused = false;
    if (current !== undefined) return this.#fail(runId, undefined, new Error("activate() was called by Workflow code"));
    const eviction = activation.jobs?.find(({ removeFromCache }) => removeFromCache !== undefined)?.removeFromCache;
    if (eviction !== undefined) {
      const { reason = 0, message = "" } = eviction;
      const evidence = reason === EvictionReason.NONDETERMINISM ? this.#evidenceOf(runId) : undefined;
      this.#dispose(runId);
      this.#evicted = { runId, reason, message, evidence };
      return WorkflowActivationCompletion.encode({ runId, successful: {} }).finish();
    }
    this.#isQuery = activation.jobs?.some(({ queryWorkflow }) => queryWorkflow !== undefined) ?? false;
    adoptGlobals();
    this.#lastRunId = runId;
    this.#failed = false;
    let run = this.#runs.get(runId);
    try {
      const init = activation.jobs?.find(({ initializeWorkflow }) => initializeWorkflow !== undefined);
      if (run === undefined) {
        if (init === undefined) {
          throw new Error(
            `Got an activation for run ${runId}, which isn't in memory, without a job that initializes it`,
          );
        }
        run = new WorkflowRun(this.#services, readStart(activation, init.initializeWorkflow!));
        this.#runs.set(runId, run);
      }
      const successful = this.#enter(run, (run) => this.#apply(run, activation, init?.initializeWorkflow));
      leaveChanged();
      return WorkflowActivationCompletion.encode({ runId, successful }).finish();
    } catch (error) {
      return this.#fail(runId, run, error);
    } finally {
      // Without a function there is nothing that a later activation could go on with.
      if (run?.workflow === undefined) this.#runs.delete(runId);
      if (run !== undefined) this.#collect(run);
    }
  }

  /** Whether the last Workflow Task failed because of what Workflow code must not do, or took too long for. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Whether {@link confirm} has anything to say. */
  get hasUnhandled(): boolean {
    return this.#unhandled !== undefined;
  }

  /**
   * Has the last word on a completion. To be called when the event loop has turned once since {@link activate}, which
   * is when the engine reports promises that were rejected without a handler, and before the next activation of any
   * run.
   *
   * @returns what to send instead, failing the Workflow Task because of such a promise; undefined to send what there is
   */
  confirm(): Uint8Array | undefined {
    const unhandled = this.#unhandled;
    this.#unhandled = undefined;
    if (unhandled === undefined || unhandled.runId !== this.#lastRunId) return undefined;
    const { runId, error } = unhandled;
    const run = this.#runs.get(runId);
    // A query is no part of the run: it fails alone.
    if (!this.#isQuery) run?.failTask(error);
    if (this.#failed) return undefined;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const wrapped = new Error(`Unhandled Promise rejection: ${text}`, { cause: error });
    wrapped.name = "UnhandledRejectionError";
    return this.#fail(runId, run, wrapped, error);
  }

  /** A promise was rejected that nobody handles. */
  unhandled(error: unknown): void {
    if (this.#lastRunId !== undefined) this.#unhandled ??= { runId: this.#lastRunId, error };
  }

  /**
   * Fails the Workflow Task that was interrupted because it took too long, and forgets its run. Its converters aren't
   * asked: they may take too long as well, and hide what happened.
   */
  interrupted(limitMs: number): Uint8Array {
    const runId = this.#lastRunId ?? "";
    const run = this.#runs.get(runId);
    setCurrent(undefined);
    leaveRun();
    // Those of a cause whose conversion was interrupted.
    FailureLimits.take();
    this.#runs.delete(runId);
    const completion = this.#fail(runId, undefined, new DeadlockError(limitMs));
    this.#refused = true;
    if (run !== undefined) this.#collect(run);
    return completion;
  }

  /** What Workflow code wrote since the last call; undefined if that is nothing. */
  takeOutput(): Output | undefined {
    if (this.#logs.length === 0 && this.#sinkCalls.length === 0) return undefined;
    const output = { logs: this.#logs, sinkCalls: this.#sinkCalls };
    this.#logs = [];
    this.#sinkCalls = [];
    return output;
  }

  /** The eviction that the last activation was. */
  takeEviction(): Eviction | undefined {
    return this.#evicted;
  }

  /** What is known of a run in memory. */
  factsOf(runId: string): RunFacts | undefined {
    const details = this.#runs.get(runId)?.facts.start.details;
    return details === undefined ? undefined : factsOf(details);
  }

  /** Context of the payloads that come with what a run waits for. */
  pendingContext(runId: string, kind: PendingKind, seq: number): object | undefined {
    return this.#runs.get(runId)?.completions[kind].get(seq)?.context;
  }

  /** Whether the server itself handles a Nexus operation, instead of a Worker. */
  isFromServer(runId: string, seq: number): boolean {
    const { nexusOperationStart, nexusOperationComplete } = this.#runs.get(runId)?.completions ?? {};
    return (nexusOperationStart?.get(seq) ?? nexusOperationComplete?.get(seq))?.fromPayload !== undefined;
  }

  #apply(run: WorkflowRun, activation: WorkflowActivation, init: InitializeWorkflow | undefined): Success {
    beginActivation(run, activation);
    if (run.workflow === undefined) this.#load(run);
    return applyActivation(run, activation, init);
  }

  /** Evaluates the bundle for a run and finds in it what the run needs. */
  #load(run: WorkflowRun): void {
    const exports = this.#bundle.evaluate(run);
    sweep(run);
    const { __temporalPayloadConverter: payloadConverter, __temporalFailureConverter: failureConverter } = exports;
    if (payloadConverter != null) run.payloadConverter = payloadConverter as WorkflowRun["payloadConverter"];
    if (failureConverter != null) run.failureConverter = failureConverter as WorkflowRun["failureConverter"];
    for (const { interceptors: factory } of exports.__temporalInterceptorModules ?? []) {
      if (factory === undefined) continue;
      if (typeof factory !== "function")
        throw new TypeError(
          `Failed to initialize workflows interceptors: expected a function, but got: '${String(factory)}'`,
        );
      const { inbound = [], outbound = [], internals = [] } = (factory as WorkflowInterceptorsFactory)();
      run.interceptors.inbound.push(...inbound);
      run.interceptors.outbound.push(...outbound);
      run.interceptors.internals.push(...internals);
    }
    if (this.#reportsProgress) reportProgress(run, (eventId) => outside(() => platform.goesOn(eventId)));
    const workflow = findWorkflow(exports, run.workflowType);
    if (isWorkflowFunctionWithOptions(workflow)) {
      const { workflowDefinitionOptions: options } = workflow;
      if (typeof options === "function") run.definitionOptions = options;
      else {
        run.versioningBehavior = options.versioningBehavior;
        run.failureExceptionTypes = options.failureExceptionTypes;
      }
    }
    if (isWorkflowFunctionWithStaticOptions(workflow)) run.typeInfo = workflow.staticOptions.typeInfo;
    run.workflow = workflow;
    platform.drainMicrotasks();
  }

  #enter<T>(run: WorkflowRun, fn: (run: WorkflowRun) => T): T {
    if (enterRun(run)) platform.entered(run.workflowType, run.workflowId, run.runId);
    setCurrent(run);
    try {
      return fn(run);
    } catch (error) {
      // What is still queued is the run's own; it must not go on when the run's turn is over.
      platform.drainMicrotasks();
      throw error;
    } finally {
      setCurrent(undefined);
    }
  }

  #evidenceOf(runId: string): Evidence | undefined {
    // The run may have changed what arrays do.
    leaveRun();
    return this.#runs.get(runId)?.evidence();
  }

  #dispose(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    this.#runs.delete(runId);
    const { internals } = run.interceptors;
    try {
      if (internals.length === 0) return;
      this.#enter(run, () => {
        compose(run, internals, "dispose", () => undefined)({});
        platform.drainMicrotasks();
      });
    } catch (error) {
      const { workflowId, workflowType } = run;
      this.#services.log({
        level: "ERROR",
        message: "An interceptor failed to dispose of a workflow",
        attributes: { error, runId, workflowId, workflowType },
        timestampMs: platform.now(),
      });
    } finally {
      this.#collect(run);
    }
  }

  /** @param reason what was thrown first, if that is another error */
  #fail(runId: string, run: WorkflowRun | undefined, error: unknown, reason = error): Uint8Array {
    this.#failed = true;
    const failure = this.#failureOf(run, error, reason);
    // Whatever the run has changed, its failure gets through.
    leaveRun();
    try {
      return WorkflowActivationCompletion.encode({ runId, failed: { failure } }).finish();
    } catch (cause) {
      // The converter may be the Workflow's own, and even ours goes by what the run has made of arrays.
      return WorkflowActivationCompletion.encode({ runId, failed: { failure: plainFailure(cause) } }).finish();
    }
  }

  #failureOf(run: WorkflowRun | undefined, error: unknown, reason: unknown): ProtoFailure {
    let failure = error;
    if (run !== undefined) {
      try {
        // In the run's context, because converters and errors may be the Workflow's own.
        return this.#enter(run, () => {
          explainHidden(error, isHidden);
          this.#refused = isRefusal(reason);
          return run.errorToFailure(error);
        });
      } catch (cause) {
        failure = notConverted(cause);
      }
    }
    leaveRun();
    return plainFailure(failure);
  }

  #collect(run: WorkflowRun): void {
    const calls = run.takeSinkCalls();
    if (calls.length === 0) return;
    // The run may have changed what arrays do.
    leaveRun();
    for (const { ifaceName, fnName, args, workflowInfo } of calls) {
      this.#sinkCalls.push({ sink: ifaceName, fn: fnName, args, info: infoToMessage(workflowInfo) });
    }
  }
}

/** Workflow code didn't yield in time: it loops, or computes too long. */
class DeadlockError extends DeterminismViolationError {
  constructor(limitMs: number) {
    super(
      `[TMPRL1101] Potential deadlock detected: the workflow didn't yield within ${limitMs} ms. ` +
        "Workflow code must not loop without awaiting or compute for long; move such work to an Activity",
    );
  }
}

function plainFailure(error: unknown): ProtoFailure {
  return defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
}

/** Bytes in memory of this realm: what the other side gives leads to its classes. */
function owned(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

function askAboutPatch(info: Parameters<typeof infoToMessage>[0], patchId: string): boolean {
  const answer = outside(() => callOut(() => platform.askAboutPatch(patchId, infoToMessage(info))));
  if (typeof answer === "string") throw new Error(answer);
  return answer;
}

/** Maps the stacks of an error and its causes, in place. Does nothing to what is mapped already or isn't an error. */
function mapStacks(map: (stack: string) => string): (error: unknown) => void {
  return (error) => {
    const seen = new Set<unknown>();
    for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
      seen.add(cause);
      try {
        const { stack } = cause;
        if (typeof stack !== "string") continue;
        const mapped = map(stack);
        if (mapped !== stack) cause.stack = mapped;
      } catch {
        // Frozen, or with accessors of its own that throw: it stays as it is.
      }
    }
  };
}

function findWorkflow(exports: BundleExports, type: string): Workflow {
  const found = Object.hasOwn(exports, type) ? exports[type] : undefined;
  if (typeof found === "function") return found as Workflow;
  if (typeof exports.default === "function") return exports.default as Workflow;
  const names = Object.keys(exports).filter((name) => typeof exports[name] === "function");
  const details =
    found === undefined
      ? "no such function is exported by the workflow bundle"
      : `expected a function, but got: '${typeof found}'`;
  const known =
    names.length === 0 ? "The bundle exports no functions" : `Registered workflow types: ${names.join(", ")}`;
  throw new TypeError(`Failed to initialize workflow of type '${type}': ${details}`, { cause: new TypeError(known) });
}
