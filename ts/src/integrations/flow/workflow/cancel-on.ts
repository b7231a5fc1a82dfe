/** Events that cancel a run. */
import {
  CancellationScope,
  ContinueAsNew,
  condition,
  isCancellation,
  log,
  scheduleLocalActivity,
  sleep,
  uuid4,
  workflowInfo,
} from "../../../workflow";
import { signalHub } from "./event";
import {
  HUBS_ACTIVITY,
  type HubStart,
  type HubsResult,
  SUBSCRIBE_SIGNAL,
  UNSUBSCRIBE_SIGNAL,
  type Waiter,
} from "./event-messages";
import type { Execution } from "./execution";

/** A hub without room for the run is asked again after so long, then twice as long each time, up to the second. */
const firstPatienceMs = 60_000;
const longestPatienceMs = 3_600_000;

/** The hubs of the events that cancel a run. */
export interface CancelOn {
  hubs: HubStart[];
  /** Names the run's wait at them, once it has one. */
  wait?: string;
}

/** Runs `body`, and cancels the run when one of the events happens meanwhile. */
export async function cancellableBy<T>(
  execution: Execution,
  cancelOn: CancelOn | undefined,
  body: () => Promise<T>,
): Promise<T> {
  if (cancelOn === undefined) return body();
  const watch = new CancellationScope();
  let isContinued = false;
  try {
    if (cancelOn.wait === undefined) await subscribe(execution, cancelOn);
    else execution.eventWaits.open(cancelOn.wait);
    void watch
      .run(() => cancelWhenTold(execution, cancelOn))
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
    return await body();
  } catch (error) {
    isContinued = error instanceof ContinueAsNew;
    throw error;
  } finally {
    watch.cancel();
    if (!isContinued) await unsubscribe(execution, cancelOn);
  }
}

async function cancelWhenTold(execution: Execution, cancelOn: CancelOn): Promise<void> {
  for (let patience = firstPatienceMs; ; patience = Math.min(2 * patience, longestPatienceMs)) {
    const open = execution.eventWaits.opened(cancelOn.wait!);
    await condition(() => open.found !== undefined);
    const { event, refused } = open.found!;
    if (refused === undefined) return await execution.cancel(`the event '${event}' happened`);
    log.warn(`At the moment the event '${event}' can't cancel the run: ${refused}`);
    execution.eventWaits.close(cancelOn.wait!);
    delete cancelOn.wait;
    await sleep(patience);
    await subscribe(execution, cancelOn);
  }
}

/** Not cancelled in its midst: what a hub knows must be known here, to be taken back. */
function subscribe(execution: Execution, cancelOn: CancelOn): Promise<void> {
  const { hubs } = cancelOn;
  const { workflowId, startTime } = workflowInfo();
  const waiter: Waiter = { workflowId, wait: uuid4(), since: startTime.getTime() };
  execution.eventWaits.open(waiter.wait);
  cancelOn.wait = waiter.wait;
  return CancellationScope.nonCancellable(async () => {
    await scheduleLocalActivity<HubsResult>(HUBS_ACTIVITY, [hubs], { startToCloseTimeout: "10s" });
    await Promise.all(hubs.map((hub) => signalHub(hub, SUBSCRIBE_SIGNAL, waiter, { isNeeded: true, isThere: true })));
  });
}

async function unsubscribe({ eventWaits }: Execution, { hubs, wait }: CancelOn): Promise<void> {
  if (wait === undefined) return;
  const { found } = eventWaits.opened(wait);
  eventWaits.close(wait);
  const left = hubs.filter(({ event }) => event !== found?.event);
  await CancellationScope.nonCancellable(() =>
    Promise.all(left.map((hub) => signalHub(hub, UNSUBSCRIBE_SIGNAL, { wait }, { isNeeded: false }))),
  );
}
