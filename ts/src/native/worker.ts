import type { NativeClient } from "./client";
import { NativeError } from "./error";
import { checkCall, checkStatus, encodeOptions, encodeText, library, results, type Symbols } from "./library";
import type { ReplayOptions, SlotDocument, WorkerOptions } from "./options.generated";
import { currentQueue, EventKind, type NativeEvent, NativeQueue } from "./queue";
import { NativeRuntime } from "./runtime";

/** A kind of task that a worker polls for. */
export type TaskKind = "workflow" | "activity" | "nexus";

/** A task that was failed because its completion couldn't be used. */
export type FailedTask =
  | { kind: "workflow"; runId: string; commands: string[] }
  | { kind: "activity" | "nexus"; taskToken: string };

/** Where the tasks of a worker go. The handlers run on the thread that called `start`. */
export interface WorkerStartOptions {
  /**
   * Handles of the queues of the threads that run workflows (`NativeWorkflowThread.queue`); a run's activations all go
   * to the same one. Empty for none.
   */
  workflowQueues: number[];
  /**
   * An encoded `coresdk.activity_task.ActivityTask`, which the handler may keep. Needed when the worker's `taskTypes`
   * have such tasks.
   */
  onActivityTask?(task: Uint8Array): void;
  /**
   * An encoded `coresdk.nexus.NexusTask`, which the handler may keep. Needed when the worker's `taskTypes` have such
   * tasks.
   */
  onNexusTask?(task: Uint8Array): void;
  /** No more activity or Nexus tasks will come: after a shutdown, or with the fatal error of the poller. */
  onStopped?(kind: TaskKind, error?: NativeError): void;
  /** A completion that was handed in on this thread couldn't be used, so its task was failed with that error. */
  onRefused?(error: NativeError, task: FailedTask): void;
  /** A completion handed in on this thread is of no task. Without it, the error is thrown as an uncaught one. */
  onError?(error: NativeError): void;
}

/**
 * What a supplier of slots hears; each slot is named by its `reservation`. The handlers run on the thread that called
 * `supplySlots`.
 */
export interface SlotSupplierHandlers {
  /** Core wants a slot, to be granted with `grantSlot` now or later; until then the poll that it is for is not made. */
  onReserve(slot: SlotDocument): void;
  /** Core no longer waits for a slot that was not granted. */
  onCancelled(slot: SlotDocument): void;
  /** A task came for a granted slot. */
  onUsed(slot: SlotDocument): void;
  /** A slot is the supplier's again: its task is done, or Core had no use for it. */
  onReleased(slot: SlotDocument): void;
}

/** One of Core's workers, on the thread that runs its activities. */
export class NativeWorker {
  /** The handle that native calls take; also the token of all of this worker's events, on every thread. */
  readonly handle: number;
  readonly #queue: NativeQueue = currentQueue();
  #slots: number | undefined;
  #closed = false;

  /**
   * Makes a worker that polls the client's server, or one that replays histories when it is given a runtime
   * instead. Throws `INVALID_OPTIONS`, which names the path of what is wrong.
   */
  constructor(source: NativeClient, options: WorkerOptions);
  constructor(source: NativeRuntime, options: ReplayOptions);
  constructor(source: NativeClient | NativeRuntime, options: WorkerOptions | ReplayOptions) {
    const native = library();
    const document = encodeOptions(options);
    const code =
      source instanceof NativeRuntime
        ? native.temporal_bun_replay_worker_new(source.handle, document, document.length, results)
        : native.temporal_bun_worker_new(source.handle, document, document.length, results);
    checkCall(code, "make a native worker");
    this.handle = results[0]!;
  }

  /** Makes a worker that replays the histories given to `pushHistory`. Throws like the constructor. */
  static replay(runtime: NativeRuntime, options: ReplayOptions): NativeWorker {
    return new NativeWorker(runtime, options);
  }

