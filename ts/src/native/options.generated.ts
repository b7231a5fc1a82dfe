// Generated from the Rust types in rust-core/src/options by `make generate`. Do not edit.

/**
 * The port of addresses that name none.
 */
export const defaultPort = 7233;

/**
 * Attributes of a value: texts, numbers and booleans.
 */
export type Attributes = Record<string, string | number | boolean>;

/**
 * Bytes, which JSON carries as standard base64 with padding.
 */
export type Base64 = string;

/**
 * A name and a password.
 */
export type BasicAuth = { username: string, password: string,
};

/**
 * A buffer that the host fetches values from.
 */
export type BufferOptions = {
  /**
   * Values that are kept, at least 1; what comes beyond them is dropped, and logged once. Default 10000.
   */
  maximumUpdates?: number,
};

/**
 * The defaults of {@link BufferOptions}.
 */
export const bufferDefaults = {
  maximumUpdates: 10000,
} as const;

/**
 * A metric that has values.
 */
export type BufferedMetric = {
  /**
   * What it does with values.
   */
  kind: MetricKind,
  /**
   * Its name, with its prefix.
   */
  name: string,
  /**
   * Unit of its values, such as `ms`; may be empty.
   */
  unit: string,
  /**
   * What it tells; may be empty.
   */
  description: string,
};

/**
 * The values of metrics that came since they were last fetched, as `temporal_core_runtime_take_metrics` gives them.
 */
export type BufferedMetrics = {
  /**
   * The metrics that have values.
   */
  metrics: Array<BufferedMetric>,
  /**
   * The sets of attributes that values have.
   */
  attributes: Array<Attributes>,
  /**
   * The values in their order: index of the metric, index of the attributes, and what a counter is to add or what a
   * gauge or histogram recorded.
   */
  updates: Array<[number, number, number]>,
};

/**
 * What a client proves itself with in mTLS.
 */
export type ClientCertificatePair = {
  /**
   * PEM in base64.
   */
  certificate: Base64,
  /**
   * PEM in base64.
   */
  privateKey: Base64,
};

/**
 * Options of a client.
 */
export type ClientOptions = {
  /**
   * The server: `host:port`, `host` (port 7233), `[v6]:port`, or one of these behind `http://` or `https://`.
   */
  address: string,
  /**
   * Absent: TLS when `apiKey` is set or the address starts with `https://`. Null: no TLS. An object, even an empty
   * one: TLS.
   */
  tls?: TlsOptions | null,
  /**
   * Sent as `Authorization: Bearer …` with every call.
   */
  apiKey?: string,
  /**
   * Text metadata to send with every call.
   */
  metadata?: { [key in string]: string },
  /**
   * Binary metadata to send with every call; names end in `-bin`.
   */
  binaryMetadata?: { [key in string]: Base64 },
  /**
   * What the server and its histories call this process. Default: `<process id>@<host name>`.
   */
  identity?: string,
  /**
   * The `client-name` of every call and the SDK name in histories. Default `temporal-bun-core`.
   */
  clientName?: string,
  /**
   * The `client-version` of every call and the SDK version in histories. Default: the version of this library.
   */
  clientVersion?: string,
  /**
   * How long connecting may take, TLS, proxy and the first call included. Default 10000.
   */
  connectTimeoutMs?: number,
  /**
   * HTTP/2 pings. Absent: on with the defaults. Null: off.
   */
  keepAlive?: KeepAliveOptions | null,
  /**
   * An HTTP proxy to reach the server through, by the CONNECT method.
   */
  httpConnectProxy?: HttpConnectProxyOptions,
  /**
   * When and how often calls that failed are made again.
   */
  retry?: RetryOptions,
  /**
   * Spreads calls over all addresses that a host name resolves to. Absent: on, unless a proxy is set or the
   * host is an IP address or `localhost`. Null: off.
   */
  dnsLoadBalancing?: DnsLoadBalancingOptions | null,
  /**
   * Compression of gRPC bodies. Default `gzip`.
   */
  grpcCompression?: GrpcCompression,
  /**
   * Connects without asking the server what it can do (the GetSystemInfo call). Features that need to know
   * are then off. Default false.
   */
  skipGetSystemInfo?: boolean,
  /**
   * Leaves the gRPC code out of the labels of request failure metrics. Default false.
   */
  disableErrorCodeMetricTags?: boolean,
  /**
   * Sizes above which requests are logged at WARN. They are sent all the same.
   */
  payloadLimits?: PayloadLimitsOptions,
};

