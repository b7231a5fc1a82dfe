#!/usr/bin/env bun
import { terminalOutput } from "./output";
import { runCommandLine } from "./program";

// Whoever reads may have seen enough, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), terminalOutput);
} catch (error) {
  // A defect; what a server said may be in it.
  terminalOutput.problem(`${Bun.inspect(error)}\n`);
  process.exitCode = 1;
}
