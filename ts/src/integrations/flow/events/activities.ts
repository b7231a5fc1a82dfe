/** The activities of the Workflows that carry events. */
import { type Context as ActivityContext, Context } from "../../../activity";
import { isGrpcServiceError } from "../../../client";
import { ApplicationFailure, WorkflowNotFoundError } from "../../../common";
import type { Definition } from "../definition";
import { priorityOfStart, startFlow } from "../start";
import {
  DELIVER_ACTIVITY,
  type Delivery,
  EVENT_SIGNAL,
  HUB_WORKFLOW,
  HUBS_ACTIVITY,
  type HubStart,
  type HubsResult,
  hubId,
  LISTENERS_ACTIVITY,
  type Listener,
} from "../workflow/event-messages";
import type { Told } from "../workflow/hub";
import { isOn } from "./on";

/** `INVALID_ARGUMENT`, `PERMISSION_DENIED`, `FAILED_PRECONDITION`: another try ends the same way. */
const finalCodes = [3, 7, 9];
const signalsAtATime = 20;

/** The activities, for a Worker that has these flows. */
export function eventActivities(flows: ReadonlyMap<string, Definition>, taskQueue: string) {
  return {
    [LISTENERS_ACTIVITY]: (name: string, payload: unknown, id: string) =>
      listeners(flows, taskQueue, { name, payload, id }),
    [HUBS_ACTIVITY]: (hubs: readonly HubStart[]) => seeTo(hubs, taskQueue),
    [DELIVER_ACTIVITY]: (event: string, told: readonly Told[], payloads: Record<string, unknown>) =>
      deliver(event, told, payloads),
  };
}

/** The flows that an event starts. Starts that are collected are given to their collectors here. */
async function listeners(
  flows: ReadonlyMap<string, Definition>,
  taskQueue: string,
  { name, payload, id }: { name: string; payload: unknown; id: string },
): Promise<Listener[]> {
  const { client } = Context.current();
  const found = [...flows.values()].flatMap((definition) =>
    definition.triggers.filter(isOn).flatMap(async ({ event, options: { map, match } }) => {
      if (event.name !== name) return undefined;
      const { id: flow, queue, control } = definition;
      const listener: Listener = { flow, ...(queue === undefined ? {} : { queue }) };
      let input = payload;
      try {
        if (match !== undefined && !(await match(payload))) return undefined;
        if (map !== undefined) input = await map(payload);
        Object.assign(listener, await priorityOfStart(definition, input));
      } catch (error) {
        return { ...listener, error: error instanceof Error ? error.message : String(error) };
      }
      if (control?.collector === undefined) return { ...listener, input };
      try {
        await startFlow(client, definition, input, { key: `${name}/${id}`, taskQueue });
        return undefined;
      } catch (error) {
        if (!(error instanceof ApplicationFailure)) throw error;
        return { ...listener, error: error.message };
      }
    }),
  );
  return (await Promise.all(found)).filter((listener) => listener !== undefined);
}

async function seeTo(hubs: readonly HubStart[], taskQueue: string): Promise<HubsResult> {
  const { client } = Context.current();
  await Promise.all(
    hubs.map((hub) =>
      client.workflow.start(HUB_WORKFLOW, {
        workflowId: hubId(hub),
        taskQueue: hub.queue ?? taskQueue,
        args: [hub],
        workflowIdConflictPolicy: "USE_EXISTING",
      }),
    ),
  );
  return {};
}

async function deliver(event: string, told: readonly Told[], payloads: Record<string, unknown>): Promise<void> {
  const context = Context.current();
  const left = [...told];
  const work = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift())
      await tell(context, { ...one, event, ...(one.id === undefined ? {} : { payload: payloads[one.id] }) });
  };
  await Promise.all(Array.from({ length: signalsAtATime }, work));
}

/** Signals a run. One that has ended waits for nothing any more. */
async function tell({ client, log }: ActivityContext, delivery: Delivery): Promise<void> {
  const { workflowId, event, id } = delivery;
  try {
    await client.workflow.getHandle(workflowId).signal(EVENT_SIGNAL, delivery);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
    if (!isGrpcServiceError(cause) || !finalCodes.includes(cause.code)) throw error;
    log.error(`The run '${workflowId}' can't be told of the event '${event}'`, { id, error });
  }
}
