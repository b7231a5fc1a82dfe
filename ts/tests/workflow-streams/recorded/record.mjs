/**
 * Records how the official TypeScript SDK runs `recordedStream` (program.ts): the histories of its runs, and what the official client
 * read from the stream. Run with Node in a folder where @temporalio/worker, @temporalio/client and @temporalio/workflow-streams are
 * installed, with the address of a dev server:
 *
 *     node record.mjs path/to/program.ts 127.0.0.1:7233 official.json
 *
 * With the name of a task queue as a fourth argument, only the client is the official one: a Worker of this SDK must serve the queue.
 */
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

const require = createRequire(`${process.cwd()}/`);
const { NativeConnection, Worker } = require("@temporalio/worker");
const { Client, Connection } = require("@temporalio/client");
const { temporal } = require("@temporalio/proto");
const { WorkflowStreamClient } = require("@temporalio/workflow-streams/client");

const [, , source, address, target, foreignQueue] = process.argv;
const taskQueue = foreignQueue ?? `record-${process.pid}`;
const workflowId = `recorded-stream-${process.pid}`;

async function drive(client) {
  const { firstExecutionRunId } = await client.workflow.start("recordedStream", { taskQueue, workflowId, args: [{ run: 1 }] });
  const handle = client.workflow.getHandle(workflowId);
  const stream = WorkflowStreamClient.create(client, workflowId, { batchInterval: "1 hour" });
  const seen = [];
  let wake = () => {};
  const until = async (count) => {
    while (seen.length < count) await new Promise((resolve) => (wake = resolve));
  };
  const reading = (async () => {
    for await (const { topic, data, offset } of stream.subscribe(undefined, 0, { resultType: true, pollCooldown: 0 })) {
      seen.push({ topic, data: data instanceof Uint8Array ? [...data] : data, offset });
      wake();
    }
  })();
  const runs = [firstExecutionRunId];
  for (const before of [0, 4]) {
    await until(before + 1);
    if (before > 0) runs.push((await handle.describe()).runId);
    stream.topic("client").publish({ before });
    stream.topic("client").publish(null);
    await stream.flush();
    await until(before + 3);
    await handle.executeUpdate("discard");
    await handle.signal("proceed");
    await until(before + 4);
    await handle.signal("proceed");
  }
  const result = await client.workflow.getHandle(workflowId).result();
  await reading;
  await stream[Symbol.asyncDispose]();
  const histories = [];
  for (const runId of runs) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(Buffer.from(temporal.api.history.v1.History.encode(history).finish()).toString("base64"));
  }
  return { result, seen, histories };
}

const webpackConfigHook = (config) => {
  config.resolve.alias["temporal-bun-sdk/workflow$"] = require.resolve("@temporalio/workflow");
  config.resolve.alias["temporal-bun-sdk/workflow-streams/workflow$"] = require.resolve("@temporalio/workflow-streams/workflow");
  config.resolve.modules.push(resolve("node_modules"));
  return config;
};
const client = new Client({ connection: await Connection.connect({ address }), identity: "official client" });
const record = async () => writeFileSync(target, `${JSON.stringify(await drive(client))}\n`);
if (foreignQueue !== undefined) await record();
else {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, identity: "official worker", taskQueue, workflowsPath: resolve(source), bundlerOptions: { webpackConfigHook } });
  await worker.runUntil(record);
}
// The official client leaves a timer of the batch interval behind.
process.exit(0);
