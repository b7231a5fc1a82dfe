/** Connections to a Temporal server. */

import { AsyncLocalStorage } from "node:async_hooks";
import { IllegalStateError } from "../../common/errors";
import { NativeClient, type RpcCallOptions, type Service } from "../../native/client";
import { NativeError } from "../../native/error";
import type { NativeRuntime } from "../../native/runtime";
import type { Rpc, RpcTable } from "../../proto/rpc";
import type { CloudService } from "../../proto/rpc/cloud";
import type { Health } from "../../proto/rpc/health";
import { rpcNames } from "../../proto/rpc/names";
import type { OperatorService } from "../../proto/rpc/operator";
import type { TestService } from "../../proto/rpc/test";
import type { WorkflowService } from "../../proto/rpc/workflow";
import { asBuffer } from "../../proto/wire";
import { ServiceError } from "../errors";
import { intercept } from "./connection-interceptors";
import {
  type CallContext,
  type ConnectionOptions,
  type ConnectionOptionsWithDefaults,
  type ConnectionPlugin,
  compileConnectionOptions,
  loadConnectionOptions,
  lowerCaseKeys,
  type Metadata,
  splitMetadata,
} from "./connection-options";
import { clientRuntime } from "./core-runtime";
import { encodeRequest } from "./encode-request";
import { fromNativeError, GrpcServiceError, GrpcStatus } from "./grpc-error";
import { serviceOf } from "./service";

/** setTimeout and the native timer can't count further than this many milliseconds, 24 days. */
const MAXIMUM_TIMEOUT = 2 ** 31 - 1;

const loadWorkflowService = () => import("../../proto/rpc/workflow");

/** RPCs that the server answers when something happens, and that may be sent again. */
const LONG_POLLS: ReadonlySet<string> = new Set([
  "ExecuteMultiOperation",
  "GetWorkflowExecutionHistory",
  "PollActivityExecution",
  "PollNexusOperationExecution",
  "PollWorkflowExecutionUpdate",
  "UpdateWorkflowExecution",
]);

/**
 * A connection to a Temporal server: TLS, keep-alive, proxies and retries are Core's. One is enough for many clients
 * and workers; close it when it is not used any more.
 */
export class Connection {
  /** The options with defaults filled in. */
  readonly options: ConnectionOptionsWithDefaults;
  /** Plugins, also for clients made with this connection. */
  readonly plugins: ConnectionPlugin[];
  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  readonly workflowService: WorkflowService;
  /** All RPCs of OperatorService (search attributes, namespaces, Nexus endpoints). Not on Temporal Cloud. */
  readonly operatorService: OperatorService;
  /** All RPCs of CloudService. Only on Temporal Cloud's operations API. */
  readonly cloudService: CloudService;
  /** All RPCs of TestService. Only on Temporal's test server. */
  readonly testService: TestService;
  /** gRPC's health checks. */
  readonly healthService: Health;

  /** What the `with…` methods set, for the calls made in their scopes. */
  readonly callContextStorage = new AsyncLocalStorage<CallContext>();
  readonly #runtime: () => NativeRuntime;
  #apiKey: (() => string) | undefined;
  /** The key that the native client was last told. */
  #nativeApiKey: string | undefined;
  #client: NativeClient | undefined;
  #connecting: Promise<NativeClient> | undefined;
  #closed = false;

  /** Options only: see {@link Connection.connect} and {@link Connection.lazy}. */
  protected constructor(options: ConnectionOptionsWithDefaults, runtime = clientRuntime) {
    this.options = options;
    this.#runtime = runtime;
    this.plugins = options.plugins;
    const { apiKey } = options;
    if (apiKey) this.#apiKey = typeof apiKey === "function" ? apiKey : () => apiKey;
    const call = this.#call.bind(this);
    this.workflowService = serviceOf(rpcNames.workflow, loadWorkflowService, call);
    this.operatorService = serviceOf(rpcNames.operator, () => import("../../proto/rpc/operator"), call);
    this.cloudService = serviceOf(rpcNames.cloud, () => import("../../proto/rpc/cloud"), call);
    this.testService = serviceOf(rpcNames.test, () => import("../../proto/rpc/test"), call);
    this.healthService = serviceOf(rpcNames.health, () => import("../../proto/rpc/health"), call);
  }

