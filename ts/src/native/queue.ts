import { type Pointer, toArrayBuffer } from "bun:ffi";
import { closeSync } from "node:fs";
import type { Socket } from "bun";
import { NativeError, type NativeStatus, statusName } from "./error";
import { checkStatus, library, results, type Symbols } from "./library";

/** What an event is about; the numbers of the C header. */
export const EventKind = {
  HOST: 1,
  CLIENT_CONNECTED: 2,
  RPC_RESPONSE: 3,
  WORKER_VALIDATED: 4,
  WORKFLOW_ACTIVATION: 5,
  ACTIVITY_TASK: 6,
  NEXUS_TASK: 7,
  POLLER_STOPPED: 8,
  COMPLETION: 9,
  WORKER_FINALIZED: 10,
  LOG: 11,
  SLOT_RESERVE: 12,
  SLOT_CANCELLED: 13,
  SLOT_USED: 14,
  SLOT_RELEASED: 15,
} as const;

/** What an event is about, as a number. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Something that happened on the native side. */
export interface NativeEvent {
  /** Of the call or the stream that it belongs to. */
  token: number;
  kind: EventKind;
  /** `OK`, or why the operation failed. */
  status: NativeStatus;
  /** Owned by the receiver, who may keep it. Empty for an event without bytes. */
  data: Uint8Array;
  /** Handle that the event delivers, such as the client after a connect; else 0. */
  object: number;
  /** What failed; only set when `status` is not `OK`. */
  error?: NativeError;
}

interface Receiver {
  /** True for the answer to a call, which comes once. */
  once: boolean;
  /** True when the receiver keeps the process alive. */
  held: boolean;
  deliver(event: NativeEvent): void;
  /** The queue was closed before the answer came. */
  closed(error: NativeError): void;
}

/** Layout of a record in the drain buffer; zig-bridge/src/queue.zig writes it. */
const recordHeader = 40;
const largeFlag = 1;
/** Events per drain; with less in a batch the queue was empty and rings again. */
const batch = 64;
const bufferSize = 64 * 1024;
/** Batches between two turns of the event loop, so that timers and sockets aren't starved by a flood. */
const batchesPerTurn = 16;

/** `toArrayBuffer` as it is documented; Bun's types lack the deallocator and its context, here the bytes handle. */
const adoptBuffer = toArrayBuffer as unknown as (
  pointer: number,
  offset: number,
  length: number,
  context: number,
  deallocator: Pointer,
) => ArrayBuffer;

const noBytes = new Uint8Array(0);

/**
 * The completion queue of one thread: native work that was started with it answers here, and its bell
 * wakes the thread's event loop. The process stays alive exactly while a call is pending or a stream
 * is subscribed.
 */
export class NativeQueue {
  /** The handle that native calls take. */
  readonly handle: number;

  readonly #native: Symbols = library();
  readonly #deallocator = this.#native.temporal_bun_bytes_deallocator() as Pointer;
  readonly #receivers = new Map<number, Receiver>();
  readonly #bytes = new Uint8Array(bufferSize);
  readonly #doubles = new Float64Array(this.#bytes.buffer);
  readonly #integers = new Int32Array(this.#bytes.buffer);
  #nextToken = 1;
  #held = 0;
  #bell: Socket<undefined> | undefined;
  #closed = false;
  /** Events of the row that is being delivered, and of the longest one that was. */
  #row = 0;
  #deepest = 0;

