import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/process";
import { testServer } from "../support/server";

const root = join(import.meta.dir, "../../..");
const folder = join(root, "ts/examples/hello");

test("the README shows the hello example as it is", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]);
  expect(blocks).toEqual(["workflows.ts", "hello.ts"].map((file) => readFileSync(join(folder, file), "utf8")));
});

test("the hello example prints its greeting and ends by itself", async () => {
  const { address } = await testServer();
  const { output } = await run([process.execPath, join(folder, "hello.ts")], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
  });
  expect(output).toContain("Hello, Bun!");
});
