/**
 * Runs Workflows while their Workers and the server are killed, and looks at the end whether anything was lost, wrong
 * or done again: `make soak`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection, WorkflowNotFoundError } from "../../src/client";
import { WorkflowTaskFailedCause } from "../../src/proto/temporal/api/enums/v1/failed_cause";
import type { History } from "../../src/proto/temporal/api/history/v1/message";
import { random } from "../../tests/flow/random";
import { type PrivateServer, startServer } from "../../tests/support/server";
import type { Effect } from "./activities";
import { add, go, type mixed, type Seen } from "./workflows";

/** How long a soak is. It ends when there are so many Workflows and kills, and so much time is over. */
export interface SoakOptions {
  minutes: number;
  workflows: number;
  kills: number;
  /** Milliseconds between two kills, on average. */
  killEveryMs: number;
  seed: number;
  report: (line: string) => void;
}

/** What a soak has seen. */
export interface SoakResult {
  workflows: number;
  workerKills: number;
  serverKills: number;
  /** Attempts at activities that a kill cut short. */
  repeatedAttempts: number;
  /** What isn't as it should be, in words. */
  problems: string[];
}

const inFlight = 20;
const workers = 2;
/** One kill in so many is of the server too. */
const killsPerServerKill = 5;

/** What `mixed` returns. */
export function expectedOf(n: number): Seen {
  return ["a", 2 * n, "both", 2 * n, 2 * (n + 1), "timer", 6, "sum", n + 1, 2 * n];
}

/** Soaks. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  const effects = join(folder, "effects");
  writeFileSync(effects, "");
  const server = await startServer();
  const connection = await Connection.connect({ address: server.address });
  const attack = new Attack(server, effects, options);
  try {
    await attack.begin();
    const client = new Client({ connection });
    const end = Date.now() + options.minutes * 60_000;
    let started = 0;
    const isOver = () => started >= options.workflows && attack.kills >= options.kills && Date.now() >= end;
    const problems: string[] = [];
    const lane = async () => {
      while (!isOver()) problems.push(...(await play(client, started++)));
    };
    const lanes = Promise.all(Array.from({ length: inFlight }, lane));
    const killing = attack.goOn(lanes.then(() => undefined));
    await lanes;
    await killing;
    problems.push(...(await stillOpen(client)));
    const lines = readFileSync(effects, "utf8").trim().split("\n");
    const done = lines.map((line) => JSON.parse(line) as Effect);
    problems.push(...(done.length === 0 ? ["nothing was done"] : repeatedEffects(done)));
    const repeatedAttempts = done.filter(({ attempt, local }) => attempt > 1 && !local).length;
    const { workerKills, serverKills } = attack;
    return { workflows: started, workerKills, serverKills, repeatedAttempts, problems };
  } finally {
    await attack.end();
    await connection.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Kills Workers and the server, and starts them again. */
class Attack {
  workerKills = 0;
  serverKills = 0;
  readonly #server: PrivateServer;
  readonly #effects: string;
  readonly #options: SoakOptions;
  readonly #random: () => number;
  readonly #workers: Bun.Subprocess<"ignore", "pipe", "inherit">[] = [];

  constructor(server: PrivateServer, effects: string, options: SoakOptions) {
    this.#server = server;
    this.#effects = effects;
    this.#options = options;
    this.#random = random(options.seed);
  }

  get kills(): number {
    return this.workerKills + this.serverKills;
  }

