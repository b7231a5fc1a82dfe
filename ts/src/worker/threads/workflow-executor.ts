/**
 * What a workflow thread does. Its native queue gets the activations of its runs straight from Core, and its
 * completions go straight back; the Worker's main thread only sees logs, sink calls and the end. With codecs or
 * external storage it also sees the payloads, because that is where these live.
 */
import { setImmediate } from "node:timers";
import type { NativeWorkflowThread } from "../../native";
import type { ExternalStorageMetrics } from "../../proto/temporal/sdk/core/common/common";
import { WorkflowActivation } from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WorkflowActivationCompletion } from "../../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import type { SinkCall } from "../../workflow/sinks";
import { type DebuggingOptions, WorkflowHost } from "../../workflow-host/host";
import { PayloadRelay, type PayloadReply } from "../payloads/payload-relay";
import { activationSites, completionSites, contextOf, type SiteOwner } from "../payloads/payload-sites";
import { infoToMessage } from "./info-message";
import {
  type FromThread,
  ThreadCounter,
  type ThreadSetup,
  type ToThread,
  type WorkflowLogRecord,
  type WorkflowSinkCall,
} from "./thread-messages";
import type { PatchQuestion } from "./thread-question";

/** How long a thread that replays waits for Core, which takes some ten microseconds, before its event loop turns. */
const replayWaitMs = 1;

/** The SDK's own sink for metrics; without a function for it, metrics go nowhere. */
const metricSink = "__temporal_metrics";

/** An activation that is ready for the host. */
interface Task {
  activation: WorkflowActivation;
  /** Whose payloads it has; undefined if nothing has to be done with them. */
  owner?: SiteOwner;
  payloadDownloadMetrics?: ExternalStorageMetrics;
}

/** How a {@link WorkflowExecutor} reaches the Worker. */
interface ExecutorPort {
  /** The native queue of the thread that it is on. */
  native: NativeWorkflowThread;
  /** Sends a message to the Worker. Throws if it holds what can't go to another thread. */
  send(message: FromThread): void;
  /** Asks the Worker, and returns when the answer is there. */
  ask(question: PatchQuestion): boolean;
  /** The thread is the Worker's main thread; what a debugger wants to know, then. */
  debugging?: DebuggingOptions;
}

/** Runs the Workflow code of a Worker on this thread. */
class WorkflowExecutor {
  readonly #port: ExecutorPort;
  readonly #native: NativeWorkflowThread;
  readonly #host: WorkflowHost;
  readonly #setup: ThreadSetup;
  readonly #counters: Int32Array;
  /** Activations whose turn hasn't come, encoded unless they had to be looked into already. */
  readonly #waiting: (Uint8Array | Task)[] = [];
  /** Asks the main thread to run codecs and external storage; undefined if the Worker has neither. */
  readonly #relay: PayloadRelay | undefined;
  /** Activations and completions whose payloads are on the main thread. */
  #relayed = 0;
  #busy = false;
  #logs: WorkflowLogRecord[] = [];
  #sinkCalls: WorkflowSinkCall[] = [];

