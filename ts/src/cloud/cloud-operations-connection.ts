/** Connections to the operations API of Temporal Cloud. */

import type { CloudService, HealthService, Metadata } from "../client";
import { Connection } from "../client/connection/connection";
import type { ConnectionOptions, ConnectionOptionsWithDefaults } from "../client/connection/connection-options";

const CLOUD_OPERATIONS_ADDRESS = "saas-api.tmprl.cloud:443";

/** Options of connections to the operations API of Temporal Cloud (experimental). */
export interface CloudOperationsConnectionOptions
  extends Omit<ConnectionOptions, "address" | "tls" | "apiKey" | "plugins"> {
  /** "host:port". Default "saas-api.tmprl.cloud:443". */
  address?: string;
  /**
   * What there is to say about TLS, e.g. `serverNameOverride`. Default true, which Temporal Cloud needs; false is for a
   * stand-in of it.
   */
  tls?: ConnectionOptions["tls"];
  /**
   * API key of Temporal Cloud; a function is called before each RPC. See also {@link
   * CloudOperationsConnection.withApiKey}.
   */
  apiKey: string | (() => string);
}

/** A connection to the operations API of Temporal Cloud (experimental). Close it when it is not used any more. */
export class CloudOperationsConnection {
  /** The options with defaults filled in. */
  readonly options: ConnectionOptionsWithDefaults;
  /** All RPCs of CloudService. */
  readonly cloudService: CloudService;
  /** gRPC's health checks. */
  readonly healthService: HealthService;
  readonly #connection: Connection;

  /** See {@link CloudOperationsConnection.connect} and {@link CloudOperationsConnection.lazy}. */
  protected constructor(connection: Connection) {
    this.#connection = connection;
    this.options = connection.options;
    this.cloudService = connection.cloudService;
    this.healthService = connection.healthService;
  }

  /** A connection that is made by the first call. Throws `TypeError` for options that make no sense. */
  static lazy(options: CloudOperationsConnectionOptions): CloudOperationsConnection {
    if (!options?.apiKey)
      throw new TypeError(
        "Missing CloudOperationsConnectionOptions.apiKey: Temporal Cloud's operations API needs an API key",
      );
    const { address = CLOUD_OPERATIONS_ADDRESS, tls = true } = options;
    return new this(Connection.lazy({ ...options, address, tls }));
  }

  /** Connects. Rejects with `ServiceError`, which names the address, if there is no server within `connectTimeout`. */
  static async connect(options: CloudOperationsConnectionOptions): Promise<CloudOperationsConnection> {
    const connection = this.lazy(options);
    await connection.#connection.ensureConnected();
    return connection;
  }

  /** Runs `fn`; its RPCs fail with DEADLINE_EXCEEDED at this time, a Date or milliseconds since 1970. */
  async withDeadline<ReturnType>(deadline: number | Date, fn: () => Promise<ReturnType>): Promise<ReturnType> {
    return this.#connection.withDeadline(deadline, fn);
  }

  /** Runs `fn`; aborting the signal fails its RPCs with CANCELLED. Signals of enclosing scopes hold too. */
  async withAbortSignal<ReturnType>(abortSignal: AbortSignal, fn: () => Promise<ReturnType>): Promise<ReturnType> {
    return this.#connection.withAbortSignal(abortSignal, fn);
  }

  /** Runs `fn`; its RPCs carry this metadata, over that of enclosing scopes and of the connection. */
  async withMetadata<ReturnType>(metadata: Metadata, fn: () => Promise<ReturnType>): Promise<ReturnType> {
    return this.#connection.withMetadata(metadata, fn);
  }

  /** Runs `fn`; its RPCs carry this API key instead of the connection's. */
  async withApiKey<ReturnType>(apiKey: string, fn: () => Promise<ReturnType>): Promise<ReturnType> {
    return this.#connection.withApiKey(apiKey, fn);
  }

  /** Replaces the API key of all later RPCs; a function is called before each of them. */
  setApiKey(apiKey: string | (() => string)): void {
    this.#connection.setApiKey(apiKey);
  }

  /** Closes the connection. Pending calls end first; later ones reject with `IllegalStateError`. */
  close(): void {
    void this.#connection.close();
  }
}
