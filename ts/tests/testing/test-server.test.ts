/**
 * What Temporal's test server is started with and sent: seen by a program in its place, since there is none of it here.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestWorkflowEnvironment } from "../../src/testing";
import { rejection } from "../worker/support";
import { script, temporaryFolder } from "./support";

setDefaultTimeout(180_000);

describe("an environment with the path of a test server", () => {
  test("gives it port and arguments, unlocks time while a result is waited for, and skips time by sleep", async () => {
    using folder = temporaryFolder();
    const calls = join(folder.path, "calls");
    const path = script(
      folder.path,
      "temporal-test-server",
      `exec '${process.execPath}' '${import.meta.dir}/fixtures/test-server.ts' "$@"`,
    );
    const seen = () =>
      readFileSync(calls, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));

    const environment = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: "existing-path", path }, extraArgs: ["--calls", calls] },
    });
    try {
      expect(environment.supportsTimeSkipping).toBe(true);
      const { workflow } = environment.client;
      const error = await rejection(workflow.execute("anything", { taskQueue: "q", workflowId: "w" }));
      expect(error.message).toBe("by the test server");
      expect(seen()).toEqual([
        { rpc: "StartWorkflowExecution" },
        { rpc: "UnlockTimeSkipping" },
        { rpc: "GetWorkflowExecutionHistory" },
        { rpc: "LockTimeSkipping" },
      ]);
      await environment.sleep("1 day");
      expect(seen().at(-1)).toEqual({ rpc: "UnlockTimeSkippingWithSleep", seconds: 86_400 });
      expect(await environment.currentTimeMs()).toBe(Date.UTC(2000, 0, 1));
    } finally {
      await environment.teardown();
    }
  });

  test("tells what it wrote when it ends at once", async () => {
    using folder = temporaryFolder();
    const path = script(folder.path, "temporal-test-server", "echo no such thing as a port >&2", "exit 7");
    const error = await rejection(
      TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: "existing-path", path } } }),
    );
    expect(error.message).toBe(
      `${path} ended with exit code 7 before it was ready. It wrote:\nno such thing as a port`,
    );
  });
});
