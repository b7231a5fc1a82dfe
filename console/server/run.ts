/** What the command line does: runs a console until the process is told to end, or looks after its audit log. */

import type { ConnectionOptions } from "temporal-bun-sdk/client";
import { ConfigError, loadConfig } from "./config";
import { startConsole, storePath } from "./console";
import { auditKey, keyPath, verifyAudit } from "./gate/audit-heads";
import { SqliteStore } from "./store/sqlite";

/** What the command line says. */
export interface ConsoleFlags {
  host?: string;
  port?: string;
  auth?: string;
  config?: string;
  open?: boolean;
}

const modes = ["none", "token", "oidc"] as const;

/**
 * Does what the command line says.
 *
 * @param words nothing: a console is started, and this resolves when it has stopped; or `audit verify`
 */
export async function runConsole(
  connection: ConnectionOptions,
  namespace: string,
  flags: ConsoleFlags,
  words: readonly string[] = [],
): Promise<void> {
  const command = words.join(" ");
  if (command === "audit verify") return verifyLog(flags.config);
  if (command !== "") throw new ConfigError(`The console has no command "${command}": there is \`audit verify\`.`);
  await serve(connection, namespace, flags);
}

async function serve(
  connection: ConnectionOptions,
  namespace: string,
  { host, port = "8300", auth, config: path, open }: ConsoleFlags,
): Promise<void> {
  const config = await loadConfig(path);
  const wanted = auth ?? (config.oidc === undefined ? "none" : "oidc");
  const mode = modes.find((candidate) => candidate === wanted);
  if (mode === undefined) throw new ConfigError(`--auth is "${auth}": it must be none, token or oidc.`);
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new ConfigError(`--port is "${port}": it must be a number from 0 to 65535.`);
  const running = await startConsole({ connection, namespace, host, port: number, mode, config });
  console.log(`Console: ${running.url}`);
  if (open) Bun.spawn([process.platform === "darwin" ? "open" : "xdg-open", running.url]);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  await promise;
  await running.stop();
}

/** Reads the whole audit log. Fails if something is wrong with it. */
async function verifyLog(configPath: string | undefined): Promise<void> {
  const path = storePath((await loadConfig(configPath)).store);
  const store = new SqliteStore(path);
  try {
    const { entries, damages } = await verifyAudit(store, auditKey(keyPath(path)));
    if (damages.length > 0) {
      const lines = damages.map(({ seq, problem }) => `entry ${seq}: ${problem}`);
      throw new ConfigError(`The audit log in ${path} is damaged:\n${lines.join("\n")}`);
    }
    console.log(`The audit log in ${path} is whole: ${entries} entries.`);
  } finally {
    await store.close();
  }
}
