/** A PostgreSQL server of a test's own, on a socket in a folder of its own. */
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Glob, SQL } from "bun";
import { eventually } from "./eventually";
import { run } from "./process";

/** A server, and clients of it. */
export interface Postgres extends AsyncDisposable {
  /** Makes a client, for another connection of its own. The options are those of Bun's SQL. */
  connect(): SQL;
  /** What another process makes a client with: `new SQL(options)`. */
  options: { adapter: "postgres"; path: string; username: string; database: string };
}

/** Starts a server. `make toolchain` doesn't install it: `scripts/toolchain.sh postgres` does, and is called here. */
export async function startPostgres(): Promise<Postgres> {
  const binaries = await installed();
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? await unprivileged(folder) : [];
  const data = join(folder, "data");
  await run([...user, join(binaries, "initdb"), "--no-sync", "--username=test", "--auth=trust", "-D", data], {
    cwd: folder,
  });
  const server = Bun.spawn(
    [...user, join(binaries, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
    { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  const options = {
    adapter: "postgres",
    path: join(folder, ".s.PGSQL.5432"),
    username: "test",
    database: "postgres",
  } as const;
  const clients = new Set<SQL>();
  const connect = () => {
    const client = new SQL(options);
    clients.add(client);
    return client;
  };
  const answers = async () => {
    const client = new SQL(options);
    try {
      return (await client`SELECT 1`).length === 1;
    } catch {
      return server.exitCode !== null;
    } finally {
      await client.close();
    }
  };
  await eventually(answers, Boolean);
  if (server.exitCode !== null) throw new Error(`PostgreSQL ended with exit code ${server.exitCode}`);
  return {
    options,
    connect,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...clients].map((client) => client.close()));
      server.kill("SIGINT");
      await server.exited;
      rmSync(folder, { recursive: true });
    },
  };
}

async function installed(): Promise<string> {
  const find = () => [...new Glob("/usr/lib/postgresql/*/bin/initdb").scanSync("/")].sort().at(-1);
  const found = find() ?? (await run([resolve(import.meta.dir, "../../../scripts/toolchain.sh"), "postgres"]), find());
  if (found === undefined || !existsSync(found))
    throw new Error("There is no PostgreSQL: scripts/toolchain.sh postgres");
  return resolve(found, "..");
}

async function unprivileged(folder: string): Promise<string[]> {
  const { output } = await run(["id", "-u", "postgres"]);
  chownSync(folder, Number(output), -1);
  chmodSync(folder, 0o755);
  return ["setpriv", `--reuid=${output.trim()}`, "--clear-groups"];
}
