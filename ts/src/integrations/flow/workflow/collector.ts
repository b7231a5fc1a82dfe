/** The collector of a flow and key: starts one run for several starts. */
import {
  condition,
  continueAsNew,
  defineSignal,
  scheduleLocalActivity,
  setHandler,
  workflowInfo,
} from "../../../workflow";
import { Alarm } from "./alarm";
import { COLLECT_SIGNAL, type Collected, START_ACTIVITY } from "./gate-messages";

/** What is collected is no larger than this, in characters: the server's limit is 2 MB. */
const largest = 1_000_000;

/** So many keys of starts are remembered, to know one that comes twice. */
const rememberedKeys = 1_000;
/** A collector that has nothing to start stays for so long, in which it remembers them. */
const idleMs = 60_000;

/** What a collector hands over to its next run. */
interface CollectorState {
  /** What the next run starts with, and when. */
  open?: Open;
  inbox: Collected[];
  /** Of the starts that came last. */
  keys: string[];
  /** How many runs were started. */
  started: number;
}

interface Open {
  /** The payload; for batches, the items of all. */
  payload: unknown;
  since: number;
  due: number;
  size: number;
}

/** What a collector is started with. */
interface CollectorStart {
  flow: string;
}

const collectSignal = defineSignal<[Collected]>(COLLECT_SIGNAL);

/** Runs a collector, until nothing is left to start. */
export async function runCollector(start: CollectorStart, state?: CollectorState): Promise<void> {
  const collector = new Collector(start, state);
  setHandler(collectSignal, (collected) => collector.take(collected));
  await collector.run();
}

class Collector {
  readonly #start: CollectorStart;
  readonly #state: CollectorState;
  readonly #alarm = new Alarm();
  #busyAt = Date.now();

  constructor(start: CollectorStart, state: CollectorState = { inbox: [], keys: [], started: 0 }) {
    this.#start = start;
    this.#state = state;
  }

  take(collected: Collected): void {
    this.#state.inbox.push(collected);
  }

  async run(): Promise<void> {
    const { inbox } = this.#state;
    for (;;) {
      while (inbox.length > 0) {
        await this.#collect(inbox.shift()!);
        this.#busyAt = Date.now();
      }
      if (this.#state.open !== undefined && this.#state.open.due <= Date.now()) await this.#flush();
      if (inbox.length > 0) continue;
      const next = this.#state.open?.due ?? this.#busyAt + idleMs;
      if (next <= Date.now()) return;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew(this.#start, this.#state);
      this.#alarm.set(next);
      await condition(() => inbox.length > 0 || this.#alarm.hasRung);
      this.#alarm.stop();
    }
  }

  async #collect({ rule, payload, key }: Collected): Promise<void> {
    const now = Date.now();
    const size = JSON.stringify(payload ?? null).length;
    const before = this.#state.open;
    if (key !== undefined) {
      if (this.#state.keys.includes(key)) return;
      this.#state.keys = [...this.#state.keys.slice(1 - rememberedKeys), key];
    }
    if (rule.kind === "batch" && before !== undefined && before.size + size > largest) await this.#flush();
    const open = (this.#state.open ??= { payload: [], since: now, due: 0, size: 0 });
    if (rule.kind === "debounce") {
      if (open !== before || rule.take === "last") open.payload = payload;
      open.due = Math.min(now + rule.period, open.since + (rule.maxWait ?? Number.POSITIVE_INFINITY));
      return;
    }
    const items = open.payload as unknown[];
    items.push(...(payload as unknown[]));
    open.size += size;
    open.due = open.since + rule.timeout;
    while (items.length >= rule.size) await this.#begin(items.splice(0, rule.size));
    if (items.length === 0) delete this.#state.open;
  }

  async #flush(): Promise<void> {
    const { payload } = this.#state.open!;
    delete this.#state.open;
    await this.#begin(payload);
  }

  /** The key is the same if this is done again. */
  async #begin(payload: unknown): Promise<void> {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    const collector = workflowId.slice(workflowId.indexOf("/", workflowId.indexOf("/") + 1) + 1);
    const key = `${collector}/${firstExecutionRunId}/${this.#state.started++}`;
    await scheduleLocalActivity(START_ACTIVITY, [this.#start.flow, payload, key], { startToCloseTimeout: "30s" });
  }
}
