/** `temporal-bun dev`, beside the real dev server. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { renameSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { Client, Connection } from "temporal-bun-sdk/client";
import { eventually } from "../support/eventually";
import { Program, run } from "../support/process";
import { freePort, startServer } from "../support/server";
import { TerminalProgram } from "../support/terminal";
import { environment, Folder, temporalBun } from "./support";

setDefaultTimeout(180_000);

/** A project of the template `hello`, in a folder of its own. */
async function project(...words: string[]): Promise<Folder> {
  const folder = new Folder();
  await folder.cli(["init", "--name", "project", ...words]);
  folder.link();
  return folder;
}

/** `temporal-bun dev` with a server of its own. */
async function start(folder: Folder, ...words: string[]) {
  const port = await freePort();
  const address = `localhost:${port}`;
  const program = folder.start(["dev", "--no-ui", "--port", String(port), ...words]);
  return { port, address, program };
}

/** What the Workflow of the template greets with. */
async function greeting(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    return await workflow.execute("hello", { taskQueue: "hello", workflowId: crypto.randomUUID(), args: ["Bun"] });
  } finally {
    await connection.close();
  }
}

/** Waits until a program has said something so many times. */
const saysTimes = (program: Program, wanted: RegExp, count: number) =>
  program.says(new RegExp(`(?:${wanted.source}[\\s\\S]*){${count}}`, "m"));

const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

const isAlive = (id: number) => {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
};

/** Adds to the project's Worker that it says its process id. */
function sayId(folder: Folder): void {
  folder.write("worker.ts", `console.log("worker process", process.pid);\n${folder.read("worker.ts")}`);
}

const workerId = async (program: Program) => Number((await program.says(/^worker process (\d+)$/m))[1]);

