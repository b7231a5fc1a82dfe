/**
 * Records a history of each flow of `fixtures/kill-flows.ts`, and of some random ones that continue as new, for
 * `recorded.test.ts`: `bun tests/flow/recorded/record.ts <version>` in `ts`. A release adds a file of its own and
 * leaves those of others alone: runs that began with one go on with every later one.
 */

import { Client } from "../../../src/client";
import { app } from "../../../src/integrations/flow";
import { History } from "../../../src/proto/temporal/api/history/v1/message";
import { DefaultLogger, NativeConnection, Runtime } from "../../../src/worker";
import { startServer } from "../../support/server";
import { flows } from "../fixtures/kill-flows";
import { randomFlow } from "../fixtures/random-flows";
import { random } from "../random";

const [version] = process.argv.slice(2);
if (version === undefined) throw new Error("name the version that is recorded");
Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 40 } });
const connection = await NativeConnection.connect({ address: server.address });
const chance = [1, 2, 3, 4, 5, 6].map((seed) => randomFlow(`random${seed}`, random(seed)));
const all = [...flows.map((flow) => ({ flow, payload: "x" })), ...chance];
const application = app({ flows: all.map(({ flow }) => flow), connection, taskQueue: "recorded" });
await application.start();
const runs = await Promise.all(
  all.map(({ flow, payload }) =>
    application.trigger(flow as (typeof flows)[0], payload as string, { key: "recorded" }),
  ),
);
for (const run of runs) await run.result().catch(() => {});
const client = new Client({ connection });
const histories: { workflowId: string; history: string }[] = [];
for await (const { workflowId, runId } of client.workflow.list()) {
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
