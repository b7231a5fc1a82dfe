/** A Worker for the soak, which kills it. Writes a line when it is ready. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from "../../src/worker";
import * as activities from "./activities";

Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
const [address = "", taskQueue = ""] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  stickyQueueScheduleToStartTimeout: "1s",
});
process.stdout.write("ready\n");
await worker.run();
