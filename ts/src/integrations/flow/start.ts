/** How runs of flows are started by this side; anything that can start a Workflow can start them too. */
import { randomUUID } from "node:crypto";
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from "../../client";
import { ApplicationFailure, type Priority } from "../../common";
import { collect } from "./control/collect";
import { asStored, priorityOf } from "./control/keys";
import { FlowRefusedError } from "./control/refused";
import type { Definition } from "./definition";
import { failureTypes } from "./plan";
import { validate } from "./schema";
import { ADMISSION_UPDATE, type RefusedBy } from "./workflow/gate-messages";

/** How long a starter waits to be told whether a run may begin, while no Worker takes it. */
const patienceMs = 5_000;

/** What a start says besides the payload. */
interface StartOptions {
  /** Makes another start with it the same. Default: a random one. */
  key?: string | undefined;
  /** Task queue of flows that have none of their own. */
  taskQueue: string;
}

/** What became of a start. */
export interface FlowStart {
  /** Id of the Workflow of the run; of the one that is there already, if this one was skipped or joined it. */
  readonly id: string;
  /**
   * `"started"`, also if it waits for its turn or was started before with this key; `"skipped"` or `"joined"` by
   * `singleton`; `"collected"` by `debounce` or `batch`: a run comes later, and `id` is that of the Workflow that
   * starts it.
   */
  readonly outcome: "started" | "skipped" | "joined" | "collected";
}

/** Id of the Workflow of a run. */
export function workflowIdOf(flow: string, key: string): string {
  return `${flow}/${key}`;
}

/**
 * Starts a run, as the flow's options have it.
 *
 * @throws FlowRefusedError if there are too many
 */
export async function startFlow(
  client: Client,
  flow: Definition,
  payload: unknown,
  options: StartOptions,
): Promise<FlowStart> {
  const { collector, gates = [] } = flow.control ?? {};
  if (collector !== undefined) {
    const { key, taskQueue } = options;
    const start = { key, taskQueue: flow.queue ?? taskQueue };
    return { id: await collect(client, flow, collector, payload, start), outcome: "collected" };
  }
  if (gates.every(({ rule }) => rule.kind === "concurrency")) return startRun(client, flow, payload, options);
  const start = await startOf(flow, payload, options);
  return outcomeOf(flow, start.workflowId, await admissionOf(client, flow.id, start));
}

/** Starts a run past `debounce` and `batch`, which finds out by itself whether it may begin. */
export async function startRun(
  client: Client,
  flow: Definition,
  payload: unknown,
  options: StartOptions,
): Promise<FlowStart> {
  const start = await startOf(flow, payload, options);
  try {
    await client.workflow.start(flow.id, { ...start, workflowIdReusePolicy: "REJECT_DUPLICATE" });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return { id: start.workflowId, outcome: "started" };
}

type Start = { workflowId: string; taskQueue: string; args: unknown[]; priority?: Priority };

async function startOf(
  flow: Definition,
  payload: unknown,
  { key = randomUUID(), taskQueue }: StartOptions,
): Promise<Start> {
  return {
    workflowId: workflowIdOf(flow.id, key),
    taskQueue: flow.queue ?? taskQueue,
    args: [payload],
    ...(await priorityOfStart(flow, payload)),
  };
}

/** A payload that isn't what the flow takes, or that gives no priority, has none: its run says what is wrong. */
export async function priorityOfStart(flow: Definition, payload: unknown): Promise<{ priority?: Priority }> {
  const { priority, fairness } = flow.control ?? {};
  if (priority === undefined && fairness === undefined) return {};
  const checked = await validate(flow.payload, payload);
  if ("issues" in checked) return {};
  try {
    const made = priorityOf(flow, asStored(checked.value));
    return made === undefined ? {} : { priority: made };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return {};
  }
}

/** Starts a run and waits until it knows whether it may begin. Undefined if it may, or will know later. */
async function admissionOf(client: Client, flow: string, start: Start): Promise<RefusedBy | undefined> {
  const inTime = AbortSignal.timeout(patienceMs);
  const attempt = (workflowIdReusePolicy: "REJECT_DUPLICATE" | "ALLOW_DUPLICATE_FAILED_ONLY") => {
    const startWorkflowOperation = new WithStartWorkflowOperation(flow, {
      ...start,
      workflowIdConflictPolicy: "USE_EXISTING",
      workflowIdReusePolicy,
    });
    // What it ends with is known by the update.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    return client.withAbortSignal(inTime, () =>
      client.workflow.executeUpdateWithStart<any, RefusedBy | undefined, []>(ADMISSION_UPDATE, {
        startWorkflowOperation,
      }),
    );
  };
  try {
    return await attempt("REJECT_DUPLICATE").catch(async (error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // One that was refused didn't count.
      return (await wasRefused(client, start.workflowId)) ? attempt("ALLOW_DUPLICATE_FAILED_ONLY") : undefined;
    });
  } catch (error) {
    // The run is there: it tells what becomes of it, or what is wrong with its payload.
    if (inTime.aborted || error instanceof WorkflowUpdateFailedError) return undefined;
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

async function wasRefused(client: Client, id: string): Promise<boolean> {
  const handle = client.workflow.getHandle(id);
  if ((await handle.describe()).status.name !== "FAILED") return false;
  const error: unknown = await handle.result().catch((failure: unknown) => failure);
  if (!(error instanceof WorkflowFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === failureTypes.refused;
}

function outcomeOf(flow: Definition, id: string, refused: RefusedBy | undefined): FlowStart {
  if (refused === undefined) return { id, outcome: "started" };
  const { kind, mode, running, retryAt } = refused;
  if (kind === "rateLimit" || kind === "throttle") throw new FlowRefusedError(flow.id, kind, new Date(retryAt!));
  return { id: running!, outcome: mode === "join" ? "joined" : "skipped" };
}
