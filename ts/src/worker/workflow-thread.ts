/**
 * Entry of a workflow thread, a Bun Worker. Its native queue gets the activations of its runs straight from Core, and
 * its completions go straight back; the Worker's main thread only sees logs, sink calls and the end.
 */
import { setImmediate } from "node:timers";
import { NativeWorkflowThread } from "../native";
import { WorkflowActivation } from "../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WorkflowActivationCompletion } from "../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { WorkflowHost } from "../workflow/host";
import type { SinkCall } from "../workflow/sinks";
import {
  type FromThread,
  ThreadCounter,
  type ThreadSetup,
  type ToThread,
  type WorkflowLogRecord,
  type WorkflowSinkCall,
} from "./thread-messages";

declare const self: { postMessage(message: FromThread): void; onmessage: ((event: MessageEvent<ToThread>) => void) | null };

/** How long a thread that replays waits for Core, which takes some ten microseconds, before its event loop turns. */
const replayWaitMs = 1;

class WorkflowThread {
  readonly #native = new NativeWorkflowThread();
  readonly #host: WorkflowHost;
  readonly #setup: ThreadSetup;
  readonly #counters: Int32Array;
  /** Encoded activations whose turn hasn't come. */
  readonly #waiting: Uint8Array[] = [];
  #busy = false;
  #logs: WorkflowLogRecord[] = [];
  #sinkCalls: WorkflowSinkCall[] = [];

  constructor(setup: ThreadSetup) {
    this.#setup = setup;
    this.#counters = new Int32Array(setup.counters);
    this.#host = new WorkflowHost({
      code: setup.code,
      filename: setup.filename,
      sourceMap: setup.sourceMap,
      namespace: setup.namespace,
      taskQueue: setup.taskQueue,
      activityNames: setup.activityNames,
      deadlockTimeoutMs: setup.deadlockTimeoutMs,
      showStackTraceSources: setup.showStackTraceSources,
      failureErrorTypes: setup.failureErrorTypes,
      logLevel: setup.logLevel,
      log: (record) => this.#logs.push(record),
      sinkCalls: (calls) => this.#collect(calls),
    });
  }

  /** Handle of the thread's native queue. */
  get queue(): number {
    return this.#native.queue;
  }

  attach(worker: number): void {
    this.#native.attach(worker, {
      onActivation: (bytes) => this.#take(bytes),
      onStopped: (error) => (error === undefined ? self.postMessage({ type: "drained" }) : fail(error)),
      onError: fail,
    });
  }

  stop(): void {
    this.#flush();
    this.#native.close();
  }

  #take(bytes: Uint8Array): void {
    if (this.#busy) {
      this.#waiting.push(bytes);
      return;
    }
    this.#activate(bytes);
  }

  #activate(bytes: Uint8Array): void {
    this.#busy = true;
    this.#counters[ThreadCounter.inFlight] = 1 + this.#waiting.length;
    const activation = WorkflowActivation.decode(bytes);
    const completion = this.#host.activate(activation);
    // A promise that nobody handles is only reported when the event loop has turned.
    setImmediate(() => this.#complete(activation, completion));
  }

  #complete(activation: WorkflowActivation, completion: WorkflowActivationCompletion): void {
    try {
      this.#native.completeWorkflowActivation(WorkflowActivationCompletion.encode(this.#host.confirm(completion)).finish());
    } catch (error) {
      return fail(error);
    }
    this.#counters[ThreadCounter.cached] = this.#host.size;
    if (this.#setup.isReplay) reportEvictions(activation);
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#activate(next);
    this.#busy = false;
    this.#counters[ThreadCounter.inFlight] = 0;
    this.#flush();
    if (this.#setup.isReplay) this.#native.waitForActivation(replayWaitMs);
  }

  #collect(calls: readonly SinkCall[]): void {
    for (const { ifaceName, fnName, args, workflowInfo } of calls) {
      const callDuringReplay = this.#setup.sinks[ifaceName]?.[fnName];
      if (callDuringReplay === undefined || (workflowInfo.unsafe.isReplaying && !callDuringReplay)) continue;
      const { isReplaying, isReplayingHistoryEvents } = workflowInfo.unsafe;
      // Functions can't go to another thread; the Worker puts its own in their place.
      this.#sinkCalls.push({
        sink: ifaceName,
        fn: fnName,
        args,
        info: { ...workflowInfo, unsafe: { isReplaying, isReplayingHistoryEvents } },
      });
    }
  }

  /** One message for everything that a row of activations wrote. */
  #flush(): void {
    if (this.#logs.length === 0 && this.#sinkCalls.length === 0) return;
    const [logs, sinkCalls] = [this.#logs, this.#sinkCalls];
    this.#logs = [];
    this.#sinkCalls = [];
    try {
      self.postMessage({ type: "output", logs, sinkCalls });
    } catch {
      // Something in the batch can't go to another thread: send what can, and the rest as text.
      for (const log of logs) self.postMessage({ type: "output", logs: [cloneable(log)], sinkCalls: [] });
      for (const call of sinkCalls) self.postMessage({ type: "output", logs: [], sinkCalls: [cloneable(call)] });
    }
  }
}

function reportEvictions({ runId = "", jobs = [] }: WorkflowActivation): void {
  for (const { removeFromCache } of jobs) {
    if (removeFromCache === undefined) continue;
    const { reason = 0, message = "" } = removeFromCache;
    self.postMessage({ type: "evicted", eviction: { runId, reason, message } });
  }
}

function cloneable<T extends object>(value: T): T {
  try {
    return structuredClone(value);
  } catch {
    const entries = Object.entries(value).map(([key, field]) => {
      if (typeof field === "object" && field !== null)
        return [key, Array.isArray(field) ? field.map((item) => cloneable({ item }).item) : cloneable(field as object)];
      return [key, typeof field === "function" || typeof field === "symbol" ? String(field) : field];
    });
    return Object.fromEntries(entries) as T;
  }
}

function fail(error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  self.postMessage({ type: "failed", name, message, stack });
}

let thread: WorkflowThread | undefined;

self.onmessage = ({ data }) => {
  try {
    switch (data.type) {
      case "setup":
        thread = new WorkflowThread(data.setup);
        return self.postMessage({ type: "ready", queue: thread.queue });
      case "attach":
        thread?.attach(data.worker);
        return self.postMessage({ type: "attached" });
      case "stop":
        thread?.stop();
        return self.postMessage({ type: "stopped" });
    }
  } catch (error) {
    fail(error);
  }
};
