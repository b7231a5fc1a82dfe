/** `make leaks`: ROUNDS (30), ONLY for one workload. Each has a process of its own. Exit code 1 if anything grows. */
import { DefaultLogger, Runtime } from "../src/worker";
import { startServer } from "../tests/support/server";
import { lineOf, watch } from "./leaks/leaks";
import { workloads } from "./leaks/workloads";

const rounds = Number(process.env["ROUNDS"] ?? 30);
const only = process.env["ONLY"];
if (only === undefined) {
  let failed = 0;
  for (const name of Object.keys(workloads)) {
    const child = Bun.spawn([process.execPath, import.meta.path], {
      env: { ...process.env, ONLY: name },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if ((await child.exited) !== 0) failed++;
  }
  console.log(`leaks: ${Object.keys(workloads).length} workloads in ${rounds} rounds each, ${failed} of them grow`);
  process.exitCode = failed === 0 ? 0 : 1;
} else {
  if (workloads[only] === undefined) throw new Error(`ONLY must be one of ${Object.keys(workloads).join(", ")}`);
  Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
  const server = await startServer();
  const result = await watch(only, server, rounds);
  console.log(lineOf(result));
  await server.stop();
  process.exitCode = result.grown.length === 0 ? 0 : 1;
}
