/** Verbs that wait until a person decides. */
import { ApplicationFailure, condition, workflowInfo } from "../../../workflow";
import { type Approval, type ApprovalPlan, failureTypes, type PendingApproval, type Resolution } from "../plan";
import type { Execution } from "./execution";
import type { Scope } from "./scope";

interface Open extends PendingApproval {
  found?: Approval;
}

/** The waits of a run for people. */
export class Approvals {
  readonly #open = new Map<string, Open>();

  /** Those that nobody has decided. */
  pending(): PendingApproval[] {
    return [...this.#open.values()].filter(({ found }) => found === undefined);
  }

  /** Why a decision can't be taken; undefined if it can. */
  hindrance({ path, run }: Resolution): string | undefined {
    const open = this.#open.get(path);
    if (open === undefined) return `it doesn't wait for a decision at '${path}'`;
    if (open.run !== run) return "it is another run";
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

  open(path: string, until: number | undefined): Open {
    const run = workflowInfo().firstExecutionRunId;
    const open: Open = { path, run, since: Date.now(), ...(until === undefined ? {} : { until }) };
    this.#open.set(path, open);
    return open;
  }

  close(path: string): void {
    this.#open.delete(path);
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
  const open = execution.approvals.open(path, until);
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