describe("the Worker restarts", () => {
  test("when a Workflow is saved, or an activity; what isn't in it doesn't matter", async () => {
    using folder = await project();
    const { program, address } = await start(folder);
    await using _ = program;
    await program.says(/^Worker {2}worker\.ts, ready after \d+ ms/m);
    expect(program.output).toContain(`Server  ${address}, namespace default, in memory`);
    expect(await greeting(address)).toBe("Hello, Bun!");

    folder.write("README.md", "changed");
    folder.write("other.ts", "export {};");
    folder.edit("workflows.test.ts", "greets by name", "greets");
    folder.edit("workflows.ts", "}, ", "} again, ");
    await program.says(/^Reloaded after \d+ ms: workflows\.ts$/m);
    expect(await greeting(address)).toBe("Hello again, Bun!");

    folder.edit("activities.ts", 'en: "Hello"', 'en: "Good day"');
    await program.says(/^Reloaded after \d+ ms: activities\.ts$/m);
    expect(await greeting(address)).toBe("Good day again, Bun!");
    expect(program.output.match(/^Reloaded/gm)).toHaveLength(2);

    // A module that waits at its top level, as the Worker's does, and what it imports.
    folder.edit("worker.ts", '"10 seconds"', '"11 seconds"');
    await program.says(/^Reloaded after \d+ ms: worker\.ts$/m);
    program.kill("SIGINT");
    await program.ends();
  });

  test("with files that come, in folders that come, and with those that are renamed into place", async () => {
    using folder = await project();
    const { program, address } = await start(folder);
    await using _ = program;
    await program.says(/^Worker {2}/m);
    folder.edit("workflows.ts", "export async", 'import { mark } from "./lib/deep/mark";\nexport async');
    folder.edit("workflows.ts", "!`;", "` + mark;");
    await program.says(/Not started/);
    folder.write("lib/deep/mark.ts", 'export const mark = "?";');
    await program.says(/^Reloaded after \d+ ms: lib\/deep\/mark\.ts$/m);
    expect(await greeting(address)).toBe("Hello, Bun?");
    // As editors do it that write beside the file first.
    folder.write("lib/deep/mark.ts.new", 'export const mark = "…";');
    renameSync(folder.at("lib/deep/mark.ts.new"), folder.at("lib/deep/mark.ts"));
    await saysTimes(program, /^Reloaded after \d+ ms: lib\/deep\/mark\.ts$/m, 2);
    expect(await greeting(address)).toBe("Hello, Bun…");
  });

  test("not with code that doesn't build: that is shown, the Worker from before goes on, and the next save mends it", async () => {
    using folder = await project();
    const { program, address } = await start(folder);
    await using _ = program;
    await program.says(/^Worker {2}/m);
    folder.edit("workflows.ts", "return", "return return");
    await program.says(
      /Not started: worker\.ts ended with exit code 1\. The Worker from before goes on until you save\./,
    );
    expect(program.errors).toMatch(/workflows\.ts:\d+:\d+: /);
    expect(program.errors).not.toContain("src/worker");
    expect(await greeting(address)).toBe("Hello, Bun!");
    folder.edit("workflows.ts", "return return", '"mended"; return');
    await program.says(/^Reloaded after \d+ ms: workflows\.ts$/m);

    folder.edit("activities.ts", "export async", "export export async");
    await saysTimes(program, /Not started/, 2);
    expect(program.errors).toMatch(/activities\.ts:\d+:\d+/);
    expect(await greeting(address)).toBe("Hello, Bun!");
    const mended = folder.read("activities.ts").replace("export export", "export").replace("Hello", "Ahoy");
    folder.write("activities.ts", mended);
    await program.says(/^Reloaded after \d+ ms: activities\.ts$/m);
    expect(await greeting(address)).toBe("Ahoy, Bun!");
  });

  test("when it could not start at first, and after it has ended by itself", async () => {
    using folder = await project();
    folder.edit("worker.ts", "await worker.run();", "await worker.run(;");
    const { program, address } = await start(folder);
    await using _ = program;
    await program.says(/Not started: worker\.ts ended with exit code 1\. It starts again when you save\./);
    folder.edit("worker.ts", "await worker.run(;", "await worker.runUntil(Bun.sleep(1));");
    await program.says(/The Worker has ended with exit code 0\. It starts again when you save\./);
    folder.edit("worker.ts", "await worker.runUntil(Bun.sleep(1));", "await worker.run();");
    await saysTimes(program, /^Reloaded after \d+ ms: worker\.ts$/m, 2);
    expect(await greeting(address)).toBe("Hello, Bun!");
  });

  test("after the one before, if they want the same port", async () => {
    using folder = await project();
    const port = await freePort();
    folder.write(
      "worker.ts",
      `Bun.serve({ port: ${port}, fetch: () => new Response("one") });\n${folder.read("worker.ts")}`,
    );
    folder.edit("worker.ts", "await connection.close();", "process.exit();");
    const { program } = await start(folder);
    await using _ = program;
    await program.says(/^Worker {2}/m);
    folder.edit("worker.ts", '"one"', '"two"');
    await program.says(/^Reloaded after \d+ ms: worker\.ts$/m);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("two");
  });

  test("while an activity of the one before goes on in its grace time", async () => {
    using folder = await project();
    folder.edit(
      "activities.ts",
      "  return {",
      `  while (!(await Bun.file("go-on").exists())) await Bun.sleep(10);\n  return {`,
    );
    const { program, address } = await start(folder);
    await using _ = program;
    await program.says(/^Worker {2}/m);
    const first = greeting(address);
    await eventually(
      async () => await pendingActivities(address),
      (count) => count === 1,
    );
    folder.edit("workflows.ts", "}, ", "} again, ");
    await program.says(/^Reloaded/m);
    await program.says(/state: 'STOPPING'/);
    folder.write("go-on", "");
    // The new Worker goes on with the Workflow; what its activity did counts.
    expect(await first).toBe("Hello again, Bun!");
    await program.says(/state: 'STOPPED'/);
  });
});

async function pendingActivities(address: string): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    let count = 0;
    for await (const { workflowId } of client.workflow.list()) {
      const { raw } = await client.workflow.getHandle(workflowId).describe();
      count += raw.pendingActivities?.filter(({ state }) => state === 2).length ?? 0;
    }
    return count;
  } finally {
    await connection.close();
  }
}

