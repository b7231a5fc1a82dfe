import { drainMicrotasks } from "bun:jsc";
import { AsyncLocalStorage } from "node:async_hooks";
import { defaultFailureConverter, defaultPayloadConverter, type LogLevel, type Workflow } from "../common";
import type { ProtoFailure } from "../common/failure";
import {
  isWorkflowFunctionWithOptions,
  isWorkflowFunctionWithStaticOptions,
} from "../common/workflow-definition-options";
import {
  SignalWithStartWorkflowExecutionRequest,
  SignalWithStartWorkflowExecutionResponse,
} from "../proto/temporal/api/workflowservice/v1/request_response";
import type {
  InitializeWorkflow,
  WorkflowActivation,
} from "../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { WorkflowActivationCompletion } from "../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { current, outside, setCurrent } from "../workflow/current";
import { compose, type WorkflowInterceptorsFactory } from "../workflow/interceptors";
import type { WorkflowInfo } from "../workflow/interfaces";
import { severity, type WorkflowLogRecord } from "../workflow/logs";
import { reportProgress } from "../workflow/progress";
import { applyActivation, beginActivation } from "../workflow/run/activation";
import { readStart } from "../workflow/run/info";
import { type HostServices, WorkflowRun } from "../workflow/run/run";
import type { SinkCall } from "../workflow/sinks";
import { Bundle, type BundleExports } from "./sandbox/bundle";
import { DeadlockError, withDeadline } from "./sandbox/deadline";
import { adoptGlobals, isHidden, sweep } from "./sandbox/globals";
import { explainHidden } from "./sandbox/hidden";
import { real } from "./sandbox/real";
import { SourceMap } from "./sandbox/source-map";
import { StackMapper } from "./stack-mapper";

/** What a {@link WorkflowHost} is made of. */
export interface WorkflowHostOptions {
  /** The bundle: text of a CommonJS module that exports Workflows. */
  code: string;
  /** Name of the bundle in stack traces. */
  filename: string;
  /** Source map of the bundle, as JSON text. Default: stack traces show places in the bundle. */
  sourceMap?: string;
  /** Namespace of the Worker. */
  namespace: string;
  /** Task queue of the Worker. */
  taskQueue: string;
  /** Names of the Worker's Activities, for local Activities. Default none. */
  activityNames?: readonly string[];
  /** Limit of one activation, in milliseconds; 0 for none. */
  deadlockTimeoutMs: number;
  /** Whether answers to `__enhanced_stack_trace` carry source texts. Default `false`. */
  showStackTraceSources?: boolean;
  /** Names of error classes that fail a Workflow, by the name of the Workflow; `"*"` for all. Default none. */
  failureErrorTypes?: Readonly<Record<string, readonly string[]>>;
  /** Records below this level aren't made. Default `DEBUG`. */
  logLevel?: LogLevel;
  /**
   * Whether log records are calls of the sink `defaultWorkerLogger` instead of going to {@link log}. Default `false`.
   */
  logsToSink?: boolean;
  /** Gets the log records of Workflows, during activations; must not throw. */
  log(record: WorkflowLogRecord): void;
  /**
   * Gets the calls of sinks after each activation that made some, those made during replay included. Default: dropped.
   */
  sinkCalls?(calls: SinkCall[]): void;
  /** See `WorkerOptions.patchActivationCallback`. */
  patchActivationCallback?(info: WorkflowInfo, patchId: string): boolean;
  /** Set if the host is on the main thread of a program, for its debugger. */
  debugging?: DebuggingOptions;
}

/** What a debugger gets of Workflow code. */
export interface DebuggingOptions {
  /**
   * Called where Workflow code is about to go on: when it begins, gets a signal, or something has come that it waited
   * for. Once for each Workflow Task, with the ID of the event that started it. Must not throw.
   */
  goesOn?(eventId: number): void;
}

/**
 * Runs Workflow code on this thread, whose globals it changes for good. Takes activations of any number of runs, one
 * after the other, and gives completions.
 */
