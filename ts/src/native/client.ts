import { NativeError } from "./error";
import { checkCall, checkStatus, encodeOptions, encodeText, library, results } from "./library";
import type { ClientOptions, MetadataOptions, RpcOptions } from "./options.generated";
import { currentQueue } from "./queue";
import type { NativeRuntime } from "./runtime";

/** The gRPC services of a Temporal server; the numbers of the C header. */
export const Service = {
  WORKFLOW: 1,
  OPERATOR: 2,
  CLOUD: 3,
  TEST: 4,
  HEALTH: 5,
} as const;

/** A gRPC service, as a number. */
export type Service = (typeof Service)[keyof typeof Service];

/** gRPC metadata: text values, and bytes for the keys that end in `-bin`. */
export interface NativeMetadata {
  metadata?: Record<string, string>;
  binaryMetadata?: Record<string, Uint8Array>;
}

/** How one RPC is made. */
export interface RpcCallOptions extends NativeMetadata {
  /**
   * Milliseconds that the whole call may take, retries included; then it fails with gRPC code 4. Default: 30 s for each
   * attempt.
   */
  timeoutMs?: number;
  /** Whether failures that may pass are retried, as the client's retry options say. Default true. */
  retry?: boolean;
  /** Aborting it fails the call with `CANCELLED`, whose cause is the signal's reason. */
  signal?: AbortSignal;
}

const noBytes = new Uint8Array(0);
const rpcNames = new Map<string, Uint8Array>();

/** A connection to a Temporal server. Calls are protobuf bytes; TLS, keep-alive and retries are Core's. */
export class NativeClient {
  #closed = false;

  private constructor(
    /** The handle that native calls take. */
    readonly handle: number,
  ) {}

  /**
   * Connects. Rejects with `INVALID_OPTIONS`, or with `CONNECTION_FAILED` that names the address when the
   * server can't be reached in the time that the options allow.
   */
  static async connect(runtime: NativeRuntime, options: ClientOptions): Promise<NativeClient> {
    const queue = currentQueue();
    const document = encodeOptions(options);
    const event = await queue.call((token) => {
      const code = library().temporal_bun_client_connect(
        runtime.handle,
        queue.handle,
        token,
        document,
        document.length,
        results,
      );
      checkCall(code, "connect a native client");
    });
    return new NativeClient(event.object);
  }

  /**
   * Makes one RPC by its proto name, such as `StartWorkflowExecution`, and resolves with the encoded response. Rejects
   * with `RPC_FAILED` (gRPC code and details set; a deadline is code 4), `CANCELLED`, or `INVALID_ARGUMENT` for a name
   * or a request that the service doesn't know.
   */
  async rpc(service: Service, rpc: string, request: Uint8Array, options?: RpcCallOptions): Promise<Uint8Array> {
    const signal = options?.signal;
    if (signal === undefined) return (await this.#start(service, rpc, request, options, 0)).data;
    if (signal.aborted) throw cancelled(rpc, signal);
    const native = library();
    checkStatus(native.temporal_bun_cancellation_new(results), "make a cancellation");
    const cancellation = results[0]!;
    const cancel = () => void native.temporal_bun_cancellation_cancel(cancellation);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return (await this.#start(service, rpc, request, options, cancellation)).data;
    } catch (error) {
      if (error instanceof NativeError && error.status === "CANCELLED" && signal.aborted) throw cancelled(rpc, signal);
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
      native.temporal_bun_cancellation_free(cancellation);
    }
  }

  #start(
    service: Service,
    rpc: string,
    request: Uint8Array,
    options: RpcCallOptions | undefined,
    cancellation: number,
  ) {
    let name = rpcNames.get(rpc);
    if (name === undefined) rpcNames.set(rpc, (name = encodeText(rpc)));
    const encodedName = name;
    const document = encodeCallOptions(options);
    const queue = currentQueue();
    return queue.call((token) => {
      const code = library().temporal_bun_client_rpc(
        this.handle,
        queue.handle,
        token,
        service,
        encodedName,
        encodedName.length,
        request,
        request.length,
        document,
        document.length,
        cancellation,
        results,
      );
      checkCall(code, `call ${rpc}`);
    });
  }

  /** Replaces the metadata that goes with every call. */
  updateMetadata(metadata: NativeMetadata): void {
    const document = encodeOptions(encodeMetadata(metadata));
    const code = library().temporal_bun_client_update_metadata(this.handle, document, document.length, results);
    checkCall(code, "update the metadata of a native client");
  }

  /** Replaces the API key that goes with every call; without one, none is sent. */
  updateApiKey(key?: string): void {
    const bytes = encodeText(key ?? "");
    const code = library().temporal_bun_client_update_api_key(this.handle, bytes, bytes.length, results);
    checkCall(code, "update the API key of a native client");
  }

  /** Releases the connection once its pending calls and its workers are done with it. Closing twice does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    checkStatus(library().temporal_bun_client_free(this.handle), "close a native client");
  }
}

function cancelled(rpc: string, signal: AbortSignal): NativeError {
  return new NativeError("CANCELLED", `${rpc} was cancelled by its abort signal`, { cause: signal.reason });
}

/** The options document of one call; empty, which costs nothing, when there is nothing to say. */
function encodeCallOptions(options: RpcCallOptions | undefined): Uint8Array {
  if (options === undefined) return noBytes;
  const { timeoutMs, retry, metadata, binaryMetadata } = options;
  if (timeoutMs === undefined && retry === undefined && metadata === undefined && binaryMetadata === undefined) {
    return noBytes;
  }
  return encodeOptions({ timeoutMs, retry, ...encodeMetadata({ metadata, binaryMetadata }) } satisfies RpcOptions);
}

function encodeMetadata({ metadata, binaryMetadata }: NativeMetadata): MetadataOptions {
  if (binaryMetadata === undefined) return { metadata };
  const encoded = Object.entries(binaryMetadata).map(([key, value]) => [key, value.toBase64()] as const);
  return { metadata, binaryMetadata: Object.fromEntries(encoded) };
}
