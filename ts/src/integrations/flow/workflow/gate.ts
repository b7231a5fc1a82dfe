/**
 * The gate of a flow and key: which of its runs may begin. Runs ask by a signal and are told by one, in the order in
 * which they asked.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  scheduleLocalActivity,
  setHandler,
  workflowInfo,
} from "../../../workflow";
import { Alarm } from "./alarm";
import {
  ASK_SIGNAL,
  type Asker,
  CHECK_ACTIVITY,
  type GateRule,
  LEAVE_SIGNAL,
  REPLACE_ACTIVITY,
  type RefusedBy,
  TELL_ACTIVITY,
  type Verdict,
} from "./gate-messages";

/** A gate that nobody needs stays for so long. */
const idleMs = 10_000;
/** How often it is seen whether those that are in are still there, while others wait for them. */
const checkMs = 30_000;
/** The same while nobody waits: from `checkMs`, twice as long each time, up to this. */
const longestCheckMs = 3_600_000;
const longestQueue = 1_000;
/** What a gate hands over to its next run is no larger than this, in characters: the server's limit is 2 MB. */
const largestState = 1_500_000;
const local = { startToCloseTimeout: "30s" } as const;

type Message = { kind: "ask"; asker: Asker; rule: GateRule } | { kind: "leave"; asker: Asker };

/** What a gate hands over to its next run. */
interface GateState {
  rule?: GateRule;
  holders: Asker[];
  waiting: Asker[];
  /** Those that began within the period, the oldest first. */
  recent: (Asker & { at: number })[];
  inbox: Message[];
}

/** What a run is told. */
export interface Told {
  workflowId: string;
  verdict: Verdict;
}

const askSignal = defineSignal<[Asker, GateRule]>(ASK_SIGNAL);
const leaveSignal = defineSignal<[Asker]>(LEAVE_SIGNAL);

/** Runs a gate, until nobody needs it. */
export async function runGate(_: unknown, state?: GateState): Promise<void> {
  const gate = new Gate(state);
  setHandler(askSignal, (asker, rule) => gate.take({ kind: "ask", asker, rule }));
  setHandler(leaveSignal, (asker) => gate.take({ kind: "leave", asker }));
  await gate.run();
}

class Gate {
  readonly #state: GateState;
  readonly #alarm = new Alarm();
  #told: Told[] = [];
  #busyAt = Date.now();
  #checkedAt = Date.now();
  #checkAfter = checkMs;

  constructor(state: GateState = { holders: [], waiting: [], recent: [], inbox: [] }) {
    this.#state = state;
  }

  take(message: Message): void {
    this.#state.inbox.push(message);
  }

  async run(): Promise<void> {
    const { inbox } = this.#state;
    for (;;) {
      while (inbox.length > 0) {
        const messages = inbox.splice(0);
        // All that have left make room first.
        for (const { kind, asker } of messages) if (kind === "leave") this.#leave(asker);
        for (const message of messages) if (message.kind === "ask") await this.#ask(message.asker, message.rule);
        this.#busyAt = Date.now();
        await this.#admit();
        if (workflowInfo().continueAsNewSuggested) await continueAsNew(undefined, this.#handedOver());
      }
      await this.#checkInTime();
      await this.#admit();
      if (inbox.length > 0) continue;
      const next = this.#nextChange();
      if (next <= Date.now()) return;
      this.#alarm.set(next);
      await condition(() => inbox.length > 0 || this.#alarm.hasRung);
      this.#alarm.stop();
    }
  }

  async #ask(asker: Asker, rule: GateRule): Promise<void> {
    const { holders, waiting, recent } = this.#state;
    this.#state.rule = rule;
    // A run asks again if it hears nothing.
    if (has(holders, asker) || has(recent, asker)) return this.#tell(asker, "admitted");
    if (has(waiting, asker)) return;
    if (rule.kind === "concurrency") waiting.push(asker);
    else if (rule.kind === "singleton") await this.#askSingle(asker, rule.mode);
    else {
      this.#forget(rule.period);
      const { kind, limit, period } = rule;
      const isFull = waiting.length > 0 || recent.length >= limit;
      if (!isFull) this.#begin(asker);
      else if (kind === "throttle" && waiting.length < longestQueue) {
        waiting.push(asker);
        this.#tell(asker, "waiting");
      } else {
        const ahead = Math.floor(waiting.length / limit) * period;
        const since = recent[Math.max(recent.length - limit, 0)]?.at ?? Date.now();
        this.#refuse(asker, { kind, retryAt: since + period + ahead });
      }
    }
  }

  async #askSingle(asker: Asker, mode: "skip" | "join" | "replace"): Promise<void> {
    const { holders, waiting } = this.#state;
    if (holders.length > 0) await this.#check();
    const [holder] = holders;
    if (holder === undefined && waiting.length === 0) return this.#begin(asker);
    if (mode === "replace") {
      if (holder !== undefined) await scheduleLocalActivity(REPLACE_ACTIVITY, [holder, asker], local);
      for (const other of waiting.splice(0))
        this.#refuse(other, { kind: "singleton", mode, running: asker.workflowId });
      waiting.push(asker);
      this.#tell(asker, "waiting");
    } else this.#refuse(asker, { kind: "singleton", mode, running: (holder ?? waiting[0]!).workflowId });
  }

