/** The commands that start Workflows, talk to them and look at them: the real program, server and Worker. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "../../src/common/encoding";
import { NativeConnection, Worker } from "../../src/worker";
import { eventually } from "../support/eventually";
import { Program } from "../support/process";
import { startServer, testServer } from "../support/server";
import * as activities from "./fixtures/activities";

const program = join(import.meta.dir, "../../src/cli/temporal-bun.ts");
const taskQueue = `commands-${crypto.randomUUID()}`;
const folder = mkdtempSync(join(tmpdir(), "temporal-commands-"));
let address: string;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  ({ address } = await testServer());
  connection = await NativeConnection.connect({ address });
  const workflowsPath = join(import.meta.dir, "fixtures/workflows.ts");
  worker = await Worker.create({ connection, taskQueue, workflowsPath, activities });
  running = worker.run();
});

afterAll(async () => {
  worker?.shutdown();
  await running;
  await connection?.close();
  rmSync(folder, { recursive: true });
});

const start = (...words: string[]) =>
  new Program([process.execPath, program, ...words], {
    env: { PATH: process.env["PATH"], HOME: folder, TEMPORAL_ADDRESS: address },
  });

/** What a command writes, and its exit code as the first word if it is not 0. */
const command = (...words: string[]) => start(...words).ends();
const failing = async (code: number, ...words: string[]) => (await start(...words).ends(code)).errors;
const json = async (...words: string[]) => JSON.parse((await command(...words, "--json")).output);

let count = 0;

/** Starts a Workflow that gathers. Returns the options that name it. */
async function gathering(...more: string[]): Promise<[string, string]> {
  const id = `gather-${taskQueue}-${count++}`;
  await command("start", "--type", "gather", "-t", taskQueue, "-w", id, ...more);
  return ["--workflow-id", id];
}

