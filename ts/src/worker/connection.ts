import { Connection, type ConnectionOptions, ServiceError } from "../client";
import { type ConnectionOptionsWithDefaults, loadConnectionOptions } from "../client/connection/connection-options";
import { IllegalStateError } from "../common";
import type { NativeClient } from "../native";
import { TransportError } from "./errors";
import { Runtime } from "./telemetry/runtime";
import type { WorkerPlugin } from "./worker-options";

/** Options of {@link NativeConnection.connect}: those of the client's connection. */
export interface NativeConnectionOptions extends Omit<ConnectionOptions, "plugins"> {
  /** Plugins; they also apply to Workers that use the connection. Default none. */
  plugins?: NativeConnectionPlugin[];
}

/** Changes the options of connections, and of the Workers that use them. */
export interface NativeConnectionPlugin extends Partial<Omit<WorkerPlugin, "name">> {
  /** Name of the plugin. */
  get name(): string;
  /** Called when a connection is made; returns the options to go on with. */
  configureNativeConnection?(options: NativeConnectionOptions): NativeConnectionOptions;
}

/** A connection for Workers. Clients can use it too: it is the client's connection, connected when it is made. */
export class NativeConnection extends Connection {
  readonly #users = new Set<object>();
  readonly #runtime: Runtime;
  #native: NativeClient | undefined;
  #closed = false;
  /** Plugins, also for Workers and clients made with this connection. */
  declare readonly plugins: NativeConnectionPlugin[];

  protected constructor(options: ConnectionOptionsWithDefaults, runtime = Runtime.instance()) {
    super(options, () => runtime.native);
    this.#runtime = runtime;
    runtime.hold(this);
  }

  /**
   * Connects to a Temporal server.
   *
   * @param options where it is and how to reach it. Default `localhost:7233` without TLS
   * @throws TransportError naming the address if there is no server within `connectTimeout`
   */
  static override async connect(options: NativeConnectionOptions = {}): Promise<NativeConnection> {
    for (const plugin of options.plugins ?? []) options = plugin.configureNativeConnection?.(options) ?? options;
    // As in the official SDK, only connections of clients read the environment's proxy, and DNS is looked up once
    // unless asked for.
    const { proxy = null, dnsLoadBalancingConfig = null } = options;
    const loaded = loadConnectionOptions({ ...options, proxy, dnsLoadBalancingConfig });
    const connection = new this(loaded);
    try {
      await connection.ensureConnected();
    } catch (error) {
      await connection.close();
      throw error instanceof ServiceError ? new TransportError(error.message, { cause: error }) : error;
    }
    connection.#native = await connection.nativeClient();
    return connection;
  }

  /** @deprecated Use {@link connect}. */
  static create(options?: NativeConnectionOptions): Promise<NativeConnection> {
    return NativeConnection.connect(options);
  }

  /** The native client, for the SDK itself. @throws IllegalStateError after {@link close} */
  get connected(): NativeClient {
    if (this.#native === undefined) throw new IllegalStateError("Client already closed");
    return this.#native;
  }

  /** Replaces the API key. A function is asked at once too, because Workers poll without asking it. */
  override setApiKey(apiKey: string | (() => string)): void {
    if (typeof apiKey === "function") super.setApiKey(apiKey());
    super.setApiKey(apiKey);
  }

  /** Notes that a Worker needs the connection, so that it can't be closed. */
  hold(user: object): void {
    this.#users.add(user);
  }

  /** Undoes {@link hold}. */
  release(user: object): void {
    this.#users.delete(user);
  }

  /** Closes the connection. @throws IllegalStateError while Workers use it, and when it is closed already */
  override async close(): Promise<void> {
    if (this.#closed) throw new IllegalStateError("Client already closed");
    if (this.#users.size > 0)
      throw new IllegalStateError("Cannot close connection while Workers hold a reference to it: shut them down first");
    this.#closed = true;
    this.#native = undefined;
    await super.close();
    this.#runtime.release(this);
  }
}
