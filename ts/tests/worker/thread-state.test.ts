import { afterEach, expect, setSystemTime, test } from "bun:test";
import { ThreadState } from "../../src/worker/threads/thread-state";

afterEach(() => void setSystemTime());

test("an activation is found again and again by who looks, however long nobody did", () => {
  const state = new ThreadState();
  const thread = new ThreadState(state.memory);
  expect([state.look(), state.look()]).toEqual([0, 0]);
  thread.begin();
  expect([state.look(), state.look(), state.look()]).toEqual([0, 1, 2]);
  thread.end();
  expect(state.look()).toBe(0);
  setSystemTime(Date.now() + 1);
  thread.begin();
  expect(state.look()).toBe(0);
  // As after a process was suspended for an hour.
  setSystemTime(Date.now() + 3_600_000);
  expect([state.look(), state.busyForMs]).toEqual([1, 3_600_000]);
  thread.end();
  thread.begin();
  expect(state.look()).toBe(0);
});
