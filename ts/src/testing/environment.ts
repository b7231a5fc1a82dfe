/** Test environments: a server, and connections and a client for it. */

import { setTimeout as delay } from "node:timers/promises";
import {
  type AsyncCompletionClient,
  Client,
  type ClientPlugin,
  Connection,
  type ConnectionOptions,
  type ConnectionPlugin,
  type WorkflowClient,
} from "../client";
import { DEFAULT_NAMESPACE } from "../client/base-client";
import { LOCAL_TARGET } from "../client/connection/address";
import type { Duration } from "../common";
import { msToNumber, msToTs, tsToMs } from "../common/time";
import { filterNullAndUndefined } from "../common/type-helpers";
import { printable } from "../libs/printable";
import type { Endpoint } from "../proto/temporal/api/nexus/v1/message";
import { NativeConnection, type NativeConnectionOptions, type NativeConnectionPlugin } from "../worker";
import { type ClientOptionsForTestEnv, TimeSkippingClient } from "./client";
import { DevServerClock } from "./dev-server-clock";
import { type DevServerConfig, startEphemeralServer, type TimeSkippingServerConfig } from "./ephemeral-server";

type Plugins = (ClientPlugin | ConnectionPlugin | NativeConnectionPlugin)[];

/** Options of {@link TestWorkflowEnvironment.createLocal}. */
export type LocalTestWorkflowEnvironmentOptions = {
  /** The dev server. */
  server?: Omit<DevServerConfig, "type">;
  /** Options of the environment's client. */
  client?: ClientOptionsForTestEnv;
  /** Plugins of the connections; they apply to clients and Workers made with them, too. */
  plugins?: Plugins;
};

/** Options of {@link TestWorkflowEnvironment.createTimeSkipping}. */
export type TimeSkippingTestWorkflowEnvironmentOptions = {
  /** The server. */
  server?: Omit<TimeSkippingServerConfig, "type">;
  /** Options of the environment's client. */
  client?: ClientOptionsForTestEnv;
  /** Plugins of the connections; they apply to clients and Workers made with them, too. */
  plugins?: Plugins;
};

/** How to reach an existing server, for both connections. */
export type ExistingServerConnectionOptions = Pick<NativeConnectionOptions, "apiKey" | "metadata" | "tls">;

/** Options of {@link TestWorkflowEnvironment.createFromExistingServer}. */
export type ExistingServerTestWorkflowEnvironmentOptions = {
  /** Where the server is. Default `localhost:7233`. */
  address?: string;
  /** A namespace that exists there. Default `"default"`. */
  namespace?: string;
  /** How to reach it. */
  connectionOptions?: ExistingServerConnectionOptions;
  /** Options of the environment's client. */
  client?: ClientOptionsForTestEnv;
  /** Plugins of the connections; they apply to clients and Workers made with them, too. */
  plugins?: Plugins;
};

/** A Nexus endpoint that {@link TestWorkflowEnvironment.createNexusEndpoint} made. */
export type NexusEndpointIdentifier = {
  /** Its id. */
  id: NonNullable<Endpoint["id"]>;
  /** Its version, which changes with it. */
  version: NonNullable<Endpoint["version"]>;
  /** All that the server says of it. */
  raw: Endpoint;
};

interface EnvironmentOptions {
  server: DevServerConfig | TimeSkippingServerConfig | { type: "existing" };
  client: ClientOptionsForTestEnv;
  plugins: Plugins;
}

interface EnvironmentParts {
  options: EnvironmentOptions;
  supportsTimeSkipping: boolean;
  connection: Connection;
  nativeConnection: NativeConnection;
  namespace: string | undefined;
  address: string;
  connectionOptions: ExistingServerConnectionOptions;
  /** Ends what belongs to the environment besides its two connections. */
  release: () => Promise<void>;
}

/**
 * A server for tests of Workflows, with connections and a client. Make one for a file of tests or for all of them, and
 * call {@link teardown} at the end. A server that was started ends with this process in any case.
 */
