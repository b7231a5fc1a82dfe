import { NativeError } from "./error";
import { checkCall, encodeOptions, library, results, takeBytes } from "./library";
import type { BufferedMetrics, RuntimeOptions } from "./options.generated";
import { currentQueue, EventKind } from "./queue";

/** A log record of Core. */
export interface NativeLogRecord {
  level: "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** Rust module that the record comes from. */
  target: string;
  message: string;
  /** When it was made, in milliseconds since 1970. */
  timestampMs: number;
  fields: Record<string, unknown>;
}

/**
 * Core's runtime: its threads, its logs and its metrics. Clients and workers live in one; a process
 * normally has one.
 */
export class NativeRuntime {
  /** The handle that native calls take. */
  readonly handle: number;
  #logs: { token: number; queue: ReturnType<typeof currentQueue> } | undefined;
  #closed = false;

  /** Throws `NativeError` `INVALID_OPTIONS`, which names the path of what is wrong. */
  constructor(options: RuntimeOptions) {
    const document = encodeOptions(options);
    checkCall(library().temporal_bun_runtime_new(document, document.length, results), "start the native runtime");
    this.handle = results[0]!;
  }

  /**
   * Passes Core's log records to `handler` on this thread, from now on until `close`. The runtime must
   * have been made with log forwarding. Does not keep the process alive. A later call replaces the handler.
   */
  forwardLogs(handler: (record: NativeLogRecord) => void): void {
    const queue = currentQueue();
    const decoder = new TextDecoder();
    const token = queue.subscribe((event) => {
      if (event.kind === EventKind.LOG) handler(JSON.parse(decoder.decode(event.data)) as NativeLogRecord);
    }, false);
    const code = library().temporal_bun_runtime_forward_logs(this.handle, queue.handle, token, results);
    try {
      checkCall(code, "forward the logs of the native runtime");
    } catch (error) {
      queue.unsubscribe(token);
      throw error;
    }
    this.#logs?.queue.unsubscribe(this.#logs.token);
    this.#logs = { token, queue };
  }

  /**
   * The values of metrics that came since the last call. The runtime must have been made with the metrics exporter
   * `buffer`.
   *
   * Throws `NativeError` `INVALID_ARGUMENT` when it was not, `INVALID_HANDLE` after `close`.
   */
  takeMetrics(): BufferedMetrics {
    checkCall(
      library().temporal_bun_runtime_take_metrics(this.handle, results),
      "take the metrics of the native runtime",
    );
    return JSON.parse(new TextDecoder().decode(takeBytes(results[0]!))) as BufferedMetrics;
  }

  /**
   * Releases the runtime; its threads end when the clients and workers that use it are closed too.
   * Closing twice does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#logs?.queue.unsubscribe(this.#logs.token);
    const code = library().temporal_bun_runtime_free(this.handle);
    if (code !== 0)
      throw new NativeError("INTERNAL", `the native runtime ${this.handle} was gone before it was closed`);
  }
}
