/** Runs a console until the process is told to end. */

import type { ConnectionOptions } from "temporal-bun-sdk/client";
import { loadConfig } from "./config";
import { startConsole } from "./console";

/** What the command line says. */
export interface ConsoleFlags {
  host?: string;
  port?: string;
  auth?: string;
  config?: string;
  open?: boolean;
}

const modes = ["none", "token", "oidc"] as const;

/** Starts a console with what the command line says, and prints where it is. Resolves when it has stopped. */
export async function runConsole(
  connection: ConnectionOptions,
  namespace: string,
  { host, port = "8300", auth, config: path, open }: ConsoleFlags,
): Promise<void> {
  const config = await loadConfig(path);
  const mode = modes.find((candidate) => candidate === (auth ?? (config.oidc === undefined ? "none" : "oidc")));
  if (mode === undefined) throw new Error(`--auth is "${auth}": it must be none, token or oidc.`);
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error(`--port is "${port}": it must be a number from 0 to 65535.`);
  const running = await startConsole({ connection, namespace, host, port: number, mode, config });
  console.log(`Console: ${running.url}`);
  if (open) Bun.spawn([process.platform === "darwin" ? "open" : "xdg-open", running.url]);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  await promise;
  await running.stop();
}