  private constructor() {
    checkStatus(this.#native.temporal_bun_queue_new(results), "open a completion queue");
    this.handle = results[0]!;
    this.#connectBell(results[1]!);
  }

  /** Opens a queue for this thread. Most code wants `currentQueue()`, which all of a thread shares. */
  static open(): NativeQueue {
    return new NativeQueue();
  }

  /** True once `close` was called or the native side is gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Starts one native operation with a fresh token and resolves with its event. `start` must throw when
   * the native call was refused. Rejects with the `NativeError` of a failed event, and with `CLOSED` when
   * the queue is closed first.
   */
  call(start: (token: number) => void): Promise<NativeEvent> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw queueClosed();
      const token = this.#nextToken++;
      start(token);
      this.#add(token, {
        once: true,
        held: true,
        deliver: (event) => (event.error === undefined ? resolve(event) : reject(event.error)),
        closed: reject,
      });
    });
  }

  /**
   * Passes every event of a fresh token, which is returned, to `handler`, until `unsubscribe`. Keeps the
   * process alive unless `hold` is false. A handler that throws is reported as an uncaught error and
   * stops nothing.
   */
  subscribe(handler: (event: NativeEvent) => void, hold = true): number {
    const token = this.#nextToken++;
    this.on(token, handler, hold);
    return token;
  }

  /** `subscribe` with a token of the caller's choice that is not one of `subscribe`'s, such as a worker's handle. */
  on(token: number, handler: (event: NativeEvent) => void, hold = true): void {
    if (this.#closed) throw queueClosed();
    this.unsubscribe(token);
    this.#add(token, { once: false, held: hold, deliver: handler, closed: () => {} });
  }

  /** Ends a subscription; its later events are dropped. Does nothing for a token that isn't subscribed. */
  unsubscribe(token: number): void {
    const receiver = this.#receivers.get(token);
    if (receiver !== undefined) this.#remove(token, receiver);
  }

  /**
   * Frees the queue: events that wait in it are dropped, pending calls reject with `CLOSED`, and the
   * process is no longer kept alive. Closing twice does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#shut(queueClosed());
    this.#native.temporal_bun_queue_free(this.handle);
  }

  #add(token: number, receiver: Receiver): void {
    this.#receivers.set(token, receiver);
    if (receiver.held && this.#held++ === 0) this.#bell?.ref();
  }

  #remove(token: number, receiver: Receiver): void {
    this.#receivers.delete(token);
    if (receiver.held && --this.#held === 0) this.#bell?.unref();
  }

  #connectBell(descriptor: number): void {
    const failed = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#lose(new NativeError("INTERNAL", `the bell of a completion queue failed: ${reason}`));
    };
    const connecting = Bun.connect<undefined>({
      // Bun's types know no `fd`; its documentation and its own node:net do.
      ...({ fd: descriptor } as unknown as { unix: string }),
      socket: {
        open: (socket) => {
          if (this.#closed) return void socket.terminate();
          this.#bell = socket;
          // A socket starts out holding the process.
          if (this.#held === 0) socket.unref();
        },
        data: () => this.drain(),
        error: (_socket, error) => failed(error),
        close: () => this.#lose(freedElsewhere()),
      },
    });
    connecting.catch((error: unknown) => {
      closeSync(descriptor);
      failed(error);
    });
  }

  /** The native side is gone without `close`: reject what waits, and free what can be freed. */
  #lose(error: NativeError): void {
    if (this.#closed) return;
    this.#shut(error);
    this.#native.temporal_bun_queue_free(this.handle);
  }

  #shut(error: NativeError): void {
    this.#closed = true;
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    this.#held = 0;
    this.#bell?.terminate();
    this.#bell = undefined;
    for (const receiver of receivers) receiver.closed(error);
  }

  /**
   * Delivers what waits in the queue now instead of when its bell is heard. Leaves the rest of a flood to
   * the next turn of the event loop.
   */
  drain(): void {
    for (let round = 0; round < batchesPerTurn; round++) {
      if (this.#closed) return;
      const count = this.#native.temporal_bun_queue_drain(this.handle, this.#bytes, bufferSize);
      if (count < 0) {
        return this.#lose(freedElsewhere());
      }
      this.#dispatch(count);
      this.#row += count;
      if (this.#row > this.#deepest) this.#deepest = this.#row;
      if (count < batch) {
        this.#row = 0;
        return;
      }
    }
    setImmediate(() => this.drain());
  }

  /** The most events that waited when this thread came for them, since the last call. */
  takeDeepest(): number {
    const deepest = this.#deepest;
    this.#deepest = 0;
    return deepest;
  }

  /**
   * Blocks this thread until an event comes, for at most `milliseconds`, and delivers what there is. Quicker than the
   * event loop, which gets no turn meanwhile: for a thread with nothing else to do that knows an event to be coming.
   */
  waitAndDrain(milliseconds: number): void {
    if (this.#closed) return;
    if (this.#native.temporal_bun_queue_wait(this.handle, milliseconds) === 0) this.drain();
  }

  #dispatch(count: number): void {
    let offset = 0;
    for (let index = 0; index < count; index++) {
      const doubles = offset >> 3;
      const integers = offset >> 2;
      const token = this.#doubles[doubles]!;
      const object = this.#doubles[doubles + 1]!;
      const kind = this.#integers[integers + 4]! as EventKind;
      const code = this.#integers[integers + 5]!;
      const length = this.#integers[integers + 6]!;
      offset += recordHeader;
      let data: Uint8Array = noBytes;
      if ((this.#integers[integers + 7]! & largeFlag) !== 0) {
        data = this.#adopt(this.#doubles[doubles + 4]!, this.#doubles[doubles + 5]!, length);
        offset += 8;
      } else if (length !== 0) {
        data = this.#bytes.slice(offset, offset + length);
        offset += (length + 7) & ~7;
      }
      const receiver = this.#receivers.get(token);
      if (receiver === undefined) continue;
      if (receiver.once) this.#remove(token, receiver);
      const status = statusName(code);
      const event: NativeEvent = { token, kind, status, data, object };
      // What a host posts itself carries the host's own status and bytes, not an error document.
      if (code !== 0 && kind !== EventKind.HOST) event.error = NativeError.fromDocument(status, data);
      try {
        receiver.deliver(event);
      } catch (error) {
        // Not here: the rest of the batch must still be delivered. And not by a throw, which would be shown
        // with this place instead of its own.
        queueMicrotask(() => reportError(error));
      }
    }
  }

  /** Bytes that stay where Rust has them; the garbage collector frees their handle through the bridge. */
  #adopt(handle: number, pointer: number, length: number): Uint8Array {
    return new Uint8Array(adoptBuffer(pointer, 0, length, handle, this.#deallocator));
  }
}

function freedElsewhere(): NativeError {
  return new NativeError("CLOSED", "the completion queue of this thread was freed by other code while it was in use");
}

function queueClosed(): NativeError {
  return new NativeError("CLOSED", "the completion queue of this thread was closed");
}

let shared: NativeQueue | undefined;

/** The queue that everything on this thread shares; opened by the first call, and anew after it was closed. */
export function currentQueue(): NativeQueue {
  if (shared === undefined || shared.closed) shared = NativeQueue.open();
  return shared;
}

/**
 * Frees the queue of another thread that ended without closing it: a Bun Worker that was terminated runs
 * no more code. Call it only after that Worker's `close` event. A queue that is closed already is left alone.
 */
export function freeQueueOfEndedThread(handle: number): void {
  library().temporal_bun_queue_free(handle);
}
