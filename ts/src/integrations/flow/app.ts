/** `app`: a Worker for flows, and the ways to start, see and cancel their runs. */
import { flowWorkflows } from "#flow-workflows";
import { Client, type WorkflowExecutionStatusName } from "../../client";
import { type NativeConnection, Worker, type WorkerOptions } from "../../worker";
import { type AppDecision, decide, decideById } from "./approvals/decide";
import { Inbox, type PendingOptions, type PendingPage } from "./approvals/inbox";
import { approvalRoutes } from "./approvals/routes";
import { readSigningKeys, waitOf } from "./approvals/token";
import { Breaker } from "./breaker";
import { type Definition, definitionOf } from "./definition";
import { Dispatcher } from "./dispatcher";
import type { FlowEvent } from "./events/event";
import { publishEvent } from "./events/publish";
import { json } from "./http/body";
import { HttpServer, type Route } from "./http/server";
import { isWebhook } from "./http/webhook";
import { webhookRoutes } from "./http/webhook-route";
import {
  type Decision,
  everyNode,
  type FlowProgress,
  MIGRATE_UPDATE,
  PAUSE_UPDATE,
  PROGRESS_QUERY,
  waitsForPeople,
} from "./plan";
import { type DeployOptions, type DeployReport, deploy } from "./schedules/deploy";
import { configurations, readSecrets, type Secrets, type SecretsOf } from "./secrets";
import type { ConfiguredService, Secret } from "./service";
import { type FlowStart, startFlow } from "./start";
import { importState } from "./state/import";
import type { StateStore } from "./state/store";
import { WorkflowState } from "./state/workflow-state";
import type { AnyFlow, InputOf, OutputOf } from "./types";

/** Options of a Worker that applications of flows leave to their user. */
export type FlowWorkerOptions = Omit<WorkerOptions, "connection" | "namespace" | "taskQueue">;

/** Options of {@link app}. */
export interface AppOptions {
  /** The flows. Those that they start as subflows come along. */
  flows: readonly AnyFlow[];
  /** The services of the flows that have a configuration. */
  services?: readonly ConfiguredService[];
  /** Connection of the Worker and of the calls. */
  connection: NativeConnection;
  /** Task queue of the Worker, where runs are started. */
  taskQueue: string;
  /** Name of the application, with which the ids of its schedules begin. Default: the task queue. */
  name?: string;
  /** Default `"default"`. */
  namespace?: string;
  /** Where `ctx.state` is: `sqlite()`, `sql()`. Default: in Workflows. */
  state?: StateStore;
  /**
   * Keys that sign the links by which people decide, 32 bytes or more each: the first one signs, all of them count.
   * Default: those of the variable `FLOW_SIGNING_KEY`, with commas between them.
   */
  signingKeys?: readonly (string | Secret)[];
  /** Where people reach {@link App.fetch}: `https://flows.example.com`. Default: links have no address. */
  publicUrl?: string;
  /** Serves {@link App.fetch}, from `start` to `stop`. Default: nothing is served. */
  http?: HttpOptions;
  /**
   * Other options of the Worker. Activities of your own run beside the flows. Workflows of your own do too, if their
   * module has `export { default } from "temporal-bun-sdk/flow/workflow"`.
   */
  worker?: FlowWorkerOptions;
}

/** Where an application serves HTTP. */
export interface HttpOptions {
  /** Default 3000; 0 for one that the system picks. */
  port?: number;
  /** Address to listen on. Default `"0.0.0.0"`: all. */
  hostname?: string;
}

/** A run of a flow. */
export interface FlowRun<O> extends FlowStart {
  /**
   * What it ends with.
   *
   * @throws WorkflowFailedError if it fails or is cancelled
   * @throws Error if the start was collected: which run it is comes out later
   */
  result(): Promise<O>;
}

/** What {@link App.inspect} tells. */
export interface RunStatus {
  /** Id of its Workflow. */
  readonly id: string;
  /** The flow's id. */
  readonly flow: string;
  readonly status: WorkflowExecutionStatusName;
  /** How far it is. */
  readonly progress: FlowProgress;
}

/**
 * Makes an application of flows. It does nothing until it is started.
 *
 * @throws TypeError if flows share an id, services lack their configuration, or environment variables aren't set
 */
export function app(options: AppOptions): App {
  return new App(options);
}

/** A Worker for flows, and a client for their runs. */
export class App {
  readonly #options: AppOptions;
  readonly #flows: ReadonlyMap<string, Definition>;
  readonly #secrets: Secrets;
  readonly #client: Client;
  readonly #state: StateStore;
  readonly #http: HttpServer;
  readonly #signingKeys: readonly string[];
  readonly #inbox: Inbox;
  #listener: Bun.Server<undefined> | undefined;
  #worker: { worker: Worker; running: Promise<void> } | undefined;