  /**
   * Asks the server whether the namespace exists and fits the options. Resolves with what Core has learned of it, an
   * encoded coresdk.NamespaceInfo; rejects with what is wrong.
   */
  async validate(): Promise<Uint8Array> {
    const { data } = await this.#queue.call((token) => {
      checkCall(
        library().temporal_bun_worker_validate(this.handle, this.#queue.handle, token, results),
        "validate a native worker",
      );
    });
    return data;
  }

  /**
   * Starts to poll. The process stays alive until `finalizeShutdown` is done or `close`. Throws `BUSY` when it was
   * started before, and `INVALID_HANDLE` when a handler is missing.
   */
  start(options: WorkerStartOptions): void {
    const queues = Float64Array.from(options.workflowQueues);
    const code = library().temporal_bun_worker_start(
      this.handle,
      queues,
      queues.length,
      options.onActivityTask === undefined ? 0 : this.#queue.handle,
      options.onNexusTask === undefined ? 0 : this.#queue.handle,
      this.handle,
      results,
    );
    checkCall(code, "start a native worker");
    this.#queue.on(this.handle, (event) => receive(event, options));
  }

  /**
   * Makes `handlers` the supplier of the slots whose type in the options is `host`. To be called once, before `start`.
   * Throws `BUSY` the second time, and `INVALID_ARGUMENT` when the worker has no such slots.
   */
  supplySlots(handlers: SlotSupplierHandlers): void {
    // `start` is what keeps the process alive; the supplier alone does not.
    const token = this.#queue.subscribe((event) => supply(event, handlers), false);
    try {
      const code = library().temporal_bun_worker_supply_slots(this.handle, this.#queue.handle, token, results);
      checkCall(code, "supply the slots of a native worker");
    } catch (error) {
      this.#queue.unsubscribe(token);
      throw error;
    }
    this.#slots = token;
  }

  /**
   * Grants a slot that `onReserve` asked for. Returns false when Core no longer waits for it, so that it is still
   * the supplier's.
   */
  grantSlot(reservation: number): boolean {
    try {
      checkCall(library().temporal_bun_worker_grant_slot(this.handle, reservation, results), "grant a slot");
      return true;
    } catch (error) {
      if (error instanceof NativeError && error.status === "INVALID_ARGUMENT") return false;
      throw error;
    }
  }

  /** Hands in an encoded `coresdk.ActivityTaskCompletion`, which is copied. A refusal is reported to `onError`. */
  completeActivityTask(completion: Uint8Array): void {
    const code = library().temporal_bun_worker_complete_activity_task(
      this.handle,
      this.#queue.handle,
      0,
      completion,
      completion.length,
      results,
    );
    checkCall(code, "complete an activity task");
  }

  /** Hands in an encoded `coresdk.nexus.NexusTaskCompletion`, which is copied. A refusal is reported to `onError`. */
  completeNexusTask(completion: Uint8Array): void {
    const code = library().temporal_bun_worker_complete_nexus_task(
      this.handle,
      this.#queue.handle,
      0,
      completion,
      completion.length,
      results,
    );
    checkCall(code, "complete a Nexus task");
  }

  /** Hands in an encoded `coresdk.ActivityHeartbeat`, which is copied. Core throttles what goes to the server. */
  recordActivityHeartbeat(heartbeat: Uint8Array): void {
    const code = library().temporal_bun_worker_record_activity_heartbeat(
      this.handle,
      heartbeat,
      heartbeat.length,
      results,
    );
    checkCall(code, "record an activity heartbeat");
  }

  /** Asks Core to evict a run from its cache; the eviction comes as an activation. */
  requestWorkflowEviction(runId: string): void {
    const bytes = encodeText(runId);
    const code = library().temporal_bun_worker_request_workflow_eviction(this.handle, bytes, bytes.length, results);
    checkCall(code, `evict the workflow run ${runId}`);
  }

  /** Makes the worker use another connection from now on. */
  replaceClient(client: NativeClient): void {
    const code = library().temporal_bun_worker_replace_client(this.handle, client.handle, results);
    checkCall(code, "replace the client of a native worker");
  }

  /**
   * Gives the runs of a workflow thread that has ended to another one. Their open tasks fail, and what the ended thread
   * had in memory is evicted.
   *
   * @param index of the ended thread's queue in `workflowQueues`. It is closed, and is to be freed after this
   * @param queue of the other thread
   * @param reason what the failures say
   */
  replaceWorkflowQueue(index: number, queue: number, reason: string): void {
    const bytes = encodeText(reason);
    const code = library().temporal_bun_worker_replace_workflow_queue(
      this.handle,
      index,
      queue,
      bytes,
      bytes.length,
      results,
    );
    checkCall(code, `replace the workflow queue ${index} of a native worker`);
  }

  /** Stops polling for new tasks; those that run go on. `onStopped` follows for every kind. */
  initiateShutdown(): void {
    checkStatus(library().temporal_bun_worker_initiate_shutdown(this.handle), "shut down a native worker");
  }

  /** Resolves when every poller has stopped and every task is completed; the process is no longer kept alive. */
  async finalizeShutdown(): Promise<void> {
    try {
      await this.#queue.call((token) => {
        checkCall(
          library().temporal_bun_worker_finalize_shutdown(this.handle, this.#queue.handle, token, results),
          "finalize the shutdown of a native worker",
        );
      });
    } finally {
      this.#queue.unsubscribe(this.handle);
    }
  }

  /** Gives a replay worker one more history, an encoded `temporal.api.history.v1.History`. */
  pushHistory(workflowId: string, history: Uint8Array): void {
    const id = encodeText(workflowId);
    const code = library().temporal_bun_replay_push(this.handle, id, id.length, history, history.length, results);
    checkCall(code, `replay the history of workflow ${workflowId}`);
  }

  /** Tells a replay worker that no more histories come; it shuts down after the last. */
  finishHistories(): void {
    checkStatus(library().temporal_bun_replay_finish(this.handle), "finish the histories of a replay worker");
  }

  /**
   * Releases the worker in whatever state it is; Core lets go of its tasks in the background. Closing twice does
   * nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.unsubscribe(this.handle);
    if (this.#slots !== undefined) this.#queue.unsubscribe(this.#slots);
    checkStatus(library().temporal_bun_worker_free(this.handle), "close a native worker");
  }
}

function receive(event: NativeEvent, options: WorkerStartOptions): void {
  switch (event.kind) {
    case EventKind.ACTIVITY_TASK:
      return options.onActivityTask?.(event.data);
    case EventKind.NEXUS_TASK:
      return options.onNexusTask?.(event.data);
    case EventKind.POLLER_STOPPED:
      return options.onStopped?.(stoppedKind(event), event.error);
    case EventKind.COMPLETION:
      return reportRefusal(event, options);
  }
}

function supply(event: NativeEvent, handlers: SlotSupplierHandlers): void {
  const slot = JSON.parse(new TextDecoder().decode(event.data)) as SlotDocument;
  switch (event.kind) {
    case EventKind.SLOT_RESERVE:
      return handlers.onReserve(slot);
    case EventKind.SLOT_CANCELLED:
      return handlers.onCancelled(slot);
    case EventKind.SLOT_USED:
      return handlers.onUsed(slot);
    case EventKind.SLOT_RELEASED:
      return handlers.onReleased(slot);
  }
}

/** What error documents of workers have besides. */
interface WorkerErrorDocument {
  taskKind?: number;
  failedTask?: { kind: number; runId?: string; taskToken?: string; commands?: string[] };
}

