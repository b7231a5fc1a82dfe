import { beforeAll, describe, expect, test } from "bun:test";
import Long from "long";
import { resultOf, startMs, TestThread } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("determinism.ts");
});

describe("time", () => {
  test("is that of the workflow task, whichever way it is asked for", async () => {
    const run = thread.run("clock");
    await run.start();
    const result = resultOf(await run.activate({ fireTimer: { seq: 1 } }));
    const first = startMs + 1_000;
    expect(result.before).toEqual([first, first, new Date(first).toISOString(), true, 0, 1]);
    expect(result.later).toBe(first + 1_000);
    expect(result.kinds).toEqual([true, true, true, Date.UTC(2020, 0), 1_577_836_800_000]);
    expect(result.real).toBe(true);
  });

  test("is real outside of workflows", async () => {
    const before = Date.now();
    const now: number = await thread.evaluate("new Date().getTime()");
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test("is that of the workflow task in the Temporal API", async () => {
    const result = await thread.result("temporalApi");
    if (result !== "none") expect(result).toEqual([startMs + 1_000, startMs + 1_000, "2023-11-14"]);
  });
});

describe("randomness", () => {
  // Drawn by the official SDK from the same seed: histories written with one must replay with the other.
  const official = {
    main: [0.3047673921100795, 0.5259726629592478, "b5e6664a-5d16-4947-af57-6e4d8a9ff9d6"],
    named: [0.8377708685584366, "11944576-80f0-4b3e-b8c5-547d1ccee2d4"],
    bytes: [6, 233, 27, 234],
    redirected: [0.6544504638295621, "ef64933c-7fa0-4a75-9d39-8b6e0aae2c0e"],
    explicit: 0.5104686915874481,
  };

  test("is that of the official SDK", async () => {
    expect(await thread.result("randomness")).toEqual(official);
  });

  test("is the same in every run with the same seed, and another with another", async () => {
    const other = thread.run("randomness");
    const result = resultOf(await other.start([], { randomnessSeed: Long.fromNumber(7) }));
    expect(await thread.result("randomness")).toEqual(official);
    expect(result).not.toEqual(official);
  });

  test("starts anew with a new seed", async () => {
    const run = thread.run("reseeded");
    await run.start();
    const randomnessSeed = Long.fromString("81985529216486895");
    const [before, after] = resultOf(
      await run.activate({ updateRandomSeed: { randomnessSeed } }, { fireTimer: { seq: 1 } }),
    );
    expect(after).toEqual(before);
    expect(before[0]).toBe(official.main[0]);
  });

  test("is real outside of workflows", async () => {
    expect(await thread.evaluate("Math.random()")).not.toBe(await thread.evaluate("Math.random()"));
  });
});

test("setTimeout is a timer of the service, and clearTimeout cancels it", async () => {
  const run = thread.run("timers");
  const started = await run.start();
  // The second timer is cancelled before the command to start it leaves; Core drops both.
  expect(started.kinds).toEqual(["startTimer", "startTimer", "startTimer", "cancelTimer"]);
  expect(started.commands.map(({ startTimer }) => startTimer?.startToFireTimeout?.nanos)).toEqual([
    10_000_000,
    20_000_000,
    30_000_000,
    undefined,
  ]);
  await run.activate({ fireTimer: { seq: 1 } });
  expect(resultOf(await run.activate({ fireTimer: { seq: 3 } }))).toEqual([["kept"], 1, 2]);
});
