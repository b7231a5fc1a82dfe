import { setImmediate } from "node:timers";
import { realmLibrary } from "#workflow-realm";
import { workflowThreadFile } from "#workflow-thread";
import { freeQueueOfEndedThread, locateLibrary, NativeWorkflowThread } from "../../native";
import type { DebuggingOptions } from "../../workflow-host/host";
import type { Eviction, LogMessage, SinkMessage } from "../../workflow-realm/runtime";
import { UnexpectedError } from "../errors";
import type { PayloadReply, PayloadRequest } from "../payloads/payload-relay";
import { ThreadMemory } from "./thread-memory";
import type { FromThread, ThreadSetup, ToThread } from "./thread-messages";
import { answer, type PatchQuestion } from "./thread-question";
import { ThreadState } from "./thread-state";

/** How long a thread may take to be interrupted, in milliseconds. */
const interruptionMs = 2_000;
/** How often it is looked how much memory activations take, in milliseconds. */
const memoryLookMs = 200;

/** What the threads tell the Worker while they run. */
export interface WorkflowThreadEvents {
  /** Log records and sink calls of Workflow code, in batches, in order per thread. */
  output(logs: LogMessage[], sinkCalls: SinkMessage[]): void;
  /** A run was removed from memory; only in a replay. */
  evicted(eviction: Eviction): void;
  /** Runs codecs and external storage over payloads; must not reject. */
  payloads(request: PayloadRequest): Promise<PayloadReply>;
  /** Answers a question of a thread, which stands still meanwhile. What it throws is thrown there. */
  asked(question: PatchQuestion): boolean;
  /** A thread can't be interrupted in an activation of that run; {@link failed} follows. */
  stuck(run: string): void;
  /** An activation of that run takes too much memory. Its thread is ended, and another takes its place. */
  outgrown(run: string, grownMb: number): void;
  /** A thread can't go on, or is gone. Called once. */
  failed(error: Error): void;
}

/** What is done with a thread. */
interface ThreadHandle {
  postMessage(message: ToThread): void;
  /** Keeps the process alive. */
  ref(): void;
  unref(): void;
  terminate(): void;
}

/** The DOM's types hide what Bun adds to the class. */
type BunWorker = Worker & Pick<Bun.Worker, "ref" | "unref">;

interface Thread {
  readonly worker: ThreadHandle;
  readonly state: ThreadState;
  queue: number;
  attached: boolean;
  drained: boolean;
  stopped: boolean;
  /** Resolves when the thread has ended; set if its queue goes on until another one takes its place. */
  ending: PromiseWithResolvers<void> | undefined;
}

/** What {@link WorkflowThreads.attach} needs of a native worker. */
interface TaskSource {
  readonly handle: number;
  replaceWorkflowQueue(index: number, queue: number, reason: string): void;
}

function newThread(worker: ThreadHandle): Thread {
  return {
    worker,
    state: new ThreadState(),
    queue: 0,
    attached: false,
    drained: false,
    stopped: false,
    ending: undefined,
  };
}

/** The threads that run a Worker's Workflow code. */
export class WorkflowThreads {
  /** Read, or in a checkout made, while the threads start. */
  readonly #library = realmLibrary();
  readonly #watching: ReturnType<typeof setInterval>[] = [];
  #setup: Omit<ThreadSetup, "state"> | undefined;
  #source: TaskSource | undefined;
  readonly #threads: Thread[] = [];
  readonly #events: WorkflowThreadEvents;
  #failure: Error | undefined;
  readonly #waiting = new Set<{ done: (thread: Thread) => boolean; promise: PromiseWithResolvers<void> }>();

  /**
   * Starts threads, which load the SDK while the caller goes on. {@link load} is what comes next.
   *
   * @param count number of threads
   * @param events what they tell
   * @param debugging set if the Workflow code is to run on this thread after all, because Bun's debugger doesn't see
   *   others (1.4). The number is 1 then
   */
  constructor(count: number, events: WorkflowThreadEvents, debugging?: DebuggingOptions) {
    this.#events = events;
    this.#library.catch(() => undefined);
    if (debugging !== undefined) this.#stay(debugging);
    else for (let index = 0; index < count; index++) this.#threads.push(this.#spawn());
  }

