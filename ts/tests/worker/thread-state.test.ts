import { afterEach, expect, setSystemTime, test } from "bun:test";
import { ThreadState } from "../../src/worker/threads/thread-state";

afterEach(() => void setSystemTime());

test("an activation is found again and again by who looks, however long nobody did", () => {
  const state = new ThreadState();
  const thread = new ThreadState(state.memory);
  expect([state.look(), state.look()]).toEqual([0, 0]);
  thread.begin();
  expect([state.look(), state.look(), state.look()]).toEqual([0, 1, 2]);
  thread.end(false);
  expect(state.look()).toBe(0);
  setSystemTime(Date.now() + 1);
  thread.begin();
  expect(state.look()).toBe(0);
  // As after a process was suspended for an hour.
  setSystemTime(Date.now() + 3_600_000);
  expect([state.look(), state.busyForMs]).toEqual([1, 3_600_000]);
  thread.end(false);
  thread.begin();
  expect(state.look()).toBe(0);
});

test("what was done is given out once, in whole numbers, and nothing of it is lost", () => {
  const state = new ThreadState();
  const thread = new ThreadState(state.memory);
  const wait = () => {
    for (const start = performance.now(); performance.now() - start < 0.6; );
  };
  for (const refused of [false, true]) {
    thread.inFlight = 3;
    thread.begin();
    wait();
    thread.end(refused);
    thread.inFlight = 1;
  }
  const first = state.takeWork();
  expect(first).toMatchObject({ activations: 2, refusals: 1, deepest: 3 });
  expect(first.milliseconds).toBeGreaterThanOrEqual(1);
  expect(Number.isInteger(first.milliseconds)).toBe(true);
  expect(state.takeWork()).toEqual({ activations: 0, refusals: 0, milliseconds: 0, deepest: 1 });
  for (let count = 0; count < 10; count++) {
    thread.begin();
    wait();
    thread.end(false);
  }
  expect(first.milliseconds + state.takeWork().milliseconds).toBeGreaterThanOrEqual(7);
});
