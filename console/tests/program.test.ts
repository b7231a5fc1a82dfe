/** The console as a program. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testServer } from "../../ts/tests/support/server";
import { send } from "./support";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "console-program-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = (...words: string[]) =>
  Bun.spawn([process.execPath, join(import.meta.dir, "../server/main.ts"), ...words], {
    cwd: folder,
    env: { ...process.env, XDG_DATA_HOME: folder, TEMPORAL_CONFIG_FILE: "/dev/null" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });

const textOf = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

/** What a program says that ends by itself. */
async function said(...words: string[]) {
  const child = program(...words);
  const [output, problem, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  return { output, problem, code };
}

/** Reads a program's output until it is as wanted. */
async function until(child: ReturnType<typeof program>, wanted: RegExp): Promise<RegExpExecArray> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended without ${wanted}: ${text}${await textOf(child.stderr)}`);
    text += decoder.decode(value, { stream: true });
    const found = wanted.exec(text);
    if (found !== null) {
      reader.releaseLock();
      return found;
    }
  }
}

test("it prints where it is, ends in order, and its audit log is verified from the command line", async () => {
  const { address } = await testServer();
  const child = program("--address", address, "--port", "0", "--auth", "token");
  const [, origin = "", token] = await until(child, /^Console: (http:\S+)\/login#(\S+)$/m);
  expect((await send({ origin }, "GET", "/api/v1/me")).status).toBe(401);
  expect((await send({ origin }, "POST", "/auth/token", { token })).status).toBe(200);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);

  const store = join(folder, "temporal-bun-console/console.db");
  expect(statSync(`${store}.key`).mode & 0o777).toBe(0o600);
  expect(await said("audit", "verify")).toMatchObject({
    code: 0,
    output: expect.stringContaining("is whole: 2 entries"),
  });
  const db = new Database(store);
  db.run("UPDATE audit SET text = replace(text, 'terminal', 'nobody')");
  db.close();
  expect(await said("audit", "verify")).toMatchObject({
    code: 1,
    problem: expect.stringContaining("entry 2: its text was changed"),
  });
});

test("what it can't do is said in one sentence", async () => {
  for (const [words, problem] of [
    [["--auth", "password"], '--auth is "password": it must be none, token or oidc.'],
    [["--port", "many"], '--port is "many": it must be a number from 0 to 65535.'],
    [["--auth", "none", "--host", "0.0.0.0"], "listens to this machine alone, not to 0.0.0.0"],
    [["--auth", "oidc"], "console.config.ts must have `oidc` and `publicUrl`"],
    [["--config", "nowhere.ts"], "nowhere.ts: name the file of the configuration"],
    [["audit", "forget"], 'The console has no command "audit forget"'],
  ] as const) {
    const result = await said(...words);
    expect([words, result.code, result.problem]).toEqual([words, 1, expect.stringContaining(problem)]);
    expect(result.problem.trim().split("\n")).toHaveLength(1);
  }
});

test("a configuration with unknown roles or actions is refused", async () => {
  const file = join(folder, "wrong.config.ts");
  for (const [config, problem] of [
    ['{ roles: { helper: ["workflow.raed"] } }', 'has an unknown action "workflow.raed"'],
    ["{ roles: { admin: [] } }", 'the role "admin" is built in'],
    ['{ grants: [{ group: "g", role: "helper", namespaces: "*" }] }', 'names the role "helper", which there is not'],
    ['{ grants: [{ role: "viewer", namespaces: "*" }] }', "must name either a group or a subject"],
    ['{ payloadCodecs: [], codecServer: { url: "http://x" } }', "take one"],
  ] as const) {
    await Bun.write(file, `export default ${config};`);
    const result = await said("--config", file, "--port", "0");
    expect([config, result.code, result.problem]).toEqual([config, 1, expect.stringContaining(problem)]);
  }
});
