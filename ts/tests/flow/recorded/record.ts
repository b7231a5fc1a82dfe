/**
 * Records a history of each flow of `fixtures/kill-flows.ts`, of some random ones that continue as new, of state that
 * does, of a poll, of events and of what limits runs, for `recorded.test.ts`: `bun tests/flow/recorded/record.ts
 * <version>` in `ts`, and a query for the Workflows to take if it isn't for all. A release adds a file of its own and
 * leaves those of others alone: runs that began with one go on with every later one.
 */

import { Client } from "../../../src/client";
import { app, define, event, on, poll, type RunStatus, type StandardSchema } from "../../../src/integrations/flow";
import { History } from "../../../src/proto/temporal/api/history/v1/message";
import { DefaultLogger, NativeConnection, Runtime } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { flows, others } from "../fixtures/kill-flows";
import { randomFlow } from "../fixtures/random-flows";
import { random } from "../random";

const [version, query] = process.argv.slice(2);
if (version === undefined) throw new Error("name the version that is recorded");
Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 40 } });
const connection = await NativeConnection.connect({ address: server.address });
const chance = [1, 2, 3, 4, 5, 6].map((seed) => randomFlow(`random${seed}`, random(seed)));
const anything: StandardSchema<string> = {
  "~standard": { version: 1, vendor: "tests", validate: (value) => ({ value: value as string }) },
};
const feed = poll(() => ({ items: ["found"], cursor: 1 }), { name: "feed", every: "1 day", id: String });
const stateful = define({ id: "stateful", payload: anything, triggers: [feed] }, (f) =>
  f.step("use", async ({ state }) => {
    await state.set("short", "x", { ttl: 100 });
    for (let n = 0; n < 25; n++) await state.incr("n");
    await eventually(
      () => state.get("short"),
      (value) => value === undefined,
    );
    return [await state.cas("n", 25, "many"), await state.delete("n"), await state.get("n")];
  }),
);
const happened = event("happened", { payload: anything, key: (text) => text.slice(0, 1), retain: "1 minute" });
const other = event("other", { payload: anything });
const waiting = define({ id: "waiting", payload: anything, triggers: [on(other)] }, (f) =>
  f
    .waitForEvent("kept", happened, { match: ({ payload }) => payload.slice(0, 1) })
    .waitForEvent("first", [happened, other], { match: () => "b", timeout: "1 minute" })
    .waitForEvent("late", other, { timeout: 100 })
    .respond({ body: "heard" }),
);
const held = define(
  {
    id: "held",
    payload: anything,
    cancelOn: [{ event: other }],
    singleton: { mode: "replace" },
    rateLimit: { limit: 5, period: "1 hour" },
    debounce: { period: 100, maxWait: "1 second" },
    priority: 2,
  },
  (f) =>
    f
      .while(
        "turns",
        ({ index }) => index < 15,
        (b) => b.step("turn", ({ payload }) => payload),
      )
      .sleep("1 day"),
);
const all = [{ flow: stateful, payload: "x" }, ...flows.map((flow) => ({ flow, payload: "x" })), ...chance];
const application = app({
  flows: [waiting, held, ...others, ...all.map(({ flow }) => flow)],
  connection,
  taskQueue: "recorded",
  signingKeys: ["k".repeat(32)],
});
await application.start();
const runs = await Promise.all(
  all.map(({ flow, payload }) =>
    application.trigger(flow as (typeof flows)[0], payload as string, { key: "recorded" }),
  ),
);
for (const run of runs) await run.result().catch(() => {});
const client = new Client({ connection });
const [scheduleId = ""] = (await application.deploy()).created;
const schedule = client.schedule.getHandle(scheduleId);
await schedule.trigger();
const { info } = await eventually(
  () => schedule.describe(),
  (described) => described.info.recentActions.length > 0,
);
await client.workflow.getHandle(info.recentActions[0]!.action.workflow.workflowId).result();
await client.workflow.getHandle("stateful/feed/found").result();

// One wait for what was published before it, one that is woken, and one whose time is up; two runs, one by the event.
for (const text of ["a1", "a2"]) await application.publish(happened, text, { id: text });
const sleeps = ({ progress }: RunStatus) => progress.running.some(({ step }) => step.endsWith("sleep"));
const list = () => Array.fromAsync(client.workflow.list({ query: "WorkflowType = 'held'" }), (run) => run.workflowId);
for (const [n, text] of ["replaced", "cancelled"].entries()) {
  await application.trigger(held, text);
  const ids = await eventually(list, (found) => new Set(found).size === n + 1);
  await eventually(() => application.inspect(ids[0]!), sleeps);
}
const waits = await application.trigger(waiting, "a", { key: "recorded" });
await eventually(
  () => application.inspect(waits.id),
  ({ progress }) => progress.running.some(({ step, waiting: why }) => step === "first" && why !== undefined),
);
await application.publish(other, "a", { id: "woken" });
await waits.result();
await application.publish(happened, "b", { id: "woken" });
const started = client.workflow.getHandle("waiting/other/woken");
await eventually(() => started.describe().catch(() => undefined), Boolean);
await started.result();
await eventually(
  () => Array.fromAsync(client.workflow.list({ query: "WorkflowType = 'flow.hub' AND ExecutionStatus = 'Running'" })),
  (hubs) => hubs.length < 2,
);
const histories: { workflowId: string; history: string }[] = [];
for await (const { workflowId, runId } of client.workflow.list(query === undefined ? {} : { query })) {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const packed = Bun.gzipSync(new Uint8Array(History.encode(history).finish()));
  histories.push({ workflowId, history: Buffer.from(packed).toString("base64") });
}
await application.stop();
await connection.close();
await server.stop();
const file = `${import.meta.dir}/${version}.json`;
await Bun.write(file, `${JSON.stringify(histories, null, 1)}\n`);
console.log(`${histories.length} histories in ${file}`);
