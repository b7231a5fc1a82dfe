/**
 * All rows of the tables, with and without runs in memory and under a debugger. A realm for each run takes longer:
 * `HOSTILE_TABLES=whole` has all rows of that too, one of ten otherwise.
 */
import { expect, test } from "bun:test";
import { type Mode, testTables, whole } from "./matrix";
import { leftovers, sights, stoppers } from "./tables";

const modes: Mode[] = [
  { title: "in memory", options: {}, seed: 0 },
  { title: "in memory, in another order", options: {}, seed: 4711 },
  { title: "replayed before each activation", options: {}, seed: 8, replays: true },
  { title: "each in a realm of its own", options: { reuseRealm: false }, seed: 15, oneOf: whole ? 1 : 10 },
  { title: "under a debugger", options: { debugging: {} }, seed: 16, debugs: true },
];

for (const mode of modes) testTables(mode);

test("the tables are as large as they have to be", () => {
  expect(leftovers.length).toBeGreaterThanOrEqual(120);
  expect(sights.length).toBeGreaterThanOrEqual(120);
  expect(stoppers.length).toBeGreaterThanOrEqual(40);
});
