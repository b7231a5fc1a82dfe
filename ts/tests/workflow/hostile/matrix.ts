/** Rows of the tables in sequence on one thread, each between Workflows that do nothing wrong. */
import { describe, expect, test } from "bun:test";
import { TestThread } from "../support";
import type { TestHostOptions } from "../thread";
import { hostileName, lookName, workflowsOf } from "./code";
import type { Ending } from "./rows";
import { type Ended, Play, play } from "./stage";
import { leftovers, sights, stoppers } from "./tables";

const modules = `const workflow = require("temporal-bun-sdk/workflow"), common = require("temporal-bun-sdk/common");`;
const code = modules + workflowsOf(leftovers, { sight: sights, stopper: stoppers });
/** How long code that never comes back may take: the time on the clock, so code that does has no limit. */
const limitMs = 200;

/** Whether all rows are run where a mode would take a part of them. */
export const whole = process.env["HOSTILE_TABLES"] === "whole";
/** A realm for each run takes its time. */
const timeoutMs = whole ? 3_600_000 : 120_000;

/** Numbers below `count` in an order that is the same for the same seed. */
function shuffled(count: number, seed: number): number[] {
  const order = [...Array(count).keys()];
  let state = seed;
  for (let left = count - 1; left > 0; left--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const other = state % (left + 1);
    [order[left], order[other]] = [order[other]!, order[left]!];
  }
  return order;
}

/** Whether a run ended as its row says. */
function isAs(ended: Ended, row: Ending | { repeats: true }): boolean {
  if ("repeats" in row) return true;
  if ("fails" in row) return "fails" in ended && ended.fails.includes(row.fails);
  if ("ends" in row) return "ends" in ended && ended.ends.includes(row.ends);
  return Bun.deepEquals(ended, { gives: row.gives });
}

/** How the rows are run. */
export interface Mode {
  title: string;
  options: Partial<TestHostOptions>;
  /** The program of the threads; default: the checkout's. */
  script?: () => string;
  seed: number;
  /** Whether runs are removed from memory and replayed before each activation. */
  replays?: true;
  /** Whether a debugger looks on. */
  debugs?: true;
  /** One row of how many is run; default all. */
  oneOf?: number;
}

/** Declares the tests of all tables. */
export function testTables({ title, options, script, seed, replays, debugs, oneOf = 1 }: Mode): void {
  describe(title, () => {
    /** Runs rows one after the other. Returns what isn't as it should be. */
    async function wrongOnes<R extends { realmOnly?: true; loops?: true }>(
      rows: readonly R[],
      act: (thread: TestThread, row: R, index: number) => Promise<object | undefined>,
    ): Promise<object[]> {
      const thread = await TestThread.withCode(code, options, script?.());
      const innocent = await play(thread, "innocent");
      expect("gives" in innocent).toBe(true);
      const wrong: object[] = [];
      const order = seed === 0 ? [...rows.keys()] : shuffled(rows.length, seed);
      for (const index of order.slice(0, Math.ceil(rows.length / oneOf))) {
        const row = rows[index]!;
        if (debugs && row.realmOnly) continue;
        const before = new Play(thread, "innocent");
        await before.start();
        const found = await act(thread, row, index);
        if (found !== undefined) wrong.push({ row, ...found });
        const others = { before: await before.finish(replays), after: await play(thread, "innocent") };
        if (!Bun.deepEquals(others, { before: innocent, after: innocent })) wrong.push({ row, others });
      }
      return wrong;
    }

    test(
      "nothing is left behind for other runs",
      async () => {
        const wrong = await wrongOnes(leftovers, async (thread, row, index) => {
          const { is, own = is, refused = "done" } = row;
          const expected = row.fails === undefined ? { gives: row.gives ?? [refused, own, own] } : { fails: row.fails };
          const look = lookName(index);
          const before = new Play(thread, look);
          await before.start();
          const hostile = new Play(thread, hostileName("leftover", index));
          await hostile.start();
          const during = await play(thread, look);
          const ended = await hostile.finish(replays);
          const seen = { during, before: await before.finish(replays), after: await play(thread, look) };
          const unseen = { gives: [is, is] };
          if (!isAs(ended, expected)) return { ended };
          return Bun.deepEquals(seen, { during: unseen, before: unseen, after: unseen }) ? undefined : { seen };
        });
        expect(wrong).toEqual([]);
      },
      timeoutMs,
    );

    test(
      "nothing is seen that a replay on another thread wouldn't see",
      async () => {
        const other = await TestThread.withCode(code, options, script?.());
        const wrong = await wrongOnes(sights, async (thread, row, index) => {
          const name = hostileName("sight", index);
          const [hostile, again] = [new Play(thread, name), new Play(other, name)];
          await hostile.start();
          const ended = await hostile.finish(replays);
          if (!isAs(ended, row)) return { ended };
          await again.start();
          await again.finish();
          return Bun.deepEquals(again.commands, hostile.commands) ? undefined : { commands: again.commands };
        });
        expect(wrong).toEqual([]);
      },
      timeoutMs,
    );

    test(
      "nothing ends or stops the thread",
      async () => {
        const wrong = await wrongOnes(stoppers, async (thread, row, index) => {
          const hostile = new Play(thread, hostileName("stopper", index), row.then, row.loops && limitMs);
          await hostile.start();
          const ended = await hostile.finish(replays && !row.loops);
          return isAs(ended, row) ? undefined : { ended };
        });
        expect(wrong).toEqual([]);
      },
      timeoutMs,
    );
  });
}
