import { drainMicrotasks } from "bun:jsc";
import { AsyncLocalStorage } from "node:async_hooks";
import { cutoffStackTrace, isFrameworkFrame, realmLibraryFile } from "../common/stack-trace";
import { BinaryReader } from "../proto/wire";
import type { InfoMessage } from "../workflow-realm/info-message";
import type { RunFacts } from "../workflow-realm/run-facts";
import type { Eviction, Output, PendingKind, RuntimeOptions, WorkflowRuntime } from "../workflow-realm/runtime";
import { DeadlockError, withDeadline } from "./deadline";
import { enterRealm, openRealm, type RealmLibrary, type RealmServices } from "./realm";
import { sourceMapComment } from "./source-map";
import { StackMapper } from "./stack-mapper";

/** What a {@link WorkflowHost} is made of. */
export interface WorkflowHostOptions extends Omit<RuntimeOptions, "trailer" | "asksAboutPatches" | "reportsProgress"> {
  /** The library for Workflow code. */
  library: RealmLibrary;
  /** Source map of the bundle, as JSON text. Default: stack traces show places in the bundle. */
  sourceMap?: string;
  /** Limit of one activation, in milliseconds; 0 for none. */
  deadlockTimeoutMs: number;
  /** Whether all runs share one realm; if not, each has its own, which takes more time and memory. Default `true`. */
  reuseRealm?: boolean;
  /** Told which run the current activation is of, when that is another than the last time. */
  entered?(workflowType: string, workflowId: string, runId: string): void;
  /** See `WorkerOptions.patchActivationCallback`. */
  patchActivationCallback?(info: InfoMessage, patchId: string): boolean;
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
 * Runs Workflow code on this thread, in a realm. Takes activations of any number of runs, one after the other, and
 * gives completions, both encoded.
 */
export class WorkflowHost {
  readonly #open: () => WorkflowRuntime;
  /** The realm of all runs, or the last one that was entered. */
  #runtime: WorkflowRuntime;
  /** Where each run has a realm of its own: by the ID of the run. */
  readonly #own: Map<string, WorkflowRuntime> | undefined;
  readonly #options: WorkflowHostOptions;
  /** The asynchronous context of no run; used after an interruption, which leaves the one of the interrupted code. */
  readonly #snapshot = AsyncLocalStorage.snapshot();
  #wasInterrupted = false;
  /** How the last activation began: the field with the ID of its run. */
  #head: Buffer = Buffer.alloc(0);
  /** The host whose activation was last, to which a promise belongs that is rejected without a handler. */
  static #last: WorkflowHost | undefined;
  static #listens = false;

