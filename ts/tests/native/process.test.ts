import { expect, test } from "bun:test";
import "../support/built";

interface Outcome {
  output: string;
  errors: string;
  code: number | null;
  signal: NodeJS.Signals | number | null;
}

/** Runs a program of `fixtures/` to its end; one that hangs is killed before the test is over, which the code shows. */
async function run(name: string, ...args: string[]): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/fixtures/${name}`, ...args], {
    stdout: "pipe",
    stderr: "pipe",
    timeout: 170_000,
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  return { output, errors, code: child.exitCode, signal: child.signalCode };
}

test("the process ends when no native work is outstanding", async () => {
  expect(await run("exits.ts")).toEqual({ output: "answered\n", errors: "", code: 0, signal: null });
});

test("the process stays while a call is pending or a stream is subscribed", async () => {
  expect(await run("stays.ts")).toEqual({ output: "answered\nstreamed\n", errors: "", code: 0, signal: null });
});

test("a Worker ends by itself when its native work is done", async () => {
  const { output, errors, code } = await run("worker-ends.ts");
  expect({ output: output.split("\n").toSorted(), errors, code }).toEqual({
    output: ["", "answered", "worker ended"],
    errors: "",
    code: 0,
  });
});

test("a handler that throws is reported and loses nobody else's events", async () => {
  const { output, code } = await run("throws.ts");
  expect(output.split("\n").toSorted()).toEqual(["", "received: 200", "reported: from a handler"]);
  expect(code).toBe(0);
});

test("Workers may be terminated while events pour in", async () => {
  expect(await run("terminate.ts", "40")).toEqual({ output: "survived 40\n", errors: "", code: 0, signal: null });
}, 180_000);

test("a million random calls to all exports give statuses", async () => {
  const seed = 1 + Math.floor(Math.random() * 2 ** 31);
  const { output, errors, code, signal } = await run("random-calls.ts", "1000000", String(seed));
  // Core logs some of what it is asked for. A panic that was caught would show there.
  const panics = (output + errors).match(/.*panicked.*/g);
  expect({ seed, panics, code, signal }).toEqual({ seed, panics: null, code: 0, signal: null });
  // Not only refusals: some calls did something.
  expect(output.trimEnd().split("\n").at(-1)).toStartWith("1000000 calls, statuses 0,1,2,3");
}, 180_000);