  /** Those for whom there is no place ask again by themselves, and come last then. */
  #handedOver(): GateState {
    const { waiting, ...rest } = this.#state;
    let left = largestState - JSON.stringify(rest).length;
    const fits = waiting.findIndex((asker) => (left -= JSON.stringify(asker).length + 1) < 0);
    return { ...rest, waiting: fits < 0 ? waiting : waiting.slice(0, fits) };
  }

  #leave(asker: Asker): void {
    const { holders, waiting } = this.#state;
    for (const list of [holders, waiting]) {
      const at = list.findIndex((one) => isSame(one, asker));
      if (at >= 0) list.splice(at, 1);
    }
  }

  /** Lets those begin for whom there is room, and tells all that there is to tell. */
  async #admit(): Promise<void> {
    const { waiting } = this.#state;
    do {
      while (waiting.length > 0 && this.#hasRoom()) this.#begin(waiting.shift()!);
      const told = this.#told.splice(0);
      if (told.length === 0) return;
      const gone = await scheduleLocalActivity<string[]>(TELL_ACTIVITY, [told], local);
      this.#remove(gone);
    } while (waiting.length > 0 || this.#told.length > 0);
  }

  #hasRoom(): boolean {
    const { rule, holders, recent } = this.#state;
    if (rule === undefined) return false;
    if (rule.kind === "concurrency") return holders.length < rule.limit;
    if (rule.kind === "singleton") return holders.length === 0;
    this.#forget(rule.period);
    return recent.length < rule.limit;
  }

  #begin(asker: Asker): void {
    const { rule, holders, recent } = this.#state;
    if (rule?.kind === "concurrency" || rule?.kind === "singleton") holders.push(asker);
    else recent.push({ ...asker, at: Date.now() });
    this.#tell(asker, "admitted");
  }

  #refuse(asker: Asker, refused: RefusedBy): void {
    this.#tell(asker, "refused", refused);
  }

  #tell({ workflowId, firstRunId }: Asker, is: Verdict["is"], refused?: RefusedBy): void {
    const gate = workflowInfo().workflowId;
    this.#told.push({ workflowId, verdict: { gate, firstRunId, is, ...(refused === undefined ? {} : { refused }) } });
  }

  #forget(period: number): void {
    const { recent } = this.#state;
    const since = Date.now() - period;
    const kept = recent.findIndex(({ at }) => at > since);
    recent.splice(0, kept < 0 ? recent.length : kept);
  }

  /** Runs that were terminated leave nothing behind but this. */
  async #checkInTime(): Promise<void> {
    const { holders, waiting } = this.#state;
    if (holders.length === 0) return;
    if (waiting.length > 0) this.#checkAfter = checkMs;
    if (Date.now() < this.#checkedAt + this.#checkAfter) return;
    this.#checkAfter = Math.min(2 * this.#checkAfter, longestCheckMs);
    await this.#check();
  }

  async #check(): Promise<void> {
    const gone = await scheduleLocalActivity<string[]>(CHECK_ACTIVITY, [this.#state.holders], local);
    this.#checkedAt = Date.now();
    this.#remove(gone);
  }

  #remove(gone: readonly string[]): void {
    if (gone.length === 0) return;
    const { holders, waiting, recent } = this.#state;
    for (const list of [holders, waiting, recent] as Asker[][]) {
      const left = list.filter(({ firstRunId }) => !gone.includes(firstRunId));
      list.splice(0, list.length, ...left);
    }
  }

  /** When there may be something to do without a message; for a gate that nobody needs, when it ends. */
  #nextChange(): number {
    const { rule, holders, waiting, recent } = this.#state;
    const idle = this.#busyAt + idleMs;
    if (rule?.kind === "rateLimit" || rule?.kind === "throttle") {
      this.#forget(rule.period);
      if (waiting.length > 0) return recent[recent.length - rule.limit]!.at + rule.period;
      return Math.max(idle, (recent.at(-1)?.at ?? 0) + rule.period);
    }
    if (holders.length === 0) return idle;
    return this.#checkedAt + (waiting.length > 0 ? checkMs : this.#checkAfter);
  }
}

function isSame(one: Asker, other: Asker): boolean {
  return one.workflowId === other.workflowId && one.firstRunId === other.firstRunId;
}

function has(list: readonly Asker[], asker: Asker): boolean {
  return list.some((one) => isSame(one, asker));
}
