/** How far a run is: for the query, and as the details that Temporal's UI shows. */
import { setCurrentDetails } from "../../../workflow";
import type { FlowPlan, FlowProgress } from "../plan";

/** What a verb waits for. */
interface Waiting {
  why: string;
  /** Whether that hinders it; a verb may be there for waiting. */
  isHindered: boolean;
}

const longestPath = 1_000;

/** What a run does and has done. */
export class Progress {
  readonly #running = new Map<string, Waiting | undefined>();
  #path: string[] = [];
  readonly #seen = new Set<string>();

  #isPaused = false;
  #plan: FlowPlan;
  #top: ReadonlySet<string> = new Set();

  constructor(plan: FlowPlan) {
    this.#plan = plan;
    this.replan(plan);
  }

  /** The run goes by another plan from now on. */
  replan(plan: FlowPlan): void {
    this.#plan = plan;
    this.#top = new Set(plan.nodes.map(({ name }) => name));
  }

  /** A verb begins. `name` is that of the verb, `path` has the turns around it too. */
  begins(name: string, path: string): void {
    this.#running.set(path, undefined);
    this.#path.push(path);
    if (this.#path.length > 2 * longestPath) this.#path = this.#path.slice(-longestPath);
    this.#seen.add(name);
    this.#show();
  }

  ends(path: string): void {
    this.#running.delete(path);
  }

  /** What a verb waits for that hinders it; undefined for nothing any more. */
  waits(path: string, why: string | undefined): void {
    this.#running.set(path, why === undefined ? undefined : { why, isHindered: true });
    this.#show();
  }

  /** What a verb waits for that is there for waiting. */
  rests(path: string, why: string): void {
    this.#running.set(path, { why, isHindered: false });
    this.#show();
  }

  /** Whether the run is held before its next verb. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused) {
    this.#isPaused = isPaused;
    this.#show();
  }

  /** Whether something hinders a verb. */
  isWaiting(path: string): boolean {
    return this.#running.get(path)?.isHindered === true;
  }

  report(): FlowProgress {
    return {
      flow: this.#plan.flow,
      ...(this.#isPaused ? { isPaused: true as const } : {}),
      running: [...this.#running].map(([step, waiting]) => ({
        step,
        ...(waiting === undefined ? {} : { waiting: waiting.why }),
      })),
      path: this.#path.slice(-longestPath),
    };
  }

  /** A line for each verb of the chain, and what is inside of them while it runs. */
  #show(): void {
    const lines = this.#plan.nodes.map(({ kind, name }) => {
      const mark = this.#running.has(name) ? "▶" : this.#seen.has(name) ? "✓" : "·";
      return `- ${mark} ${name}${kind === "step" ? "" : ` *(${kind})*`}`;
    });
    if (this.#isPaused) lines.push("- ⏸ paused");
    for (const [path, waiting] of this.#running) {
      if (waiting !== undefined) lines.push(`- ⏸ ${path}: ${waiting.why}`);
      else if (!this.#top.has(path)) lines.push(`- ▶ ${path}`);
    }
    setCurrentDetails(lines.join("\n"));
  }
}
