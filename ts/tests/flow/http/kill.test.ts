/**
 * The process that serves HTTP and the server are killed while callers wait: who repeats the request gets the answer of
 * the one run that there is.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "../../../src/client";
import { eventually } from "../../support/eventually";
import { type PrivateServer, startServer } from "../../support/server";
import { random } from "../random";

setDefaultTimeout(300_000);

const seeds = Number(process.env["FLOWS_KILL_SEEDS"] ?? 3);
const folder = mkdtempSync(join(tmpdir(), "flows-http-kill-"));
let server: PrivateServer;
let connection: Connection;
let client: Client;
const processes = new Set<Bun.Subprocess>();

beforeAll(async () => {
  server = await startServer();
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
});

afterAll(async () => {
  for (const one of processes) one.kill("SIGKILL");
  await connection?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** An application that is killed and started again, at another port each time. */
class Served {
  #process: Bun.Subprocess<"ignore", "pipe", "ignore"> | undefined;
  #url = "";
  readonly effects: string;
  readonly gate: string;

  constructor(readonly name: string) {
    this.effects = join(folder, name);
    this.gate = `${this.effects}.gate`;
    writeFileSync(this.effects, "");
  }

  async start(): Promise<void> {
    this.#process = Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "fixtures/kill-app.ts"),
        server.address,
        this.name,
        this.effects,
        this.gate,
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "ignore" },
    );
    processes.add(this.#process);
    const { value } = await this.#process.stdout.getReader().read();
    if (value === undefined) throw new Error(`it ended with exit code ${await this.#process.exited}`);
    this.#url = new TextDecoder().decode(value).trim();
  }

  async kill(): Promise<void> {
    this.#process!.kill("SIGKILL");
    await this.#process!.exited;
    processes.delete(this.#process!);
  }

  /** Asks it to end. Returns its exit code. */
  async end(): Promise<number> {
    const ended = this.#process!;
    ended.kill("SIGTERM");
    const code = await ended.exited;
    processes.delete(ended);
    return code;
  }

  async send(respond: string, key: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(new URL(`/${respond}`, this.#url), { method: "POST", body: JSON.stringify({ key }) });
    return { status: answer.status, body: await answer.json() };
  }

  /** What a caller does who wants an answer: the same request again, until there is one. */
  async deliver(respond: string, key: string): Promise<{ status: number; body: unknown }> {
    const answered = await eventually(
      () => this.send(respond, key).catch(() => undefined),
      (answer) => answer !== undefined && answer.status !== 503 && (respond === "accepted" || answer.status !== 202),
    );
    return answered!;
  }

  open(): void {
    writeFileSync(this.gate, "");
  }

  lines(): string[] {
    return readFileSync(this.effects, "utf8").split("\n").filter(Boolean);
  }
}

/** What each kind of webhook answers of a run that ends well. */
const answers = (respond: string, id: string) =>
  ({
    accepted: { status: 202, body: { id } },
    result: { status: 200, body: { id, status: "COMPLETED", output: id } },
    step: { status: 201, body: { of: id } },
  })[respond];

/** There is one run, it has ended well, and its second step ran once. */
async function expectOneRun(served: Served, id: string): Promise<void> {
  expect(await client.workflow.getHandle(id).result()).toBe(id);
  const { events = [] } = await client.workflow.getHandle(id).fetchHistory();
  const count = (has: (event: (typeof events)[number]) => unknown) => events.filter(has).length;
  expect({
    starts: count((event) => event.workflowExecutionStartedEventAttributes),
    steps: count((event) => event.activityTaskScheduledEventAttributes),
    failedTasks: count((event) => event.workflowTaskFailedEventAttributes),
  }).toEqual({ starts: 1, steps: 2, failedTasks: 0 });
  expect(served.lines().filter((line) => line === `${id} second`)).toHaveLength(1);
  const listed = await eventually(
    () => Array.fromAsync(client.workflow.list({ query: `TaskQueue = "${served.name}" AND WorkflowId = "${id}"` })),
    (runs) => runs.length > 0 && runs.every(({ status }) => status.name === "COMPLETED"),
  );
  expect(listed).toHaveLength(1);
}

test("SIGTERM ends the process: callers get their answers, and nothing listens any more", async () => {
  const served = new Served("terminated");
  await served.start();
  const answer = served.send("step", served.name);
  await eventually(
    () => served.lines(),
    (lines) => lines.length > 0,
  );
  const ended = served.end();
  await served.start();
  served.open();
  expect(await answer).toEqual(answers("step", `step/${served.name}`)!);
  expect(await ended).toBe(0);
  await served.kill();
});

describe.each(["accepted", "result", "step"])("%s", (respond) => {
  test("the process is killed while the caller waits", async () => {
    const served = new Served(`process-${respond}`);
    const id = `${respond}/${served.name}`;
    await served.start();
    const first = served.send(respond, served.name).catch(() => "no answer");
    await eventually(
      () => served.lines(),
      (lines) => lines.includes(`${id} first`),
    );
    await served.kill();
    expect(await first).toEqual(respond === "accepted" ? answers(respond, id)! : "no answer");
    served.open();
    await served.start();
    expect(await served.deliver(respond, served.name)).toEqual(answers(respond, id)!);
    await expectOneRun(served, id);
    // Nor does it start anything when the run has ended.
    expect(await served.send(respond, served.name)).toEqual(answers(respond, id)!);
    await expectOneRun(served, id);
    await served.kill();
  });

  test("the server is killed while the caller waits", async () => {
    const served = new Served(`server-${respond}`);
    const id = `${respond}/${served.name}`;
    await served.start();
    const first = served.deliver(respond, served.name);
    await eventually(
      () => served.lines(),
      (lines) => lines.includes(`${id} first`),
    );
    await server.stop();
    served.open();
    await server.start();
    expect(await first).toEqual(answers(respond, id)!);
    await expectOneRun(served, id);
    await served.kill();
  });
});

test.each(Array.from({ length: seeds }, (_, seed) => [seed]))(
  "twenty callers of each kind, everything killed at random, seed %d",
  async (seed) => {
    const next = random(seed + 1);
    const served = new Served(`seed-${seed}`);
    await served.start();
    const kinds = ["accepted", "result", "step"];
    const callers = kinds.flatMap((respond) =>
      Array.from({ length: 20 }, async () => ({ respond, answer: await served.deliver(respond, served.name) })),
    );
    const delivered = Promise.all(callers);
    for (let kills = 2 + Math.floor(next() * 3); kills > 0; kills--) {
      await Bun.sleep(next() * 1000);
      const both = next() < 0.3;
      await Promise.all([served.kill(), both ? server.stop() : undefined]);
      if (both) await server.start();
      if (kills === 1) served.open();
      await served.start();
    }
    for (const { respond, answer } of await delivered)
      expect(answer).toEqual(answers(respond, `${respond}/${served.name}`)!);
    for (const respond of kinds) await expectOneRun(served, `${respond}/${served.name}`);
    expect(existsSync(served.gate)).toBe(true);
    await served.kill();
  },
);
