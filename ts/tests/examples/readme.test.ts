import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../support/process";
import { testServer } from "../support/server";

const folder = join(import.meta.dir, "../../examples/hello");

test("the hello example prints its greeting and ends by itself", async () => {
  const { address } = await testServer();
  const { output } = await run([process.execPath, join(folder, "hello.ts")], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
  });
  expect(output).toContain("Hello, Bun!");
});