test("a Workflow is started, sent messages, asked, looked at, and its result printed", async () => {
  const file = join(folder, "input.json");
  writeFileSync(file, '{ "from": "a file" }');
  const workflow = await gathering("-i", '"first"', "-i", "-5", "--memo", 'why={"is":"a test"}');
  const id = workflow[1];

  expect((await command("signal", ...workflow, "--name", "add", "--input-file", file)).output).toBe(
    `signalled ${id}: add\n`,
  );
  const things = ["first", -5, { from: "a file" }];
  expect(JSON.parse((await command("query", ...workflow, "--type", "things")).output)).toEqual(things);
  expect(await json("query", ...workflow, "--name", "things")).toEqual({
    workflowId: id,
    query: "things",
    result: things,
  });
  expect((await command("update", ...workflow, "--name", "put", "-i", "null")).output).toBe("4\n");

  const description = (await command("describe", ...workflow)).output;
  expect(description).toMatch(new RegExp(`^${id}\n`));
  for (const line of [/status +RUNNING/, /type +gather/, /memo +why = \{"is":"a test"\}/])
    expect(description).toMatch(line);
  expect(await json("describe", ...workflow)).toMatchObject({
    workflowId: id,
    status: "RUNNING",
    taskQueue,
    memo: { why: { is: "a test" } },
    pending: { activities: [], children: [] },
  });

  await using waiting = start("result", ...workflow);
  await using following = start("show", ...workflow, "--follow");
  await following.says(/workflow execution update completed {2}put → 4\n/);
  await command("signal", ...workflow, "--name", "end");
  expect(JSON.parse((await waiting.ends()).output)).toEqual([...things, null]);
  expect(await json("result", ...workflow)).toEqual({
    workflowId: id,
    status: "COMPLETED",
    result: [...things, null],
  });

  const shown = (await command("show", ...workflow)).output;
  expect((await following.ends()).output).toBe(shown);
  const lines = shown.trimEnd().split("\n");
  expect(lines[0]).toBe('   0.000 s    1  workflow execution started           gather("first", -5)');
  expect(lines.at(-1)).toEndWith('workflow execution completed         → ["first",-5,{"from":"a file"},null]');
  const { events } = await json("show", ...workflow);
  expect(events).toHaveLength(lines.length);
  expect(events[0]).toMatchObject({ eventId: "1", eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED" });
  // It replays: the form is that of Temporal's own command line.
  await Worker.runReplayHistory({ workflowsPath: join(import.meta.dir, "fixtures/workflows.ts") }, { events });
});

test("numbers that JavaScript can't hold arrive as they are written, and are printed so", async () => {
  const workflow = await gathering("-i", '{"id":12345678901234567890,"price":1.10}');
  const { output } = await command("show", ...workflow);
  expect(output).toContain('gather({"id":12345678901234567890,"price":1.10})');
});

test("an argument comes from standard input", async () => {
  const child = Bun.spawn(
    [process.execPath, program, "start", "--type", "gather", "-t", taskQueue, "--input-file", "-", "--json"],
    { env: { ...process.env, TEMPORAL_ADDRESS: address }, stdin: new Blob(['["piped"]']), stdout: "pipe" },
  );
  const { workflowId, type } = JSON.parse(await new Response(child.stdout).text());
  expect(type).toBe("gather");
  expect((await command("show", "-w", workflowId)).output).toContain('gather(["piped"])');
});

test("a failed Workflow: its causes, exit code 1, and the same as JSON", async () => {
  const workflow = ["--workflow-id", `fail-${taskQueue}`];
  await command("start", "--type", "fail", "-t", taskQueue, ...workflow);
  const errors = await failing(1, "result", ...workflow);
  expect(errors).toMatch(
    /^\S+ did not complete: FAILED\n {2}ActivityFailure: Activity task failed \[refuse, MAXIMUM_ATTEMPTS_REACHED\]\n {2}caused by ApplicationFailure \(Unwilling\): not today\n {6}at /,
  );
  expect(errors).toMatch(/at refuse \(\S+fixtures\/activities\.ts:\d+:\d+\)/);
  const { output } = await start("result", ...workflow, "--json").ends(1);
  expect(JSON.parse(output)).toMatchObject({
    status: "FAILED",
    failure: {
      kind: "ActivityFailure",
      activityType: "refuse",
      cause: { type: "Unwilling", message: "not today", details: [{ until: "tomorrow" }] },
    },
  });
  const shown = (await command("show", ...workflow)).output;
  expect(shown).toContain("activity task started                refuse, attempt 2, after: not today");
  expect(shown).toContain("workflow execution failed            Activity task failed: not today");
});

test("cancelled and terminated Workflows: exit code 1 and their status", async () => {
  const cancelled = await gathering();
  expect((await command("cancel", ...cancelled)).output).toBe(`asked ${cancelled[1]} to cancel\n`);
  expect(await failing(1, "result", ...cancelled)).toStartWith(`${cancelled[1]} did not complete: CANCELLED\n`);
  const terminated = await gathering();
  await command("terminate", ...terminated, "--reason", "of no use");
  expect(await failing(1, "result", ...terminated)).toBe(
    `${terminated[1]} did not complete: TERMINATED\n  TerminatedFailure: of no use\n`,
  );
  expect((await command("show", ...terminated)).output).toEndWith("workflow execution terminated        of no use\n");
});

test("list: a table of those that a query finds, as many as asked for", async () => {
  const [, first] = await gathering();
  const [, second] = await gathering();
  const query = `WorkflowId IN ("${first}", "${second}")`;
  const all = await eventually(
    () => json("list", "--query", query),
    (found) => found.length === 2,
  );
  expect(all.map(({ workflowId, type, status }: Record<string, string>) => [workflowId, type, status])).toEqual([
    [second, "gather", "RUNNING"],
    [first, "gather", "RUNNING"],
  ]);
  const { output, errors } = await command("list", "--query", query, "--limit", "1");
  expect(output).toMatch(
    new RegExp(
      `^STATUS {3}WORKFLOW ID +TYPE {4}STARTED\nRUNNING {2}${second} {2}gather {2}\\d{4}-\\d\\d-\\d\\d [\\d:]{8}Z\n$`,
    ),
  );
  expect(errors).toContain("There are more than 1");
  const none = await command("list", "--query", 'WorkflowId = "nothing"');
  expect(none).toEqual({ output: "", errors: 'No Workflow matches WorkflowId = "nothing" in namespace default.\n' });
});

test("a memo that a codec has encrypted is shown with its encoding", async () => {
  const workflowId = `encrypted-${taskQueue}`;
  const memo = { fields: { secret: { metadata: { encoding: encode("binary/encrypted") }, data: encode("sealed") } } };
  await connection.workflowService.startWorkflowExecution({
    ...{ namespace: "default", workflowId, workflowType: { name: "gather" }, taskQueue: { name: taskQueue }, memo },
    requestId: workflowId,
  });
  expect(await json("describe", "-w", workflowId)).toMatchObject({
    memo: { secret: { encoding: "binary/encrypted", data: "c2VhbGVk" } },
  });
});

describe("mistakes are named, with what to do, and without a stack", () => {
  const mistakes: [title: string, code: 1 | 2, words: string[], message: RegExp][] = [
    ["an id that doesn't exist", 1, ["result", "-w", "nope"], /^There is no Workflow "nope" .*`temporal-bun list`/],
    ["a history that doesn't exist", 1, ["show", "-w", "nope"], /^There is no Workflow "nope" .*`temporal-bun list`/],
    ["no type", 2, ["start", "-t", "x"], /required option '--type/],
    ["a text that is no JSON", 2, ["start", "--type", "x", "-t", "x", "-i", "hello"], /^--input is no JSON: .*hello\n/],
    [
      "a missing file",
      1,
      ["start", "--type", "x", "-t", "x", "--input-file", "none.json"],
      /^none\.json can't be read/,
    ],
    [
      "both kinds of input",
      2,
      ["start", "--type", "x", "-t", "x", "-i", "1", "--input-file", "a"],
      /cannot be used with/,
    ],
    ["a duration that is none", 1, ["start", "--type", "x", "-t", "x", "--run-timeout", "soon"], /'soon'/],
    ["a memo without a value", 2, ["start", "--type", "x", "-t", "x", "--memo", "why"], /^--memo is why, but must be/],
    ["a namespace that doesn't exist", 1, ["list", "-n", "no"], /^There is no namespace "no" .*namespace create no/],
    ["a query that is none", 1, ["list", "-q", "Foo ="], /malformed SQL query/],
    [
      "no server",
      1,
      ["list", "--address", "127.0.0.1:1"],
      /^There is no Temporal server at 127\.0\.0\.1:1.*\nStart one/,
    ],
    ["TLS where there is none", 1, ["list", "--tls"], /set tls to false/],
    ["an unknown profile", 1, ["list", "--profile", "x"], /^The configuration can't be used: Profile 'x' not found/],
    ["a limit of 0", 2, ["list", "--limit", "0"], /whole number above 0/],
  ];
  test.each(mistakes)("%s", async (_title, code, words, message) => {
    const errors = await failing(code, ...words);
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^ +at /m);
  });

  test("names of messages that the Workflow doesn't know", async () => {
    const workflow = await gathering();
    expect(await failing(1, "query", ...workflow, "--name", "thinks")).toMatch(/thinks.*things/);
    expect(await failing(1, "update", ...workflow, "--name", "putt")).toBe(
      `${workflow[1]} has no handler for the update putt. It has: put.\n`,
    );
    const { errors } = await command("signal", ...workflow, "--name", "adds");
    expect(errors).toMatch(/no handler for the signal adds, .* It has: add, end\.\n$/);
    expect((await command("signal", ...workflow, "--name", "add", "-i", "1")).errors).toBe("");
  });

  test("an update that is refused, and one that fails", async () => {
    const workflow = await gathering();
    expect(await failing(1, "update", ...workflow, "--name", "put", "-i", '""')).toContain("there is nothing in it");
    const { output } = await start("update", ...workflow, "--name", "put", "-i", '"poison"', "--json").ends(1);
    expect(JSON.parse(output)).toMatchObject({ update: "put", failure: { type: "Poisoned", message: "not this one" } });
  });

  test("an id that is taken, and a Workflow that has ended", async () => {
    const workflow = await gathering();
    const again = ["start", "--type", "gather", "-t", taskQueue, ...workflow];
    expect(await failing(1, ...again)).toMatch(/^There is a Workflow .* already: .*--id-conflict-policy/);
    await command(...again, "--id-conflict-policy", "UseExisting");
    await command("terminate", ...workflow);
    expect(await failing(1, "signal", ...workflow, "--name", "add")).toContain("has ended, so it takes nothing");
  });

  test("a server that goes away meanwhile", async () => {
    const server = await startServer();
    const there = ["--address", server.address, "-w", "waiting"];
    await command("start", "--type", "gather", "-t", "nobody", ...there);
    await using following = start("show", "--follow", ...there);
    await using waiting = start("result", ...there);
    await Promise.all([following.says(/workflow task scheduled/), waiting.says(/no Worker polls/)]);
    await server.stop();
    for (const { errors } of [await following.ends(1), await waiting.ends(1)]) {
      expect(errors).toContain(`The server at ${server.address} can't be reached any more: `);
      expect(errors).not.toMatch(/^ +at /m);
    }
  });

  test("no Worker", async () => {
    const id = `lonely-${taskQueue}`;
    await command("start", "--type", "gather", "-t", id, "-w", id);
    await using asking = start("query", "-w", id, "--name", "things");
    await asking.says(new RegExp(`no Worker polls the task queue ${id} of ${id}`));
    await command("terminate", "-w", id);
  });
});

test("on a terminal the table fits, and has colours unless NO_COLOR is set", async () => {
  const [, id] = await gathering();
  const query = `WorkflowId = "${id}"`;
  await eventually(
    () => json("list", "-q", query),
    (found) => found.length === 1,
  );
  const onTerminal = async (environment: Record<string, string>) => {
    let text = "";
    const child = Bun.spawn([process.execPath, program, "list", "-q", query], {
      env: { PATH: process.env["PATH"], HOME: folder, TERM: "xterm", TEMPORAL_ADDRESS: address, ...environment },
      terminal: { cols: 60, rows: 20, data: (_terminal, bytes) => void (text += new TextDecoder().decode(bytes)) },
    });
    await child.exited;
    child.terminal?.close();
    return text.trimEnd().split("\r\n");
  };
  const plain = await onTerminal({ NO_COLOR: "1" });
  expect(plain.map((line) => line.length <= 60)).toEqual([true, true]);
  expect(plain[1]).toMatch(/^RUNNING {2}gather-commands-\S*… {2}gather {2}\d{4}-/);
  expect((await onTerminal({}))[1]).toStartWith("\u001b[36mRUNNING\u001b[39m");
});
