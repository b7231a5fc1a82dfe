import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/process";
import { testServer } from "../support/server";

const root = join(import.meta.dir, "../../..");
const folder = join(root, "ts/examples/opentelemetry");

test("docs/OPENTELEMETRY.md shows the example as it is", () => {
  const text = readFileSync(join(root, "docs/OPENTELEMETRY.md"), "utf8");
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]);
  for (const file of ["workflows.ts", "tracing.ts"]) expect(blocks).toContain(readFileSync(join(folder, file), "utf8"));
});

test("the example of tracing prints the spans of one trace and ends by itself", async () => {
  const { address } = await testServer();
  const { output } = await run([process.execPath, join(folder, "tracing.ts")], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
  });
  // Log records go to standard output too.
  const lines = [...output.matchAll(/^([0-9a-f]{32}) (.*)$/gm)];
  expect(lines.map((match) => match[2]).sort()).toEqual([
    "RunActivity:greeting",
    "RunWorkflow:hello",
    "StartActivity:greeting",
    "StartWorkflow:hello",
    "compose",
  ]);
  expect(new Set(lines.map((match) => match[1])).size).toBe(1);
}, 60_000);