export class TestWorkflowEnvironment {
  /** Namespace of the client; `undefined` for `"default"`. */
  readonly namespace?: string;
  /** A connection to the server. */
  readonly connection: Connection;
  /** A connection to the server for Workers. */
  readonly nativeConnection: NativeConnection;
  /** A client; with time skipping, time skips while its `workflow` waits for a result. */
  readonly client: Client;
  /** @deprecated Use `client.activity`. */
  readonly asyncCompletionClient: AsyncCompletionClient;
  /** @deprecated Use `client.workflow`. */
  readonly workflowClient: WorkflowClient;
  /** What the environment was made with. */
  readonly options: EnvironmentOptions;
  /** Whether the environment was made by {@link createTimeSkipping}. */
  readonly supportsTimeSkipping: boolean;
  /** Host and port of the server, as the connections got it. */
  readonly address: string;
  /** Options of both connections besides the address. */
  readonly connectionOptions: ExistingServerConnectionOptions;
  readonly #release: () => Promise<void>;

  /** Made by the `create…` methods. */
  protected constructor(parts: EnvironmentParts) {
    const { options, connection, namespace, supportsTimeSkipping } = parts;
    this.options = options;
    this.supportsTimeSkipping = supportsTimeSkipping;
    this.connection = connection;
    this.nativeConnection = parts.nativeConnection;
    this.namespace = namespace;
    this.address = parts.address;
    this.connectionOptions = parts.connectionOptions;
    this.#release = parts.release;
    // Plugins reach the client through the connection.
    const clientOptions = { connection, namespace, ...options.client };
    this.client = supportsTimeSkipping ? new TimeSkippingClient(clientOptions) : new Client(clientOptions);
    this.asyncCompletionClient = this.client.activity;
    this.workflowClient = this.client.workflow;
  }

  /**
   * Starts a server that skips time: it jumps to the next timer while a result is waited for (`handle.result()`,
   * `execute`), and {@link sleep} jumps by a duration. The rest of the time its clock goes as usual. There is one clock
   * for all Workflows, so use the environment for one test at a time.
   *
   * The server is Temporal's test server, part of the Java SDK, or the dev server of a Temporal CLI (1.9 or newer):
   * `server.executable` says which, and by default what is installed (see {@link TimeSkippingServerConfig}). The test
   * server has not all that Temporal has, and there is none for Linux on ARM.
   *
   * The dev server skips time itself. It is a complete server, but each Workflow has its own clock:
   * - it is the real time for a Workflow that starts, however far the environment has skipped; children begin at their
   *   parent's time, and it doesn't follow them: the time that a child skips doesn't pass for the parent;
   * - only Workflows that are started or waited for through this environment's connections, and their children, skip;
   * - it doesn't skip while an activity of the Workflow runs, or while a task of it waits for a Worker. So `sleep`
   *   can't be called in such an activity (it rejects with `ApplicationFailure`), waits for those that run, and rejects
   *   if there is no Worker;
   * - children that start while `sleep` skips don't take part in it, they begin where their parent is;
   * - `currentTimeMs` goes on by what is slept, and by what the Workflow has skipped that skipped most while a result
   *   was waited for.
   *
   * @throws Error if there is no server and none can be downloaded, or if it doesn't get ready; the message says what
   * to do
   */
  static async createTimeSkipping(
    options: TimeSkippingTestWorkflowEnvironmentOptions = {},
  ): Promise<TestWorkflowEnvironment> {
    return this.#create(options, { ...filterNullAndUndefined(options.server ?? {}), type: "time-skipping" }, undefined);
  }

