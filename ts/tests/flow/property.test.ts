/**
 * Random flows do what an interpreter in memory says, with no run cached and runs that continue as new all the time,
 * and their histories replay. `FLOWS_PROPERTY_RUNS` says how many flows.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { WorkflowFailedError } from "../../src/client";
import { CancelledFailure } from "../../src/common";
import { NativeConnection, Worker } from "../../src/worker";
import { startServer } from "../support/server";
import { done, randomFlow, type Trace, trace } from "./fixtures/random-flows";
import { random } from "./random";
import { withApp } from "./support";

setDefaultTimeout(600_000);

const count = Number(process.env["FLOWS_PROPERTY_RUNS"] ?? 12);
const workflowsPath = new URL("../../src/integrations/flow/workflow/index.ts", import.meta.url).href;

test.each([
  ["cached", 4096, 100],
  ["never cached, and continued as new after few events", 14, 0],
])("%s", async (_, suggestContinueAsNew, maxCachedWorkflows) => {
  const server = await startServer({
    dynamicConfig: { "limit.historyCount.suggestContinueAsNew": suggestContinueAsNew },
  });
  const connection = await NativeConnection.connect({ address: server.address });
  const cases = Array.from({ length: count }, (_, seed) => randomFlow(`random${seed}`, random(seed + 1)));
  try {
    await withApp(
      cases.map(({ flow }) => flow),
      async ({ start, client }) => {
        const ids = await Promise.all(
          cases.map(async ({ flow, payload, expected }) => {
            const { id, result } = await start(flow, payload);
            const ending = await result().then(
              (output) => ({ end: "COMPLETED", output }) as const,
              (error: unknown) => ({ end: endOf(error) }),
            );
            const { steps, undone } = done.get(id) ?? { steps: new Set<string>(), undone: [] };
            expect([flow.id, trace(ending, steps, undone)]).toEqual([flow.id, JSON.parse(JSON.stringify(expected))]);
            return id;
          }),
        );
        const runs = await Array.fromAsync(client.workflow.list());
        expect(runs.length).toBeGreaterThanOrEqual(ids.length);
        const histories = await Promise.all(
          runs.map(async ({ workflowId, runId }) => ({
            workflowId,
            history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
          })),
        );
        const results = await Array.fromAsync(Worker.runReplayHistories({ workflowsPath }, histories));
        expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(results).toHaveLength(runs.length);
      },
      { connection, namespace: server.namespace, worker: { maxCachedWorkflows } },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});

function endOf(error: unknown): Trace["end"] {
  if (!(error instanceof WorkflowFailedError)) throw error;
  return error.cause instanceof CancelledFailure ? "CANCELLED" : "FAILED";
}
