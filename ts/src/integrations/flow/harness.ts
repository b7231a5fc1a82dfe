/** Tests of flows: one run in a Worker of its own, with mocks in the place of steps and services. */
import { randomUUID } from "node:crypto";
import { flowWorkflows } from "#flow-workflows";
import { Context } from "../../activity";
import { WorkflowFailedError } from "../../client";
import { CancelledFailure } from "../../common";
import type { TestWorkflowEnvironment } from "../../testing";
import { Worker } from "../../worker";
import { checkedInput } from "./approvals/decide";
import { watchedHandlers } from "./coverage";
import type { Definition, Handler } from "./definition";
import { Dispatcher } from "./dispatcher";
import { checked, type FlowEvent } from "./events/event";
import {
  type Approval,
  BEGIN_ACTIVITY,
  everyNode,
  type FlowProgress,
  type FlowResponse,
  OUTPUTS_QUERY,
  type PlanNode,
  PROGRESS_QUERY,
  RESPONSE_QUERY,
  responds,
} from "./plan";
import { Secrets } from "./secrets";
import type { Service } from "./service";
import { WorkflowState } from "./state/workflow-state";
import { HUBS_ACTIVITY, type HubStart, type HubsResult } from "./workflow/event-messages";

/** How a run in a test ended. */
export interface FlowTestResult<O> {
  readonly status: "COMPLETED" | "FAILED" | "CANCELLED";
  /** What it ended with, if it completed. */
  readonly output?: O;
  /** What it failed with. */
  readonly error?: unknown;
  /** Outputs of the steps of its chain, by name; not of those inside of loops and branches that run side by side. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** What it answered, if it has a `respond`. Without a response it is how the run ended. */
  readonly response?: FlowResponse;
  /** The verbs that it came to, in the order of their starts, with the turns of loops: `each[0]/charge`. */
  readonly path: readonly string[];
}

/** A test of a flow; `flow.test(env)` begins it. */
export class FlowTest<I, O> {
  readonly #flow: Definition;
  readonly #env: TestWorkflowEnvironment;
  readonly #handlers = new Map<string, Handler["run"]>();
  readonly #services = new Map<string, object>();
  readonly #emitted: { event: FlowEvent; payload: unknown }[] = [];
  readonly #decisions = new Map<string, Approval[]>();
  #payload: unknown;

  /** Use `test` of the flow. */
  constructor(flow: Definition, env: TestWorkflowEnvironment) {
    this.#flow = flow;
    this.#env = env;
  }

  /** What the run is started with. */
  payload(payload: I): this {
    this.#payload = payload;
    return this;
  }

