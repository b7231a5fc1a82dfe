/**
 * What a workflow thread does. Its native queue gets the activations of its runs straight from Core, and its
 * completions go straight back; the Worker's main thread only sees logs, sink calls and the end. With codecs or
 * external storage it also sees the payloads, because that is where these live.
 */
import { setImmediate } from "node:timers";
import type { SerializationContext } from "../../common";
import type { FailedTask, NativeWorkflowThread } from "../../native";
import type { ExternalStorageMetrics } from "../../proto/temporal/sdk/core/common/common";
import { WorkflowActivation } from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WorkflowActivationCompletion } from "../../proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { type DebuggingOptions, WorkflowHost } from "../../workflow-host/host";
import { factsOf } from "../../workflow-realm/run-facts";
import type { LogMessage, SinkMessage } from "../../workflow-realm/runtime";
import { PayloadRelay, type PayloadReply } from "../payloads/payload-relay";
import { activationSites, completionSites, contextOf, type SiteOwner } from "../payloads/payload-sites";
import { limitAnswers } from "./answer-limit";
import type { FromThread, ThreadSetup, ToThread } from "./thread-messages";
import type { PatchQuestion } from "./thread-question";
import { ThreadState } from "./thread-state";

/** How long a thread that replays waits for Core, which takes some ten microseconds, before its event loop turns. */
const replayWaitMs = 1;

/** The SDK's own sink for metrics; without a function for it, metrics go nowhere. */
const metricSink = "__temporal_metrics";

/** An activation that is ready for the host. */
interface Task {
  bytes: Uint8Array;
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
  readonly #state: ThreadState;
  /** The run that the state tells of. */
  #described: string | undefined;
  /** Activations whose turn hasn't come. */
  readonly #waiting: Task[] = [];
  /** Asks the main thread to run codecs and external storage; undefined if the Worker has neither. */
  readonly #relay: PayloadRelay | undefined;
  /** Activations and completions whose payloads are on the main thread. */
  #relayed = 0;
  #busy = false;
  #logs: LogMessage[] = [];
  #sinkCalls: SinkMessage[] = [];

