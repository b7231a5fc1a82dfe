import { expect, test } from "bun:test";
import "../support/built";
import { run as runProgram } from "../support/process";

/** Runs a program of `fixtures/`, which must succeed. */
const run = (name: string, ...args: string[]) =>
  runProgram([process.execPath, `${import.meta.dir}/fixtures/${name}`, ...args]);

test("the process ends when no native work is outstanding", async () => {
  expect(await run("exits.ts")).toEqual({ output: "answered\n", errors: "" });
});

test("the process stays while a call is pending or a stream is subscribed", async () => {
  expect(await run("stays.ts")).toEqual({ output: "answered\nstreamed\n", errors: "" });
});

test("a Worker ends by itself when its native work is done", async () => {
  const { output, errors } = await run("worker-ends.ts");
  expect({ output: output.split("\n").toSorted(), errors }).toEqual({
    output: ["", "answered", "worker ended"],
    errors: "",
  });
});

test("a handler that throws is reported and loses nobody else's events", async () => {
  const { output } = await run("throws.ts");
  expect(output.split("\n").toSorted()).toEqual(["", "received: 200", "reported: from a handler"]);
});

test("Workers may be terminated while events pour in", async () => {
  expect(await run("terminate.ts", "40")).toEqual({ output: "survived 40\n", errors: "" });
}, 180_000);

test("a million random calls to all exports give statuses", async () => {
  const seed = 1 + Math.floor(Math.random() * 2 ** 31);
  const { output, errors } = await run("random-calls.ts", "1000000", String(seed));
  // Core logs some of what it is asked for. A panic that was caught would show there.
  const panics = (output + errors).match(/.*panicked.*/g);
  expect({ seed, panics }).toEqual({ seed, panics: null });
  // Not only refusals: some calls did something.
  expect(output.trimEnd().split("\n").at(-1)).toStartWith("1000000 calls, statuses 0,1,2,3");
}, 180_000);
