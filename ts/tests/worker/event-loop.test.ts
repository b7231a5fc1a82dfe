/** Programs without top-level await: what they await keeps their process alive to their last line. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/process";
import { temporalCli, testServer } from "../support/server";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const program = (...args: string[]) => run([process.execPath, `${import.meta.dir}/fixtures/awaited.ts`, ...args]);
const names: string[] = JSON.parse((await program("list")).output);

test.each(names)("%s", async (name) => {
  const { address } = await testServer();
  const { output, errors } = await program(name, address, temporalCli());
  // Core may have something to log after it.
  expect(output.split("\n")).toContain(`${name}: done`);
  expect(errors).toBe("");
});