  /**
   * Puts a function in the place of that of a step, or of another verb that has a name: a condition, items, the input
   * of a subflow.
   *
   * @throws TypeError if the flow and its subflows have nothing of the name
   */
  mockStep(name: string, run: (ctx: any, extra?: any) => unknown): this {
    const known = [...everyFlow(this.#flow)].some(({ handlers }) => handlers.has(name));
    if (!known) throw new TypeError(`The flow '${this.#flow.id}' has no '${name}' to mock`);
    this.#handlers.set(name, run);
    return this;
  }

  /** Puts actions in the place of those of a service. Actions that aren't given can't be called. */
  mockService<Actions>(service: Service<Actions, any>, actions: Partial<Actions>): this {
    this.#services.set(service.id, actions as object);
    return this;
  }

  /**
   * Publishes an event to the waits of the run and of its subflows: it is there when they begin, once for each run.
   * What isn't emitted doesn't happen, so a wait without a timeout doesn't end.
   *
   * @throws TypeError if none of them waits for it
   */
  emit<E>(event: FlowEvent<E>, payload: NoInfer<E>): this {
    const waits = (node: PlanNode) =>
      node.kind === "waitForEvent" && node.events.some(({ name }) => name === event.name);
    if (!this.#hasNode(waits)) throw new TypeError(`The flow '${this.#flow.id}' doesn't wait for '${event.name}'`);
    this.#emitted.push({ event, payload });
    return this;
  }

  /**
   * Approves what a `humanInTheLoop` waits for, or lets the run go on from a `pause`. In a loop, the first call is for
   * the first turn, and the last one for all that follow. `notify` is called all the same: mock it as `ask.notify`.
   *
   * @throws TypeError if the flow and its subflows have no such verb
   */
  approve(name: string, input?: unknown): this {
    return this.#decide(name, { decision: "approved", ...(input === undefined ? {} : { input }) });
  }

  /**
   * Denies what a `humanInTheLoop` waits for.
   *
   * @throws TypeError if the flow and its subflows have no such verb
   */
  deny(name: string): this {
    return this.#decide(name, { decision: "denied" });
  }

  #decide(name: string, approval: Approval): this {
    const asks = (node: PlanNode) =>
      node.name === name &&
      (node.kind === "humanInTheLoop" || (node.kind === "pause" && approval.decision === "approved"));
    if (!this.#hasNode(asks))
      throw new TypeError(`The flow '${this.#flow.id}' has no '${name}' that can be ${approval.decision}`);
    this.#decisions.set(name, [...(this.#decisions.get(name) ?? []), approval]);
    return this;
  }

  #hasNode(is: (node: PlanNode) => boolean): boolean {
    return [...everyFlow(this.#flow)].some(({ plan }) => [...everyNode(plan.nodes)].some(is));
  }

  /** Runs the flow to its end. */
  async run(): Promise<FlowTestResult<O>> {
    const { client, nativeConnection, namespace } = this.#env;
    const taskQueue = `flow-test-${randomUUID()}`;
    const flows = new Map([...everyFlow(this.#flow)].map((flow) => [flow.id, this.#mocked(flow)]));
    const services = await this.#makeServices(flows.values());
    // Under ids of this test's own: a Workflow of another one would wait for that one's Worker.
    const state = new WorkflowState(client, taskQueue, `flow-state/${taskQueue}`);
    const dispatcher = new Dispatcher({
      flows,
      services,
      secrets: new Secrets([]),
      taskQueue,
      state,
      signingKeys: [randomUUID()],
    });
    const activities = { ...dispatcher.activities(), ...(await this.#people(dispatcher)), ...(await this.#events()) };
    const worker = await Worker.create({
      connection: nativeConnection,
      namespace: namespace ?? "default",
      taskQueue,
      activities,
      maxHeartbeatThrottleInterval: "100ms",
      ...flowWorkflows(),
    });
    return worker.runUntil(async () => {
      const handle = await client.workflow.start(this.#flow.id, {
        workflowId: `${this.#flow.id}/${taskQueue}`,
        taskQueue,
        args: [this.#payload],
      });
      const ending = await handle.result().then(
        (output) => ({ status: "COMPLETED", output: output as O }) as const,
        (error: unknown) => failed(error),
      );
      const [{ path }, steps, response] = await Promise.all([
        handle.query<FlowProgress>(PROGRESS_QUERY),
        handle.query<Record<string, unknown> | undefined>(OUTPUTS_QUERY),
        handle.query<FlowResponse | undefined>(RESPONSE_QUERY),
      ]);
      return { ...ending, steps: steps ?? {}, path, ...(responds(this.#flow.plan.nodes) ? { response } : {}) };
    });
  }

  /** Gives runs the decisions with their beginning. */
  async #people(dispatcher: Dispatcher) {
    const decisions: Record<string, Approval[]> = {};
    for (const [name, approvals] of this.#decisions) {
      const flow = [...everyFlow(this.#flow)].find(({ inputs }) => inputs.has(name));
      decisions[name] = await Promise.all(
        approvals.map(async (approval) => {
          const input = await checkedInput(flow, name, approval);
          return { ...approval, ...(input === undefined ? {} : { input }) };
        }),
      );
    }
    const begin = dispatcher.activities()[BEGIN_ACTIVITY]!;
    return { [BEGIN_ACTIVITY]: async (payload: unknown) => ({ ...((await begin(payload)) as object), decisions }) };
  }

  /** Gives waits what was emitted. No hub is asked: those of other tests are on the same server. */
  async #events() {
    const emitted = await Promise.all(
      this.#emitted.map(async ({ event, payload }, index) => ({
        ...(await checked(event, payload)),
        event: event.name,
        id: String(index),
        got: new Set<string>(),
      })),
    );
    return {
      [HUBS_ACTIVITY]: async (hubs: readonly HubStart[]): Promise<HubsResult> => {
        const { workflowId } = Context.current().info.workflowExecution!;
        const found = emitted.find(
          ({ event, key, got }) => !got.has(workflowId) && hubs.some((hub) => hub.event === event && hub.key === key),
        );
        if (found === undefined) return { isolated: true };
        found.got.add(workflowId);
        const { event, id, payload } = found;
        return { isolated: true, delivery: { event, id, payload } };
      },
    };
  }

  #mocked(flow: Definition): Definition {
    const handlers = new Map(flow.handlers);
    for (const [name, run] of this.#handlers) {
      const handler = handlers.get(name);
      if (handler !== undefined) handlers.set(name, { ...handler, run });
    }
    // One Worker takes them all.
    const plan = JSON.parse(JSON.stringify(flow.plan), (key, value) =>
      key === "queue" && typeof value === "string" ? undefined : value,
    ) as Definition["plan"];
    return { ...flow, plan, queue: undefined, control: undefined, handlers: watchedHandlers(flow, handlers) };
  }

  async #makeServices(flows: Iterable<Definition>): Promise<Map<string, object>> {
    const made = new Map(this.#services);
    for (const flow of flows) {
      for (const { id, options } of Object.values(flow.services)) {
        if (made.has(id)) continue;
        if (options.config !== undefined)
          throw new TypeError(`The service '${id}' needs a configuration: mock it with mockService()`);
        made.set(id, (await options.create(undefined)) as object);
      }
    }
    return made;
  }
}

function failed(error: unknown): { status: "FAILED" | "CANCELLED"; error: unknown } {
  if (!(error instanceof WorkflowFailedError)) throw error;
  if (error.cause instanceof CancelledFailure) return { status: "CANCELLED", error: error.cause };
  return { status: "FAILED", error: rootOf(error) };
}

function rootOf(error: Error): unknown {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

/** A flow and those that it starts. */
function* everyFlow(flow: Definition): Generator<Definition> {
  yield flow;
  for (const other of flow.subflows) yield* everyFlow(other);
}