/**
 * The defaults of {@link ClientOptions}.
 */
export const clientDefaults = {
  clientName: "temporal-bun-core",
  connectTimeoutMs: 10000,
  disableErrorCodeMetricTags: false,
  grpcCompression: "gzip",
  skipGetSystemInfo: false,
} as const;

/**
 * Load balancing over the addresses of a host name.
 */
export type DnsLoadBalancingOptions = {
  /**
   * Time between lookups of the name, at least 1000. Default 30000.
   */
  resolutionIntervalMs?: number,
};

/**
 * The defaults of {@link DnsLoadBalancingOptions}.
 */
export const dnsLoadBalancingDefaults = {
  resolutionIntervalMs: 30000,
} as const;

/**
 * Compression of gRPC bodies.
 */
export type GrpcCompression = "gzip" | "none";

/**
 * An HTTP CONNECT proxy.
 */
export type HttpConnectProxyOptions = {
  /**
   * `host:port`, or `unix:/path` for a socket.
   */
  address: string,
  /**
   * Basic authentication at the proxy.
   */
  basicAuth?: BasicAuth,
};

/**
 * HTTP/2 pings that find dead connections and keep idle ones open.
 */
export type KeepAliveOptions = {
  /**
   * Time between pings. Default 30000.
   */
  intervalMs?: number,
  /**
   * How long an answer may take before the connection counts as dead. Default 15000.
   */
  timeoutMs?: number,
};

/**
 * The defaults of {@link KeepAliveOptions}.
 */
export const keepAliveDefaults = {
  intervalMs: 30000,
  timeoutMs: 15000,
} as const;

/**
 * The language runtime of the host program.
 */
export type LanguageRuntime = {
  /**
   * A name that Temporal's API knows: `jvm`, `cpython`, `node`, `bun`, `cruby`, `go`, `dotnet_framework`,
   * `dotnet_core`, `native` or `roadrunner`.
   */
  name: string,
  /**
   * Its version.
   */
  version: string,
};

/**
 * How records look on standard output.
 */
export type LogFormat = "compact" | "pretty" | "json";

/**
 * Where log records go and which.
 */
export type LoggingOptions = {
  /**
   * Which records: directives of `level` or `target=level`, separated by commas. Default: warnings of Core
   * (`temporalio_sdk_core`, `temporalio_client`, `temporalio_common`) and errors of all other targets.
   */
  filter?: string,
  /**
   * True: records become LOG events. False: they are written to standard output. Default false.
   */
  forward?: boolean,
  /**
   * How records look on standard output, which has colours if it is a terminal and `NO_COLOR` isn't set. Default
   * `compact`.
   */
  format?: LogFormat,
};

/**
 * The defaults of {@link LoggingOptions}.
 */
export const loggingDefaults = {
  filter: "ERROR,temporalio_sdk_core=WARN,temporalio_client=WARN,temporalio_common=WARN",
  format: "compact",
  forward: false,
} as const;

/**
 * New metadata for a client. Each part that is present replaces what the client sent until now.
 */
export type MetadataOptions = {
  /**
   * Text metadata to send with every call from now on.
   */
  metadata?: { [key in string]: string },
  /**
   * Binary metadata to send with every call from now on; names end in `-bin`.
   */
  binaryMetadata?: { [key in string]: Base64 },
};