  /**
   * Has each thread compile the bundle.
   *
   * @param setup what the threads need to know
   * @param memoryLimitMb by how many MiB the process may grow in one activation; 0 for no limit
   * @throws UnexpectedError if the bundle can't be compiled
   */
  async load(setup: Omit<ThreadSetup, "state" | "library">, memoryLimitMb: number): Promise<void> {
    this.#setup = { ...setup, library: await this.#library };
    for (const thread of this.#threads) this.#load(thread);
    if (setup.deadlockTimeoutMs > 0) this.#watch(setup.deadlockTimeoutMs);
    if (memoryLimitMb > 0) this.#watchMemory(memoryLimitMb);
    await this.#until(({ queue }) => queue !== 0);
  }

  /** Handles of the threads' native queues, for the native worker. */
  get queues(): number[] {
    return this.#threads.map(({ queue }) => queue);
  }

  /** What each thread is doing, in the order of their numbers. */
  get states(): ThreadState[] {
    return this.#threads.map(({ state }) => state);
  }

  /** Runs in memory. */
  get cached(): number {
    return this.#sum(({ cached }) => cached);
  }

  /** Activations that are being worked on. */
  get inFlight(): number {
    return this.#sum(({ inFlight }) => inFlight);
  }

  /** Makes the threads listen for the activations of a native worker, which must not have been started yet. */
  async attach(source: TaskSource): Promise<void> {
    this.#source = source;
    this.#post({ type: "attach", worker: source.handle });
    await this.#until(({ attached }) => attached);
  }

  /** Resolves when Core has told every thread that no more activations come. Rejects when a thread fails. */
  async drained(): Promise<void> {
    await this.#until(({ drained }) => drained);
  }

  /**
   * Ends the threads. What they logged has been delivered when it resolves; a thread that is dead or stuck is just
   * ended.
   */
  async stop(): Promise<void> {
    if (this.#failure === undefined) {
      this.#post({ type: "stop" });
      // A failure here has been reported already, and ending the threads is all that is left to do.
      await this.#until(({ stopped }) => stopped).catch(() => {});
    }
    this.#terminate();
  }

  /** Ends the threads at once, for a Worker that has failed. */
  kill(): void {
    this.#failure ??= new UnexpectedError("the Worker has failed");
    this.#terminate();
  }

  #spawn(): Thread {
    const worker = new Worker(workflowThreadFile, { name: "temporal-workflows" }) as BunWorker;
    const thread = newThread(worker);
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => this.#receive(thread, data);
    worker.onerror = (event) =>
      this.#fail(new UnexpectedError(`A workflow thread died of an uncaught error: ${event.message}`));
    worker.addEventListener("close", () => {
      if (thread.ending !== undefined) return thread.ending.resolve();
      if (thread.queue !== 0) freeQueueOfEndedThread(thread.queue);
      if (!thread.stopped)
        this.#fail(new UnexpectedError("A workflow thread ended although the Worker still needed it"));
    });
    worker.postMessage({ type: "library", location: locateLibrary() } satisfies ToThread);
    return thread;
  }

