import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { Worker } from "../../src/worker";
import "../worker/support";

setDefaultTimeout(180_000);

const folder = join(import.meta.dir, "recorded");
const workflowsPath = join(import.meta.dir, "../../src/integrations/flow/workflow/index.ts");
const releases = readdirSync(folder).filter((name) => name.endsWith(".json"));

test.each(releases)("histories of flows that were recorded with %s replay", async (release) => {
  const recorded = JSON.parse(readFileSync(join(folder, release), "utf8")) as {
    workflowId: string;
    history: string;
  }[];
  const histories = recorded.map(({ workflowId, history }) => ({
    workflowId,
    history: History.decode(Bun.gunzipSync(Buffer.from(history, "base64"))),
  }));
  const results = await Array.fromAsync(Worker.runReplayHistories({ workflowsPath }, histories));
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(recorded.length).toBeGreaterThan(0);
  expect(results.length).toBe(recorded.length);
});
