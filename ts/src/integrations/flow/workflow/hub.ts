/** The hub of an event and key: who waits for it, and what has happened already, for those who come later. */
import {
  condition,
  continueAsNew,
  defineSignal,
  patched,
  scheduleLocalActivity,
  setHandler,
  workflowInfo,
} from "../../../workflow";
import { Alarm } from "./alarm";
import {
  DELIVER_ACTIVITY,
  type Delivery,
  ENDED_ACTIVITY,
  type HubStart,
  PUBLISHED_SIGNAL,
  type Published,
  SUBSCRIBE_SIGNAL,
  UNSUBSCRIBE_SIGNAL,
  type Waiter,
} from "./event-messages";

/** A hub that has nothing to do stays for so long. Whoever sees to a hub signals it right afterwards. */
const idleMs = 10_000;
const maxWaiters = 2_000;
/** What a hub keeps: no more events, and no more bytes. */
const maxKept = 1_000;
const maxKeptBytes = 1_000_000;
/** What a hub hands over to its next run may be so large, below the server's limit of 2 MB. */
const maxStateBytes = 1_500_000;
const deliveriesAtATime = 100;
/** Waits end by themselves; one that is still here so long after its end has a run that is gone. */
const graceMs = 60_000;

/** A full hub asks so often whether those who wait are still there. */
const checkAgainMs = 30_000;

/** An event that is kept. */
interface Kept extends Published {
  until: number;
  bytes: number;
  /** Ids of the Workflows that have got it. */
  got: string[];
}

type Message =
  | { kind: "subscribe"; waiter: Waiter }
  | { kind: "unsubscribe"; wait: string }
  | { kind: "published"; event: Published };

/** What a hub hands over to its next run. */
interface HubState {
  waiters: Waiter[];
  kept: Kept[];
  inbox: Message[];
}

/** A delivery without the payload, which many have in common. */
export type Told = Omit<Delivery, "payload" | "event">;

const subscribeSignal = defineSignal<[Waiter]>(SUBSCRIBE_SIGNAL);
const unsubscribeSignal = defineSignal<[Pick<Waiter, "wait">]>(UNSUBSCRIBE_SIGNAL);
const publishedSignal = defineSignal<[Published]>(PUBLISHED_SIGNAL);

/** Runs a hub, until nobody waits and it keeps nothing. */
export async function runHub(start: HubStart, state?: HubState): Promise<void> {
  const hub = new Hub(start, state);
  setHandler(subscribeSignal, (waiter) => hub.take({ kind: "subscribe", waiter }));
  setHandler(unsubscribeSignal, ({ wait }) => hub.take({ kind: "unsubscribe", wait }));
  setHandler(publishedSignal, (event) => hub.take({ kind: "published", event }));
  await hub.run();
}

class Hub {
  readonly #start: HubStart;
  readonly #waiters: Map<string, Waiter>;
  #kept: Kept[];
  #inbox: Message[];
  #busyAt = Date.now();
  readonly #alarm = new Alarm();
  #checkAgainAt = 0;

  constructor(start: HubStart, { waiters, kept, inbox }: HubState = { waiters: [], kept: [], inbox: [] }) {
    this.#start = start;
    this.#waiters = new Map(waiters.map((waiter) => [waiter.wait, waiter]));
    this.#kept = kept;
    this.#inbox = inbox;
  }

  take(message: Message): void {
    this.#inbox.push(message);
  }

