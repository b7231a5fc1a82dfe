/**
 * The whole example from nothing, as `make demo-polyglot` runs it: a dev server of its own, a Worker in TypeScript and
 * one in Python, and a Workflow in each language that calls the other. Nothing is left running.
 */
import { Client, Connection } from "temporal-bun-sdk/client";
import { startServer } from "../../tests/support/server";
import type { Report, SeenFailure } from "./workflows";

const server = await startServer();
const environment = {
  ...process.env,
  TEMPORAL_ADDRESS: server.address,
  // What scripts/toolchain.sh has installed.
  PYTHONPATH: `${import.meta.dir}/../../../.toolchain/polyglot`,
  PYTHONDONTWRITEBYTECODE: "1",
};
const start = (command: string, script: string) =>
  Bun.spawn([command, `${import.meta.dir}/${script}`], {
    env: environment,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
const workers = { bun: start(process.execPath, "worker.ts"), python: start("python3", "worker.py") };
const logs = Object.values(workers).map(({ stderr }) => new Response(stderr).text());

let isStopping = false;
async function fail(why: string): Promise<never> {
  isStopping = true;
  for (const worker of Object.values(workers)) worker.kill();
  console.error(`${(await Promise.all(logs)).join("\n")}\n${why}`);
  process.exit(1);
}
process.once("SIGTERM", () => void fail("stopped by SIGTERM"));
const connection = await Connection.connect({ address: server.address });
const client = new Client({ connection });
for (const [name, { exited }] of Object.entries(workers)) {
  void exited.then((code) => {
    if (!isStopping) void fail(`the Worker "${name}" ended early, with exit code ${code}`);
  });
}
const report = (workflowType: string, taskQueue: string): Promise<Report> =>
  client.workflow
    .execute(workflowType, { taskQueue, workflowId: workflowType })
    .catch((error: Error) => fail(`${workflowType} failed: ${error.cause ?? error}`));

const sign = (isRight: boolean) => (isRight ? "ok " : "BAD");
function show(title: string, { values, activityFailure, childFailure }: Report): boolean {
  console.log(`\n${title}`);
  for (const [name, { there, activity, child }] of Object.entries(values))
    console.log(`  ${name.padEnd(8)} activity ${sign(activity)}  child ${sign(child)}  there it was ${there}`);
  for (const [what, failure] of Object.entries({ activity: activityFailure, child: childFailure })) {
    console.log(`  failure of the ${what}: ${sign(isWhole(failure))} ${JSON.stringify(failure)}`);
  }
  const isBack = Object.values(values).every(({ activity, child }) => activity && child);
  return isBack && isWhole(activityFailure) && isWhole(childFailure);
}

/** Whether a failure arrived with all that it was made with. */
function isWhole({ type, message, nonRetryable, details, cause }: SeenFailure): boolean {
  return (
    type === "OutOfStock" &&
    message === "there is no parcel" &&
    nonRetryable &&
    Bun.deepEquals(details, [{ left: 0 }, "více 馬"]) &&
    /^(RangeError|ValueError): 0 of 1$/.test(cause)
  );
}

const results = [
  show("A Workflow in TypeScript calls Python", await report("bunCallsPython", "polyglot-bun")),
  show("A Workflow in Python calls TypeScript", await report("pythonCallsBun", "polyglot-python")),
];
if (results.includes(false)) await fail("something did not arrive as it was sent");
isStopping = true;
for (const [name, worker] of Object.entries(workers)) {
  worker.kill("SIGTERM");
  const code = await worker.exited;
  if (code !== 0) await fail(`the Worker "${name}" did not shut down in order: exit code ${code}`);
}
await connection.close();
await server.stop();
