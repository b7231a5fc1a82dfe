/** Callers who wait for the response of a run that continues as new. */
import { expect, setDefaultTimeout, test } from "bun:test";
import * as flow from "../../../src/integrations/flow";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { anything, withApp } from "../support";

setDefaultTimeout(180_000);

test("a caller gets the response of the run that goes on; the run doesn't wait for it", async () => {
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 15 } });
  const connection = await NativeConnection.connect({ address: server.address });
  const gate = Promise.withResolvers<void>();
  const triggers = [flow.webhook("/in", { auth: "none", respond: "step", idempotencyKey: () => "k" })];
  const of = flow.define({ id: "continued", payload: anything<number>(), triggers }, (f) =>
    f
      .step("first", () => gate.promise)
      .while(
        "more",
        ({ index }) => index < 10,
        (b) => b.step("turn", () => undefined),
      )
      .respond({ body: "here" })
      .step("end", () => "end"),
  );
  try {
    await withApp(
      [of],
      async ({ app, client }) => {
        const send = () => app.fetch(new Request("http://app/in", { method: "POST", body: "1" }));
        const answers = [send(), send(), send()];
        const handle = client.workflow.getHandle("continued/k");
        const accepted = async () =>
          (await handle.fetchHistory().catch(() => ({ events: [] }))).events?.some(
            (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
          );
        await eventually(accepted, (is) => is === true);
        gate.resolve();
        for (const answer of await Promise.all([...answers, handle.result().then(send)]))
          expect([answer.status, await answer.json()]).toEqual([200, "here"]);
        const runs = await eventually(
          () => Array.fromAsync(client.workflow.list({ query: 'WorkflowId = "continued/k"' })),
          (list) => list.every(({ status }) => status.name !== "RUNNING"),
        );
        expect(runs.filter(({ status }) => status.name === "CONTINUED_AS_NEW").length).toBeGreaterThan(1);
        expect(runs.filter(({ status }) => status.name === "COMPLETED").length).toBe(1);
      },
      { connection, namespace: "default" },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});