/**
 * What a metric does with values.
 */
export type MetricKind = "counter" | "upDownCounter" | "histogram" | "floatHistogram" | "gauge" | "floatGauge";

/**
 * A metric of the host's own.
 */
export type MetricOptions = {
  /**
   * What it does with values.
   */
  kind: MetricKind,
  /**
   * Its name, to which the prefix of Core's own metrics is not added.
   */
  name: string,
  /**
   * Unit of its values, for people. Default: none.
   */
  unit?: string,
  /**
   * What it tells, for people. Default: none.
   */
  description?: string,
};

/**
 * How metrics leave this process.
 */
export type MetricsExporter = { "prometheus": PrometheusOptions } | { "otel": OtelOptions } | { "buffer": BufferOptions };

/**
 * Metrics of Core.
 */
export type MetricsOptions = {
  /**
   * How the metrics leave this process.
   */
  exporter: MetricsExporter,
  /**
   * What the names of Core's metrics start with. Default `temporal_`.
   */
  prefix?: string,
  /**
   * Tags on every metric. Default: none.
   */
  globalTags?: { [key in string]: string },
  /**
   * Whether Core's own metrics have the tag `service_name`. Default true.
   */
  attachServiceName?: boolean,
  /**
   * Whether durations are fractions of seconds; otherwise whole milliseconds. Default false.
   */
  useSecondsForDurations?: boolean,
  /**
   * Upper bounds of histogram buckets by metric name without prefix, in the unit of durations. Default: those of
   * Core.
   */
  histogramBucketOverrides?: { [key in string]: Array<number> },
};

/**
 * The defaults of {@link MetricsOptions}.
 */
export const metricsDefaults = {
  attachServiceName: true,
  prefix: "temporal_",
  useSecondsForDurations: false,
} as const;

/**
 * Whether data points start anew after each export.
 */
export type MetricsTemporality = "cumulative" | "delta";

/**
 * An OpenTelemetry collector.
 */
export type OtelOptions = {
  /**
   * Where the collector listens, such as `http://localhost:4317`.
   */
  url: string,
  /**
   * Whether it is spoken to in OTLP over HTTP; otherwise over gRPC. Default false.
   */
  http?: boolean,
  /**
   * Headers of every export. Default: none.
   */
  headers?: { [key in string]: string },
  /**
   * Time between exports. Default 1000.
   */
  intervalMs?: number,
  /**
   * Whether data points start anew after each export (`delta`) or add up (`cumulative`). Default `cumulative`.
   */
  temporality?: MetricsTemporality,
};

/**
 * The defaults of {@link OtelOptions}.
 */
export const otelDefaults = {
  http: false,
  intervalMs: 1000,
  temporality: "cumulative",
} as const;

/**
 * Sizes above which requests are logged at WARN, in bytes; 0: never.
 */
export type PayloadLimitsOptions = {
  /**
   * Of a field with payloads, such as the input of a workflow. Default 524288.
   */
  payloadsWarnSize?: number,
  /**
   * Of a memo. Default 2048.
   */
  memoWarnSize?: number,
};

/**
 * The defaults of {@link PayloadLimitsOptions}.
 */
export const payloadLimitsDefaults = {
  memoWarnSize: 2048,
  payloadsWarnSize: 524288,
} as const;

/**
 * A plugin.
 */
export type Plugin = { name: string, version?: string,
};

/**
 * How many polls are open at a time.
 */
export type Pollers = { "type": "simple",
  /**
   * At least 1; 2 for workflow tasks of a worker that caches workflows.
   */
  maximum: number, } | { "type": "autoscaling",
  /**
   * At least 1.
   */
  minimum: number,
  /**
   * At least `minimum`.
   */
  maximum: number,
  /**
   * Between the two.
   */
  initial: number,
};