  constructor(setup: ThreadSetup, port: ExecutorPort) {
    this.#port = port;
    this.#native = port.native;
    this.#setup = setup;
    this.#counters = new Int32Array(setup.counters);
    if (setup.relay !== undefined)
      this.#relay = new PayloadRelay(setup.relay, (request) => port.send({ type: "payloads", request }));
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
      logsToSink: "defaultWorkerLogger" in setup.sinks,
      log: (record) => this.#logs.push(record),
      sinkCalls: (calls) => this.#collect(calls),
      ...(setup.asksAboutPatches
        ? { patchActivationCallback: (info, patchId) => port.ask({ patchId, info: infoToMessage(info) }) }
        : {}),
      ...(port.debugging === undefined ? {} : { debugging: port.debugging }),
    });
  }

  /** Takes the activations of a native worker, by its handle. */
  attach(worker: number): void {
    this.#native.attach(worker, {
      onActivation: (bytes) => this.#take(bytes),
      onStopped: (error) =>
        error === undefined ? this.#port.send({ type: "drained" }) : reportFailure(this.#port, error),
      onError: (error) => reportFailure(this.#port, error),
    });
  }

  /** Puts decoded or encoded payloads in place. */
  answer(reply: PayloadReply): void {
    this.#relay?.answer(reply);
  }

  /** Sends what is pending and frees the queue. */
  stop(): void {
    this.#flush();
    this.#native.close();
  }

  #take(bytes: Uint8Array): void {
    if (this.#relay === undefined) return this.#enqueue(bytes);
    const activation = WorkflowActivation.decode(bytes);
    const owner = this.#ownerOf(activation);
    if (owner === undefined) return this.#enqueue({ activation });
    this.#relayed++;
    this.#relay.run("decode", contextOf(owner), activationSites(activation, owner), ({ failure, metrics }) => {
      this.#relayed--;
      if (failure === undefined) this.#enqueue({ activation, owner, payloadDownloadMetrics: metrics });
      else this.#send({ runId: activation.runId, failed: { failure } });
    });
  }

  #enqueue(task: Uint8Array | Task): void {
    if (this.#busy) this.#waiting.push(task);
    else this.#activate(task);
  }

  #activate(waiting: Uint8Array | Task): void {
    this.#busy = true;
    this.#counters[ThreadCounter.inFlight] = 1 + this.#waiting.length + this.#relayed;
    const task = waiting instanceof Uint8Array ? { activation: WorkflowActivation.decode(waiting) } : waiting;
    const completion = this.#host.activate(task.activation);
    // A promise that nobody handles is only reported when the event loop has turned.
    setImmediate(() => this.#complete(task, completion));
  }

  #complete({ activation, owner, payloadDownloadMetrics }: Task, activated: WorkflowActivationCompletion): void {
    const completion = this.#host.confirm(activated);
    if (this.#relay === undefined || owner === undefined) this.#send(completion);
    else {
      this.#relayed++;
      completion.payloadDownloadMetrics = payloadDownloadMetrics;
      this.#relay.run("encode", contextOf(owner), completionSites(completion, owner), ({ failure, metrics }) => {
        this.#relayed--;
        completion.payloadUploadMetrics = metrics;
        this.#send(failure === undefined ? completion : { runId: completion.runId, failed: { failure } });
      });
    }
    this.#counters[ThreadCounter.cached] = this.#host.size;
    if (this.#setup.isReplay) this.#reportEvictions(activation);
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#activate(next);
    this.#busy = false;
    this.#counters[ThreadCounter.inFlight] = this.#relayed;
    this.#flush();
    // Not while the Worker's thread has payloads, which come back through the event loop.
    if (this.#setup.isReplay && this.#relayed === 0) this.#native.waitForActivation(replayWaitMs);
  }

  #send(completion: WorkflowActivationCompletion): void {
    try {
      this.#native.completeWorkflowActivation(WorkflowActivationCompletion.encode(completion).finish());
    } catch (error) {
      reportFailure(this.#port, error);
    }
    if (!this.#busy) this.#counters[ThreadCounter.inFlight] = this.#relayed;
  }

  #reportEvictions({ runId = "", jobs = [] }: WorkflowActivation): void {
    for (const { removeFromCache } of jobs) {
      if (removeFromCache === undefined) continue;
      const { reason = 0, message = "" } = removeFromCache;
      this.#port.send({ type: "evicted", eviction: { runId, reason, message } });
    }
  }

  /** Whose payloads an activation has. Unknown for one that the host will refuse. */
  #ownerOf({ runId = "", jobs = [] }: WorkflowActivation): SiteOwner | undefined {
    const { namespace } = this.#setup;
    const run = this.#host.find(runId);
    const start =
      run?.facts.start.details ??
      jobs.find(({ initializeWorkflow }) => initializeWorkflow !== undefined)?.initializeWorkflow;
    if (start === undefined) return undefined;
    const { workflowId = "", workflowType = "", parentWorkflowInfo: parent, continuedFromExecutionRunId } = start;
    return {
      namespace,
      runId,
      workflowId,
      workflowType,
      ...(parent === undefined || continuedFromExecutionRunId
        ? {}
        : {
            parent: {
              namespace: parent.namespace ?? "",
              workflowId: parent.workflowId ?? "",
              runId: parent.runId ?? "",
            },
          }),
      pending: (kind, seq) => run?.completions[kind].get(seq)?.context,
      isFromServer: (seq) => {
        const { nexusOperationStart, nexusOperationComplete } = run?.completions ?? {};
        return (nexusOperationStart?.get(seq) ?? nexusOperationComplete?.get(seq))?.fromPayload !== undefined;
      },
    };
  }

  #collect(calls: readonly SinkCall[]): void {
    for (const { ifaceName, fnName, args, workflowInfo } of calls) {
      const callDuringReplay = this.#setup.sinks[ifaceName]?.[fnName];
      if (callDuringReplay === undefined && ifaceName === metricSink) continue;
      // Queries and validators aren't replays, whatever the history. What nobody registered is reported, in replays
      // too.
      if (callDuringReplay === false && (workflowInfo.unsafe.isReplayingHistoryEvents || this.#setup.isReplay))
        continue;
      this.#sinkCalls.push({
        sink: ifaceName,
        fn: fnName,
        args,
        info: infoToMessage(workflowInfo),
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
      this.#port.send({ type: "output", logs, sinkCalls });
    } catch {
      // Something in the batch can't go to another thread: send what can, and the rest as text.
      for (const log of logs) this.#port.send({ type: "output", logs: [cloneable(log)], sinkCalls: [] });
      for (const call of sinkCalls) this.#port.send({ type: "output", logs: [], sinkCalls: [cloneable(call)] });
    }
  }
}

/** What takes the Worker's messages on a thread that runs Workflow code. */
export function workflowReceiver(port: ExecutorPort): (message: ToThread) => void {
  let executor: WorkflowExecutor | undefined;
  return (message) => {
    try {
      switch (message.type) {
        case "setup":
          executor = new WorkflowExecutor(message.setup, port);
          return port.send({ type: "ready", queue: port.native.queue });
        case "attach":
          executor?.attach(message.worker);
          return port.send({ type: "attached" });
        case "payloads":
          return executor?.answer(message.reply);
        case "stop":
          executor?.stop();
          return port.send({ type: "stopped" });
      }
    } catch (error) {
      reportFailure(port, error);
    }
  };
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

function reportFailure({ send }: Pick<ExecutorPort, "send">, error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  send({ type: "failed", name, message, stack });
}
