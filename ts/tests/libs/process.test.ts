import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseManifest } from "../../src/libs/manifest";
import { eventually } from "../support/eventually";
import { Program } from "../support/process";
import { type ReleasesServer, startReleasesServer } from "../support/releases-server";
import { noise, publish, removeTemporaryFolders, root, temporaryFolder } from "./support";

afterEach(removeTemporaryFolders);

const script = join(root, "release/download-temporal-libs.ts");
const entry = (cacheDir: string) => join(cacheDir, "v0.1.0/linux-x64");

/** The real client as a process of its own. `before` is what runs it. */
const client = (
  environment: Record<string, string>,
  args: string[] = ["download", "0.1.0", "--platform", "linux-x64"],
  before: string[] = [],
) =>
  new Program([...before, process.execPath, script, ...args], {
    // A proxy of this machine must not come between, and a cache of Bun's own is not what the limits of a test are
    // about.
    env: {
      PATH: process.env["PATH"],
      HOME: temporaryFolder(),
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
      ...environment,
    },
  });

/**
 * Resolves when a file has at least so many bytes. Asked again and again, because Bun's `watch` misses what other
 * processes write.
 */
async function fileHas(path: string, bytes: number): Promise<void> {
  await eventually(
    () => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    (size) => size >= bytes,
  );
}

const fileRequests = (server: ReleasesServer, name: string) =>
  server.requests.filter((request) => request.file === name);

describe("the command as a process", () => {
  test("prints the folder on standard output and everything else on standard error", async () => {
    await using server = await startReleasesServer();
    const { manifest } = publish(server);
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    await using plain = client(environment);
    const first = await plain.ends();
    expect(first.output).toBe(`${entry(cacheDir)}\n`);
    expect(first.errors).toContain("downloading temporal-static-libs-linux-x64-v0.1.0.tar.gz");
    await using json = client({ ...environment, TEMPORAL_LIBS_VERSION: "v0.1.0", TEMPORAL_LIBS_OFFLINE: "1" }, [
      "download",
      "--json",
      "--platform",
      "linux-x64",
    ]);
    const second = await json.ends();
    expect(second.errors).toBe("");
    expect(JSON.parse(second.output)).toEqual({ folder: entry(cacheDir), manifest });
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  });

  test("ends with code 1 and one message when it fails, and prints no folder", async () => {
    await using server = await startReleasesServer();
    publish(server);
    await using process = client(
      { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: temporaryFolder() },
      ["download", "9.9.9"],
    );
    const { output, errors } = await process.ends(1);
    expect(output).toBe("");
    expect(errors).toMatch(
      /^release\/download-temporal-libs\.ts: There is no release temporal-libs-v9\.9\.9\.\n {2}Tried: .*\n {2}What to do: .*\n$/,
    );
  });
});

describe("a client that is killed", () => {
  test("in the middle of a download leaves no libraries and no lock, and the next one goes on where it ended", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server, { library: noise(3_000_000) });
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    server.fail(name, { holdAfter: { bytes: 1_000_000, until: new Promise(() => {}) } });
    await using killed = client(environment);
    await server.requested(name);
    await fileHas(join(cacheDir, ".work/downloads", `${name}.part`), 1_000_000);
    // It waits for the lock that the other one holds.
    await using waiting = client(environment);
    await waiting.says(/waiting for another process/);
    killed.kill("SIGKILL");
    await killed.ends("SIGKILL");
    const { output, errors } = await waiting.ends();
    expect(output).toBe(`${entry(cacheDir)}\n`);
    expect(errors).toContain(`continuing ${name} at 1.0 MB`);
    expect(fileRequests(server, name).map((request) => request.headers["range"] ?? "whole")).toEqual([
      "whole",
      "bytes=1000000-",
    ]);
  }, 180_000);
});

describe("two clients at once", () => {
  test("download once", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    const { promise: bothRun, resolve: letGo } = Promise.withResolvers<void>();
    server.fail(name, { holdAfter: { bytes: 100, until: bothRun } });
    await using first = client(environment);
    await server.requested(name);
    await using second = client(environment);
    await second.says(/waiting for another process/);
    letGo();
    const results = await Promise.all([first.ends(), second.ends()]);
    expect(results.map(({ output }) => output)).toEqual(Array(2).fill(`${entry(cacheDir)}\n`));
    expect(fileRequests(server, name)).toHaveLength(1);
  }, 180_000);
});

/** Whether this machine lets a process mount a file system of its own. */
const canMount =
  process.platform === "linux" &&
  Bun.spawnSync(["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).success;

describe("a disk that is full", () => {
  test("is reported, and with room the download goes on where it ended", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server, { library: noise(300_000) });
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    // No file may be larger than 128 blocks of 512 bytes, or of 1024 in some shells.
    await using limited = client(environment, undefined, ["sh", "-c", 'ulimit -f 128 && exec "$@"', "sh"]);
    const { output, errors } = await limited.ends(1);
    expect(output).toBe("");
    expect(errors).toContain(`There is no room to save ${name}: EFBIG`);
    expect(errors).toContain("free some space");
    expect(existsSync(entry(cacheDir))).toBe(false);
    const kept = statSync(join(cacheDir, ".work/downloads", `${name}.part`)).size;
    expect([65_536, 131_072]).toContain(kept);
    await using free = client(environment);
    await free.ends();
    expect(fileRequests(server, name).at(-1)!.headers["range"]).toBe(`bytes=${kept}-`);
  }, 180_000);

  test("while the archive is unpacked leaves nothing half in the cache", async () => {
    await using server = await startReleasesServer();
    // Zeros: the archive itself is small enough.
    publish(server, { library: new Uint8Array(300_000) });
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    await using limited = client(environment, undefined, ["sh", "-c", 'ulimit -f 128 && exec "$@"', "sh"]);
    expect((await limited.ends(1)).errors).toContain("There is no room to unpack the archive: EFBIG");
    expect(readdirSync(cacheDir).sort()).toEqual([".counts", ".lock", ".work"]);
    // A disk that is full needs the room.
    expect(readdirSync(join(cacheDir, ".work"))).toEqual(["downloads"]);
  }, 180_000);

  test.skipIf(!canMount)(
    "is the same on a file system that has no room left",
    async () => {
      await using server = await startReleasesServer();
      const { name } = publish(server, { library: noise(300_000) });
      const cacheDir = temporaryFolder();
      const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
      const mount = 'mount -t tmpfs -o size=128k none "$0" && exec "$@"';
      await using full = client(environment, undefined, [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mount,
        cacheDir,
      ]);
      expect((await full.ends(1)).errors).toContain(`There is no room to save ${name}: ENOSPC`);
    },
    180_000,
  );

  test.skipIf(!canMount)(
    "is told from one that is read-only, and a whole cache on that can be used",
    async () => {
      await using server = await startReleasesServer();
      publish(server);
      const cacheDir = temporaryFolder();
      const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
      const mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
      const before = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, cacheDir];
      await using empty = client(environment, undefined, before);
      expect((await empty.ends(1)).errors).toContain("The cache cannot be used: could not lock the cache");
      await using filling = client(environment);
      await filling.ends();
      await using using = client(environment, undefined, before);
      expect(await using.ends()).toEqual({ output: `${entry(cacheDir)}\n`, errors: "" });
    },
    180_000,
  );
});
