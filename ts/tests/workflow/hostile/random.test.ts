/** Random programs with hostile acts in them. `HOSTILE_SEED` repeats what failed. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../../support/process";

const seed = Number(process.env["HOSTILE_SEED"] || Math.floor(Math.random() * 2 ** 31));

test(`random programs do the same on replay whatever hostile they do, and others go on (seed ${seed})`, async () => {
  const { output } = await run([process.execPath, join(import.meta.dir, "random-programs.ts"), String(seed)]);
  const { failed, ...rest } = JSON.parse(output.trim().split("\n").at(-1)!) as { failed: number };
  expect<object>({ seed, ...rest }).toEqual({ seed, programs: 200, wrong: [] });
  // Most go on, or little was tried.
  expect(failed).toBeLessThan(100);
}, 180_000);
