#!/usr/bin/env bun
import { runLibs } from "./libs";
import { terminalOutput } from "./output";

const usage = "usage: temporal-bun libs <command>\n       `temporal-bun libs --help` lists the commands\n";

const [topic, ...rest] = process.argv.slice(2);
if (topic === "libs") {
  process.exitCode = await runLibs(rest, terminalOutput, "temporal-bun libs");
} else if (topic === "--help" || topic === "-h") {
  process.stdout.write(usage);
} else {
  process.stderr.write(`${topic === undefined ? "" : `there is no command ${JSON.stringify(topic)}\n`}${usage}`);
  process.exitCode = 2;
}
