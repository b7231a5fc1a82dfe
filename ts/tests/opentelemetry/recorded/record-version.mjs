/**
 * Records histories of fixtures/yields.ts with the version of the official SDK that is installed in the working folder
 * (@temporalio/{client,interceptors-opentelemetry,worker}), next to a dev server, and adds them to a file:
 *
 *     node record-version.mjs path/to/fixtures/yields.ts versions.json.gz 127.0.0.1:7233
 *
 * Without a server it adds what comes of it when this version replays the histories that are in the file.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const require = createRequire(`${process.cwd()}/`);
const [, , workflows, target, address] = process.argv;
const { Client, Connection } = require("@temporalio/client");
const { DefaultLogger, NativeConnection, Runtime, Worker } = require("@temporalio/worker");
const { History } = require("@temporalio/proto").temporal.api.history.v1;
const { version } = require("@temporalio/worker/package.json");

Runtime.install({ logger: new DefaultLogger("ERROR") });
const webpackConfigHook = (config) => {
  config.resolve.alias["temporal-bun-sdk/workflow"] = require.resolve("@temporalio/workflow");
  config.resolve.modules.push(resolve("node_modules"));
  return config;
};
const interceptors = resolve("interceptors.js");
writeFileSync(
  interceptors,
  `const { OpenTelemetryInboundInterceptor, OpenTelemetryOutboundInterceptor } = require("@temporalio/interceptors-opentelemetry/lib/workflow");
  exports.interceptors = () => ({ inbound: [new OpenTelemetryInboundInterceptor()], outbound: [new OpenTelemetryOutboundInterceptor()] });`,
);

const options = {
  workflowsPath: resolve(workflows),
  bundlerOptions: { webpackConfigHook },
  interceptors: { workflowModules: [interceptors] },
  sinks: { exporter: { export: { fn: () => undefined } } },
};

const versions = existsSync(target) ? JSON.parse(gunzipSync(readFileSync(target)).toString()) : {};
if (address === undefined) {
  for (const recorded of Object.values(versions)) {
    const histories = recorded.map(({ workflowId, history }) => ({ workflowId, history: History.decode(Buffer.from(history, "base64")) }));
    let index = 0;
    for await (const { error } of Worker.runReplayHistories(options, histories)) {
      // What Core says of the first command that is another one than in the history.
      recorded[index++].error = error === undefined ? null : /Nondeterminism error: [^"]*/.exec(error.message)[0];
    }
  }
} else {
  versions[version] = await record();
}
writeFileSync(target, gzipSync(JSON.stringify(versions), { level: 9 }));
console.log(version, JSON.stringify(Object.values(versions).map((recorded) => recorded.map(({ workflowId, error }) => `${workflowId} ${error}`)), undefined, 1));
process.exit(0);

async function record() {
  const client = new Client({ connection: await Connection.connect({ address }) });
  const taskQueue = `yields-${Date.now()}`;
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue, activities: { echo: async (text) => text }, ...options });
  const recorded = [];
  await worker.runUntil(async () => {
    for (const type of ["activities", "locals", "children", "signalling", "signalled"]) {
      const workflowId = `${type}-${version}`;
      const first = await client.workflow.signalWithStart(type, { taskQueue, workflowId, signal: "proceed", signalArgs: ["early"] });
      for (let runId = first.signaledRunId; runId !== undefined; ) {
        const run = client.workflow.getHandle(workflowId, runId, { followRuns: false });
        if (type === "signalled") await run.signal("proceed", "late");
        await run.result().catch(() => undefined);
        const history = await run.fetchHistory();
        leaveOutMachine(history);
        recorded.push({ workflowId, history: Buffer.from(History.encode(history).finish()).toString("base64") });
        runId = history.events.at(-1).workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
      }
    }
  });
  return recorded;
}

/** Takes out of a message what tells of the machine that it was made on: stacks, and names of processes. */
function leaveOutMachine(message) {
  if (typeof message !== "object" || message === null || message instanceof Uint8Array) return;
  for (const [name, value] of Object.entries(message)) {
    if ((name === "stackTrace" || name === "identity") && value) message[name] = "";
    // A sticky queue.
    else if (name === "name" && /^\d+@/.test(value)) message[name] = "sticky";
    else leaveOutMachine(value);
  }
}
