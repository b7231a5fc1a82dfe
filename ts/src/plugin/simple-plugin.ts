import type { ServiceHandler } from "nexus-rpc";
import type {
  ClientInterceptors,
  ClientOptions,
  ClientPlugin,
  ConnectionOptions,
  ConnectionPlugin,
  TLSConfig,
} from "../client";
import type { DataConverter } from "../common";
import type {
  BundleOptions,
  BundlerPlugin,
  NativeConnectionOptions,
  NativeConnectionPlugin,
  ReplayWorkerOptions,
  Worker,
  WorkerInterceptors,
  WorkerOptions,
  WorkerPlugin,
  WorkflowBundleOption,
} from "../worker";

/** A value, or a function that makes it of the one that is there already, undefined if there is none. */
type PluginParameter<T> = T | ((existing: T | undefined) => T);

/**
 * Options of {@link SimplePlugin}. Each is a value or a function of what is configured already, whose result takes its
 * place. How values join what is there, is said of each.
 *
 * @experimental
 */
export interface SimplePluginOptions {
  /** Name of the plugin; that of workers' plugins is reported to the server. */
  readonly name: string;
  /** TLS of connections, in place of theirs. */
  readonly tls?: PluginParameter<TLSConfig | boolean | null>;
  /** API key of connections, in place of theirs, unless that is a function. */
  readonly apiKey?: PluginParameter<string>;
  /** Data converter of clients and workers; its fields take the place of those there. */
  readonly dataConverter?: PluginParameter<DataConverter>;
  /** Interceptors of clients, after those there. */
  readonly clientInterceptors?: PluginParameter<ClientInterceptors>;
  /** Activities of workers, beside those there. */
  readonly activities?: PluginParameter<object>;
  /** Nexus services of workers, after those there. */
  readonly nexusServices?: PluginParameter<ServiceHandler<any>[]>;
  /** Module of the workflows of workers and bundles, in place of theirs. */
  readonly workflowsPath?: PluginParameter<string>;
  /** Ready-made bundle of workers' workflows, in place of theirs. */
  readonly workflowBundle?: PluginParameter<WorkflowBundleOption>;
  /**
   * Interceptors of workers, after those there. Modules of workflow interceptors belong into the bundle: they count for
   * workers that bundle a `workflowsPath`, and for `bundleWorkflowCode` with this plugin.
   */
  readonly workerInterceptors?: PluginParameter<WorkerInterceptors>;
  /** Called instead of a worker's run, which is `next`. */
  readonly runContext?: (next: () => Promise<void>) => Promise<void>;
}

type Lists = Record<string, unknown>;

/**
 * A plugin for clients, connections, workers and bundles at once, made of values. For more, extend it, or implement the
 * interfaces that it has.
 *
 * @experimental
 */