test("a Worker's options that a module exports are run by `temporal-bun worker`", async () => {
  using folder = await project();
  folder.write(
    "worker.ts",
    `import type { WorkerOptions } from "temporal-bun-sdk/worker";
    import * as activities from "./activities";
    export default {
      taskQueue: "hello",
      workflowsPath: import.meta.resolve("./workflows.ts"),
      activities,
    } satisfies WorkerOptions;`,
  );
  const { program, address } = await start(folder);
  await using _ = program;
  await program.says(/^Worker {2}/m);
  expect(await greeting(address)).toBe("Hello, Bun!");
  folder.edit("workflows.ts", "}, ", "} again, ");
  await program.says(/^Reloaded after \d+ ms: workflows\.ts$/m);
  expect(await greeting(address)).toBe("Hello again, Bun!");
  program.kill("SIGINT");
  await program.ends();
});

describe("nothing is left", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("after %s", async (signal) => {
    using folder = await project();
    sayId(folder);
    const { program, port } = await start(folder);
    await using _ = program;
    const id = await workerId(program);
    await program.says(/^Worker {2}/m);
    program.kill(signal);
    const { output, errors } = await program.ends();
    expect(`${output}${errors}`).toContain("state: 'STOPPED'");
    expect(isAlive(id)).toBe(false);
    expect(await isListening(port)).toBe(false);
  });

  test("after SIGKILL, even of a Worker that is stuck", async () => {
    using folder = await project();
    sayId(folder);
    folder.edit("activities.ts", "  return {", "  for (;;);\n  return {");
    const { program, port, address } = await start(folder);
    await using _ = program;
    const id = await workerId(program);
    await program.says(/^Worker {2}/m);
    void greeting(address).catch(() => {});
    await eventually(
      async () => await pendingActivities(address),
      (count) => count === 1,
    );
    program.kill("SIGKILL");
    await program.ends("SIGKILL");
    await eventually(
      () => isAlive(id),
      (alive) => !alive,
    );
    await eventually(
      () => isListening(port),
      (listening) => !listening,
    );
  });

  test("after the end of the `bun run` that started it, though that was killed", async () => {
    using folder = await project();
    sayId(folder);
    const port = await freePort();
    const command = [...temporalBun, "dev", "--no-ui", "--port", String(port)];
    const manifest = JSON.parse(folder.read("package.json"));
    folder.write("package.json", JSON.stringify({ ...manifest, scripts: { dev: command.join(" ") } }));
    await using program = new Program([process.execPath, "run", "dev"], { cwd: folder.path, env: environment() });
    const id = await workerId(program);
    await program.says(/^Worker {2}/m);
    program.kill("SIGKILL");
    await program.ends("SIGKILL");
    expect(program.errors).toContain("Ending, because the program that started this has ended.");
    expect(program.errors).toContain("state: 'STOPPED'");
    expect(isAlive(id)).toBe(false);
    expect(await isListening(port)).toBe(false);
  });

  test("but a job in the background outlives the shell that started it", async () => {
    using folder = await project();
    const port = await freePort();
    const command = [...temporalBun, "dev", "--no-ui", "--port", String(port)];
    const shell = ["sh", "-c", '"$@" & echo "job $!"; read -r _ <go-on', "shell", ...command];
    await run(["mkfifo", "go-on"], { cwd: folder.path });
    const env = { ...environment(), npm_lifecycle_event: undefined };
    await using program = new Program(shell, { cwd: folder.path, env });
    const id = Number((await program.says(/^job (\d+)$/m))[1]);
    try {
      await program.says(/^Worker {2}/m);
      folder.write("go-on", "\n");
      await eventually(
        () => isAlive(program.id),
        (alive) => !alive,
      );
      folder.edit("workflows.ts", "}, ", "} again, ");
      await program.says(/^Reloaded/m);
      expect(await greeting(`localhost:${port}`)).toBe("Hello again, Bun!");
    } finally {
      process.kill(id, "SIGTERM");
    }
    await program.ends();
    expect(await isListening(port)).toBe(false);
  });

  test("after Ctrl-C on a terminal; a second one ends a Worker that takes its time", async () => {
    using folder = await project();
    sayId(folder);
    folder.edit("worker.ts", '"10 seconds"', '"1 hour"');
    folder.edit("activities.ts", "  return {", "  await new Promise(() => {});\n  return {");
    const port = await freePort();
    const address = `localhost:${port}`;
    await using program = new TerminalProgram([...temporalBun, "dev", "--no-ui", "--port", String(port)], {
      cwd: folder.path,
      env: environment(),
    });
    const id = Number((await program.says(/worker process (\d+)\n/))[1]);
    await program.says(/Worker {2}worker\.ts, ready/);
    void greeting(address).catch(() => {});
    await eventually(
      async () => await pendingActivities(address),
      (count) => count === 1,
    );
    program.type("\u0003");
    await program.says(/Ending\. Running activities have the Worker's grace time/);
    await program.says(/state: 'DRAINING'/);
    program.type("\u0003");
    await program.ends();
    expect(isAlive(id)).toBe(false);
    expect(await isListening(port)).toBe(false);
  });
});