  /** @throws SyntaxError if the bundle doesn't parse */
  constructor(options: WorkflowHostOptions) {
    this.#options = options;
    const {
      library,
      sourceMap,
      deadlockTimeoutMs,
      reuseRealm = true,
      entered,
      patchActivationCallback,
      debugging,
      ...rest
    } = options;
    const mapper = new StackMapper(options.filename, sourceMap);
    const ownMapper = new StackMapper(realmLibraryFile, library.sourceMap);
    const isDebugged = debugging !== undefined;
    const runtimeOptions: RuntimeOptions = {
      ...rest,
      // On lines of its own, so that columns are as the source map has them; the mapper knows of the line more.
      code: sourceMap === undefined ? rest.code : `\n${rest.code}`,
      trailer: isDebugged && sourceMap !== undefined ? sourceMapComment(shiftedMap(sourceMap)) : "",
      asksAboutPatches: patchActivationCallback !== undefined,
      reportsProgress: debugging?.goesOn !== undefined,
    };
    const services: RealmServices = {
      mapStack: (stack) => ownMapper.text(cutoffStackTrace(mapper.text(stack))),
      sourceText: (file) => mapper.sourceText(file),
      askAboutPatch: (patchId, info) => {
        try {
          return patchActivationCallback?.(structuredClone(info) as InfoMessage, patchId) ?? true;
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
      entered: (workflowType, workflowId, runId) => entered?.(workflowType, workflowId, runId),
      goesOn: (eventId) => debugging?.goesOn?.(eventId),
    };
    // The thread's own global object, which debuggers see, is one for all.
    this.#open = () => openRealm(library.code, runtimeOptions, services, !isDebugged);
    this.#own = reuseRealm || isDebugged ? undefined : new Map();
    this.#runtime = this.#open();
    WorkflowHost.#listen();
  }

  static #listen(): void {
    if (WorkflowHost.#listens) return;
    WorkflowHost.#listens = true;
    process.on("unhandledRejection", (error) => {
      if (WorkflowHost.#last === undefined) throw error;
      WorkflowHost.#last.#runtime.unhandled(error);
    });
  }

  /** Number of runs in memory. */
  get size(): number {
    return this.#own?.size ?? this.#runtime.size;
  }

  /**
   * Applies an activation. Starts a run for an `initializeWorkflow` job and forgets it at a `removeFromCache` job.
   * Never throws: what goes wrong fails the Workflow Task. Before the completion is sent, {@link confirm} it.
   */
  activate(activation: Uint8Array): Uint8Array {
    // What the thread itself has left in the queue must not run as part of the Workflow.
    drainMicrotasks();
    WorkflowHost.#last = this;
    if (this.#own !== undefined) this.#runtime = this.#ownOf(runIdOf(activation));
    enterRealm(this.#runtime);
    const { length } = this.#head;
    const isSameRun = length > 0 && length <= activation.length && this.#head.compare(activation, 0, length) === 0;
    if (!isSameRun) this.#head = headOf(activation);
    return this.#enter(() => this.#runtime.activate(activation, isSameRun));
  }

  #ownOf(runId: string): WorkflowRuntime {
    const own = this.#own!;
    for (const [other, { size }] of own) if (size === 0 && other !== runId) own.delete(other);
    let runtime = own.get(runId);
    if (runtime === undefined) own.set(runId, (runtime = this.#open()));
    return runtime;
  }

  /** What `fn` returns, or a completion that fails the Workflow Task because it took too long. */
  #enter(fn: () => Uint8Array): Uint8Array {
    const limitMs = this.#options.deadlockTimeoutMs;
    try {
      return withDeadline(limitMs, this.#wasInterrupted ? () => this.#snapshot(fn) : fn);
    } catch (error) {
      if (!(error instanceof DeadlockError)) throw error;
    }
    this.#wasInterrupted = true;
    return this.#runtime.interrupted(limitMs);
  }

  /**
   * Has the last word on a completion. To be called when the event loop has turned once since {@link activate} (that is
   * when the engine reports promises that were rejected without a handler: `setImmediate`), and before the next
   * activation of any run. (`bun test` takes such promises for errors of the test and doesn't report them here; the
   * thread ends.)
   *
   * @returns the completion, or one that fails the Workflow Task because of such a promise
   */
  confirm(completion: Uint8Array): Uint8Array {
    // What is rejected from now on is the program's own.
    if (this.#options.debugging !== undefined) WorkflowHost.#last = undefined;
    const runtime = this.#runtime;
    // What was rejected is the Workflow's, and so is what is asked about it.
    return runtime.hasUnhandled ? this.#enter(() => runtime.confirm() ?? completion) : completion;
  }

  /** Whether the last activation failed its Workflow Task because the sandbox refused something. */
  get refused(): boolean {
    return this.#runtime.refused;
  }

  #of(runId: string): WorkflowRuntime | undefined {
    return this.#own === undefined ? this.#runtime : this.#own.get(runId);
  }

  /** What Workflow code wrote since the last call; undefined if that is nothing. */
  takeOutput(): Output | undefined {
    return this.#runtime.takeOutput();
  }

  /** The eviction that the last activation was. */
  takeEviction(): Eviction | undefined {
    const eviction = this.#runtime.takeEviction();
    // Where there are no other frames, those of this side are left in stacks.
    for (const command of eviction?.evidence?.commands ?? [])
      command.stack = command.stack.filter((line) => !isFrameworkFrame(line));
    return eviction;
  }

  /** What is known of a run in memory. */
  factsOf(runId: string): RunFacts | undefined {
    return this.#of(runId)?.factsOf(runId);
  }

  /** Context of the payloads that come with what a run waits for. */
  pendingContext(runId: string, kind: PendingKind, seq: number): object | undefined {
    return this.#of(runId)?.pendingContext(runId, kind, seq);
  }

  /** Whether the server itself handles a Nexus operation, instead of a Worker. */
  isFromServer(runId: string, seq: number): boolean {
    return this.#of(runId)?.isFromServer(runId, seq) ?? false;
  }
}

/** A copy of how an activation begins, if that is with its run: field 1, with a tag and a length of a byte. */
function headOf(activation: Uint8Array): Buffer {
  const length = activation[1] ?? 0;
  const isRun = activation[0] === 10 && length < 0x80 && length + 2 <= activation.length;
  return Buffer.from(isRun ? activation.subarray(0, length + 2) : []);
}

/** The run that an activation is of: field 1 of the message. */
function runIdOf(activation: Uint8Array): string {
  const reader = new BinaryReader(activation);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) return reader.string();
    reader.skip(tag & 7);
  }
  return "";
}

/** The source map for the compiled text, which has a line more before the code. */
function shiftedMap(json: string): string {
  const map = JSON.parse(json) as { mappings: string };
  return JSON.stringify({ ...map, mappings: `;${map.mappings}` });
}