export class SimplePlugin
  implements WorkerPlugin, ClientPlugin, BundlerPlugin, ConnectionPlugin, NativeConnectionPlugin
{
  readonly name: string;

  constructor(protected readonly options: SimplePluginOptions) {
    this.name = options.name;
  }

  /** Adds the data converter and the client's interceptors. */
  configureClient(options: Omit<ClientOptions, "plugins">): Omit<ClientOptions, "plugins"> {
    const { dataConverter, clientInterceptors } = this.options;
    return {
      ...options,
      dataConverter: resolve(options.dataConverter, dataConverter, merge),
      interceptors: resolve(options.interceptors, clientInterceptors, joinClientInterceptors),
    };
  }

  /** Adds all that is for workers. */
  configureWorker(options: WorkerOptions): WorkerOptions {
    const { activities, nexusServices } = this.options;
    return {
      ...options,
      ...this.#workflowOptions(options),
      activities: resolve(options.activities, activities, merge),
      nexusServices: resolve(options.nexusServices, nexusServices, concat),
    };
  }

  /** Adds what is for workers, but for what replays do not have. */
  configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return { ...options, ...this.#workflowOptions(options) };
  }

  /** Runs the worker within `runContext`. */
  runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const { runContext } = this.options;
    return runContext === undefined ? next(worker) : runContext(() => next(worker));
  }

  /** Adds the workflows and the modules of their interceptors. */
  configureBundler(options: BundleOptions): BundleOptions {
    const { workflowsPath, workerInterceptors } = this.options;
    const modules = resolve<WorkerInterceptors>(undefined, workerInterceptors, joinWorkerInterceptors)?.workflowModules;
    return {
      ...options,
      workflowsPath: resolve(options.workflowsPath, workflowsPath) ?? options.workflowsPath,
      workflowInterceptorModules: resolve(options.workflowInterceptorModules, modules, concat),
    };
  }

  /** Adds TLS and the API key. */
  configureConnection(options: ConnectionOptions): ConnectionOptions {
    return { ...options, ...this.#connectionOptions(options) };
  }

  /** Adds TLS and the API key. */
  configureNativeConnection(options: NativeConnectionOptions): NativeConnectionOptions {
    return { ...options, ...this.#connectionOptions(options) };
  }

  #connectionOptions({
    tls,
    apiKey,
  }: Pick<ConnectionOptions, "tls" | "apiKey">): Pick<ConnectionOptions, "tls" | "apiKey"> {
    return {
      tls: resolve(tls, this.options.tls),
      apiKey: typeof apiKey === "function" ? apiKey : resolve(apiKey, this.options.apiKey),
    };
  }

  #workflowOptions(
    options: ReplayWorkerOptions,
  ): Pick<ReplayWorkerOptions, "dataConverter" | "workflowsPath" | "workflowBundle" | "interceptors"> {
    const { dataConverter, workflowBundle, workerInterceptors } = this.options;
    const workflowsPath = resolve(options.workflowsPath, this.options.workflowsPath);
    let added = workerInterceptors;
    // Without a path there is no bundling, and modules would only be a reason for a warning.
    if (workflowsPath === undefined && typeof added === "object") added = { ...added, workflowModules: undefined };
    return {
      dataConverter: resolve(options.dataConverter, dataConverter, merge),
      workflowsPath,
      workflowBundle: resolve(options.workflowBundle, workflowBundle),
      interceptors: resolve(options.interceptors, added, joinWorkerInterceptors),
    };
  }
}

/**
 * What a parameter makes of an option: `join` says how a value goes with one that is there; without it, in its place.
 */
function resolve<T>(
  existing: T | undefined,
  parameter: PluginParameter<T> | undefined,
  join: (existing: T, added: T) => T = (_, added) => added,
): T | undefined {
  if (parameter === undefined) return existing;
  if (typeof parameter === "function") return (parameter as (existing: T | undefined) => T)(existing);
  return existing === undefined ? parameter : join(existing, parameter);
}

function merge<T extends object>(existing: T, added: T): T {
  return { ...existing, ...added };
}

function concat<T>(existing: T[], added: T[]): T[] {
  return [...existing, ...added];
}

/** Joins the lists that two objects have by the same names. `what` says in the error whose lists they are. */
function joinLists<T extends object>(existing: T, added: T, what: string): T {
  const joined = { ...existing } as Lists;
  for (const [name, list] of Object.entries(added as Lists)) {
    const own = joined[name];
    if (list === undefined) continue;
    for (const each of [own, list]) {
      if (each !== undefined && !Array.isArray(each)) {
        throw new TypeError(
          `SimplePlugin can't join ${what} '${name}' that are no array: give the plugin, and what it configures, an array of interceptors`,
        );
      }
    }
    joined[name] = own === undefined ? list : concat(own as unknown[], list as unknown[]);
  }
  return joined as T;
}

function joinClientInterceptors(existing: ClientInterceptors, added: ClientInterceptors): ClientInterceptors {
  return joinLists(existing, added, "interceptors of clients");
}

function joinWorkerInterceptors(
  { client, ...existing }: WorkerInterceptors,
  { client: addedClient, ...added }: WorkerInterceptors,
): WorkerInterceptors {
  return {
    ...joinLists(existing, added, "interceptors of workers"),
    client: resolve(client, addedClient, joinClientInterceptors),
  };
}
