/** How events are published. */
import { randomUUID } from "node:crypto";
import { type Client, WorkflowExecutionAlreadyStartedError } from "../../../client";
import { EVENT_WORKFLOW, type EventStart, eventWorkflowId } from "../workflow/event-messages";
import { checked, type FlowEvent } from "./event";

/** Longest id, in characters. */
const longestId = 500;

interface PublishOptions {
  /** Names the event: another one with it is the same, and changes nothing. Default: a random one. */
  id?: string | undefined;
  /** Task queue of the application. */
  taskQueue: string;
}

/** Publishes an event. It is in the server's hands when this resolves. */
export async function publishEvent(
  client: Client,
  event: FlowEvent,
  given: unknown,
  { id = randomUUID(), taskQueue }: PublishOptions,
): Promise<{ id: string }> {
  if (typeof id !== "string" || id === "" || id.length > longestId)
    throw new TypeError(`The id of an event must be a text of 1 to ${longestId} characters, got ${Bun.inspect(id)}`);
  const { payload, key } = await checked(event, given);
  const { name, retain, queues } = event;
  const [home = taskQueue, ...others] = new Set(queues);
  const start: EventStart = {
    name,
    id,
    payload,
    ...(key === undefined ? {} : { key }),
    ...(retain === undefined ? {} : { retain }),
    ...(others.length === 0 ? {} : { others }),
  };
  try {
    await client.workflow.start(EVENT_WORKFLOW, {
      workflowId: eventWorkflowId(name, id),
      taskQueue: home,
      args: [start],
      workflowIdReusePolicy: "REJECT_DUPLICATE",
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return { id };
}