  #load({ worker, state }: Thread): void {
    worker.postMessage({ type: "setup", setup: { ...this.#setup!, state: state.memory } });
  }

  #stay(debugging: DebuggingOptions): void {
    const native = new NativeWorkflowThread(true);
    const send = (message: FromThread) => {
      // A copy and later, as from another thread.
      const copy = structuredClone(message);
      setImmediate(() => this.#receive(thread, copy));
    };
    // Loaded here only when it is needed: other Workers' main threads need nothing of what runs Workflow code.
    const receiver = import("./workflow-executor").then(({ workflowReceiver }) =>
      workflowReceiver({ native, send, ask: (question) => this.#events.asked(question), debugging }),
    );
    const worker: ThreadHandle = {
      postMessage: (message) => void receiver.then((receive) => setImmediate(() => receive(message))),
      ref() {},
      unref() {},
      terminate: () => native.close(),
    };
    const thread = newThread(worker);
    this.#threads.push(thread);
  }

  #receive(thread: Thread, message: FromThread): void {
    switch (message.type) {
      case "ready":
        thread.queue = message.queue;
        break;
      case "attached":
        thread.attached = true;
        break;
      case "drained":
        thread.drained = true;
        break;
      case "stopped":
        thread.stopped = true;
        break;
      case "output":
        return this.#events.output(message.logs, message.sinkCalls);
      case "evicted":
        return this.#events.evicted(message.eviction);
      case "payloads":
        return void this.#events.payloads(message.request).then((reply) => this.#reply(thread, reply));
      case "question":
        return void answer(message.memory, () => this.#events.asked(message.question));
      case "failed": {
        const what = thread.queue === 0 ? "The workflow bundle can't be loaded" : "A workflow thread failed";
        return this.#fail(
          new UnexpectedError(`${what}: ${message.name}: ${message.message}`, { stack: message.stack }),
        );
      }
    }
    this.#settle();
  }

  #reply({ worker, stopped }: Thread, reply: PayloadReply): void {
    // The Worker may have failed while codecs were at work.
    if (!stopped) worker.postMessage({ type: "payloads", reply });
  }

  #post(message: ToThread): void {
    for (const { worker } of this.#threads) worker.postMessage(message);
  }

  /** Keeps the process alive while something is waited for, but not for a Worker that was made and isn't run. */
  #until(done: (thread: Thread) => boolean): Promise<void> {
    for (const { worker } of this.#threads) worker.ref();
    const promise = Promise.withResolvers<void>();
    this.#waiting.add({ done, promise });
    this.#settle();
    return promise.promise;
  }

  #settle(): void {
    for (const waiting of this.#waiting) {
      if (this.#failure !== undefined) waiting.promise.reject(this.#failure);
      else if (this.#threads.every(waiting.done)) waiting.promise.resolve();
      else continue;
      this.#waiting.delete(waiting);
    }
    if (this.#waiting.size === 0) for (const { worker } of this.#threads) worker.unref();
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#settle();
    this.#events.failed(error);
  }

  /**
   * Looks after threads that don't come back: a loop in WebAssembly, or in the engine itself, can't be interrupted, and
   * Bun can't end a thread that is in one. All that can be done is to say so and to give the tasks back.
   */
  #watch(deadlockTimeoutMs: number): void {
    const limitMs = deadlockTimeoutMs + interruptionMs;
    const look = () => {
      for (const { state, stopped } of this.#threads) {
        if (state.look() * interruptionMs > limitMs && !stopped) return this.#stuck(state.description, state.busyForMs);
      }
    };
    this.#watching.push(setInterval(look, interruptionMs).unref());
  }

  /**
   * The engine ends the process when it can't have more memory, so it must not come to that. It can't be told to stop
   * before, but the thread can be ended, unless it is in a loop of WebAssembly.
   */
  #watchMemory(limitMb: number): void {
    const memory = new ThreadMemory(limitMb);
    const look = () => {
      const found = memory.look(this.#threads.filter(({ stopped }) => !stopped));
      if (found === undefined || this.#failure !== undefined) return;
      const { thread, grownMb } = found;
      const { description } = thread.state;
      this.#events.outgrown(description, grownMb);
      const reason =
        `The process grew by ${grownMb} MiB while Workflow ${description} ran without yielding; the limit is ${limitMb}. ` +
        "Its thread was ended, with all runs that it had in memory. Keep large values out of Workflows, or raise workflowMemoryLimitMb";
      this.#replace(thread, reason).catch((error: Error) => this.#fail(error));
    };
    this.#watching.push(setInterval(look, memoryLookMs).unref());
  }

  /** Ends a thread and gives its runs to a new one. */
  async #replace(thread: Thread, reason: string): Promise<void> {
    const { state, worker } = thread;
    const { description, busyForMs } = state;
    thread.stopped = true;
    thread.ending = Promise.withResolvers();
    const index = this.#threads.indexOf(thread);
    const successor = (this.#threads[index] = this.#spawn());
    this.#load(successor);
    worker.unref();
    worker.terminate();
    const late = setTimeout(() => this.#stuck(description, busyForMs), interruptionMs * 5).unref();
    // Until then it may still complete tasks.
    await thread.ending.promise;
    clearTimeout(late);
    try {
      await this.#until(({ queue }) => queue !== 0);
      successor.worker.postMessage({ type: "attach", worker: this.#source!.handle });
      await this.#until(({ attached }) => attached);
      this.#source!.replaceWorkflowQueue(index, successor.queue, reason);
    } finally {
      freeQueueOfEndedThread(thread.queue);
    }
  }

  #stuck(run: string, busyForMs: number): void {
    this.#events.stuck(run);
    const seconds = Math.round(busyForMs / 1_000);
    this.#fail(
      new UnexpectedError(
        `A workflow thread doesn't come back: Workflow ${run} has run for ${seconds} s without yielding and can't be interrupted. ` +
          "The Worker gives its tasks back and ends; end the process to get the thread's CPU back",
      ),
    );
  }

  #terminate(): void {
    for (const timer of this.#watching) clearInterval(timer);
    for (const thread of this.#threads) {
      thread.stopped = true;
      // One that is stuck goes on, and no longer keeps the process alive; once it is terminated that can't be changed.
      thread.worker.unref();
      thread.worker.terminate();
    }
  }

  #sum(count: (state: ThreadState) => number): number {
    return this.#threads.reduce((sum, { state }) => sum + count(state), 0);
  }
}