describe("the server", () => {
  test("that runs already is used, and runs on", async () => {
    using folder = await project();
    await using server = await startServer().then((it) => ({ ...it, [Symbol.asyncDispose]: () => it.stop() }));
    const program = folder.start(["dev"], { env: { ...environment(), TEMPORAL_ADDRESS: server.address } });
    await using _ = program;
    await program.says(/^Worker {2}/m);
    expect(program.output).toContain(`Server  localhost:${server.port}, which runs already, namespace default\n`);
    expect(await greeting(server.address)).toBe("Hello, Bun!");
    program.kill("SIGINT");
    await program.ends();
    expect(await isListening(server.port)).toBe(true);
  });

  test("has the namespace that is configured, and no other part of the configuration reaches the Worker", async () => {
    using folder = await project();
    folder.write(
      "worker.ts",
      `console.log(JSON.stringify(Object.entries(process.env).filter(([name]) => name.startsWith("TEMPORAL_") && !/CLI|LIBRARY/.test(name)).sort()));\n${folder.read("worker.ts")}`,
    );
    folder.write(
      "temporal.toml",
      '[profile.staging]\naddress = "staging.example:7233"\nnamespace = "shop"\napi_key = "secret"\n',
    );
    const port = await freePort();
    const env = { ...environment(), TEMPORAL_CONFIG_FILE: folder.at("temporal.toml"), TEMPORAL_PROFILE: "staging" };
    const program = folder.start(["dev", "--no-ui", "--port", String(port)], { env });
    await using _ = program;
    await program.says(/^Worker {2}/m);
    expect(program.errors).toContain("The configuration names the server staging.example:7233. It isn't used: ");
    const seen = JSON.parse(/^\[\[.*$/m.exec(program.output)![0]);
    expect(seen).toEqual([
      ["TEMPORAL_ADDRESS", `localhost:${port}`],
      ["TEMPORAL_CONFIG_FILE", "/dev/null"],
      ["TEMPORAL_NAMESPACE", "shop"],
    ]);
  });

  test("has a user interface, and forgets all at its end, unless it is given a file", async () => {
    using folder = await project();
    const [port, uiPort] = [await freePort(), await freePort()];
    const words = ["dev", "--port", String(port), "--ui-port", String(uiPort), "--db-filename", "state.db"];
    for (const times of [1, 2]) {
      const program = folder.start(words);
      await using _ = program;
      await program.says(/^Worker {2}/m);
      expect(program.output).toContain(`UI      http://localhost:${uiPort}\n`);
      expect((await fetch(`http://127.0.0.1:${uiPort}`)).status).toBe(200);
      await greeting(`localhost:${port}`);
      const connection = await Connection.connect({ address: `localhost:${port}` });
      await eventually(
        async () => (await new Client({ connection }).workflow.count()).count,
        (count) => count === times,
      );
      await connection.close();
      program.kill("SIGINT");
      await program.ends();
    }
  });

  test("can't have a port that something else has: one sentence", async () => {
    using folder = await project();
    const other = await new Promise<Server>((resolve) => {
      const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1", () => resolve(server));
    });
    try {
      const { port } = other.address() as { port: number };
      const taken = await folder.cli(["dev", "--port", String(port)], { code: 1 });
      expect(taken.errors).toBe(`Port ${port} is in use: end what uses it, or name another one with --port.\n`);
      const free = await freePort();
      const ui = await folder.cli(["dev", "--port", String(free), "--ui-port", String(port)], { code: 1 });
      expect(ui.errors).toMatch(/^Port \d+, for the user interface, is in use: [^\n]*--ui-port[^\n]*--no-ui\.\n$/);
    } finally {
      other.close();
    }
  });

  test("can't be had without a Temporal CLI and offline: what to do is said", async () => {
    using folder = await project();
    const env = {
      ...environment(),
      TEMPORAL_CLI_PATH: undefined,
      PATH: "/usr/bin:/bin",
      TMPDIR: folder.path,
      HTTPS_PROXY: "http://127.0.0.1:1",
    };
    const port = String(await freePort());
    const { errors } = await folder.cli(["dev", "--port", port, "--no-ui"], { code: 1, env });
    expect(errors).toContain("The Temporal CLI can't be downloaded to ");
    expect(errors).toContain("install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is in PATH");
    expect(errors).not.toContain("    at ");
  });
});

describe("--seed", () => {
  test.each(["hello", "orders"])("starts Workflows of the template %s", async (template) => {
    using folder = await project("--template", template);
    const { program, address } = await start(folder, "--seed");
    await using _ = program;
    await program.says(/started (?:hello|order)-/);
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection });
    const count = template === "hello" ? 3 : 5;
    await eventually(
      async () => (await workflow.count()).count,
      (found) => found === count,
    );
    await connection.close();
    program.kill("SIGINT");
    await program.ends();
  });

  test("that fails doesn't end the Worker; a module that isn't there is named before anything starts", async () => {
    using folder = await project();
    folder.write("failing.ts", 'throw new Error("no seeds today");');
    const { errors } = await folder.cli(["dev", "--seed", "missing.ts"], { code: 1 });
    expect(errors).toMatch(/^There is no .*missing\.ts, which --seed runs beside the Worker: write one that /);
    const { program, address } = await start(folder, "--seed", "failing.ts");
    await using _ = program;
    await program.says(/failing\.ts ended with exit code 1\./);
    expect(program.errors).toContain("no seeds today");
    expect(await greeting(address)).toBe("Hello, Bun!");
  });
});

test.each<[string, (folder: Folder) => string[], number, string]>([
  ["no Worker", () => ["dev"], 1, "There is no worker.ts and no src/worker.ts in "],
  ["a Worker that isn't there", () => ["dev", "main.ts"], 1, "main.ts: name the module of your Worker"],
  [
    "no SDK in the project",
    (folder) => {
      folder.write("worker.ts", "");
      folder.write("package.json", "{}");
      return ["dev"];
    },
    1,
    "temporal-bun-sdk isn't installed in ",
  ],
  ["no port", () => ["dev", "--port", "70000"], 2, "A port is a number from 1 to 65535."],
  ["a configuration that can't be used", () => ["dev", "worker.ts"], 1, "The configuration can't be used: "],
])("%s: one sentence", async (_, prepare, code, message) => {
  using folder = new Folder();
  const words = prepare(folder);
  if (words[1] === "worker.ts") {
    folder.write("worker.ts", "");
    folder.link();
  }
  const { errors } = await folder.cli(words, { code, env: { ...environment(), TEMPORAL_PROFILE: "missing" } });
  expect(errors).toContain(message);
  expect(errors).not.toContain("    at ");
});
