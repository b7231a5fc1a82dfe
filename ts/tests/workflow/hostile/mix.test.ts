/**
 * A Worker of the packed SDK on a dev server under a mix of hostile and innocent Workflows. `HOSTILE_MIX` says how many
 * of each; `make hostile` has 5,000.
 */
import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { mainPackage } from "../../../../release/npm-packages";
import { install, nativePackage, registryWith } from "../../packaging/support";
import { run } from "../../support/process";
import { testServer } from "../../support/server";
import { type Mixture, mixedRows, mixedWorkflows } from "./mix";

const count = Number(process.env["HOSTILE_MIX"] || 60);
const timeoutMs = 300_000 + count * 2000;

test(
  `a Worker is alive after ${count} hostile Workflows, and as many innocent ones are right`,
  async () => {
    await using registry = await registryWith(mainPackage, nativePackage);
    const { folder, write } = await install(registry);
    write("workflows.cjs", mixedWorkflows());
    write("rows.json", JSON.stringify(mixedRows()));
    copyFileSync(join(import.meta.dir, "mix-program.ts"), join(folder, "mix-program.ts"));
    const { address } = await testServer();
    const command = [process.execPath, "mix-program.ts", address, join(folder, "workflows.cjs"), "rows.json"];
    const { output } = await run([...command, String(count)], { cwd: folder, timeout: timeoutMs });
    const { lostTasks, ...mixture } = JSON.parse(output.trim().split("\n").at(-1)!) as Mixture;
    expect(mixture).toEqual({ hostile: count, innocent: count, wrong: [], state: "STOPPED" });
    console.log(`${count} hostile and ${count} innocent Workflows are as they should be; ${lostTasks} tasks were lost`);
  },
  timeoutMs,
);
