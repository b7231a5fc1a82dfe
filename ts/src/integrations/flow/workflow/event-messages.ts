/** What events and the Workflows that carry them tell each other. All of it is JSON. */

import type { Priority } from "../../../common";

/** Type of the Workflow of one event, which starts the flows that are on it and tells its hub. */
export const EVENT_WORKFLOW = "flow.event";
/** Type of a hub, which knows who waits for an event, and keeps events for those who come later. */
export const HUB_WORKFLOW = "flow.hub";

/** Signal to a hub: somebody waits. */
export const SUBSCRIBE_SIGNAL = "flow.subscribe";
/** Signal to a hub: somebody waits no more. */
export const UNSUBSCRIBE_SIGNAL = "flow.unsubscribe";
/** Signal to a hub: an event happened. */
export const PUBLISHED_SIGNAL = "flow.published";
/** Signal to a run: what it waits for happened. */
export const EVENT_SIGNAL = "flow.event";

/** Local activity: which flows an event starts, with what. */
export const LISTENERS_ACTIVITY = "flow.listeners";
/** Local activity that sees to it that hubs run. */
export const HUBS_ACTIVITY = "flow.hubs";
/** Local activity of a hub, which signals runs. */
export const DELIVER_ACTIVITY = "flow.deliver";

/** A hub. */
export interface HubStart {
  /** Name of the event. */
  event: string;
  key?: string;
  /** How long it keeps events, in milliseconds. */
  retain?: number;
  /** Task queue that it runs on. Default: that of the application that starts it. */
  queue?: string;
}

/** An event that was published. */
export interface Published {
  id: string;
  payload: unknown;
  /** When, in milliseconds since the epoch; older histories don't say. */
  at?: number;
}

/** One who waits. */
export interface Waiter {
  workflowId: string;
  /** Names the wait. */
  wait: string;
  /** When it ends, in milliseconds since the epoch. */
  until?: number;
  /** Events that were kept before this time, in milliseconds since the epoch, are not for it. */
  since?: number;
}

/** What one who waits is told: an event, or why it can't wait. */
export interface Delivery {
  workflowId: string;
  wait: string;
  event: string;
  id?: string;
  payload?: unknown;
  refused?: string;
}

/** The argument of the Workflow of an event. */
export interface EventStart extends Published {
  name: string;
  key?: string;
  retain?: number;
  /** Task queues of other applications that have flows on it. */
  others?: string[];
  /** Whether it is for the flows of another application alone. */
  isForwarded?: true;
}

/** A flow that an event starts. */
export interface Listener {
  flow: string;
  queue?: string;
  priority?: Priority;
  input?: unknown;
  /** Why it can't be started. */
  error?: string;
}

/** What is known of hubs that were seen to. */
export interface HubsResult {
  /** In tests: nobody is asked. The event, if there is one. */
  isolated?: true;
  delivery?: Omit<Delivery, "workflowId" | "wait">;
}

/** Id of the Workflow of a hub. */
export function hubId({ event, key }: Pick<HubStart, "event" | "key">): string {
  return key === undefined ? `flow-hub/${event}` : `flow-hub/${event}/${key}`;
}

/** Id of the Workflow of an event. */
export function eventWorkflowId(name: string, id: string): string {
  return `flow-event/${name}/${id}`;
}
