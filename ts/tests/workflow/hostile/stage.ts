/** Takes the Workflows of rows through their activations. */
import { WorkflowActivationCompletion } from "../../../src/proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { type Job, type Outcome, type TestRun, type TestThread, value } from "../support";

/** How a run ended: with a value or an error, or with a failed Workflow Task. */
export type Ended = { gives: unknown } | { fails: string } | { ends: string };

/** A Workflow that gets the activations that its commands ask for. */
export class Play {
  #run: TestRun;
  readonly #then: Job[][];
  readonly #past: Job[][] = [];
  readonly #commands: string[] = [];
  #timers = 0;
  #ended: Ended | undefined;

  /** @param then what happens to it after it has started, an activation for each list */
  constructor(
    private readonly thread: TestThread,
    private readonly workflowType: string,
    then: Job[][] = [],
  ) {
    this.#run = thread.run(workflowType);
    this.#then = [...then];
  }

  /** What the completions had in them. */
  get commands(): readonly string[] {
    return this.#commands;
  }

  /** Gives it its first activation. */
  async start(): Promise<void> {
    this.#take(await this.#run.start());
  }

  /** Removes it from memory and replays what it had so far; fails if that has other commands. */
  async replay(): Promise<void> {
    await this.#run.evict();
    this.#run = this.thread.run(this.workflowType);
    this.#run.replaying = true;
    const commands = [contents(await this.#run.start())];
    for (const jobs of this.#past) commands.push(contents(await this.#run.activate(...jobs)));
    this.#run.replaying = false;
    if (commands.join() !== this.#commands.join()) this.#ended = { fails: `Other commands on replay: ${commands}` };
  }

  /** Gives it activations until it ends. */
  async finish(replays = false): Promise<Ended> {
    for (let fired = 0; this.#ended === undefined; ) {
      const jobs = this.#then.shift() ?? (fired < this.#timers ? [{ fireTimer: { seq: ++fired } }] : undefined);
      if (jobs === undefined) this.#ended = { fails: "The Workflow waits for nothing that comes" };
      else {
        if (replays) await this.replay();
        this.#take(await this.#run.activate(...jobs));
        this.#past.push(jobs);
      }
    }
    await this.#run.evict();
    return this.#ended;
  }

  #take(outcome: Outcome): void {
    this.#commands.push(contents(outcome));
    this.#timers += outcome.kinds.filter((kind) => kind === "startTimer").length;
    this.#ended ??= endOf(outcome);
  }
}

/** Runs a Workflow to its end. */
export async function play(thread: TestThread, workflowType: string, then: Job[][] = []): Promise<Ended> {
  const play = new Play(thread, workflowType, then);
  await play.start();
  return play.finish();
}

function endOf({ commands, failure }: Outcome): Ended | undefined {
  if (failure !== undefined) return { fails: failure.message ?? "" };
  for (const { completeWorkflowExecution: completed, failWorkflowExecution: failed } of commands) {
    if (completed !== undefined) return { gives: value(completed.result) };
    if (failed !== undefined) return { ends: failed.failure?.message ?? "" };
  }
  return undefined;
}

function contents({ commands, failure }: Outcome): string {
  if (failure !== undefined) return `failed: ${failure.message}`;
  return Buffer.from(WorkflowActivationCompletion.encode({ successful: { commands } }).finish()).toString("base64");
}