  async begin(): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: workers }, () => this.#startWorker()))));
  }

  /** Goes on until all is done. */
  async goOn(done: Promise<void>): Promise<void> {
    let isDone = false;
    void done.finally(() => (isDone = true));
    while (!isDone) {
      await Promise.race([Bun.sleep(this.#random() * 2 * this.#options.killEveryMs), done]);
      if (isDone) return;
      const index = Math.floor(this.#random() * workers);
      const victim = this.#workers[index]!;
      victim.kill("SIGKILL");
      await victim.exited;
      this.workerKills++;
      if (this.kills % killsPerServerKill === 0) {
        await this.#server.stop();
        this.serverKills++;
        await this.#server.start();
      }
      this.#workers[index] = await this.#startWorker();
      this.#options.report(`${this.workerKills} kills of Workers, ${this.serverKills} of the server`);
    }
  }

  async end(): Promise<void> {
    for (const worker of this.#workers) worker.kill("SIGKILL");
    await Promise.all(this.#workers.map((worker) => worker.exited));
  }

  async #startWorker(): Promise<Bun.Subprocess<"ignore", "pipe", "inherit">> {
    const command = [process.execPath, join(import.meta.dir, "worker.ts"), this.#server.address, "soak"];
    const env = { ...process.env, SOAK_EFFECTS: this.#effects };
    const worker = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const { value } = await worker.stdout.getReader().read();
    if (value === undefined) throw new Error(`a Worker ended with exit code ${await worker.exited}`);
    return worker;
  }
}

/** Runs one Workflow to its end. Returns what is wrong with it. */
async function play(client: Client, n: number): Promise<string[]> {
  const workflowId = `soak/${n}`;
  const options = {
    workflowId,
    taskQueue: "soak",
    args: [n] as [number],
    workflowTaskTimeout: "2s",
    workflowIdReusePolicy: "REJECT_DUPLICATE",
    workflowIdConflictPolicy: "USE_EXISTING",
  } as const;
  const problems: string[] = [];
  const handle = await persist(() => client.workflow.start<typeof mixed>("mixed", options), workflowId);
  await persist(() => handle.signal(go), workflowId);
  const latest = client.workflow.getHandle<typeof mixed>(workflowId);
  const added = await persist(() => latest.executeUpdate(add, { args: [n + 1], updateId: "add" }), workflowId);
  if (added !== 2 * (n + 1)) problems.push(`${workflowId}: the update returned ${added}`);
  const result = await persist(() => latest.result(), workflowId);
  const expected = expectedOf(n);
  if (!Bun.deepEquals(result, expected))
    problems.push(`${workflowId}: returned ${JSON.stringify(result)} instead of ${JSON.stringify(expected)}`);
  const history = await persist(() => latest.fetchHistory(), workflowId);
  problems.push(...failedTasks(workflowId, history));
  return problems;
}

/** Calls until the server answers. */
async function persist<T>(call: () => Promise<T>, what: string): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      // The first run has no handler for the update, and refuses it.
      if (attempt === 600 || error instanceof WorkflowNotFoundError)
        throw new Error(`${what}: ${error}`, { cause: error });
      await Bun.sleep(100);
    }
  }
}

/** Failures of Workflow tasks, but for those that Temporal makes of a task when something has arrived meanwhile. */
function failedTasks(workflowId: string, { events = [] }: History): string[] {
  return events.flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed === undefined || failed.cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
      ? []
      : [`${workflowId}: a Workflow task failed: ${failed.failure?.message}`],
  );
}

/** Attempts that were made twice. Local activities are made again with their Workflow task. */
function repeatedEffects(effects: readonly Effect[]): string[] {
  const known = new Set<string>();
  return effects.flatMap(({ workflowId, name, attempt, local }) => {
    const key = `${workflowId}: ${name}, attempt ${attempt}`;
    if (local) return [];
    if (known.has(key)) return [`${key} was made twice`];
    known.add(key);
    return [];
  });
}

/** Workflows that run when all should have ended. The server's list lags. */
async function stillOpen(client: Client): Promise<string[]> {
  const query = 'TaskQueue = "soak" AND ExecutionStatus = "Running"';
  let open: string[] = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    open = await Array.fromAsync(client.workflow.list({ query }), ({ workflowId }) => workflowId);
    if (open.length === 0) break;
    await Bun.sleep(100);
  }
  return open.map((workflowId) => `${workflowId} is still open`);
}