  /** A connection that is made by the first call. Throws `TypeError` for options that make no sense. */
  static lazy(options: ConnectionOptions = {}): Connection {
    for (const plugin of options.plugins ?? []) options = plugin.configureConnection?.(options) ?? options;
    return new this(loadConnectionOptions(options));
  }

  /** Connects. Rejects with `ServiceError`, which names the address, if there is no server within `connectTimeout`. */
  static async connect(options?: ConnectionOptions): Promise<Connection> {
    const connection = this.lazy(options);
    await connection.ensureConnected();
    return connection;
  }

  /** Connects if that has not been done. After a failure, the next call tries again. */
  async ensureConnected(): Promise<void> {
    try {
      await this.nativeClient();
    } catch (error) {
      if (!(error instanceof GrpcServiceError)) throw error;
      throw new ServiceError(`Failed to connect to Temporal server: ${error.details}`, { cause: error });
    }
  }

  /** The native client, connected; for workers. Rejects with a gRPC error. */
  async nativeClient(): Promise<NativeClient> {
    if (this.#closed) throw new IllegalStateError("Connection is closed");
    if (this.#client) return this.#client;
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<NativeClient> {
    try {
      this.#nativeApiKey = this.#apiKey?.();
      // What nearly every connection needs next is loaded while the server is waited for.
      void loadWorkflowService();
      const client = await NativeClient.connect(
        this.#runtime(),
        compileConnectionOptions(this.options, this.#nativeApiKey),
      );
      if (this.#closed) {
        client.close();
        throw new IllegalStateError("Connection was closed while it was being made");
      }
      return (this.#client = client);
    } catch (error) {
      throw error instanceof NativeError ? fromNativeError(error) : error;
    } finally {
      this.#connecting = undefined;
    }
  }

  /** Closes the connection. Pending calls end first; later ones reject with `IllegalStateError`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
  }

  /** Runs `fn`; its RPCs fail with DEADLINE_EXCEEDED at this time, a Date or milliseconds since 1970. */
  async withDeadline<R>(deadline: number | Date, fn: () => Promise<R>): Promise<R> {
    return this.callContextStorage.run({ ...this.callContextStorage.getStore(), deadline }, fn);
  }

  /** Runs `fn`; aborting the signal fails its RPCs with CANCELLED. Signals of enclosing scopes hold too. */
  async withAbortSignal<R>(abortSignal: AbortSignal, fn: () => Promise<R>): Promise<R> {
    const outer = this.callContextStorage.getStore();
    const signal = outer?.abortSignal ? AbortSignal.any([outer.abortSignal, abortSignal]) : abortSignal;
    return this.callContextStorage.run({ ...outer, abortSignal: signal }, fn);
  }

  /** Runs `fn`; its RPCs carry this metadata, over that of enclosing scopes and of the connection. */
  async withMetadata<R>(metadata: Metadata, fn: () => Promise<R>): Promise<R> {
    const outer = this.callContextStorage.getStore();
    return this.callContextStorage.run({ ...outer, metadata: { ...outer?.metadata, ...lowerCaseKeys(metadata) } }, fn);
  }

  /** Runs `fn`; its RPCs carry this API key instead of the connection's. */
  async withApiKey<R>(apiKey: string, fn: () => Promise<R>): Promise<R> {
    return this.withMetadata({ authorization: `Bearer ${apiKey}` }, fn);
  }

  /** Replaces the API key of all later RPCs; a function is called before each of them. */
  setApiKey(apiKey: string | (() => string)): void {
    if (apiKey === "") throw new TypeError("`apiKey` must not be an empty string");
    this.#apiKey = typeof apiKey === "function" ? apiKey : () => apiKey;
    if (this.#client && typeof apiKey === "string") this.#updateApiKey(this.#client);
  }

  /** Replaces the metadata of all later RPCs, workers' included. */
  setMetadata(metadata: Metadata): void {
    this.options.metadata = lowerCaseKeys(metadata);
    const { metadata: text, binaryMetadata = {} } = splitMetadata(this.options.metadata);
    this.#client?.updateMetadata({ metadata: text, binaryMetadata });
  }

  #updateApiKey(client: NativeClient): void {
    const apiKey = this.#apiKey?.();
    if (apiKey === this.#nativeApiKey) return;
    client.updateApiKey(apiKey);
    this.#nativeApiKey = apiKey;
  }

  async #call<Request, Response>(
    table: RpcTable<object>,
    rpc: Rpc<Request, Response>,
    request: Request,
  ): Promise<Response> {
    const context = this.callContextStorage.getStore();
    const { interceptors } = this.options;
    if (interceptors.length === 0) return this.#send(table, rpc, request, context);
    const call = { ...context, service: table.name, method: rpc.name, request: request ?? {} };
    return intercept(interceptors, call, (last) =>
      this.#send(table, rpc, last.request as Request, last),
    ) as Promise<Response>;
  }

  async #send<Request, Response>(
    table: RpcTable<object>,
    rpc: Rpc<Request, Response>,
    request: Request,
    context: CallContext | undefined,
  ): Promise<Response> {
    const bytes = encodeRequest(table.name, rpc, request ?? ({} as Request));
    const client = this.#client ?? (await this.#connectWithin(rpc.name, context));
    if (this.#apiKey) this.#updateApiKey(client);
    let options = context && callOptions(rpc.name, context);
    if (this.options.retry === null) options = { ...options, retry: false };
    for (;;) {
      try {
        return rpc.response.decode(asBuffer(await client.rpc(table.service as Service, rpc.name, bytes, options)));
      } catch (error) {
        const known = error instanceof NativeError ? fromNativeError(error) : error;
        // Core limits every call. A long poll goes on until the caller's own deadline: the server may just be slow.
        const isLimit =
          options?.timeoutMs === undefined &&
          known instanceof GrpcServiceError &&
          known.code === GrpcStatus.DEADLINE_EXCEEDED;
        if (!isLimit || !LONG_POLLS.has(rpc.name)) throw known;
      }
    }
  }

  /** Connects, but gives up at the deadline or the abort signal of the call. */
  async #connectWithin(name: string, context: CallContext | undefined): Promise<NativeClient> {
    const connecting = this.nativeClient();
    if (!context) return connecting;
    const { timeoutMs, signal } = callOptions(name, context);
    if (timeoutMs === undefined && signal === undefined) return connecting;
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => reject(deadlineExceeded(name)), timeoutMs);
    const abort = () => reject(cancelled(name, signal!));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([connecting, promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

/**
 * What the context says, for the native client. Throws the gRPC error if the deadline is over or the signal aborted.
 */
function callOptions(name: string, { deadline, metadata, abortSignal }: CallContext): RpcCallOptions {
  const options: RpcCallOptions = {};
  if (abortSignal) {
    if (abortSignal.aborted) throw cancelled(name, abortSignal);
    options.signal = abortSignal;
  }
  if (deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) {
    const timeoutMs = Math.ceil(Number(deadline) - Date.now());
    if (Number.isNaN(timeoutMs))
      throw new TypeError(`deadline must be a Date or a number of milliseconds since 1970, got ${String(deadline)}`);
    if (timeoutMs <= 0) throw deadlineExceeded(name);
    options.timeoutMs = Math.min(timeoutMs, MAXIMUM_TIMEOUT);
  }
  return metadata ? Object.assign(options, splitMetadata(lowerCaseKeys(metadata))) : options;
}

function deadlineExceeded(name: string): GrpcServiceError {
  return new GrpcServiceError(GrpcStatus.DEADLINE_EXCEEDED, `${name} was not answered before its deadline`);
}

function cancelled(name: string, signal: AbortSignal): GrpcServiceError {
  return new GrpcServiceError(GrpcStatus.CANCELLED, `${name} was cancelled by its abort signal`, undefined, {
    cause: signal.reason,
  });
}