  /** Use {@link app}. */
  constructor(options: AppOptions) {
    this.#options = options;
    const { connection, namespace, services = [], worker } = options;
    this.#flows = collect(options.flows.map(definitionOf));
    requireConfigurations(this.#flows.values(), services);
    this.#secrets = readSecrets(
      [...secretsOfServices(services), ...secretsOfWebhooks(this.#flows.values())],
      process.env,
    );
    this.#client = new Client({ connection, namespace, dataConverter: worker?.dataConverter });
    this.#inbox = new Inbox(this.#client);
    this.#state = options.state ?? new WorkflowState(this.#client, options.taskQueue);
    this.#signingKeys = [...this.#flows.values()].some(asksPeople)
      ? readSigningKeys(options.signingKeys, process.env)
      : [];
    const approvals = { client: this.#client, flows: this.#flows, keys: this.#signingKeys };
    const webhooks = { client: this.#client, secrets: this.#secrets, taskQueue: options.taskQueue };
    this.#http = new HttpServer(
      [...this.#healthRoutes(), ...approvalRoutes(approvals), ...webhookRoutes(this.#flows.values(), webhooks)],
      (text) => this.#secrets.mask(text),
    );
  }

  /**
   * Starts the services and the Worker.
   *
   * @throws TypeError if a service's configuration isn't what its schema asks for
   */
  async start(): Promise<void> {
    if (this.#worker !== undefined) throw new Error("This application of flows has been started already");
    const { connection, namespace, taskQueue, worker: own = {} } = this.#options;
    refuseNames(Object.keys(own.activities ?? {}), this.#flows);
    const services = await this.#startServices();
    const dispatcher = new Dispatcher({
      flows: this.#flows,
      services,
      secrets: this.#secrets,
      taskQueue,
      state: this.#state,
      signingKeys: this.#signingKeys,
      inbox: this.#inbox,
      publicUrl: this.#options.publicUrl?.replace(/\/?$/, "/"),
    });
    const workflows = own.workflowsPath === undefined && own.workflowBundle === undefined ? flowWorkflows() : {};
    const worker = await Worker.create({
      // Heartbeats bring cancellations.
      maxHeartbeatThrottleInterval: "5s",
      ...own,
      ...workflows,
      activities: { ...own.activities, ...dispatcher.activities() },
      connection,
      namespace,
      taskQueue,
    });
    // A signal ends the Worker without a call of stop.
    this.#worker = { worker, running: worker.run().finally(() => this.#stopHttp()) };
    const { http } = this.#options;
    if (http !== undefined) this.#listener = this.#listen(http);
  }

  /**
   * Answers a request to the webhooks of the flows, to `/flow/health` (the process answers) and to `/flow/ready` (it
   * takes work). Mount it in the server that you have, or see {@link AppOptions.http}. It needs no started Worker.
   */
  readonly fetch = (request: Request): Promise<Response> => this.#http.fetch(request);

  /** Where HTTP is served; undefined while it isn't. */
  get url(): URL | undefined {
    return this.#listener?.url;
  }

  /**
   * Ends it: new requests are answered 503, those in hand are answered, then the Worker ends. What runs is finished or
   * cancelled as the Worker's options say, and goes on elsewhere.
   */
  async stop(): Promise<void> {
    await this.#stopHttp();
    const { worker, running } = this.#worker ?? {};
    if (worker?.getState() === "RUNNING") worker.shutdown();
    await running;
  }

  /**
   * Starts a run.
   *
   * @param options `key` names the run, at most one for each key of a flow, as long as the server remembers it: another
   *   call with it gives the first run. Default: a random one.
   * @returns the run; `outcome` says what the flow's options made of the start
   * @throws FlowRefusedError if `rateLimit` or `throttle` refused it
   */
  async trigger<F extends AnyFlow>(
    flow: F,
    payload: InputOf<F>,
    options: { key?: string } = {},
  ): Promise<FlowRun<OutputOf<F>>> {
    const { taskQueue } = this.#options;
    const start = await startFlow(this.#client, definitionOf(flow), payload, { ...options, taskQueue });
    return { ...start, result: () => this.#resultOf(start) as Promise<OutputOf<F>> };
  }

  /**
   * Makes the server's schedules those of the flows: their triggers by time do nothing before. Call it once for each
   * version of the code, from where it is deployed, and not from each Worker that starts. A schedule that an operator
   * has paused stays so. It needs no started Worker.
   *
   * @throws TypeError if a payload isn't what its flow takes
   * @throws Error if a later generation has been deployed
   */
  async deploy(options: DeployOptions = {}): Promise<DeployReport> {
    const { name, taskQueue } = this.#options;
    return deploy({ client: this.#client, app: name ?? taskQueue, flows: this.#flows.values(), taskQueue }, options);
  }

  /** All state of this store that isn't over, a line of JSON for each value. */
  async *exportState(): AsyncGenerator<string> {
    for await (const entry of this.#state.entries()) yield `${JSON.stringify(entry)}\n`;
  }

  /**
   * Keeps what {@link exportState} gave. Values of the same keys are replaced, others stay.
   *
   * @returns how many values there were
   * @throws TypeError that names the line that is no such value
   */
  async importState(lines: AsyncIterable<string> | Iterable<string>): Promise<number> {
    return importState(this.#state, lines);
  }

  /**
   * Publishes an event: runs that wait for it go on, and flows that are `on` it are started.
   *
   * @param options `id` names the event, once as long as the server remembers it: another call with it changes nothing.
   *   Default: a random one.
   * @throws ApplicationFailure if the payload isn't what the event's schema takes
   */
  publish<I>(event: FlowEvent<I>, payload: NoInfer<I>, options: { id?: string } = {}): Promise<{ id: string }> {
    return publishEvent(this.#client, event, payload, { ...options, taskQueue: this.#options.taskQueue });
  }

  /**
   * Hands a person's decision to a run that waits for it.
   *
   * @param token what `notify` was given
   * @throws TokenRefused if it is no token of this application, over, or has been decided by another one
   * @throws DecisionInvalid if the decision isn't one, or its input isn't what the verb asks for
   */
  async resume(token: string, decision: Decision): Promise<void> {
    const wait = waitOf(this.#signingKeys, token, Date.now());
    await decide(this.#client, this.#flows, wait, decision);
  }

  /**
   * The same without a token, by the id of the run's Workflow: for who may do what an operator may. It lets a `pause`
   * go on, too.
   *
   * @throws TokenRefused if it has been decided by another one meanwhile
   * @throws DecisionInvalid if it isn't one, or the run waits for none or for several
   * @throws Error if no Worker of the run answers
   */
  async decide(id: string, decision: AppDecision): Promise<void> {
    await decideById(this.#client, this.#flows, id, decision);
  }

  /**
   * A page of what runs wait for, of people and in their `pause`s. It is read from the server's list of Workflows,
   * which lags behind by a moment.
   *
   * @throws InboxMissing if the namespace has no search attribute `FlowWaiting`
   */
  async pending(options: PendingOptions = {}): Promise<PendingPage> {
    const { flow } = options;
    if (flow !== undefined && !this.#flows.has(flow))
      throw new TypeError(`No flow of this application is called '${flow}', but ${[...this.#flows.keys()].join(", ")}`);
    const waiting = [...this.#flows.values()].filter(({ plan }) => waitsForPeople(plan.nodes)).map(({ id }) => id);
    return this.#inbox.page(flow === undefined ? waiting : [flow], options);
  }

  /** How a run is, by its Workflow's id. */
  async inspect(id: string): Promise<RunStatus> {
    const handle = this.#client.workflow.getHandle(id);
    const { type: flow, status } = await handle.describe();
    return { id, flow, status: status.name, progress: await handle.query<FlowProgress>(PROGRESS_QUERY) };
  }

  /**
   * Makes a run go on by the plan that this application has of its flow, if that is the same as far as the run has
   * come. What waits for a handler may be another verb in it.
   *
   * @param id id of the run's Workflow
   * @throws WorkflowUpdateFailedError if the plan isn't the same so far, or parts of the run are side by side now
   */
  async migrate(id: string): Promise<void> {
    const handle = this.#client.workflow.getHandle(id);
    const { type } = await handle.describe();
    const flow = this.#flows.get(type);
    if (flow === undefined)
      throw new TypeError(`'${id}' is a run of '${type}', and no flow of this application is called so`);
    await handle.executeUpdate(MIGRATE_UPDATE, { args: [flow.plan] });
  }

  /**
   * Holds a run before its next verb, by its Workflow's id. What runs now ends, and times go on; so do subflows, and
   * the children that take parts of a loop.
   */
  async pauseRun(id: string): Promise<void> {
    await this.#client.workflow.getHandle(id).executeUpdate(PAUSE_UPDATE, { args: [true] });
  }

  /** Lets a run go on that {@link pauseRun} holds. */
  async resumeRun(id: string): Promise<void> {
    await this.#client.workflow.getHandle(id).executeUpdate(PAUSE_UPDATE, { args: [false] });
  }

  /** Asks for the end of a run, by its Workflow's id: what it has done is undone first. */
  async cancelRun(id: string): Promise<void> {
    await this.#client.workflow.getHandle(id).cancel();
  }

  async #resultOf({ id, outcome }: FlowStart): Promise<unknown> {
    if (outcome === "collected") throw new Error(`'${id}' collects starts: which run has this one isn't known yet`);
    return this.#client.workflow.getHandle(id).result();
  }

  #listen({ port = 3000, hostname = "0.0.0.0" }: HttpOptions): Bun.Server<undefined> {
    // A caller may wait for longer than Bun lets a connection be silent by itself.
    return Bun.serve({ port, hostname, fetch: this.fetch, idleTimeout: 60 });
  }

  async #stopHttp(): Promise<void> {
    await this.#http.drain();
    await this.#listener?.stop();
    this.#listener = undefined;
  }

  #healthRoutes(): Route[] {
    const isReady = () => this.#worker?.worker.getState() === "RUNNING";
    return [
      { method: "GET", path: "/flow/health", answer: () => json(200, { status: "ok" }) },
      {
        method: "GET",
        path: "/flow/ready",
        answer: () => (isReady() ? json(200, { status: "ready" }) : json(503, { status: "not ready" })),
      },
    ];
  }

  async #startServices(): Promise<Map<string, object>> {
    const { services = [] } = this.#options;
    const configs = await configurations(services, process.env, this.#secrets);
    const configured = new Map(services.map(({ service }, index) => [service.id, configs[index]]));
    const started = new Map<string, object>();
    for (const flow of this.#flows.values()) {
      for (const { id, options } of Object.values(flow.services)) {
        if (started.has(id)) continue;
        const actions: object = await options.create(configured.get(id));
        started.set(id, options.breaker === undefined ? actions : new Breaker(id, options.breaker).around(actions));
      }
    }
    return started;
  }
}

/** The flows and all that they start, by id. */
function collect(flows: readonly Definition[]): Map<string, Definition> {
  const found = new Map<string, Definition>();
  const visit = (flow: Definition): void => {
    if (typeof flow?.plan !== "object") throw new TypeError("flows must be made by define()");
    const known = found.get(flow.id);
    if (known === flow) return;
    if (known !== undefined)
      throw new TypeError(`Two flows have the id '${flow.id}': ids are the types of Workflows, so each needs its own`);
    found.set(flow.id, flow);
    flow.subflows.forEach(visit);
  };
  flows.forEach(visit);
  return found;
}

/** Activities of an application's own, by whose names those of flows couldn't be called. */
function refuseNames(activities: readonly string[], flows: ReadonlyMap<string, unknown>): void {
  const refused = activities.filter((name) => {
    const [flow = ""] = name.split(".");
    return name === "default" || (flow !== name && (flow === "flow" || flows.has(flow)));
  });
  if (refused.length > 0)
    throw new TypeError(`Activities can't have names that belong to flows, rename them: ${refused.join(", ")}`);
}

/** Whether a flow waits for people. */
function asksPeople({ plan }: Definition): boolean {
  return everyNode(plan.nodes).some(({ kind }) => kind === "humanInTheLoop");
}

function secretsOfServices(services: readonly ConfiguredService[]): SecretsOf[] {
  return services.map(({ service, config }) => ({ what: `the service '${service.id}'`, config }));
}

function secretsOfWebhooks(flows: Iterable<Definition>): SecretsOf[] {
  return [...flows].flatMap(({ triggers }) =>
    triggers.filter(isWebhook).map(({ path, options: { auth } }) => ({
      what: `the webhook ${path}`,
      config: auth === "none" ? [] : auth.secrets,
    })),
  );
}

function requireConfigurations(flows: Iterable<Definition>, configured: readonly ConfiguredService[]): void {
  const known = new Map(configured.map(({ service }) => [service.id, service]));
  const problems = new Set<string>();
  for (const flow of flows) {
    for (const service of Object.values(flow.services)) {
      const given = known.get(service.id);
      if (given === undefined && service.options.config !== undefined)
        problems.add(`the service '${service.id}' has no configuration: add it with withConfig() to services`);
      if (given !== undefined && given !== service) problems.add(`two services have the id '${service.id}'`);
    }
  }
  if (problems.size > 0) throw new TypeError([...problems].join("; "));
}
