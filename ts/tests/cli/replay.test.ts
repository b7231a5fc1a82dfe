import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toJson } from "../../src/proto/json";
import { run } from "../support/process";
import { freePort, temporalCli, testServer } from "../support/server";
import { withWorker } from "../worker/support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const program = `${import.meta.dir}/../../src/cli/temporal-bun.ts`;
const fixtures = `${import.meta.dir}/../worker/fixtures`;
const workflows = `${fixtures}/diverging-workflows.ts`;
const workflowId = `replayed-${randomUUID()}`;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "replay project-")));
let history: { events: Record<string, any>[] };
let server: { address: string };

beforeAll(async () => {
  server = await testServer();
  history = await withWorker(
    async ({ start }) => {
      const handle = await start("original", [], { workflowId });
      await handle.result();
      return toJson("temporal.api.history.v1.History", await handle.fetchHistory()) as typeof history;
    },
    { workflowsPath: workflows },
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  file?: string;
  workflowId: string;
  workflowType: string;
  events: number;
  replays: boolean;
  error?: { name: string; message: string };
  divergence?: { expected?: { id: number; type: string }; command?: { type: string; stack: string[] } };
}

const replay = (args: string[], { code = 0, cwd = folder } = {}) =>
  run([process.execPath, program, "replay", ...args], { code, cwd });

async function rows(args: string[], options: { code?: number; cwd?: string } = {}): Promise<Row[]> {
  const { output } = await replay([...args, "--json", "--workflows", workflows], options);
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

/** A file in the folder with the history, as if another Workflow had it. */
function write(name: string, type = "original", change = (content: typeof history): unknown => content): string {
  const content = structuredClone(history);
  content.events[0]!.workflowExecutionStartedEventAttributes.workflowType.name = type;
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(change(content)));
  return name;
}

test("a file of the command line of Temporal, a list of events, and a Workflow of the server replay", async () => {
  const show = ["workflow", "show", "--workflow-id", workflowId, "--output", "json", "--address", server.address];
  writeFileSync(join(folder, "history.json"), (await run([temporalCli(), ...show])).output);
  const files = ["history.json", write("list.json", "original", ({ events }) => events)];
  const found = await rows([...files, workflowId, "--address", server.address]);
  const row = { workflowId, workflowType: "original", events: history.events.length, replays: true };
  expect(found).toEqual([
    expect.objectContaining({ ...row, file: "history.json" }),
    expect.objectContaining({ ...row, file: "list.json" }),
    expect.objectContaining(row),
  ]);
});

test("a query finds Workflows", async () => {
  const query = ["--address", server.address, "--query"];
  expect((await rows([...query, `WorkflowId = "${workflowId}"`])).map(({ replays }) => replays)).toEqual([true]);
  const { errors } = await replay([...query, `WorkflowId = "none"`, "--workflows", workflows], { code: 1 });
  expect(errors).toContain('No Workflow fits the query WorkflowId = "none"');
});

test("a folder's files are replayed one by one; one that fails makes the exit code 1", async () => {
  write("all/a.json");
  write("all/b.json", "otherActivity");
  write("all/c.json");
  const found = await rows(["all"], { code: 1 });
  expect(found.map(({ file, replays }) => [file, replays])).toEqual([
    ["all/a.json", true],
    ["all/b.json", false],
    ["all/c.json", true],
  ]);
  const { expected, command } = found[1]!.divergence!;
  expect(expected).toMatchObject({ type: "ActivityTaskScheduled", name: "greet" });
  expect(command).toMatchObject({ type: "scheduleActivity", name: "echo" });
  expect(command!.stack[0]).toMatch(/at otherActivity \(.*diverging-workflows\.ts:\d+:\d+\)/);
  expect(found[1]!.error!.message).toContain("does not match activity type of activity command 'echo'");
});

test("for people: the event, the command, the line, and how many replay", async () => {
  const files = [write("good.json"), write("bad.json", "otherKind")];
  const { output, errors } = await replay([...files, "-w", workflows], { code: 1, cwd: folder });
  expect(output).toContain(`ok      ${workflowId}  original, ${history.events.length} events, good.json\n`);
  expect(output).toContain(`failed  ${workflowId}  otherKind`);
  expect(output).toMatch(/Expected: event \d+, ActivityTaskScheduled 'greet' with ID '2'\n {2}Produced: startTimer/);
  expect(output).toMatch(/at waits \(.*diverging-workflows\.ts:\d+:\d+\)/);
  expect(errors).toBe("1 of 2 histories replay\n");
});

test("the Workflows are those of the Worker in the folder", async () => {
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(
    join(project, "worker.ts"),
    `Worker.create({ workflowsPath: require.resolve("./flows"), taskQueue: "a" });\n`,
  );
  cpSync(workflows, join(project, "flows.ts"));
  const file = join(folder, write("found.json"));
  await replay([file], { cwd: project });
  writeFileSync(join(project, "other.ts"), `export const workflowsPath = require.resolve("./other");\n`);
  expect((await replay([file], { cwd: project, code: 1 })).errors).toContain("flows.ts, other.ts. Name the file");
  expect((await replay([file], { code: 1, cwd: fixtures })).errors).toMatch(/workflowsPath.*--workflows/s);
});

test("a Workflow type that the code doesn't have is named, with those that it has", async () => {
  const [row] = await rows([write("unknown.json", "unheardOf")], { code: 1 });
  expect(row!.error!.message).toContain("The code has no Workflow of type 'unheardOf'. Registered");
  expect(row!.error!.message).toContain("otherActivity");
});

test("mistakes are named, with what to do", async () => {
  writeFileSync(join(folder, "broken.json"), "{ events");
  const failing = async (args: string[], code = 1) => (await replay([...args, "-w", workflows], { code })).errors;
  expect(await failing(["missing.json"])).toContain("There is no file missing.json");
  expect(await failing(["broken.json"])).toMatch(
    /broken\.json is no JSON: .*\nWrite histories with `temporal workflow show/,
  );
  expect(await failing([write("empty.json", "original", () => ({ events: [] }))])).toContain("has no events");
  expect(
    await failing([write("wrong.json", "original", () => ({ events: [{ eventId: "1", eventType: "Unknown" }] }))]),
  ).toContain("wrong.json");
  const unknown = ["--address", server.address, "unknown-id"];
  expect(await failing(unknown)).toContain("There is neither a file 'unknown-id' nor a Workflow with that ID");
  const nobody = `127.0.0.1:${await freePort()}`;
  expect(await failing(["--address", nobody, "some-id"])).toContain(`There is no Temporal server at ${nobody}`);
  expect(await failing([], 2)).toContain("Name files with histories");
  expect(await failing(["good.json", "--run-id", "x"], 2)).toContain("--run-id says which run");
  expect((await replay(["good.json", "-w", "nowhere.ts"], { code: 1 })).errors).toContain("There is no file or folder");
  writeFileSync(join(folder, "bad.ts"), `import "node:fs";\n`);
  expect((await replay(["good.json", "-w", "bad.ts"], { code: 1 })).errors).toContain("disallowed modules");
});
