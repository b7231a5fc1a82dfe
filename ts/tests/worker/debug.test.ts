import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { DefaultLogger } from "../../src/worker";
import { compileWorkerOptions } from "../../src/worker/compile-options";
import { SourceMap } from "../../src/workflow-host/source-map";
import { Program, run } from "../support/process";
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
    await using child = new Program(program);
    const [address] = await child.says(/ws:\/\/\S+(?=\s)/);
    const debug = await Debugger.attach(address);
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
    const { output } = await child.ends();
    expect(output.split("\n")[1]).toBe("STOPPED: HELLO, DEBUGGER!, kept");
  });
});

test("the patch callback is outside of the Workflow also when both are on the main thread", async () => {
  const { connection, namespace } = await testConnection();
  const program = [process.execPath, `${fixtures}/debug-process.ts`, connection.options.address, namespace];
  const { output } = await run([...program, "asks", "patch"]);
  expect(output.split("\n")[1]).toBe("STOPPED: true, kept");
});

test("a promise that Workflow code forgot fails its task also on the main thread", async () => {
  const { connection, namespace } = await testConnection();
  const program = [process.execPath, `${fixtures}/debug-process.ts`, connection.options.address, namespace];
  await using child = new Program([...program, "forgets"]);
  const [workflowId] = await child.says(/^\S+(?=\n)/);
  const handle = new Client({ connection, namespace }).workflow.getHandle(workflowId);
  expect((await taskFailure(handle)).message).toBe("Unhandled Promise rejection: Error: nobody listens");
  await handle.terminate();
  // Its Worker lived on until then: the program ends because the result is an error, which it doesn't handle.
  await child.ends(1);
});

describe("startDebugReplayer", () => {
  /** Runs the replayer against a debugger's server, which answers notices with a status. */
  async function replay(
    history: Uint8Array | undefined,
    { path = workflowsPath, status = 200, env = {}, code = 0 } = {},
  ) {
    const notices: number[] = [];
    const requests: string[] = [];
    using server = Bun.serve({
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
    const written = await run([process.execPath, `${fixtures}/debug-replayer.ts`, path], {
      env: { ...process.env, TEMPORAL_DEBUGGER_PLUGIN_URL: server.url.href, ...env },
      code,
    });
    return { notices, requests, ...written };
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
    const { notices, requests, output } = await replay(History.encode(history).finish());
    expect(output).toBe("Replay completed successfully\n");
    expect(started.length).toBeGreaterThanOrEqual(4);
    expect(notices).toEqual(started);
    expect(requests[0]).toBe("GET /history temporal-bun-sdk");
    expect(requests[1]).toBe("POST /current-wft-started temporal-bun-sdk");
  });

  test("ends with 1 and the reason if the replay fails, or the debugger does", async () => {
    const history = History.encode(await recorded()).finish();
    const fails = async (...[given, options]: Parameters<typeof replay>) =>
      (await replay(given, { ...options, code: 1 })).errors;
    expect(await fails(history, { path: `${fixtures}/changed-workflows.ts` })).toContain("Replay failed");
    expect(await fails(history, { status: 500 })).toContain(
      "The debugger answered 500 to /current-wft-started: no panel",
    );
    expect(await fails(undefined)).toContain("The debugger answered 404 to /history: nothing is loaded");
    expect(await fails(undefined, { env: { TEMPORAL_DEBUGGER_PLUGIN_URL: "" } })).toContain(
      "TEMPORAL_DEBUGGER_PLUGIN_URL isn't set",
    );
  });
});
