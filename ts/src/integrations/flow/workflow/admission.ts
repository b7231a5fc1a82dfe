/** How a run begins that has gates to pass, and how it leaves them. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  scheduleLocalActivity,
  setHandler,
  workflowInfo,
} from "../../../workflow";
import { failureTypes } from "../plan";
import {
  ASK_ACTIVITY,
  type Asker,
  type GateOf,
  LEAVE_ACTIVITY,
  type RefusedBy,
  VERDICT_SIGNAL,
  type Verdict,
} from "./gate-messages";
import type { Progress } from "./progress";

/** A run that hears nothing asks again, after twice as long each time: its gate may have been terminated. */
const firstPatienceMs = 60_000;
const longestPatienceMs = 600_000;
const local = { startToCloseTimeout: "30s" } as const;

const verdictSignal = defineSignal<[Verdict]>(VERDICT_SIGNAL);

/** The gates of a run. */
export class Admission {
  /** Gates that have to be told when the run ends. */
  readonly held: GateOf[] = [];
  #last: Verdict | undefined;
  #isDecided = false;
  readonly #asker: Asker;

  constructor() {
    const { workflowId, firstExecutionRunId: firstRunId } = workflowInfo();
    this.#asker = { workflowId, firstRunId };
  }

  /** Passes gates, one after the other. @throws ApplicationFailure if one refuses */
  async enter(gates: readonly GateOf[], progress: Progress): Promise<void> {
    if (gates.length > 0) {
      setHandler(verdictSignal, (verdict) => {
        if (verdict.firstRunId === this.#asker.firstRunId) this.#last = verdict;
      });
    }
    try {
      for (const gate of gates) {
        // Whoever asks whether the run may begin needn't wait for others to end.
        if (gate.rule.kind === "concurrency") this.#isDecided = true;
        await this.#pass(gate, progress);
      }
    } finally {
      this.#isDecided = true;
    }
  }

  /** Whether the run may begin: at once, or when it is its turn. */
  async decided(): Promise<RefusedBy | undefined> {
    await condition(() => this.#isDecided || this.#last?.is === "waiting" || this.#last?.is === "refused");
    return this.#last?.refused;
  }

  /** Makes room for others. */
  async leave(): Promise<void> {
    if (this.held.length === 0) return;
    const ids = this.held.map(({ id }) => id);
    await CancellationScope.nonCancellable(() => scheduleLocalActivity(LEAVE_ACTIVITY, [ids, this.#asker], local));
  }

  async #pass(gate: GateOf, progress: Progress): Promise<void> {
    const path = `flow.${gate.rule.kind}`;
    const isHeld = gate.rule.kind === "concurrency" || gate.rule.kind === "singleton";
    this.held.push(gate);
    progress.waits(path, `it waits for its turn at ${gate.id}`);
    const verdict = () => (this.#last?.gate === gate.id && this.#last.is !== "waiting" ? this.#last : undefined);
    try {
      for (let patience = firstPatienceMs; ; patience = Math.min(2 * patience, longestPatienceMs)) {
        await scheduleLocalActivity(ASK_ACTIVITY, [gate, this.#asker], local);
        if (await condition(() => verdict() !== undefined, patience)) break;
      }
    } finally {
      progress.ends(path);
    }
    const { refused } = verdict()!;
    if (refused !== undefined || !isHeld) this.held.pop();
    if (refused !== undefined) throw refusal(refused);
  }
}

function refusal(by: RefusedBy): ApplicationFailure {
  const { kind, running, retryAt } = by;
  const why =
    kind === "singleton"
      ? `'${running}' runs in its place`
      : `there have been too many, there is room from ${new Date(retryAt!).toISOString()} on`;
  return ApplicationFailure.nonRetryable(
    `The option ${kind} of the flow refused the run: ${why}`,
    failureTypes.refused,
    by,
  );
}