/**
 * An HTTP server that Prometheus reads `/metrics` from.
 */
export type PrometheusOptions = {
  /**
   * `address:port` to listen at, such as `127.0.0.1:9464`.
   */
  bindAddress: string,
  /**
   * Whether names of counters end in `_total`. Default false.
   */
  countersTotalSuffix?: boolean,
  /**
   * Whether names of histograms end in their unit. Default false.
   */
  unitSuffix?: boolean,
};

/**
 * The defaults of {@link PrometheusOptions}.
 */
export const prometheusDefaults = {
  countersTotalSuffix: false,
  unitSuffix: false,
} as const;

/**
 * Options of a worker that replays histories.
 */
export type ReplayOptions = {
  /**
   * The namespace that workflows see. Default `default`.
   */
  namespace?: string,
  /**
   * The task queue that workflows see. Default `replay`.
   */
  taskQueue?: string,
  /**
   * What logs call this worker. Default `replay`.
   */
  identity?: string,
  /**
   * Names the code that replays, as workflows see it. Default: none.
   */
  buildId?: string,
};

/**
 * The defaults of {@link ReplayOptions}.
 */
export const replayDefaults = {
  identity: "replay",
  namespace: "default",
  taskQueue: "replay",
} as const;

/**
 * Loads that resource-based suppliers aim at, and the gains of the controllers that do it.
 */
export type ResourceTargets = {
  /**
   * Share of the memory that may be in use, 0 to 1.
   */
  targetMemoryUsage: number,
  /**
   * Share of the processors that may be in use, 0 to 1.
   */
  targetCpuUsage: number,
  /**
   * Proportional gain for memory. Default 5.
   */
  memoryPGain?: number,
  /**
   * Integral gain for memory. Default 0.
   */
  memoryIGain?: number,
  /**
   * Derivative gain for memory. Default 1.
   */
  memoryDGain?: number,
  /**
   * Output of the memory controller above which a slot is given. Default 0.25.
   */
  memoryOutputThreshold?: number,
  /**
   * Proportional gain for processors. Default 5.
   */
  cpuPGain?: number,
  /**
   * Integral gain for processors. Default 0.
   */
  cpuIGain?: number,
  /**
   * Derivative gain for processors. Default 1.
   */
  cpuDGain?: number,
  /**
   * Output of the processor controller above which a slot is given. Default 0.05.
   */
  cpuOutputThreshold?: number,
};

/**
 * The defaults of {@link ResourceTargets}.
 */
export const resourceTargetsDefaults = {
  cpuDGain: 1,
  cpuIGain: 0,
  cpuOutputThreshold: 0.05,
  cpuPGain: 5,
  memoryDGain: 1,
  memoryIGain: 0,
  memoryOutputThreshold: 0.25,
  memoryPGain: 5,
} as const;

/**
 * Exponential backoff between attempts of a call.
 */
export type RetryOptions = {
  /**
   * Wait before the first retry. Default 100.
   */
  initialIntervalMs?: number,
  /**
   * How much of a wait is left to chance, 0 to 1. Default 0.2.
   */
  randomizationFactor?: number,
  /**
   * How much longer each wait is than the one before. Default 1.7.
   */
  multiplier?: number,
  /**
   * The longest wait. Default 5000.
   */
  maxIntervalMs?: number,
  /**
   * How long a call is retried in all. Null: without limit. Default 10000.
   */
  maxElapsedTimeMs?: number | null,
  /**
   * The most attempts; 0: without limit. Default 10.
   */
  maxRetries?: number,
};

/**
 * The defaults of {@link RetryOptions}.
 */
export const retryDefaults = {
  initialIntervalMs: 100,
  maxElapsedTimeMs: 10000,
  maxIntervalMs: 5000,
  maxRetries: 10,
  multiplier: 1.7,
  randomizationFactor: 0.2,
} as const;

/**
 * Options of one RPC.
 */
