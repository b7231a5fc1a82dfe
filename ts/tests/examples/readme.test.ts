import { expect, test } from "bun:test";
import { join } from "node:path";
import { testServer } from "../support/server";

const folder = join(import.meta.dir, "../../examples/hello");

test("the hello example prints its greeting and ends by itself", async () => {
  const { address } = await testServer();
  const child = Bun.spawn([process.execPath, join(folder, "hello.ts")], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  expect(output).toContain("Hello, Bun!");
});
