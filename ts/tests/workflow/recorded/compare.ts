/** Compares this SDK with recordings of the official one. */

import { expect } from "bun:test";
import { gunzipSync } from "bun";
import Long from "long";
import { WorkflowActivation } from "../../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { WorkflowActivationCompletion } from "../../../src/proto/temporal/sdk/core/workflow_completion/workflow_completion";
import type { BundleOptions } from "../../../src/worker/bundler/bundler";
import { TestThread } from "../support";

/** Runs, each a list of activations and of the completions that the official SDK gave; see `record.mjs`. */
type Recording = [activation: string, completion: string][][];

/** Runs the programs of a recording and expects the completions that are in it. Returns how many programs there are. */
export async function expectRecorded(file: string, bundle: Partial<BundleOptions> = {}): Promise<number> {
  const recording = JSON.parse(
    new TextDecoder().decode(gunzipSync(new Uint8Array(await Bun.file(file).arrayBuffer()))),
  ) as Recording;
  const thread = await TestThread.open("../recorded/program.ts", { activityNames: ["a0", "a1", "a2", "a3"] }, bundle);
  let runId: string | undefined;
  for (const run of recording) {
    for (const [bytes, recorded] of run) {
      const activation = WorkflowActivation.decode(Buffer.from(bytes, "base64"));
      const expected = comparable(WorkflowActivationCompletion.decode(Buffer.from(recorded, "base64")));
      const { completion } = await thread.activate(activation);
      expect(comparable(completion)).toEqual(expected);
      runId = activation.runId;
    }
    await thread.activate({ runId, jobs: [{ removeFromCache: {} }] });
  }
  return recording.length;
}

/** A completion without what may differ: stacks, texts of failed tasks, and the order of flags. */
function comparable({ runId, successful }: WorkflowActivationCompletion): unknown {
  return { runId, commands: readable(successful?.commands), flags: [...(successful?.usedInternalFlags ?? [])].sort() };
}

/** A message with text in the place of bytes, so that a difference can be read. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Long.isLong(value)) return value.toString();
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => (key === "stackTrace" ? [] : [[key, readable(field)]])),
  );
}