export type RpcOptions = {
  /**
   * How long the whole call may take, retries included. Absent: 30 seconds for each attempt, 70
   * for a long poll, and the client's retry options bound the rest.
   */
  timeoutMs?: number,
  /**
   * Whether failures that may pass are retried, as the client's `retry` options say. Default true.
   */
  retry?: boolean,
  /**
   * Text metadata to send with this call, over what the client sends under the same name.
   */
  metadata?: { [key in string]: string },
  /**
   * Binary metadata to send with this call; names end in `-bin`.
   */
  binaryMetadata?: { [key in string]: Base64 },
};

/**
 * The defaults of {@link RpcOptions}.
 */
export const rpcDefaults = {
  retry: true,
} as const;

/**
 * Options of a runtime.
 */
export type RuntimeOptions = {
  /**
   * Number of threads that run asynchronous work, 1 to 1024. Default: one per processor.
   */
  threads?: number,
  /**
   * Where log records go. Absent: warnings of Core and errors of other crates, to standard output. Null: nowhere.
   */
  logging?: LoggingOptions | null,
  /**
   * Which metrics are exported. Default: none.
   */
  metrics?: MetricsOptions,
  /**
   * Time between the heartbeats that workers send to the server, 1000 to 60000. Null: no heartbeats. Default 60000.
   */
  workerHeartbeatIntervalMs?: number | null,
  /**
   * What worker heartbeats say about the host program's language runtime. Default: nothing.
   */
  languageRuntime?: LanguageRuntime,
};

/**
 * The defaults of {@link RuntimeOptions}.
 */
export const runtimeDefaults = {
  workerHeartbeatIntervalMs: 60000,
} as const;

/**
 * What the data of a slot event says, as JSON.
 */
export type SlotDocument = {
  /**
   * Names the slot from SLOT_RESERVE on, until it is cancelled or released.
   */
  reservation: number,
  /**
   * What the slot is for.
   */
  slotKind: SlotUse,
  /**
   * What a reservation is made for; only in SLOT_RESERVE.
   */
  request?: SlotRequest,
  /**
   * The task in the slot; only in SLOT_USED, and in SLOT_RELEASED of a slot that was used.
   */
  task?: SlotTask,
};

/**
 * What a reservation is made for.
 */
export type SlotRequest = {
  /**
   * The task queue of the worker.
   */
  taskQueue: string,
  /**
   * The identity of the worker.
   */
  workerIdentity: string,
  /**
   * The deployment of the worker, when it has one.
   */
  deploymentName?: string,
  /**
   * The build id of the worker, when it has a deployment version.
   */
  buildId?: string,
  /**
   * Slots of this kind that are reserved or used now.
   */
  issuedSlots: number,
  /**
   * Whether a workflow task is to be polled for on the sticky queue.
   */
  isSticky: boolean,
};

/**
 * Where the slots of one kind of task come from.
 */
export type SlotSupplier = { "type": "fixed",
  /**
   * At least 1.
   */
  slots: number, } | { "type": "resourceBased",
  /**
   * Slots that are given whatever the load is. Default 2 for workflow tasks, else 1.
   */
  minimumSlots?: number,
  /**
   * Slots that are never exceeded. Default 10000.
   */
  maximumSlots?: number,
  /**
   * Shortest time between two slots above the minimum. Default 50 for activities and local activities, else 0.
   */
  rampThrottleMs?: number, } | { "type": "host",
};

/**
 * The task in a slot.
 */
export type SlotTask = { workflowType: string, isSticky: boolean, } | { activityType: string, } | { service: string, operation: string,
};

/**
 * What a slot is for.
 */
export type SlotUse = "workflow" | "activity" | "localActivity" | "nexus";

/**
 * Kinds of tasks. Those that are absent are not polled for.
 */
