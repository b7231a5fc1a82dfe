/** The trigger `on`: events that start runs. */
import type { Trigger } from "../trigger";
import type { FlowEvent } from "./event";

/** Options of {@link on}. `P` is the event's payload, `I` what the flow takes. */
export interface OnOptions<P, I> {
  /** The payload of the run. Default: the event's. */
  map?: (payload: P) => I | Promise<I>;
  /** Whether an event starts a run. Default: each does. */
  match?: (payload: P) => boolean | Promise<boolean>;
}

/** An event that starts runs of a flow. */
export interface OnTrigger<I> extends Trigger<I> {
  readonly kind: "on";
  readonly event: FlowEvent;
  readonly options: OnOptions<any, I>;
}

/** Starts a run for each event, with what `map` makes of it. */
export function on<P, I>(
  event: FlowEvent<any, P>,
  options: OnOptions<P, I> & { map: (payload: P) => I | Promise<I> },
): OnTrigger<I>;
/** Starts a run for each event, once for each id. */
export function on<P>(
  event: FlowEvent<any, P>,
  options?: { match?: (payload: P) => boolean | Promise<boolean> },
): OnTrigger<P>;
export function on(event: FlowEvent, options: OnOptions<any, any> = {}): OnTrigger<any> {
  return { kind: "on", event, options };
}

/** Whether a trigger is an event. */
export function isOn(trigger: Trigger): trigger is OnTrigger<any> {
  return trigger.kind === "on";
}
