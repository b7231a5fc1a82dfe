/** Local activities of runs, gates and collectors. */
import { activityInfo, Context } from "../../../activity";
import { type Client, WorkflowNotFoundError } from "../../../client";
import { ApplicationFailure } from "../../../common";
import type { Definition } from "../definition";
import { startRun } from "../start";
import type { Told } from "../workflow/gate";
import {
  ASK_ACTIVITY,
  ASK_SIGNAL,
  type Asker,
  CHECK_ACTIVITY,
  GATE_WORKFLOW,
  type GateOf,
  LEAVE_ACTIVITY,
  LEAVE_SIGNAL,
  REPLACE_ACTIVITY,
  START_ACTIVITY,
  TELL_ACTIVITY,
  VERDICT_SIGNAL,
} from "../workflow/gate-messages";

const callsAtATime = 20;

/** The activities for a Worker. */
export function controlActivities(
  flows: ReadonlyMap<string, Definition>,
  taskQueue: string,
): Record<string, (...args: any[]) => Promise<unknown>> {
  return {
    [ASK_ACTIVITY]: ask,
    [LEAVE_ACTIVITY]: (ids: string[], asker: Asker) =>
      all(ids, (id) => unlessGone(clientOf().workflow.getHandle(id).signal(LEAVE_SIGNAL, asker))),
    [TELL_ACTIVITY]: tell,
    [CHECK_ACTIVITY]: check,
    [REPLACE_ACTIVITY]: ({ workflowId }: Asker) => unlessGone(clientOf().workflow.getHandle(workflowId).cancel()),
    [START_ACTIVITY]: async (id: string, payload: unknown, key: string) => {
      const flow = flows.get(id);
      if (flow === undefined)
        throw ApplicationFailure.retryable(`This Worker's code has no flow '${id}'. Deploy code that has it`);
      await startRun(clientOf(), flow, payload, { key, taskQueue });
    },
  };
}

async function ask({ id, rule }: GateOf, asker: Asker): Promise<void> {
  await clientOf().workflow.signalWithStart(GATE_WORKFLOW, {
    workflowId: id,
    taskQueue: activityInfo().taskQueue,
    args: [],
    // Many runs wait for it.
    priority: { priorityKey: 1 },
    signal: ASK_SIGNAL,
    signalArgs: [asker, rule],
  });
}

/** Tells runs. Returns those that have ended, by the run id of their first run. */
async function tell(told: readonly Told[]): Promise<string[]> {
  const gone = await all(told, async ({ workflowId, verdict }) => {
    const signal = clientOf().workflow.getHandle(workflowId).signal(VERDICT_SIGNAL, verdict);
    return (await unlessGone(signal)) ? [] : [verdict.firstRunId];
  });
  return gone.flat();
}

/** Finds the runs that have ended, in whatever way. */
async function check(askers: readonly Asker[]): Promise<string[]> {
  const gone = await all(askers, async ({ workflowId, firstRunId }) => {
    let isThere = false;
    await unlessGone(
      clientOf()
        .workflow.getHandle(workflowId)
        .describe()
        .then(({ status, raw }) => {
          isThere = status.name === "RUNNING" && raw.workflowExecutionInfo?.firstRunId === firstRunId;
        }),
    );
    return isThere ? [] : [firstRunId];
  });
  return gone.flat();
}

function clientOf(): Client {
  return Context.current().client;
}

/** Whether a call found its Workflow. */
async function unlessGone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function all<T, R>(items: readonly T[], call: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += callsAtATime)
    results.push(...(await Promise.all(items.slice(from, from + callsAtATime).map(call))));
  return results;
}
