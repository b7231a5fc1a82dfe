/**
 * Replays histories of `recordedStream` (program.ts) in the official TypeScript SDK: a file as `record.mjs` writes it, best one for
 * which this SDK ran the Workflow. Run with Node where the official packages are installed:
 *
 *     node replay.mjs path/to/program.ts ours.json
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const require = createRequire(`${process.cwd()}/`);
const { Worker } = require("@temporalio/worker");
const { temporal } = require("@temporalio/proto");

const [, , source, file] = process.argv;
const webpackConfigHook = (config) => {
  config.resolve.alias["temporal-bun-sdk/workflow$"] = require.resolve("@temporalio/workflow");
  config.resolve.alias["temporal-bun-sdk/workflow-streams/workflow$"] = require.resolve("@temporalio/workflow-streams/workflow");
  config.resolve.modules.push(resolve("node_modules"));
  return config;
};
for (const history of JSON.parse(readFileSync(file, "utf8")).histories) {
  const message = temporal.api.history.v1.History.decode(Buffer.from(history, "base64"));
  await Worker.runReplayHistory({ workflowsPath: resolve(source), bundlerOptions: { webpackConfigHook } }, message);
  console.log(`replayed ${message.events.length} events`);
}
process.exit(0);
