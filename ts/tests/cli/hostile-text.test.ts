/** A server's text on a terminal: no command lets it do more there than show itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import { CommandType } from "../../src/proto/temporal/api/enums/v1/command_type";
import { inNewProcess } from "../support/process";
import { testServer } from "../support/server";
import { environment, Folder, temporalBun } from "./support";

// It would clear the screen, write to the clipboard, hide what follows, and turn it around.
const evil = "\u001b[2J\u001b]52;c;eA==\u0007\r\u009b8m\u007f\u202e";
const shownEvil = "\\u001b[2J\\u001b]52;c;eA==\\u0007\\u000d\\u009b8m\\u007f\\u202e";
const name = (what: string) => `${what}${evil}`;
const id = `hostile-${crypto.randomUUID()}`;
const workflowId = `${id}${evil}\nforged`;
const query = `WorkflowId STARTS_WITH "${id}"`;
let address: string;
let connection: Connection;

beforeAll(async () => {
  ({ address } = await testServer());
  connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const options = { taskQueue: name("queue"), args: [name("input")], memo: { [name("key")]: name("memo") } };
  await client.workflow.start(name("type"), { ...options, workflowId });
  await client.workflow.getHandle(workflowId).signal(name("signal"), name("signalled"));
  const service = connection.workflowService;
  const polled = { namespace: "default", identity: name("identity"), taskQueue: { name: name("queue") } };
  const { taskToken } = await service.pollWorkflowTaskQueue(polled);
  const failure = {
    message: `${name("message")}\n  caused by forged`,
    stackTrace: `    at ${name("frame")}`,
    applicationFailureInfo: { type: name("kind") },
  };
  const commandType = CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION;
  await service.respondWorkflowTaskCompleted({
    ...{ namespace: "default", identity: polled.identity, taskToken },
    commands: [{ commandType, failWorkflowExecutionCommandAttributes: { failure } }],
  });
});

afterAll(() => connection?.close());

/** What a command writes to a terminal, which has 200 columns and colours. */
async function onTerminal(...words: string[]): Promise<string> {
  let text = "";
  const child = Bun.spawn([...temporalBun, ...words], {
    env: { ...environment(), TERM: "xterm", TEMPORAL_ADDRESS: address },
    terminal: { cols: 200, rows: 20, data: (_terminal, bytes) => void (text += Buffer.from(bytes).toString("latin1")) },
  });
  await child.exited;
  child.terminal?.close();
  return Buffer.from(text, "latin1").toString().replaceAll("\r\n", "\n");
}

/** Without the command's own colours; fails if anything else commands the terminal. */
function harmless(text: string): string {
  const plain = text.replaceAll(/\u001b\[(?:1|2|22|3[0-9])m/g, "");
  expect(plain).not.toMatch(/[[\p{Cc}--[\n]]\u202a-\u202e]/v);
  return plain;
}

test.each<[string, string[], string[]]>([
  ["list", ["list", "-q", query], [`FAILED  ${id}${shownEvil} forg…  type${shownEvil}`]],
  [
    "describe",
    ["describe", "-w", workflowId],
    [
      `${id}${shownEvil} forged\n`,
      `type              type${shownEvil}`,
      `task queue        queue${shownEvil}`,
      `key${shownEvil} = `,
    ],
  ],
  [
    "show",
    ["show", "-w", workflowId],
    [`type${shownEvil}("input`, `signal${shownEvil}("signalled`, `message${shownEvil} caused by forged`],
  ],
  [
    "result",
    ["result", "-w", workflowId],
    [`ApplicationFailure (kind${shownEvil}): message${shownEvil}\n        caused by forged`, `at frame${shownEvil}`],
  ],
  ["signal, refused", ["signal", "-w", workflowId, "--name", name("late")], [shownEvil]],
  [
    "replay",
    ["replay", "-q", query, "--workflows", join(import.meta.dir, "fixtures/workflows.ts")],
    [`failed  ${id}${shownEvil} forged  type${shownEvil}, 6 events`],
  ],
  ["a query that is none", ["list", "-q", `x = ${evil}`], ["\\u001b"]],
])("%s", async (_title, words, expected) => {
  const text = harmless(await onTerminal(...words));
  for (const part of expected) expect(text).toContain(part);
  expect(text).not.toMatch(/^ {2}caused by/m);
});

test("JSON has the same values", async () => {
  using folder = new Folder();
  const env = { ...environment(), TEMPORAL_ADDRESS: address };
  const { output } = await folder.cli(["list", "-q", query, "--json"], { env });
  harmless(output);
  const type = name("type");
  expect(JSON.parse(output)).toMatchObject([
    { workflowId, type, taskQueue: name("queue"), memo: { [name("key")]: name("memo") } },
  ]);
});

test("what dev's Worker writes keeps its colours alone, also one that comes in two parts", async () => {
  const child = `
    process.stdout.write("\\u001b[3");
    await Bun.sleep(50);
    process.stdout.write("1mred\\u001b[39m\\u001b[2J\\n");
  `;
  const module = join(import.meta.dir, "../../src/cli/dev/kept-process");
  const lines = await inNewProcess(
    `const { KeptProcess } = await import(${JSON.stringify(module)});
     await new KeptProcess([process.execPath, "-e", data], process.env).ended;`,
    child,
  );
  expect(lines).toEqual(["\u001b[31mred\u001b[39m\\u001b[2J"]);
});

test.each<[string, object]>([
  ["a Worker's log", { forward: {}, filter: "INFO" }],
  ["a Worker's log, and Core's own", { filter: "INFO" }],
])("%s", async (_title, logging) => {
  const program = `
    const sdk = await import(${JSON.stringify(join(import.meta.dir, "../../src/worker"))});
    const said = ${JSON.stringify({ evil, queue: name("queue"), failure: name("failure"), logging })};
    sdk.Runtime.install({ telemetryOptions: { logging: said.logging } });
    const connection = await sdk.NativeConnection.connect({ address: ${JSON.stringify(address)} });
    const worker = await sdk.Worker.create({ connection, taskQueue: said.queue, activities: { async none() {} } });
    await worker.runUntil(async () => {});
    await connection.close();
    sdk.Runtime.instance().logger.error(said.evil, { error: new Error(said.failure), text: said.evil });
  `;
  let text = "";
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: environment(),
    terminal: { cols: 200, rows: 20, data: (_terminal, bytes) => void (text += Buffer.from(bytes).toString("latin1")) },
  });
  await child.exited;
  child.terminal?.close();
  const shown = Buffer.from(text, "latin1").toString();
  expect(shown).toContain(`[ERROR] ${shownEvil} {`);
  expect(shown).toContain(`Error: failure${shownEvil}`);
  if (!("forward" in logging)) expect(shown).toMatch(/Initializing worker.*queue\\u001b\[2J/);
  // Colours stay.
  expect(shown.replaceAll(/\u001b\[\d+m|\r\n/g, "")).not.toMatch(/[[\p{Cc}--[\n]]\u202a-\u202e]/v);
});