export type TaskTypes = {
  /**
   * Workflow tasks.
   */
  workflows?: boolean,
  /**
   * Activities that the workflows of this worker run without the server. Needs `workflows`.
   */
  localActivities?: boolean,
  /**
   * Activities.
   */
  remoteActivities?: boolean,
  /**
   * Nexus tasks.
   */
  nexus?: boolean,
};

/**
 * TLS. Certificates and keys are PEM.
 */
export type TlsOptions = {
  /**
   * The certificate authority that signed the server's certificate, PEM in base64. Default: those the system trusts.
   */
  serverRootCaCertificate?: Base64,
  /**
   * The name that the server's certificate must be for. Default: the host of the address.
   */
  serverName?: string,
  /**
   * The client's own certificate, for mTLS.
   */
  clientCertificatePair?: ClientCertificatePair,
};

/**
 * How many tasks of each kind a worker may have at a time. Kinds that are absent have 100 fixed slots.
 */
export type TunerOptions = {
  /**
   * Slots for workflow tasks. A worker that caches workflows needs at least 2.
   */
  workflowTasks?: SlotSupplier,
  /**
   * Slots for activities.
   */
  activities?: SlotSupplier,
  /**
   * Slots for local activities.
   */
  localActivities?: SlotSupplier,
  /**
   * Slots for Nexus tasks.
   */
  nexusTasks?: SlotSupplier,
  /**
   * What the resource-based suppliers of this worker aim at. Needed when there is one, unless `resourceController`
   * is given.
   */
  resources?: ResourceTargets,
  /**
   * The handle of a controller that the resource-based suppliers of several workers share; see
   * `temporal_core_resource_controller_new`.
   */
  resourceController?: number,
};

/**
 * The defaults of {@link TunerOptions}.
 */
export const tunerDefaults = {
  activities: {
    maximumSlots: 10000,
    minimumSlots: 1,
    rampThrottleMs: 50,
    slots: 100,
  },
  localActivities: {
    maximumSlots: 10000,
    minimumSlots: 1,
    rampThrottleMs: 50,
    slots: 100,
  },
  nexusTasks: {
    maximumSlots: 10000,
    minimumSlots: 1,
    rampThrottleMs: 0,
    slots: 100,
  },
  workflowTasks: {
    maximumSlots: 10000,
    minimumSlots: 2,
    rampThrottleMs: 0,
    slots: 100,
  },
} as const;

/**
 * How tasks find workers with the right code.
 */
export type Versioning = { "type": "none",
  /**
   * Names the code in histories, without an effect.
   */
  buildId?: string, } | { "type": "buildId",
  /**
   * Not empty.
   */
  buildId: string, } | { "type": "deployment",
  /**
   * Not empty when `useWorkerVersioning` is set.
   */
  deploymentName: string,
  /**
   * Not empty when `useWorkerVersioning` is set.
   */
  buildId: string,
  /**
   * Takes only tasks of workflows that this version may run. Else the version is only recorded.
   */
  useWorkerVersioning: boolean,
  /**
   * For workflow types that do not say themselves. Only with `useWorkerVersioning`.
   */
  defaultVersioningBehavior?: VersioningBehavior,
};

/**
 * What happens to a running workflow when a new version is deployed.
 */
export type VersioningBehavior = "pinned" | "autoUpgrade";

/**
 * Options of a worker.
 */