export class WorkflowHost {
  readonly #bundle: Bundle;
  readonly #services: HostServices;
  readonly #options: WorkflowHostOptions;
  readonly #runs = new Map<string, WorkflowRun>();
  /**
   * The asynchronous context of no run; set again after an interruption, which leaves the one of the interrupted code.
   */
  #cleanContext: (<T>(fn: () => T) => T) | undefined;
  readonly #snapshot = AsyncLocalStorage.snapshot();
  /** The run that was active last, to which a promise belongs that the engine reports as rejected without a handler. */
  static #last: { host: WorkflowHost; runId: string } | undefined;
  static #listens = false;
  #unhandled: { runId: string; error: unknown } | undefined;

  /** @throws SyntaxError if the bundle doesn't parse */
  constructor(options: WorkflowHostOptions) {
    this.#options = options;
    this.#bundle = new Bundle(
      options.code,
      options.filename,
      options.debugging === undefined ? undefined : options.sourceMap,
    );
    const mapper = new StackMapper(
      options.filename,
      options.sourceMap === undefined ? undefined : new SourceMap(options.sourceMap),
    );
    const types = options.failureErrorTypes ?? {};
    this.#services = {
      namespace: options.namespace,
      taskQueue: options.taskQueue,
      activityNames: new Set(options.activityNames),
      encodeSignalWithStart: (request) => SignalWithStartWorkflowExecutionRequest.encode(request).finish(),
      decodeSignalWithStart: ({ data = new Uint8Array(0) }) => SignalWithStartWorkflowExecutionResponse.decode(data),
      logSeverity: severity[options.logLevel ?? "DEBUG"],
      logsToSink: options.logsToSink ?? false,
      log: (record) => options.log(record),
      realNow: () => real.now(),
      realRandom: () => real.random(),
      failureErrorTypes: (workflowType) => [...(types[workflowType] ?? []), ...(types["*"] ?? [])],
      mapStack: (error) => mapper.map(error),
      showStackTraceSources: options.showStackTraceSources ?? false,
      sourceText: (file) => mapper.sourceText(file),
      patchActivationCallback:
        options.patchActivationCallback === undefined
          ? undefined
          : (info, patchId) => outside(() => options.patchActivationCallback!(info, patchId)),
    };
    WorkflowHost.#listen();
  }

  static #listen(): void {
    if (WorkflowHost.#listens) return;
    WorkflowHost.#listens = true;
    process.on("unhandledRejection", (error) => {
      if (WorkflowHost.#last === undefined) throw error;
      const { host, runId } = WorkflowHost.#last;
      host.#unhandled ??= { runId, error };
    });
  }

  /** Number of runs in memory. */
  get size(): number {
    return this.#runs.size;
  }

  /** The run with that ID, if it is in memory. */
  find(runId: string): WorkflowRun | undefined {
    return this.#runs.get(runId);
  }

  /**
   * Applies an activation. Starts a run for an `initializeWorkflow` job and forgets it at a `removeFromCache` job.
   * Never throws: what goes wrong fails the Workflow Task. Before the completion is sent, {@link confirm} it.
   */
  activate(activation: WorkflowActivation): WorkflowActivationCompletion {
    const runId = activation.runId ?? "";
    if (current !== undefined)
      return this.#failed(runId, undefined, new Error("activate() was called by Workflow code"));
    if (activation.jobs?.some(({ removeFromCache }) => removeFromCache !== undefined)) {
      this.#dispose(runId);
      return { runId, successful: {} };
    }
    let run = this.#runs.get(runId);
    try {
      // What the thread itself has left in the queue must not run as part of the Workflow.
      drainMicrotasks();
      if (this.#options.debugging !== undefined) adoptGlobals();
      const init = activation.jobs?.find(
        ({ initializeWorkflow }) => initializeWorkflow !== undefined,
      )?.initializeWorkflow;
      if (run === undefined) {
        if (init === undefined)
          throw new Error(
            `Got an activation for run ${runId}, which isn't in memory, without a job that initializes it`,
          );
        run = new WorkflowRun(this.#services, readStart(activation, init));
        this.#runs.set(runId, run);
      }
      WorkflowHost.#last = { host: this, runId };
      const successful = this.#enter(run, (run) => this.#apply(run, activation, init));
      if (this.#bundle.isSloppy) sweep(run);
      return { runId, successful };
    } catch (error) {
      // Without a function there is nothing that a later activation could go on with.
      if (error instanceof DeadlockError || run?.workflow === undefined) this.#runs.delete(runId);
      return this.#failed(runId, run, error);
    } finally {
      this.#deliverSinkCalls(run);
    }
  }

  /**
   * Has the last word on a completion. To be called when the event loop has turned once since {@link activate} (that is
   * when the engine reports promises that were rejected without a handler: `setImmediate`), and before the next
   * activation of any run. (`bun test` takes such promises for errors of the test and doesn't report them here; the
   * thread ends.)
   *
   * @returns the completion, or one that fails the Workflow Task because of such a promise
   */
  confirm(completion: WorkflowActivationCompletion): WorkflowActivationCompletion {
    // What is rejected from now on is the program's own.
    if (this.#options.debugging !== undefined) WorkflowHost.#last = undefined;
    const unhandled = this.#unhandled;
    if (unhandled === undefined || unhandled.runId !== completion.runId) return completion;
    this.#unhandled = undefined;
    const { runId, error } = unhandled;
    const run = this.#runs.get(runId);
    run?.failTask(error);
    if (completion.failed !== undefined) return completion;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const wrapped = Object.assign(new Error(`Unhandled Promise rejection: ${text}`, { cause: error }), {
      name: "UnhandledRejectionError",
    });
    return this.#failed(runId, run, wrapped);
  }

  #apply(run: WorkflowRun, activation: WorkflowActivation, init: InitializeWorkflow | undefined) {
    beginActivation(run, activation);
    if (run.workflow === undefined) this.#load(run);
    return applyActivation(run, activation, init);
  }

  /** Evaluates the bundle for a run and finds in it what the run needs. */
  #load(run: WorkflowRun): void {
    const exports = this.#bundle.evaluate(run);
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
    const { goesOn } = this.#options.debugging ?? {};
    if (goesOn !== undefined) reportProgress(run, (eventId) => outside(() => goesOn(eventId)));
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
    drainMicrotasks();
  }

  #enter<T>(run: WorkflowRun, fn: (run: WorkflowRun) => T): T {
    setCurrent(run);
    const call = () => fn(run);
    const clean = this.#cleanContext;
    try {
      return withDeadline(this.#options.deadlockTimeoutMs, clean === undefined ? call : () => clean(call));
    } catch (error) {
      if (error instanceof DeadlockError) this.#cleanContext = this.#snapshot;
      throw error;
    } finally {
      setCurrent(undefined);
    }
  }

  #dispose(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    this.#runs.delete(runId);
    const { internals } = run.interceptors;
    if (internals.length === 0) return;
    try {
      this.#enter(run, () => {
        compose(run, internals, "dispose", () => undefined)({});
        drainMicrotasks();
      });
    } catch (error) {
      this.#options.log({
        level: "ERROR",
        message: "An interceptor failed to dispose of a workflow",
        attributes: { error, runId, workflowId: run.workflowId, workflowType: run.workflowType },
        timestampMs: real.now(),
      });
    } finally {
      this.#deliverSinkCalls(run);
    }
  }

  #failed(runId: string, run: WorkflowRun | undefined, error: unknown): WorkflowActivationCompletion {
    explainHidden(error, isHidden);
    return { runId, failed: { failure: this.#failureOf(run, error) } };
  }

  #failureOf(run: WorkflowRun | undefined, error: unknown): ProtoFailure {
    // A run that was interrupted isn't entered again: its converters may take too long as well, and hide what happened.
    if (run !== undefined && !(error instanceof DeadlockError)) {
      try {
        // In the run's context and within limits, because converters and errors may be the Workflow's own.
        return this.#enter(run, () => run.errorToFailure(error));
      } catch (conversionError) {
        return defaultFailureConverter.errorToFailure(
          new Error("Failed to convert an error of the workflow", { cause: conversionError }),
          defaultPayloadConverter,
        );
      }
    }
    return defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
  }

  #deliverSinkCalls(run: WorkflowRun | undefined): void {
    const calls = run?.takeSinkCalls() ?? [];
    if (calls.length > 0) this.#options.sinkCalls?.(calls);
  }
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
    names.length === 0 ? "the bundle exports no functions" : `registered workflow types: ${names.join(", ")}`;
  throw new TypeError(`Failed to initialize workflow of type '${type}': ${details}; ${known}`);
}