function documentOf({ data }: NativeEvent): WorkerErrorDocument {
  return JSON.parse(new TextDecoder().decode(data)) as WorkerErrorDocument;
}

/** A completion is only answered when it was refused, since it is handed in with token 0. */
function reportRefusal(event: NativeEvent, { onRefused, onError }: Pick<WorkerStartOptions, "onRefused" | "onError">) {
  const { error } = event;
  if (error === undefined) return;
  const { failedTask } = documentOf(event);
  if (failedTask !== undefined && onRefused !== undefined) {
    const { runId = "", taskToken = "", commands = [] } = failedTask;
    const kind = taskKind(failedTask.kind);
    return onRefused(error, kind === "workflow" ? { kind, runId, commands } : { kind, taskToken });
  }
  if (onError === undefined) throw error;
  onError(error);
}

/** The kind is the only byte of the event, or part of the error document. */
function stoppedKind(event: NativeEvent): TaskKind {
  return taskKind(event.error === undefined ? event.data[0] : documentOf(event).taskKind);
}

function taskKind(kind: number | undefined): TaskKind {
  switch (kind) {
    case EventKind.ACTIVITY_TASK:
      return "activity";
    case EventKind.NEXUS_TASK:
      return "nexus";
    default:
      return "workflow";
  }
}

