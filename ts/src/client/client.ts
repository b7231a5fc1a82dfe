/** The client. */

import { filterNullAndUndefined } from "../common/type-helpers";
import { ActivityClient } from "./activity/activity-client";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "./base-client";
import type { ConnectionPlugin } from "./connection/connection-options";
import type { ClientInterceptors } from "./interceptors";
import { NexusClient } from "./nexus/nexus-client";
import { ScheduleClient } from "./schedule/schedule-client";
import { TaskQueueClient } from "./task-queue/task-queue-client";
import type { QueryRejectCondition, WorkflowService } from "./types";
import { WorkflowClient } from "./workflow/workflow-client";

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
  /**
   * Starts activities that run on their own, makes handles of them, and completes activities from outside their worker.
   */
  readonly activity: ActivityClient;
  /** Makes schedules and handles of them. */
  readonly schedule: ScheduleClient;
  /** Starts operations of Nexus services from outside of workflows, and makes handles of them (experimental). */
  readonly nexus: NexusClient;
  /** Changes and reads the build ids of task queues. @deprecated Use worker deployments, through `workflowService`. */
  readonly taskQueue: TaskQueueClient;

  constructor(options: ClientOptions = {}) {
    // A plugin of a connection may configure clients as well.
    const plugins: (ClientPlugin & ConnectionPlugin)[] = [
      ...(options.plugins ?? []),
      ...(options.connection?.plugins ?? []),
    ];
    let configured: Omit<ClientOptions, "plugins"> = options;
    for (const plugin of plugins) configured = plugin.configureClient?.(configured) ?? configured;
    super(configured);
    const { interceptors, workflow, dataConverter, ...common } = configured;
    const shared = {
      ...common,
      connection: this.connection,
      dataConverter: this.dataConverter as typeof dataConverter,
    };
    this.workflow = new WorkflowClient({
      ...shared,
      interceptors: interceptors?.workflow,
      queryRejectCondition: workflow?.queryRejectCondition,
    });
    this.activity = new ActivityClient({ ...shared, interceptors: interceptors?.activity });
    this.schedule = new ScheduleClient({ ...shared, interceptors: interceptors?.schedule });
    this.nexus = new NexusClient({ ...shared, interceptors: interceptors?.nexus });
    this.taskQueue = new TaskQueueClient(shared);
    this.options = {
      ...defaultBaseClientOptions(),
      ...filterNullAndUndefined(common),
      dataConverter: dataConverter ?? {},
      loadedDataConverter: this.dataConverter,
      interceptors: {
        workflow: this.workflow.options.interceptors,
        schedule: this.schedule.options.interceptors,
        nexus: this.nexus.options.interceptors,
        activity: interceptors?.activity ?? [],
      },
      workflow: { queryRejectCondition: this.workflow.options.queryRejectCondition },
      plugins,
    };
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }
}
