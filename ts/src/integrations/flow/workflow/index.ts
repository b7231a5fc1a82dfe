/**
 * The Workflow that runs flows of every kind. Workflow code of an application that has Workflows of its own exports it:
 * `export { default } from "temporal-bun-sdk/flow/workflow"`.
 *
 * @module
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  scheduleLocalActivity,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from "../../../workflow";
import {
  BEGIN_ACTIVITY,
  type Beginning,
  type FlowPlan,
  type FlowProgress,
  type FlowResponse,
  failureTypes,
  ITEM,
  MIGRATE_UPDATE,
  OUTPUTS_QUERY,
  PAUSE_UPDATE,
  PAYLOAD,
  PENDING_QUERY,
  type PendingApproval,
  PROGRESS_QUERY,
  RESOLVE_UPDATE,
  RESPOND_UPDATE,
  RESPONSE_QUERY,
  type Resolution,
} from "../plan";
import { causeOf } from "./calls";
import { cancellableBy } from "./cancel-on";
import { settle, succeed, unwind } from "./ending";
import { entities } from "./entities";
import { Execution } from "./execution";
import { allItems } from "./for-each";
import { ADMISSION_UPDATE, type GateOf, type RefusedBy } from "./gate-messages";
import { Scope } from "./scope";
import type { Continued, Slice, SliceResult } from "./state";
import { Thread } from "./thread";

const progressQuery = defineQuery<FlowProgress>(PROGRESS_QUERY);
const migrateUpdate = defineUpdate<void, [FlowPlan]>(MIGRATE_UPDATE);
const respondUpdate = defineUpdate<FlowResponse>(RESPOND_UPDATE);
const pendingQuery = defineQuery<PendingApproval[]>(PENDING_QUERY);
const resolveUpdate = defineUpdate<void, [Resolution]>(RESOLVE_UPDATE);
const pauseUpdate = defineUpdate<void, [boolean]>(PAUSE_UPDATE);
const responseQuery = defineQuery<FlowResponse | undefined>(RESPONSE_QUERY);
const admissionUpdate = defineUpdate<RefusedBy | undefined>(ADMISSION_UPDATE);
const outputsQuery = defineQuery<unknown, [string?]>(OUTPUTS_QUERY);

/**
 * Runs the flow that the Workflow's type names.
 *
 * @param payload what the flow's schema takes
 * @param state what the run before in the chain, or the parent of a part of a loop, hands over; not for callers
 */
export default async function runFlow(payload: unknown, state?: Continued | Slice): Promise<unknown> {
  const { workflowType } = workflowInfo();
  const entity = entities[workflowType];
  if (entity !== undefined) return entity(payload, state);
  let execution: Execution | undefined;
  const starting: FlowProgress = { flow: workflowType, running: [], path: [] };
  setHandler(progressQuery, () => execution?.progress.report() ?? starting);
  setHandler(outputsQuery, (id?: string) => (id === undefined ? execution?.outputs() : execution?.values.get(id)));
  setHandler(respondUpdate, async () => {
    await condition(() => execution !== undefined);
    return execution!.responses.wait();
  });
  setHandler(pendingQuery, () => execution?.approvals.pending() ?? []);
  setHandler(resolveUpdate, (resolution) => execution?.approvals.resolve(resolution), {
    validator: (resolution) => {
      const why = execution === undefined ? "it has just begun" : execution.approvals.hindrance(resolution);
      if (why !== undefined) throw ApplicationFailure.nonRetryable(`The run can't take this decision: ${why}`);
    },
  });
  const admitted = async () => {
    await condition(() => execution !== undefined);
    return execution!.admission.decided();
  };
  // If the payload is refused, there is no more to know than how the run ends.
  setHandler(admissionUpdate, admitted, { unfinishedPolicy: "ABANDON" });
  setHandler(pauseUpdate, async (isPaused) => {
    await condition(() => execution !== undefined);
    execution!.progress.isPaused = isPaused;
  });
  setHandler(responseQuery, () => execution?.responses.given);
  setHandler(migrateUpdate, (plan) => execution?.migrate(plan), { validator: (plan) => refuse(execution, plan) });
  if (state?.kind === "slice") return runSlice((execution = sliceOf(state)), state);
  if (state !== undefined) return runWhole((execution = goOn(payload, state)), []);
  const beginning = await begin(payload);
  const { plan, payload: parsed, gates = [], priority, cancelOn } = beginning;
  execution = new Execution(plan, parsed, rootScope(), undefined, new Thread(true));
  execution.approvals.restore(beginning);
  execution.values.set(PAYLOAD, parsed);
  execution.calls.priority = priority;
  if (cancelOn !== undefined) execution.cancelOn = { hubs: cancelOn };
  return runWhole(execution, gates);
}

