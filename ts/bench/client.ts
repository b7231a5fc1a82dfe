/** What the client costs: importing it, a start with its result, and waiting for many results. */
import { join } from "node:path";
import type { Row } from "./report";
import { compare, official, output, type Side, sides, workload } from "./sides";

const callCount = 300;
const waitCount = 1000;

interface ImportTime {
  wallMs: number;
  cpuMs: number;
}

/** Imports the client in a process of its own. */
async function importTime(side: Side): Promise<ImportTime> {
  const name = side === "ours" ? "temporal-bun-sdk/client" : "@temporalio/client";
  const script =
    `const start = performance.now(); const before = process.cpuUsage(); await import("${name}"); const { user, system } = process.cpuUsage(before);` +
    `console.log(JSON.stringify({ wallMs: performance.now() - start, cpuMs: (user + system) / 1000 }));`;
  const [program] = sides[side];
  const folder = side === "ours" ? import.meta.dir : official;
  const measure = async () =>
    JSON.parse(
      await output([program!, ...(program === "node" ? ["--input-type=module"] : []), "-e", script], folder),
    ) as ImportTime;
  // The first one only warms up the file caches.
  await measure();
  return await measure();
}

/** A worker of ours for workflows that return at once, in a process of its own, so that it is in nobody's figures. */
function serve(address: string, taskQueue: string): AsyncDisposable {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "run.ts"), "serve", address, taskQueue], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The rows of the client. */
export async function clientRows(address: string): Promise<Row[]> {
  const rows = await compare("importing the client", 7, importTime, ({ wallMs, cpuMs }) => [
    { id: "client.import", name: "import of the client", unit: "ms", ours: wallMs },
    { id: "client.import.cpu", name: "  CPU of it", unit: "ms", ours: cpuMs },
  ]);
  const taskQueue = `bench-client-${process.pid}`;
  {
    await using _ = serve(address, taskQueue);
    rows.push(
      ...(await compare(
        `start and result of ${callCount} workflows`,
        3,
        (side) =>
          workload<{ cpuMs: number; p50Ms: number; p99Ms: number }>(
            side,
            "calls",
            address,
            taskQueue,
            String(callCount),
          ),
        ({ cpuMs, p50Ms, p99Ms }) => [
          { id: "client.calls.cpu", name: "start + result, CPU of the client", unit: "ms", ours: cpuMs },
          { id: "client.calls.p50", name: "  latency p50", unit: "ms", ours: p50Ms },
          { id: "client.calls.p99", name: "  latency p99", unit: "ms", ours: p99Ms },
        ],
      )),
    );
  }
  const prefix = `bench-waits-${process.pid}`;
  await workload("ours", "startMany", address, prefix, String(waitCount));
  rows.push(
    ...(await compare(
      `${waitCount} result() at once`,
      1,
      (side) =>
        workload<{ addedMegabytes: number; rssMegabytes: number }>(side, "waits", address, prefix, String(waitCount)),
      ({ addedMegabytes, rssMegabytes }) => [
        { id: "client.waits.added", name: `memory of ${waitCount} result() at once`, unit: "MB", ours: addedMegabytes },
        { id: "client.waits.rss", name: "  RSS with them", unit: "MB", ours: rssMegabytes },
      ],
    )),
  );
  return rows;
}
