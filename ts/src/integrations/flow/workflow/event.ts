/** The Workflow of one event: starts the flows that are on it, and tells the hub where runs wait for it. */
import { WorkflowExecutionAlreadyStartedError } from "../../../common";
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  scheduleLocalActivity,
  sleep,
  startChild,
  workflowInfo,
} from "../../../workflow";
import {
  EVENT_WORKFLOW,
  type EventStart,
  eventWorkflowId,
  HUBS_ACTIVITY,
  type HubStart,
  hubId,
  LISTENERS_ACTIVITY,
  type Listener,
  PUBLISHED_SIGNAL,
} from "./event-messages";

const local = { startToCloseTimeout: "10s" } as const;

/** Carries one event. It ends when everybody knows, and fails if a flow's `map` or `match` did. */
export async function carryEvent(event: EventStart): Promise<void> {
  const { name, id, key, retain, others = [], isForwarded, payload } = event;
  const hub: HubStart = {
    event: name,
    ...(key === undefined ? {} : { key }),
    ...(retain === undefined ? {} : { retain }),
  };
  const at = workflowInfo().startTime.getTime();
  const tellHub = () => signalHub(hub, PUBLISHED_SIGNAL, { id, payload, at }, { isNeeded: retain !== undefined });
  const forward = (queue: string) =>
    startOnce(EVENT_WORKFLOW, `${eventWorkflowId(name, id)}/${queue}`, [{ ...event, others: [], isForwarded: true }], {
      queue,
    });
  await Promise.all([startListeners(event), ...(isForwarded ? [] : [tellHub(), ...others.map(forward)])]);
}

async function startListeners({ name, id, payload }: EventStart): Promise<void> {
  const listeners = await scheduleLocalActivity<Listener[]>(LISTENERS_ACTIVITY, [name, payload, id], local);
  await Promise.all(
    listeners
      .filter(({ error }) => error === undefined)
      .map(({ flow, queue, input, priority }) =>
        startOnce(flow, `${flow}/${name}/${id}`, [input], { queue, priority }),
      ),
  );
  const failed = listeners.flatMap(({ flow, error }) => (error === undefined ? [] : `'${flow}': ${error}`));
  if (failed.length > 0)
    throw ApplicationFailure.nonRetryable(
      `The event '${name}' started no run of ${failed.join("; ")}`,
      "EventNotUnderstood",
    );
}

/** Starts a Workflow that goes on by itself, at most once. */
async function startOnce(
  type: string,
  workflowId: string,
  args: unknown[],
  { queue, priority }: Pick<Listener, "queue" | "priority">,
): Promise<void> {
  try {
    await startChild(type, {
      workflowId,
      args,
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      ...(queue === undefined ? {} : { taskQueue: queue }),
      ...(priority === undefined ? {} : { priority }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/**
 * Signals a hub, which gets it exactly once. One that isn't needed may be missing: then nobody waits.
 *
 * A hub that has nothing to do any more ends, so it may be gone between being seen to and being signalled.
 */
export async function signalHub(
  hub: HubStart,
  signal: string,
  argument: unknown,
  { isNeeded, isThere = false }: { isNeeded: boolean; isThere?: boolean },
): Promise<void> {
  for (let seen = isThere; ; seen = false) {
    if (isNeeded && !seen) await scheduleLocalActivity(HUBS_ACTIVITY, [[hub]], local);
    try {
      return await getExternalWorkflowHandle(hubId(hub)).signal(signal, argument);
    } catch (error) {
      if (isMissing(error)) {
        if (!isNeeded) return;
      } else if (isFull(error)) await sleep("1s");
      else throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.message.includes("it was not found");
}

/** A run takes 10,000 signals, and a busy hub continues as new long before that. */
function isFull(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.message.includes("signal limit was exceeded");
}