  constructor(setup: ThreadSetup, port: ExecutorPort) {
    this.#port = port;
    this.#native = port.native;
    this.#setup = setup;
    this.#state = new ThreadState(setup.state);
    if (setup.relay !== undefined)
      this.#relay = new PayloadRelay(setup.relay, (request) => port.send({ type: "payloads", request }));
    this.#host = new WorkflowHost({
      library: setup.library,
      code: setup.code,
      filename: setup.filename,
      sourceMap: setup.sourceMap,
      namespace: setup.namespace,
      taskQueue: setup.taskQueue,
      activityNames: setup.activityNames,
      deadlockTimeoutMs: setup.deadlockTimeoutMs,
      reuseRealm: setup.reuseRealm,
      showStackTraceSources: setup.showStackTraceSources,
      failureErrorTypes: setup.failureErrorTypes,
      logLevel: setup.logLevel,
      keepsEvidence: setup.keepsEvidence,
      logsToSink: "defaultWorkerLogger" in setup.sinks,
      entered: (workflowType, workflowId, runId) => {
        if (runId !== this.#described) this.#state.describe(`${workflowType} with ID '${workflowId}' and run ${runId}`);
        this.#described = runId;
      },
      ...(setup.asksAboutPatches ? { patchActivationCallback: (info, patchId) => port.ask({ patchId, info }) } : {}),
      ...(port.debugging === undefined ? {} : { debugging: port.debugging }),
    });
  }

  /** Takes the activations of a native worker, by its handle. */
  attach(worker: number): void {
    this.#native.attach(worker, {
      onActivation: (bytes) => this.#take(bytes),
      onStopped: (error) =>
        error === undefined ? this.#port.send({ type: "drained" }) : reportFailure(this.#port, error),
      onRefused: ({ message }, task) => this.#refused(message, task),
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
    if (this.#relay === undefined) return this.#enqueue({ bytes });
    const activation = WorkflowActivation.decode(bytes);
    const owner = this.#ownerOf(activation);
    if (owner === undefined) return this.#enqueue({ bytes });
    this.#relayed++;
    this.#relay.run("decode", contextOf(owner), activationSites(activation, owner), ({ failure, metrics }) => {
      this.#relayed--;
      if (failure !== undefined) return this.#sendMessage({ runId: activation.runId, failed: { failure } });
      this.#enqueue({ bytes: WorkflowActivation.encode(activation).finish(), owner, payloadDownloadMetrics: metrics });
    });
  }

  #enqueue(task: Task): void {
    if (this.#busy) this.#waiting.push(task);
    else this.#activate(task);
  }

  #activate(task: Task): void {
    this.#busy = true;
    this.#state.inFlight = 1 + this.#waiting.length + this.#relayed;
    this.#state.begin();
    const completion = this.#host.activate(task.bytes);
    // A promise that nobody handles is only reported when the event loop has turned.
    setImmediate(() => this.#complete(task, completion));
  }

  #complete({ owner, payloadDownloadMetrics }: Task, activated: Uint8Array): void {
    const bytes = this.#host.confirm(activated);
    this.#state.end(this.#host.refused);
    if (this.#relay === undefined || owner === undefined) this.#send(bytes);
    else {
      this.#relayed++;
      const completion = WorkflowActivationCompletion.decode(bytes);
      completion.payloadDownloadMetrics = payloadDownloadMetrics;
      this.#relay.run("encode", contextOf(owner), completionSites(completion, owner), ({ failure, metrics }) => {
        this.#relayed--;
        completion.payloadUploadMetrics = metrics;
        this.#sendMessage(failure === undefined ? completion : { runId: completion.runId, failed: { failure } });
      });
    }
    this.#state.cached = this.#host.size;
    this.#collect();
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#activate(next);
    this.#busy = false;
    this.#state.inFlight = this.#relayed;
    this.#flush();
    // Not while the Worker's thread has payloads, which come back through the event loop.
    if (this.#setup.isReplay && this.#relayed === 0) this.#native.waitForActivation(replayWaitMs);
  }

  #sendMessage(completion: WorkflowActivationCompletion): void {
    this.#send(WorkflowActivationCompletion.encode(completion).finish());
  }

  #send(completion: Uint8Array): void {
    try {
      this.#native.completeWorkflowActivation(limitAnswers(completion));
    } catch (error) {
      reportFailure(this.#port, error);
    }
    if (!this.#busy) this.#state.inFlight = this.#relayed;
  }

  /** A completion that Core couldn't use failed its task; the run goes on when that is mended. */
  #refused(error: string, task: FailedTask): void {
    if (task.kind !== "workflow") return;
    const { runId, commands } = task;
    const { workflowType, workflowId } = this.#host.factsOf(runId) ?? {};
    const { namespace, taskQueue } = this.#setup;
    const attributes = { namespace, taskQueue, workflowType, workflowId, runId, commands, error };
    const message = "A Workflow Task failed because its completion can't be used";
    this.#logs.push({ level: "ERROR", message, attributes, timestampMs: Date.now() });
    if (!this.#busy) this.#flush();
  }

  /** Whose payloads an activation has. Unknown for one that the host will refuse. */
  #ownerOf({ runId = "", jobs = [] }: WorkflowActivation): SiteOwner | undefined {
    const host = this.#host;
    const init = jobs.find(({ initializeWorkflow }) => initializeWorkflow !== undefined)?.initializeWorkflow;
    const facts = host.factsOf(runId) ?? (init && factsOf(init));
    if (facts === undefined) return undefined;
    return {
      namespace: this.#setup.namespace,
      runId,
      ...facts,
      pending: (kind, seq) => host.pendingContext(runId, kind, seq) as SerializationContext | undefined,
      isFromServer: (seq) => host.isFromServer(runId, seq),
    };
  }

  /** Takes what the last activation wrote, as far as somebody wants it. */
  #collect(): void {
    const { logs, sinkCalls } = this.#host.takeOutput() ?? {};
    if (logs !== undefined) this.#logs.push(...logs);
    for (const call of sinkCalls ?? []) {
      const callDuringReplay = this.#setup.sinks[call.sink]?.[call.fn];
      if (callDuringReplay === undefined && call.sink === metricSink) continue;
      // Queries and validators aren't replays, whatever the history. What nobody registered is reported, in replays
      // too.
      if (callDuringReplay === false && (call.info.unsafe.isReplayingHistoryEvents || this.#setup.isReplay)) continue;
      this.#sinkCalls.push(call);
    }
    if (!this.#setup.isReplay) return;
    const eviction = this.#host.takeEviction();
    if (eviction !== undefined) this.#port.send({ type: "evicted", eviction });
  }

  /** One message for everything that a row of activations wrote. */
  #flush(): void {
    if (this.#logs.length === 0 && this.#sinkCalls.length === 0) return;
    const [logs, sinkCalls] = [this.#logs, this.#sinkCalls];
    this.#logs = [];
    this.#sinkCalls = [];
    this.#port.send({ type: "output", logs, sinkCalls });
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

function reportFailure({ send }: Pick<ExecutorPort, "send">, error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  send({ type: "failed", name, message, stack });
}