export type WorkerOptions = {
  /**
   * The namespace to work for.
   */
  namespace: string,
  /**
   * The task queue to poll.
   */
  taskQueue: string,
  /**
   * What histories call this worker. Default: the identity of the client.
   */
  identity?: string,
  /**
   * What to poll for. Default: everything.
   */
  taskTypes?: TaskTypes,
  /**
   * How many workflows stay in memory between their tasks. 0 turns the sticky queue off. Default 1000.
   */
  maxCachedWorkflows?: number,
  /**
   * How many tasks of each kind may be in work at a time.
   */
  tuner?: TunerOptions,
  /**
   * How workflow tasks are polled for. Default: autoscaling where the namespace asks for it, else 5 polls.
   */
  workflowTaskPollers?: Pollers,
  /**
   * How activities are polled for. Default: as above.
   */
  activityTaskPollers?: Pollers,
  /**
   * How Nexus tasks are polled for. Default: as above.
   */
  nexusTaskPollers?: Pollers,
  /**
   * Share of the `simple` workflow polls that go to the shared queue instead of the sticky one, 0 to 1. Default 0.2.
   */
  nonstickyToStickyPollRatio?: number,
  /**
   * How long a task may wait on the sticky queue before any worker may take it. Default 10000.
   */
  stickyQueueScheduleToStartTimeoutMs?: number,
  /**
   * Longest time between two heartbeats that are really sent. Default 60000.
   */
  maxHeartbeatThrottleIntervalMs?: number,
  /**
   * Time between two heartbeats that are really sent when an activity has no heartbeat timeout. Default 30000.
   */
  defaultHeartbeatThrottleIntervalMs?: number,
  /**
   * Activities per second that the server gives out on this task queue, to all its workers. Default: no limit.
   */
  maxTaskQueueActivitiesPerSecond?: number,
  /**
   * Activities per second that this worker takes. Default: no limit.
   */
  maxWorkerActivitiesPerSecond?: number,
  /**
   * Activities that one workflow task may start on this worker without a poll. 0 turns it off. Default 3.
   */
  maxEagerActivityReservationsPerWorkflowTask?: number,
  /**
   * How long activities and Nexus operations may go on after shutdown began, before they are cancelled.
   * Absent: they are never cancelled by the shutdown.
   */
  gracefulShutdownPeriodMs?: number,
  /**
   * How much later than the server local timers end an activity that timed out. Default 5000.
   */
  localTimeoutBufferForActivitiesMs?: number,
  /**
   * Whether shutdown is done while cached workflows have not been evicted yet. Default false.
   */
  ignoreEvictsOnShutdown?: boolean,
  /**
   * How many pages of histories are fetched at a time. Default 5.
   */
  fetchingConcurrency?: number,
  /**
   * Errors that fail the workflow, instead of the task that is then tried again.
   */
  workflowFailureErrors?: Array<WorkflowFailureError>,
  /**
   * The same for single workflow types.
   */
  workflowTypesToFailureErrors?: { [key in string]: Array<WorkflowFailureError> },
  /**
   * How tasks find workers with the right code. Default: any worker takes any task.
   */
  versioning?: Versioning,
  /**
   * Plugins in use, for the server's list of workers.
   */
  plugins?: Array<Plugin>,
  /**
   * Types of external storage in use, for the server's list of workers.
   */
  storageDrivers?: Array<string>,
  /**
   * Allows a second worker with the same client, namespace and task queue. Default false.
   */
  skipClientWorkerSetCheck?: boolean,
  /**
   * Sends payloads above the namespace's limit, to be refused by the server, instead of failing the task here.
   * Default false.
   */
  disablePayloadErrorLimit?: boolean,
};

/**
 * The defaults of {@link WorkerOptions}.
 */
export const workerDefaults = {
  defaultHeartbeatThrottleIntervalMs: 30000,
  disablePayloadErrorLimit: false,
  fetchingConcurrency: 5,
  ignoreEvictsOnShutdown: false,
  localTimeoutBufferForActivitiesMs: 5000,
  maxCachedWorkflows: 1000,
  maxEagerActivityReservationsPerWorkflowTask: 3,
  maxHeartbeatThrottleIntervalMs: 60000,
  nonstickyToStickyPollRatio: 0.2,
  skipClientWorkerSetCheck: false,
  stickyQueueScheduleToStartTimeoutMs: 10000,
} as const;

/**
 * An error of the workflow code or the SDK.
 */
export type WorkflowFailureError = "nondeterminism";
