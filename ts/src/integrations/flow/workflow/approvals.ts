/** Verbs that wait until a person decides. */
import { defineSearchAttributeKey } from "../../../common";
import { ApplicationFailure, condition, upsertSearchAttributes, workflowInfo } from "../../../workflow";
import {
  type Approval,
  type ApprovalPlan,
  type Beginning,
  failureTypes,
  type PendingApproval,
  type Resolution,
  type Resumed,
  WAITING_ATTRIBUTE,
  waitText,
} from "../plan";
import type { Execution } from "./execution";
import type { Scope } from "./scope";

const waitingKey = defineSearchAttributeKey(WAITING_ATTRIBUTE, "KEYWORD_LIST");
/** Below the server's limit of 2 KB for a search attribute. */
const largestListed = 1_900;

interface Open extends PendingApproval {
  found?: Approval;
}

type Decisions = NonNullable<Beginning["decisions"]>;
type Kept = Pick<Beginning, "isListed" | "decisions">;

/** The waits of a run for people. */
export class Approvals {
  readonly #open = new Map<string, Open>();
  #isListed = false;
  #listed: readonly string[] = [];
  #decisions: Decisions = {};

  /** Goes on with what its run began with, or the run before had. */
  restore({ isListed, decisions = {} }: Kept): void {
    this.#isListed = isListed === true;
    this.#decisions = decisions;
  }

  /** What the next run of the chain, and children that take parts of a loop, get of it. */
  save(): Kept {
    return {
      ...(this.#isListed ? { isListed: true } : {}),
      ...(Object.keys(this.#decisions).length === 0 ? {} : { decisions: this.#decisions }),
    };
  }

  /** Those that nobody has decided. */
  pending(): PendingApproval[] {
    return [...this.#open.values()].filter(({ found }) => found === undefined);
  }

  /** Why a decision can't be taken; undefined if it can. */
  hindrance({ path, run, decision }: Resolution): string | undefined {
    const open = this.#open.get(path);
    if (open === undefined) return `it doesn't wait for a decision at '${path}'`;
    if (open.run !== run) return "it is another run";
    if (open.isPause && decision !== "approved") return "a pause can't be denied";
    return open.found === undefined ? undefined : "it has been decided";
  }

  resolve({ path, decision, by, input }: Resolution): void {
    const found: Approval = {
      decision,
      ...(by === undefined ? {} : { by }),
      ...(input === undefined ? {} : { input }),
    };
    this.#open.get(path)!.found = found;
  }

  open(path: string, more: Pick<PendingApproval, "until" | "isPause">): Open {
    const run = workflowInfo().firstExecutionRunId;
    const open: Open = { path, run, since: Date.now(), ...more };
    const decisions = this.#decisions[path.split("/").at(-1)!];
    const [found] = decisions ?? [];
    if (found !== undefined) open.found = found;
    if ((decisions?.length ?? 0) > 1) decisions!.shift();
    this.#open.set(path, open);
    this.#list();
    return open;
  }

  close(path: string): void {
    this.#open.delete(path);
    this.#list();
  }

  /** Tells the server's list of Workflows of the oldest waits, as many as it takes. */
  #list(): void {
    if (!this.#isListed) return;
    const texts: string[] = [];
    let left = largestListed;
    for (const text of [...this.#open.values()].map(waitText)) {
      if ((left -= text.length + '"",'.length) < 0) break;
      texts.push(text);
    }
    if (texts.join() === this.#listed.join()) return;
    this.#listed = texts;
    upsertSearchAttributes([{ key: waitingKey, value: texts.length === 0 ? null : texts }]);
  }
}

/** Tells whom the flow says, and waits for a decision. */
export async function humanInTheLoop(
  execution: Execution,
  { name, timeout, onTimeout = "deny", notify }: ApprovalPlan,
  path: string,
  scope: Scope,
): Promise<Approval> {
  const until = timeout === undefined ? undefined : Date.now() + timeout;
  const open = execution.approvals.open(path, until === undefined ? {} : { until });
  try {
    if (notify) {
      const { run } = open;
      await execution.notify(name, path, scope, { run, path, ...(until === undefined ? {} : { until }) });
    }
    execution.progress.rests(path, "waits for a person");
    const isDecided = () => open.found !== undefined;
    if (until === undefined) await condition(isDecided);
    else await condition(isDecided, Math.max(until - Date.now(), 1), { summary: path });
  } finally {
    execution.approvals.close(path);
  }
  if (open.found !== undefined) return open.found;
  if (onTimeout === "fail")
    throw ApplicationFailure.nonRetryable(`Nobody decided '${path}' within ${timeout} ms`, failureTypes.approval);
  return { decision: onTimeout === "approve" ? "approved" : "denied" };
}

/** Waits until somebody lets the run go on. */
export async function pause({ approvals, progress }: Execution, path: string): Promise<Resumed> {
  const open = approvals.open(path, { isPause: true });
  try {
    progress.rests(path, "is paused");
    await condition(() => open.found !== undefined);
  } finally {
    approvals.close(path);
  }
  const { decision: _, ...resumed } = open.found!;
  return resumed;
}