/** Refuses a plan by which a run can't go on, before it is in the history. */
function refuse(execution: Execution | undefined, plan: FlowPlan): void {
  const why = execution === undefined ? "it has no plan yet" : execution.hindrance(plan);
  if (why !== undefined)
    throw ApplicationFailure.nonRetryable(`The run can't go on by this plan: ${why}`, failureTypes.migration);
}

async function runWhole(execution: Execution, gates: readonly GateOf[]): Promise<unknown> {
  const { responses, admission, progress, plan } = execution;
  let isIn = false;
  try {
    const output = await cancellableBy(execution, execution.cancelOn, async () => {
      await admission.enter(gates, progress);
      isIn = true;
      // A run that waits for its turn takes no time.
      if (plan.timeout !== undefined) execution.deadline ??= Date.now() + plan.timeout;
      return runToEnd(execution);
    });
    await admission.leave();
    await responses.end(200, "COMPLETED");
    return output;
  } catch (error) {
    if (error instanceof TemporalFailure) {
      await admission.leave();
      const isCancelled = isCancellation(error);
      await responses.end(isIn || isCancelled ? 500 : 429, isCancelled ? "CANCELLED" : "FAILED");
    }
    throw error;
  }
}

async function runToEnd(execution: Execution): Promise<unknown> {
  const output = await orUnwind(execution, () =>
    withDeadline(execution, async () => {
      await execution.part(execution.plan.nodes, execution.root, execution.main);
      await settle(execution);
      return execution.values.get(execution.root.lookUp(execution.root.last)!);
    }),
  );
  await succeed(execution, output);
  return output;
}

async function begin(payload: unknown): Promise<Beginning> {
  try {
    return await scheduleLocalActivity<Beginning>(BEGIN_ACTIVITY, [payload], { startToCloseTimeout: "10s" });
  } catch (error) {
    const cause = causeOf(error);
    // Not a failure of the run: a Worker that has the flow may take it.
    if (cause?.type === failureTypes.unknown) throw new Error(cause.message);
    throw error;
  }
}

function rootScope(): Scope {
  const root = new Scope("", PAYLOAD);
  root.ids[PAYLOAD] = PAYLOAD;
  return root;
}

function goOn(payload: unknown, continued: Continued): Execution {
  const { plan, frames, scope, values, refs, undos, deadline, response, isPaused } = continued;
  const { held = [], priority, cancelOn } = continued;
  const execution = new Execution(plan, payload, Scope.restore(scope), deadline, new Thread(true, frames));
  execution.values.set(PAYLOAD, payload);
  for (const [id, value] of Object.entries(values)) execution.values.set(id, value);
  for (const [id, ref] of Object.entries(refs)) execution.values.setRef(id, ref);
  execution.undos.push(...undos);
  execution.approvals.restore(continued);
  execution.progress.isPaused = isPaused === true;
  if (response !== undefined) execution.responses.give(response);
  execution.admission.held.push(...held);
  execution.cancelOn = cancelOn;
  execution.calls.priority = priority;
  return execution;
}

function sliceOf(slice: Slice): Execution {
  const { plan, prefix, context } = slice;
  const { steps, payload, item, index, last = PAYLOAD, refs = {} } = context;
  const root = new Scope(prefix, last, undefined, index);
  const execution = new Execution(plan, payload, root, undefined, new Thread(false));
  execution.approvals.restore(slice);
  const named = { ...steps, [PAYLOAD]: payload, [ITEM]: item };
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined) execution.values.set((root.ids[name] = name), value);
  }
  for (const [name, ref] of Object.entries(refs)) execution.values.setRef((root.ids[name] = name), ref);
  return execution;
}

function runSlice(execution: Execution, { plan, items, offset }: Slice): Promise<SliceResult> {
  return orUnwind(execution, async () => {
    const outputs = await allItems(execution, plan.nodes[0], items, offset, execution.root);
    await settle(execution);
    return { outputs, undos: execution.undos };
  });
}

async function orUnwind<T>(execution: Execution, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    // What is no failure fails the Workflow task, and continuing as new is no failure either.
    if (error instanceof TemporalFailure) await unwind(execution, error);
    throw error;
  }
}

/** Runs the flow within its time. */
async function withDeadline<T>(execution: Execution, body: () => Promise<T>): Promise<T> {
  const { deadline, plan } = execution;
  if (deadline === undefined) return body();
  const root = CancellationScope.current();
  try {
    return await CancellationScope.withTimeout(Math.max(deadline - Date.now(), 1), body);
  } catch (error) {
    if (!isCancellation(error) || root.consideredCancelled) throw error;
    throw ApplicationFailure.nonRetryable(
      `The flow '${plan.flow}' took longer than its timeout of ${plan.timeout} ms`,
      failureTypes.timeout,
    );
  }
}
