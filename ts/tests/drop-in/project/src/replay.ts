/** Replays the history of an order: one from a file, or the one of a debugger. */
import { readFileSync } from "node:fs";
import { DefaultLogger, Runtime, startDebugReplayer, Worker } from "@temporalio/worker";
import { dataConverter } from "./data-converter";

const [file] = process.argv.slice(2);
const options = {
  workflowsPath: require.resolve("./workflows"),
  interceptors: { workflowModules: [require.resolve("./workflow-interceptors")] },
  dataConverter,
};

Runtime.install({ logger: new DefaultLogger("ERROR") });
if (file === undefined) startDebugReplayer(options);
else {
  await Worker.runReplayHistory(options, JSON.parse(readFileSync(file, "utf8")));
  console.log("replayed");
}
