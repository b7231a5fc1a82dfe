/** `make soak`: MINUTES (5), KILL_EVERY in seconds (3), SEED. Exit code 1 if anything was lost. */
import { soak } from "./soak/soak";

const minutes = Number(process.env["MINUTES"] ?? 5);
const killEvery = Number(process.env["KILL_EVERY"] ?? 3);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
console.log(`soak: ${minutes} minutes, a kill every ${killEvery} s, SEED=${seed}`);
const report = (line: string) => process.stdout.isTTY && process.stdout.write(`\r  ${line}`);
const { workflows, workerKills, serverKills, repeatedAttempts, problems } = await soak({
  minutes,
  workflows: 0,
  kills: 0,
  killEveryMs: killEvery * 1_000,
  seed,
  report,
});
for (const problem of problems.slice(0, 50)) console.log(`  ${problem}`);
console.log(
  `soak: ${workflows} Workflows, ${workerKills} kills of Workers, ${serverKills} of the server; ` +
    `${repeatedAttempts} attempts were made after a kill, ${problems.length} things lost or wrong`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
