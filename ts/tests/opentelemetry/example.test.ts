import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../support/process";
import { testServer } from "../support/server";

const folder = join(import.meta.dir, "../../examples/opentelemetry");

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
}, 180_000);
