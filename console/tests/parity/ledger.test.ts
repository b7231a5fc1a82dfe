/** `parity.tsv` has the commands of Temporal's CLI; each that Temporal itself has needs a test of its name here. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const least = 0.9;

test("the console does what Temporal's CLI does", async () => {
  const lines = (await Bun.file(join(import.meta.dir, "parity.tsv")).text()).trim().split("\n").slice(1);
  const commands = lines.map((line) => line.split("\t")).filter(([, kind]) => kind === "core");
  const sources = await Promise.all(
    [...new Glob("*.test.ts").scanSync(import.meta.dir)].map((name) => Bun.file(join(import.meta.dir, name)).text()),
  );
  const named = new Set(sources.flatMap((source) => source.match(/(?<=")[a-z-]+ [a-z -]+(?=")/g) ?? []));
  const missing = commands.map(([command = ""]) => command).filter((command) => !named.has(command));
  const share = 1 - missing.length / commands.length;
  const listed = missing.length === 0 ? "" : `; without a test: ${missing.join(", ")}`;
  console.log(`parity: ${commands.length - missing.length} of ${commands.length} commands${listed}`);
  expect(share).toBeGreaterThanOrEqual(least);
});
