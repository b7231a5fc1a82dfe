/** What the tests of the testing package share. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EphemeralServerExecutable, TestWorkflowEnvironment } from "../../src/testing";
import { Worker, type WorkerOptions } from "../../src/worker";
import { temporalCli } from "../support/server";
// Quiets the runtime.
import "../worker/support";

/** The dev server of this machine. */
export const executable: EphemeralServerExecutable = { type: "existing-path", path: temporalCli() };

/** Options of servers that only tell of errors. */
export const quiet = { executable, log: { format: "pretty", level: "error" } };

/** Workflows of these tests. */
export const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;

/** A folder that is removed at the end of a `using` scope. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "temporal-testing-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Makes a shell script that can be run, and returns its path. */
export function script(folder: string, name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  return path;
}

/** Runs `body` beside a Worker of an environment, on a task queue of its own. */
export async function withWorker<R>(
  environment: TestWorkflowEnvironment,
  body: (taskQueue: string) => Promise<R>,
  options: Partial<WorkerOptions> = {},
): Promise<R> {
  const taskQueue = crypto.randomUUID();
  const { nativeConnection: connection, namespace } = environment;
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath, ...options });
  return worker.runUntil(() => body(taskQueue));
}
