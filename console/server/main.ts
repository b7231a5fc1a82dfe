#!/usr/bin/env bun
/** The console as a program. `temporal-bun console` does the same. */

import { parseArgs } from "node:util";
import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { runConsole } from "./run";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: "string" },
    namespace: { type: "string", short: "n" },
    host: { type: "string" },
    port: { type: "string" },
    auth: { type: "string" },
    config: { type: "string" },
    open: { type: "boolean" },
  },
});
const overrideEnvVars = { ...process.env } as Record<string, string>;
if (values.address !== undefined) overrideEnvVars["TEMPORAL_ADDRESS"] = values.address;
if (values.namespace !== undefined) overrideEnvVars["TEMPORAL_NAMESPACE"] = values.namespace;
const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
try {
  await runConsole(connectionOptions, namespace ?? "default", values, positionals);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
