import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { DefaultLogger } from "../../src/worker";
import { compileWorkerOptions } from "../../src/worker/compile-options";
import { SourceMap } from "../../src/workflow-host/sandbox/source-map";
import { taskFailure, testConnection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const fixtures = `${import.meta.dir}/fixtures`;
const workflowsPath = `${fixtures}/debug-workflows.ts`;

/** A debugger, for a program that waits for one. */
class Debugger {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: any) => void>();
  readonly #paused: ((event: any) => void)[] = [];
  /** Source maps of scripts, by their IDs. */
  readonly sourceMaps = new Map<string, string>();
  #count = 0;

  private constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.id !== undefined) this.#answers.get(message.id)?.(message);
      else if (message.method === "Debugger.paused") this.#paused.shift()?.(message.params);
      else if (message.method === "Debugger.scriptParsed" && message.params.sourceMapURL)
        this.sourceMaps.set(message.params.scriptId, message.params.sourceMapURL);
    };
  }

  static async attach(url: string): Promise<Debugger> {
    const debug = new Debugger(url);
    await new Promise((resolve) => (debug.#socket.onopen = resolve));
    for (const domain of ["Inspector", "Runtime", "Debugger"]) await debug.send(`${domain}.enable`);
    await debug.send("Debugger.setBreakpointsActive", { active: true });
    await debug.send("Debugger.setPauseOnDebuggerStatements", { enabled: true });
    return debug;
  }

  send(method: string, params: object = {}): Promise<any> {
    const id = ++this.#count;
    const answer = new Promise<any>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answer;
  }

  paused(): Promise<any> {
    return new Promise((resolve) => this.#paused.push(resolve));
  }

  close(): void {
    this.#socket.close();
  }
}

/** The address that a program prints when it waits for a debugger. */
async function inspectorAddress(output: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    const found = /ws:\/\/\S+/.exec(text);
    if (found !== null) return found[0];
  }
  throw new Error(`the program ended without waiting for a debugger: ${text}`);
}

describe("debug mode", () => {
  test.each<[string, boolean | undefined, boolean]>([
    ["1", undefined, true],
    ["TRUE", false, true],
    ["0", undefined, false],
    ["", undefined, false],
    ["", true, true],
  ])("TEMPORAL_DEBUG='%s', debugMode: %p: %p; it takes the time limit away", (variable, debugMode, expected) => {
    const before = process.env["TEMPORAL_DEBUG"];
    try {
      process.env["TEMPORAL_DEBUG"] = variable;
      const options = compileWorkerOptions(
        { taskQueue: "q", ...(debugMode === undefined ? {} : { debugMode }) },
        new DefaultLogger("ERROR"),
      );
      expect([options.debugMode, options.isolateExecutionTimeoutMs]).toEqual([expected, expected ? 0 : 5000]);
    } finally {
      if (before === undefined) delete process.env["TEMPORAL_DEBUG"];
      else process.env["TEMPORAL_DEBUG"] = before;
    }
  });

  test("a debugger stops in Workflow code, and finds its source", async () => {
    const { connection, namespace } = await testConnection();
    const program = [
      process.execPath,
      "--inspect-wait=127.0.0.1:0/debug",
      `${fixtures}/debug-process.ts`,
      connection.options.address,
      namespace,
      "stops",
      "debugger",
    ];
    const child = Bun.spawn(program, { stderr: "pipe" });
    const debug = await Debugger.attach(await inspectorAddress(child.stderr));
    const pausing = debug.paused();
    await debug.send("Inspector.initialized");

    const { callFrames } = await pausing;
    const [{ callFrameId, functionName, location }] = callFrames;
    expect(functionName).toBe("stops");
    const { result } = await debug.send("Debugger.evaluateOnCallFrame", { callFrameId, expression: "greeting" });
    expect(result.result.value).toBe("Hello, debugger!");
    // Lines begin at 0 there.
    const sourceMap = Buffer.from(debug.sourceMaps.get(location.scriptId)!.split("base64,")[1]!, "base64").toString();
    const place = new SourceMap(sourceMap).find(location.lineNumber + 1, location.columnNumber + 1)!;
    const source = await Bun.file(workflowsPath).text();
    expect(place.source).toEndWith("debug-workflows.ts");
    expect(source.split("\n")[place.line - 1]).toContain("debugger;");

    await debug.send("Debugger.resume");
    // It would keep the program alive.
    debug.close();
    const output = await new Response(child.stdout).text();
    expect(output.split("\n")[1]).toBe("STOPPED: HELLO, DEBUGGER!, kept");
    expect(await child.exited).toBe(0);
  });
});

test("the patch callback is outside of the Workflow also when both are on the main thread", async () => {
  const { connection, namespace } = await testConnection();
  const child = Bun.spawn(
    [process.execPath, `${fixtures}/debug-process.ts`, connection.options.address, namespace, "asks", "patch"],
    { stderr: "inherit" },
  );
  expect((await new Response(child.stdout).text()).split("\n")[1]).toBe("STOPPED: true, kept");
  expect(await child.exited).toBe(0);
});

test("a promise that Workflow code forgot fails its task also on the main thread", async () => {
  const { connection, namespace } = await testConnection();
  const child = Bun.spawn(
    [process.execPath, `${fixtures}/debug-process.ts`, connection.options.address, namespace, "forgets"],
    { stderr: "ignore" },
  );
  const { value } = await child.stdout.getReader().read();
  const handle = new Client({ connection, namespace }).workflow.getHandle(new TextDecoder().decode(value).trim());
  expect((await taskFailure(handle)).message).toBe("Unhandled Promise rejection: Error: nobody listens");
  await handle.terminate();
  // Its Worker lived on until then: the program ends because the result is an error, which it doesn't handle.
  expect(await child.exited).toBe(1);
});

describe("startDebugReplayer", () => {
  /** Runs the replayer against a debugger's server, which answers notices with a status. */
  async function replay(history: Uint8Array | undefined, { path = workflowsPath, status = 200, env = {} } = {}) {
    const notices: number[] = [];
    const requests: string[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname } = new URL(request.url);
        requests.push(`${request.method} ${pathname} ${request.headers.get("temporal-client-name")}`);
        if (pathname === "/history")
          return history === undefined
            ? Response.json({ error: "nothing is loaded" }, { status: 404 })
            : new Response(history as Uint8Array<ArrayBuffer>);
        notices.push(((await request.json()) as { eventId: number }).eventId);
        return Response.json(status === 200 ? {} : { error: "no panel" }, { status });
      },
    });
    const child = Bun.spawn([process.execPath, `${fixtures}/debug-replayer.ts`, path], {
      stderr: "pipe",
      env: { ...process.env, TEMPORAL_DEBUGGER_PLUGIN_URL: server.url.href, ...env },
    });
    const [output, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    await server.stop(true);
    return { notices, requests, output, errors, code };
  }

  /** The history of a Workflow that took several Workflow Tasks. */
  function recorded(): Promise<History> {
    return withWorker(
      async ({ start }) => {
        const handle = await start("inSteps", [], { workflowId: randomUUID() });
        await handle.result();
        return handle.fetchHistory();
      },
      { workflowsPath },
    );
  }

  test("takes the history from the debugger and tells it of each Workflow Task", async () => {
    const history = await recorded();
    const started = (history.events ?? [])
      .filter(({ workflowTaskStartedEventAttributes: task }) => task !== undefined)
      .map(({ eventId }) => Number(eventId));
    const { notices, requests, output, code } = await replay(History.encode(history).finish());
    expect(output).toBe("Replay completed successfully\n");
    expect(code).toBe(0);
    expect(started.length).toBeGreaterThanOrEqual(4);
    expect(notices).toEqual(started);
    expect(requests[0]).toBe("GET /history temporal-bun-sdk");
    expect(requests[1]).toBe("POST /current-wft-started temporal-bun-sdk");
  });

  test("ends with 1 and the reason if the replay fails, or the debugger does", async () => {
    const history = History.encode(await recorded()).finish();
    const changed = await replay(history, { path: `${fixtures}/changed-workflows.ts` });
    expect([changed.code, changed.errors]).toEqual([1, expect.stringContaining("Replay failed")]);
    const deaf = await replay(history, { status: 500 });
    expect([deaf.code, deaf.errors]).toEqual([
      1,
      expect.stringContaining("The debugger answered 500 to /current-wft-started: no panel"),
    ]);
    const empty = await replay(undefined);
    expect([empty.code, empty.errors]).toEqual([
      1,
      expect.stringContaining("The debugger answered 404 to /history: nothing is loaded"),
    ]);
    const alone = await replay(undefined, { env: { TEMPORAL_DEBUGGER_PLUGIN_URL: "" } });
    expect([alone.code, alone.errors]).toEqual([1, expect.stringContaining("TEMPORAL_DEBUGGER_PLUGIN_URL isn't set")]);
  });
});
