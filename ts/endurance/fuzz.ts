/**
 * `make fuzz`: SECONDS_EACH (30) for each of what reads bytes of others, SEED, ONLY for one. An input that does what it
 * must not is written into target/fuzz. Exit code 1 if there is one.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fuzz } from "./fuzz/fuzz";
import { targets } from "./fuzz/targets";

const seconds = Number(process.env["SECONDS_EACH"] ?? 30);
const seed = Number(process.env["SEED"] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const only = process.env["ONLY"];
if (only !== undefined && targets[only] === undefined)
  throw new Error(`ONLY must be one of ${Object.keys(targets).join(", ")}`);
console.log(`fuzz: seed ${seed}, ${seconds} s each`);
let failed = 0;
for (const name of only === undefined ? Object.keys(targets) : [only]) {
  const end = performance.now() + seconds * 1000;
  const { inputs, outcomes, finding } = await fuzz(name, seed, () => performance.now() > end);
  console.log(
    `${name}: ${inputs} inputs, ${outcomes} ways to end${finding === undefined ? "" : ", and one that must not be"}`,
  );
  if (finding === undefined) continue;
  failed++;
  const folder = join(import.meta.dir, "../../target/fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name.replaceAll(" ", "-"));
  writeFileSync(file, finding.input);
  console.log(`${file}: ${Bun.inspect(finding.error)}`);
}
process.exitCode = failed === 0 ? 0 : 1;
