/** Finds programs of servers where people have them, before one is downloaded. */

import { stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";

/** Where to look. */
export interface Places {
  /** Environment variables: `TEMPORAL_CLI_PATH` and `PATH`. */
  environment: Record<string, string | undefined>;
  /** The working folder; `node_modules/.bin` and `.toolchain` are looked for there and in those above. */
  folder: string;
}

/** What is used outside tests. */
export const here = (): Places => ({ environment: process.env, folder: process.cwd() });

/** The Temporal CLI: the one that `TEMPORAL_CLI_PATH` names, or else one in `PATH`, or of the project. */
export async function installedCli(places: Places): Promise<string | undefined> {
  return (await namedCli(places)) ?? find("temporal", places);
}

/**
 * A program that can skip time: the one that `TEMPORAL_CLI_PATH` names, or else a test server in `PATH`, or a Temporal
 * CLI there, of the project or downloaded, if it is new enough and no test server was downloaded before.
 *
 * @param downloaded where a test server is downloaded to
 * @param downloadedCli where a Temporal CLI is downloaded to
 */
export async function installedTimeSkipper(
  places: Places,
  downloaded: string,
  downloadedCli: string,
): Promise<string | undefined> {
  const certain = (await namedCli(places)) ?? find("temporal-test-server", places);
  if (certain !== undefined || (await isFile(downloaded))) return certain;
  const cli = find("temporal", places) ?? downloadedCli;
  if (!(await isFile(cli))) return undefined;
  const version = await devServerVersion(cli);
  return version !== undefined && skipsTime(version) ? cli : undefined;
}

async function namedCli({ environment }: Places): Promise<string | undefined> {
  const path = environment["TEMPORAL_CLI_PATH"];
  if (!path) return undefined;
  if (!(await isFile(path)))
    throw new Error(`There is no file ${path}: correct the environment variable TEMPORAL_CLI_PATH`);
  return path;
}

function find(name: string, { environment, folder }: Places): string | undefined {
  const folders = [environment["PATH"] ?? ""];
  for (let at = resolve(folder); ; at = dirname(at)) {
    folders.push(join(at, "node_modules/.bin"), join(at, ".toolchain/python/bin"));
    if (at === dirname(at)) break;
  }
  return Bun.which(name, { PATH: folders.join(delimiter) }) ?? undefined;
}

/** Version of the server in a Temporal CLI. */
type ServerVersion = [major: number, minor: number];

/** Whether that dev server can skip time. */
export function skipsTime([major, minor]: ServerVersion): boolean {
  return major > 1 || (major === 1 && minor >= 32);
}

/**
 * The version of the server in a Temporal CLI, as numbers; undefined if a program doesn't say that it is one. The test
 * server takes its first argument for a port, and ends.
 */
export async function devServerVersion(path: string): Promise<ServerVersion | undefined> {
  const child = Bun.spawn([path, "--version"], { stdout: "pipe", stderr: "ignore", stdin: "ignore", timeout: 30_000 });
  const match = /^temporal version .*\bServer (\d+)\.(\d+)/m.exec(await new Response(child.stdout).text());
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** Whether there is a file. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
