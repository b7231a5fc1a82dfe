#!/usr/bin/env bun
// The command `temporal-bun libs` for a checkout in which nothing has been installed or built yet.
import { runLibs } from "../ts/src/cli/libs";
import { terminalOutput } from "../ts/src/cli/output";

process.exitCode = await runLibs(process.argv.slice(2), terminalOutput, "release/download-temporal-libs.ts");
