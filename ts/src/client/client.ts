/** The client. */

import { filterNullAndUndefined } from "../common/type-helpers";
import { AsyncCompletionClient } from "./async-completion-client";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "./base-client";
import type { ClientInterceptors } from "./interceptors";
import type { ConnectionPlugin } from "./connection-options";
import type { QueryRejectCondition, WorkflowService } from "./types";
import { WorkflowClient } from "./workflow-client";

/** Changes the options of clients. */
export interface ClientPlugin {
  /** Name of the plugin. */
  get name(): string;
  /** Called when a client is made; the options it returns are used. */
  configureClient?(options: Omit<ClientOptions, "plugins">): Omit<ClientOptions, "plugins">;
}

/** Options of {@link Client}. */
export interface ClientOptions extends BaseClientOptions {
  /** Called instead of the client's own calls. */
  interceptors?: ClientInterceptors;
  /** Change the options. Those of the connection are called too. */
  plugins?: ClientPlugin[];
  workflow?: {
    /** For which workflows queries are rejected. Default NONE. */
    queryRejectCondition?: QueryRejectCondition;
  };
}

/** {@link ClientOptions} with defaults and the data converter loaded. */
export type LoadedClientOptions = LoadedWithDefaults<ClientOptions>;

/** A client of a Temporal server. */
export class Client extends BaseClient {
  readonly options: LoadedClientOptions;
  /** Starts workflows and makes handles of them. */
  readonly workflow: WorkflowClient;
  /** Completes activities from outside their worker. */
  readonly activity: AsyncCompletionClient;

  constructor(options: ClientOptions = {}) {
    // A plugin of a connection may configure clients as well.
    const plugins: (ClientPlugin & ConnectionPlugin)[] = [...(options.plugins ?? []), ...(options.connection?.plugins ?? [])];
    let configured: Omit<ClientOptions, "plugins"> = options;
    for (const plugin of plugins) configured = plugin.configureClient?.(configured) ?? configured;
    super(configured);
    const { interceptors, workflow, dataConverter, ...common } = configured;
    this.workflow = new WorkflowClient({
      ...common,
      connection: this.connection,
      dataConverter: this.dataConverter as typeof dataConverter,
      interceptors: interceptors?.workflow,
      queryRejectCondition: workflow?.queryRejectCondition,
    });
    this.activity = new AsyncCompletionClient({
      ...common,
      connection: this.connection,
      dataConverter: this.dataConverter as typeof dataConverter,
    });
    this.options = {
      ...defaultBaseClientOptions(),
      ...filterNullAndUndefined(common),
      dataConverter: dataConverter ?? {},
      loadedDataConverter: this.dataConverter,
      interceptors: { workflow: this.workflow.options.interceptors },
      workflow: { queryRejectCondition: this.workflow.options.queryRejectCondition },
      plugins,
    };
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }
}