  /**
   * Starts the Temporal CLI's dev server: all that Temporal can do, in real time. Its data is in memory unless there is
   * a `dbFilename`, and it has no user interface unless `ui` or `uiPort` ask for one. `server.executable` says where it
   * comes from: by default where it is installed (see {@link DevServerConfig}), or else it is downloaded.
   *
   * @throws Error if there is no server and none can be downloaded, or if it doesn't get ready; the message says what
   * to do
   */
  static async createLocal(options: LocalTestWorkflowEnvironmentOptions = {}): Promise<TestWorkflowEnvironment> {
    return this.#create(
      options,
      { ...filterNullAndUndefined(options.server ?? {}), type: "dev-server" },
      options.server?.namespace,
    );
  }

  /**
   * An environment on a server that runs already, and that goes on after {@link teardown}.
   *
   * @throws ServiceError or TransportError if there is no server at the address
   */
  static async createFromExistingServer(
    options: ExistingServerTestWorkflowEnvironmentOptions = {},
  ): Promise<TestWorkflowEnvironment> {
    const { apiKey, metadata, tls } = options.connectionOptions ?? {};
    const address = options.address ?? LOCAL_TARGET;
    return this.#connect(options, {
      server: { type: "existing" },
      address,
      namespace: options.namespace ?? DEFAULT_NAMESPACE,
      connectionOptions: { apiKey, metadata, tls },
      release: async () => {},
    });
  }

  static async #create(
    options: { client?: ClientOptionsForTestEnv; plugins?: Plugins },
    config: DevServerConfig | TimeSkippingServerConfig,
    namespace: string | undefined,
  ): Promise<TestWorkflowEnvironment> {
    const server = await startEphemeralServer(config);
    const { address } = server;
    let control: Connection | undefined;
    const release = async () => {
      await control?.close();
      await server.shutdown();
    };
    try {
      // A proxy has no way to a server of this machine.
      const own: ConnectionOptions = { proxy: null };
      if (server.skipsPerWorkflow) {
        control = await Connection.connect({ ...own, address });
        own.interceptors = [new DevServerClock(control).interceptor];
        // Interceptors would turn the retries off.
        own.retry = {};
      }
      return await this.#connect(options, { server: config, address, namespace, connectionOptions: {}, own, release });
    } catch (error) {
      await release();
      throw error;
    }
  }

  static async #connect(
    options: { client?: ClientOptionsForTestEnv; plugins?: Plugins },
    parts: {
      server: EnvironmentOptions["server"];
      address: string;
      namespace: string | undefined;
      connectionOptions: ExistingServerConnectionOptions;
      own?: ConnectionOptions;
      release: () => Promise<void>;
    },
  ): Promise<TestWorkflowEnvironment> {
    const { server, own, ...rest } = parts;
    const { client = {}, plugins = [] } = options;
    const connectionOptions = { ...own, ...rest.connectionOptions, address: rest.address };
    const nativeConnection = await NativeConnection.connect({ ...connectionOptions, plugins });
    try {
      const connection = await Connection.connect({ ...connectionOptions, plugins });
      const supportsTimeSkipping = server.type === "time-skipping";
      return new this({
        ...rest,
        options: { server, client, plugins },
        supportsTimeSkipping,
        connection,
        nativeConnection,
      });
    } catch (error) {
      await nativeConnection.close();
      throw error;
    }
  }

  /**
   * Closes the connections and ends the server, if the environment started it. Workers must have been shut down. Never
   * rejects: what goes wrong is written to the console.
   */
  async teardown(): Promise<void> {
    const report = (error: unknown) => console.error(printable(Bun.inspect(error)));
    await this.connection.close().catch(report);
    await this.nativeConnection.close().catch(report);
    await this.#release().catch(report);
  }

  /**
   * Waits for a duration of the server's time: with time skipping by skipping it, otherwise by waiting.
   *
   * An activity that is to take long can call it, but see {@link createTimeSkipping}.
   *
   * @param durationMs milliseconds, or a text such as `"1 day"`
   */
  sleep = async (durationMs: Duration): Promise<void> => {
    if (this.supportsTimeSkipping)
      await this.connection.testService.unlockTimeSkippingWithSleep({ duration: msToTs(durationMs) });
    else await delay(msToNumber(durationMs));
  };

  /**
   * The server's time in milliseconds since 1970: with time skipping what was skipped to, otherwise that of this
   * machine.
   */
  async currentTimeMs(): Promise<number> {
    if (!this.supportsTimeSkipping) return Date.now();
    const { time } = await this.connection.testService.getCurrentTime({});
    return tsToMs(time);
  }

  /**
   * Makes a Nexus endpoint whose operations are handled by Workers of a task queue in the environment's namespace.
   *
   * @param name name of the endpoint, unique on the server
   * @param taskQueue the task queue
   */
  async createNexusEndpoint(name: string, taskQueue: string): Promise<NexusEndpointIdentifier> {
    const worker = { namespace: this.namespace ?? DEFAULT_NAMESPACE, taskQueue };
    const { endpoint } = await this.connection.operatorService.createNexusEndpoint({
      spec: { name, target: { worker } },
    });
    if (!endpoint?.id || !endpoint.version)
      throw new TypeError(`The server made endpoint ${name} without telling its id and version`);
    return { id: endpoint.id, version: endpoint.version, raw: endpoint };
  }

  /** Removes a Nexus endpoint. Rejects if it was changed since, or is gone. */
  async deleteNexusEndpoint({ id, version }: Pick<NexusEndpointIdentifier, "id" | "version">): Promise<void> {
    await this.connection.operatorService.deleteNexusEndpoint({ id, version });
  }
}
