/** Runs that wait for events. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  scheduleLocalActivity,
  setHandler,
  uuid4,
  workflowInfo,
} from "../../../workflow";
import { failureTypes, type WaitForEventPlan } from "../plan";
import { signalHub } from "./event";
import {
  type Delivery,
  EVENT_SIGNAL,
  HUBS_ACTIVITY,
  type HubStart,
  type HubsResult,
  SUBSCRIBE_SIGNAL,
  UNSUBSCRIBE_SIGNAL,
  type Waiter,
} from "./event-messages";
import type { Execution } from "./execution";
import type { Scope } from "./scope";

const eventSignal = defineSignal<[Delivery]>(EVENT_SIGNAL);

type Found = Omit<Delivery, "workflowId" | "wait">;

interface OpenWait {
  found: Found | undefined;
}

/** The waits of a run that are open. */
export class EventWaits {
  readonly #open = new Map<string, OpenWait>();
  #isListening = false;

  open(wait: string): OpenWait {
    const open = { found: undefined };
    this.#open.set(wait, open);
    // Not before there is a wait: a run that continued as new may have been told already.
    if (!this.#isListening) setHandler(eventSignal, (delivery) => this.#deliver(delivery));
    this.#isListening = true;
    return open;
  }

  opened(wait: string): OpenWait {
    return this.#open.get(wait)!;
  }

  /** An event for one of them. What comes for one that is over is dropped, and so is all but the first. */
  #deliver({ wait, ...found }: Delivery): void {
    const open = this.#open.get(wait);
    if (open !== undefined) open.found ??= found;
  }

  close(wait: string): void {
    this.#open.delete(wait);
  }
}

/** Waits for an event, the first of several. Null when the time is up. */
export async function waitForEvent(
  execution: Execution,
  node: WaitForEventPlan,
  path: string,
  scope: Scope,
): Promise<unknown> {
  const { name, events, timeout, matched, isOne } = node;
  const key = matched ? await execution.decide<string>("match", name, path, scope) : undefined;
  const hubs = events.map(({ name: event, keyed, retain, queue }): HubStart => {
    return {
      event,
      ...(keyed ? { key: key! } : {}),
      ...(retain === undefined ? {} : { retain }),
      ...(queue === undefined ? {} : { queue }),
    };
  });
  const until = timeout === undefined ? undefined : Date.now() + timeout;
  const { workflowId } = workflowInfo();
  const waiter: Waiter = { workflowId, wait: uuid4(), ...(until === undefined ? {} : { until }) };
  const open = execution.eventWaits.open(waiter.wait);
  const told = (hub: HubStart) => open.found !== undefined && open.found.event === hub.event;
  let subscribed: HubStart[] = [];
  try {
    // Not cancelled in its midst: what a hub knows must be known here, to be taken back.
    await CancellationScope.nonCancellable(async () => {
      const { isolated, delivery } = await scheduleLocalActivity<HubsResult>(HUBS_ACTIVITY, [hubs], {
        startToCloseTimeout: "10s",
        summary: path,
      });
      if (isolated) open.found = delivery;
      else {
        subscribed = hubs;
        await Promise.all(
          hubs.map((hub) => signalHub(hub, SUBSCRIBE_SIGNAL, waiter, { isNeeded: true, isThere: true })),
        );
      }
    });
    execution.progress.rests(path, `waits for ${events.map(({ name: event }) => `the event '${event}'`).join(" or ")}`);
    const isFound = () => open.found !== undefined;
    if (until === undefined) await condition(isFound);
    else await condition(isFound, Math.max(until - Date.now(), 1), { summary: path });
  } finally {
    execution.eventWaits.close(waiter.wait);
    const left = subscribed.filter((hub) => !told(hub));
    await CancellationScope.nonCancellable(() =>
      Promise.all(left.map((hub) => signalHub(hub, UNSUBSCRIBE_SIGNAL, { wait: waiter.wait }, { isNeeded: false }))),
    );
  }
  const { found } = open;
  if (found === undefined) return null;
  if (found.refused !== undefined) throw ApplicationFailure.nonRetryable(found.refused, failureTypes.waiters);
  return isOne ? found.payload : { event: found.event, payload: found.payload };
}