/** Where the activations of a workflow thread go. The handlers run on that thread. */
export interface WorkflowThreadOptions {
  /**
   * An encoded `coresdk.workflow_activation.WorkflowActivation`, which the handler may keep. Each is to be completed
   * once.
   */
  onActivation(activation: Uint8Array): void;
  /** No more activations will come: after a shutdown, or with the fatal error of the poller. */
  onStopped?(error?: NativeError): void;
  /** A completion couldn't be used, so its task was failed with that error. */
  onRefused?(error: NativeError, task: FailedTask): void;
  /** A completion is of no task. Without it, the error is thrown as an uncaught one. */
  onError?(error: NativeError): void;
}

/** The part of a worker that lives on a thread which runs workflows, a Bun Worker: its queue, and the way back. */
export class NativeWorkflowThread {
  readonly #native: Symbols = library();
  readonly #queue: NativeQueue;
  readonly #hold: boolean;
  #worker = 0;

  /**
   * @param shared whether this thread also has the `NativeWorker`, with the same token: then it gets a queue of its
   *   own, which doesn't keep the process alive. Default: the queue that all of this thread shares, which `close`
   *   closes
   */
  constructor(shared = false) {
    this.#queue = shared ? NativeQueue.open() : currentQueue();
    this.#hold = !shared;
  }

  /** Handle of this thread's queue, for the `workflowQueues` of `NativeWorker.start`. */
  get queue(): number {
    return this.#queue.handle;
  }

  /**
   * Takes the activations of a worker, by its handle, which is also the token of its events. Keeps the thread alive
   * until `close`, unless it is shared.
   */
  attach(worker: number, options: WorkflowThreadOptions): void {
    this.#worker = worker;
    const deliver = (event: NativeEvent) => {
      switch (event.kind) {
        case EventKind.WORKFLOW_ACTIVATION:
          return options.onActivation(event.data);
        case EventKind.POLLER_STOPPED:
          return options.onStopped?.(event.error);
        case EventKind.COMPLETION:
          return reportRefusal(event, options);
      }
    };
    this.#queue.on(worker, deliver, this.#hold);
  }

  /**
   * Hands in an encoded `coresdk.workflow_completion.WorkflowActivationCompletion`, which is copied. A refusal is
   * reported to `onError`.
   */
  completeWorkflowActivation(completion: Uint8Array): void {
    const code = this.#native.temporal_bun_worker_complete_workflow_activation(
      this.#worker,
      this.#queue.handle,
      0,
      completion,
      completion.length,
      results,
    );
    checkCall(code, "complete a workflow activation");
  }

  /**
   * Blocks the thread until the next activation, for at most `milliseconds`, and delivers it. For replays, where it
   * comes at once.
   */
  waitForActivation(milliseconds: number): void {
    this.#queue.waitAndDrain(milliseconds);
  }

  /** Takes no more activations and closes the thread's queue, so that the thread can end. */
  close(): void {
    this.#queue.close();
  }
}
