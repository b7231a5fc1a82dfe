import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import "../support/built";
import { Program, run } from "../support/process";
import { freePort, type PrivateServer, startServer, temporalCli } from "../support/server";
import { commands, guides, prepareWorkshop, root, writeGuide } from "./guides";

const workshop = prepareWorkshop();
const programs = guides().map(writeGuide);

let server: PrivateServer;

beforeAll(async () => {
  // A server of its own, because the programs have task queues and ids with fixed names.
  server = await startServer();
});

afterAll(() => server?.stop());

test("everything that guides show compiles", async () => {
  expect(programs.flatMap(({ path, unchecked }) => unchecked.map((block) => `${path}: ${block}`))).toEqual([]);
  await run([join(root, "ts/node_modules/.bin/tsc"), "--noEmit", "--project", workshop]);
});

describe("what guides show does what they say", () => {
  for (const { path, folder, steps } of programs.filter(({ steps }) => steps.length > 0)) {
    test(path, async () => {
      const environment = {
        ...process.env,
        NO_COLOR: "1",
        PATH: `${commands}:${join(process.execPath, "..")}:${join(temporalCli(), "..")}:${process.env["PATH"]}`,
        TEMPORAL_ADDRESS: server.address,
        METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
      };
      const options = { cwd: folder, env: environment };
      await using stack = new AsyncDisposableStack();
      const running: Program[] = [];
      for (const { script, expected } of steps) {
        // What goes on until it is interrupted says so: the steps after it need it.
        const [, command] = /^(.*?)\s+# until Ctrl-C$/m.exec(script) ?? [];
        if (command) {
          const program = stack.use(new Program(["bash", "-c", `exec ${command}`], options));
          running.push(program);
          for (const line of expected) await program.says(new RegExp(RegExp.escape(line.trim())));
          continue;
        }
        const { output, errors } = await run(["bash", "-euc", script], options);
        let rest = output + errors;
        for (const line of expected) {
          expect(rest).toContain(line.trim());
          rest = rest.slice(rest.indexOf(line.trim()) + line.trim().length);
        }
      }
      for (const program of running) {
        program.kill("SIGTERM");
        await program.ends();
      }
    });
  }
});