  async run(): Promise<void> {
    for (;;) {
      this.#forget();
      const next = this.#nextChange();
      if (this.#inbox.length === 0 && next <= Date.now()) return;
      this.#alarm.set(next);
      await condition(() => this.#inbox.length > 0 || this.#alarm.hasRung);
      this.#alarm.stop();
      while (this.#inbox.length > 0) {
        await this.#work(this.#inbox.splice(0));
        this.#busyAt = Date.now();
        if (workflowInfo().continueAsNewSuggested) {
          this.#forget();
          const state: HubState = { waiters: [...this.#waiters.values()], kept: this.#kept, inbox: this.#inbox };
          // What has come meanwhile may be too much to hand over: it is worked on first.
          if (bytesOf(state) <= maxStateBytes) await continueAsNew(this.#start, state);
        }
      }
    }
  }

  /** When there may be something to do without a message; for a hub that has nothing left, when it ends. */
  #nextChange(): number {
    if (this.#waiters.size === 0 && this.#kept.length === 0) return this.#busyAt + idleMs;
    const ends = [...this.#waiters.values()].flatMap(({ until }) => (until === undefined ? [] : until + graceMs));
    return Math.min(...this.#kept.map(({ until }) => until), ...ends);
  }

  /** Drops what is over. */
  #forget(): void {
    const now = Date.now();
    this.#kept = this.#kept.filter(({ until }) => until > now);
    for (const { wait, until = Number.POSITIVE_INFINITY } of this.#waiters.values())
      if (until + graceMs <= now) this.#waiters.delete(wait);
  }

  async #work(messages: readonly Message[]): Promise<void> {
    const told: Told[] = [];
    const payloads: Record<string, unknown> = {};
    for (const message of messages) {
      if (message.kind === "unsubscribe") this.#waiters.delete(message.wait);
      else if (message.kind === "subscribe") {
        const { workflowId, wait, since } = message.waiter;
        const kept = this.#kept.find(
          (event) => event.until > Date.now() && isSince(event, since) && !event.got.includes(workflowId),
        );
        if (kept !== undefined) {
          kept.got.push(workflowId);
          payloads[kept.id] = kept.payload;
          told.push({ workflowId, wait, id: kept.id });
        } else if (this.#waiters.size < maxWaiters || (await this.#makesRoom()))
          this.#waiters.set(wait, message.waiter);
        else told.push({ workflowId, wait, refused: this.#fullText() });
      } else {
        const { id, payload } = message.event;
        const waiters = [...this.#waiters.values()].filter(({ since }) => isSince(message.event, since));
        for (const { workflowId, wait } of waiters) {
          told.push({ workflowId, wait, id });
          this.#waiters.delete(wait);
        }
        payloads[id] = payload;
        this.#keep(message.event, waiters);
      }
    }
    for (let from = 0; from < told.length; from += deliveriesAtATime) {
      const part = told.slice(from, from + deliveriesAtATime);
      const wanted = Object.fromEntries(part.flatMap(({ id }) => (id === undefined ? [] : [[id, payloads[id]]])));
      await scheduleLocalActivity(DELIVER_ACTIVITY, [this.#start.event, part, wanted], { startToCloseTimeout: "30s" });
    }
  }

  /** Takes their places from runs that were terminated and took nothing back. Returns whether there is one now. */
  async #makesRoom(): Promise<boolean> {
    // Runs of before refused who came too late at once.
    if (Date.now() < this.#checkAgainAt || !patched("flow-hub-ended")) return false;
    this.#checkAgainAt = Date.now() + checkAgainMs;
    const waiters = [...this.#waiters.values()];
    const ids = waiters.map(({ workflowId }) => workflowId);
    const ended = await scheduleLocalActivity<number[]>(ENDED_ACTIVITY, [ids], { startToCloseTimeout: "1m" });
    for (const index of ended) this.#waiters.delete(waiters[index]!.wait);
    return this.#waiters.size < maxWaiters;
  }

  #keep(event: Published, waiters: readonly Waiter[]): void {
    const { retain = this.#start.retain ?? null } = event;
    if (retain === null) return;
    const bytes = bytesOf(event);
    const got = [...new Set(waiters.map(({ workflowId }) => workflowId))];
    this.#kept.push({ ...event, until: Date.now() + retain, bytes, got });
    let all = this.#kept.reduce((sum, kept) => sum + kept.bytes, 0);
    while (this.#kept.length > maxKept || all > maxKeptBytes) all -= this.#kept.shift()!.bytes;
  }

  #fullText(): string {
    const { event, key } = this.#start;
    const which = key === undefined ? `'${event}'` : `'${event}' with the key '${key}'`;
    return `${maxWaiters} waits for the event ${which} are open already, and there can be no more: give the event a key, by which each run waits for its own`;
  }
}

function isSince({ at = 0 }: Published, since = 0): boolean {
  return at >= since;
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
