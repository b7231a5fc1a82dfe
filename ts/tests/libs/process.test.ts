import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseManifest } from "../../src/libs/manifest";
import { eventually } from "../support/eventually";
import { type ReleasesServer, startReleasesServer } from "../support/releases-server";
import { noise, publish, removeTemporaryFolders, root, temporaryFolder } from "./support";

afterEach(removeTemporaryFolders);

const script = join(root, "release/download-temporal-libs.ts");
const entry = (cacheDir: string) => join(cacheDir, "v0.1.0/linux-x64");

/** The real client as a process of its own, and what it says on standard error so far. */
class ClientProcess implements AsyncDisposable {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  messages = "";
  readonly output: Promise<string>;
  readonly #ended: Promise<void>;
  readonly #waiting: { text: string; resolve: () => void }[] = [];

  constructor(
    environment: Record<string, string>,
    args: string[] = ["download", "0.1.0", "--platform", "linux-x64"],
    before: string[] = [],
  ) {
    this.child = Bun.spawn([...before, process.execPath, script, ...args], {
      // A proxy of this machine must not come between, and a cache of Bun's own is not what the limits of a test are
      // about.
      env: {
        PATH: process.env["PATH"]!,
        HOME: temporaryFolder(),
        BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
        ...environment,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.output = new Response(this.child.stdout).text();
    this.#ended = this.#read();
  }

  /** Resolves when standard error contains a text; rejects when the process ends before. */
  async says(text: string): Promise<void> {
    if (this.messages.includes(text)) return;
    const said = new Promise<void>((resolve) => void this.#waiting.push({ text, resolve }));
    await Promise.race([said, this.#ended]);
    if (!this.messages.includes(text))
      throw new Error(`it ended without saying ${JSON.stringify(text)}:\n${this.messages}`);
  }

  /** Exit code, standard output and standard error, when it has ended. */
  async result(): Promise<{ code: number; output: string; messages: string }> {
    await this.#ended;
    return { code: await this.child.exited, output: await this.output, messages: this.messages };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) {
      this.messages += decoder.decode(chunk, { stream: true });
      for (const waiter of this.#waiting) if (this.messages.includes(waiter.text)) waiter.resolve();
    }
  }
}

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
    await using plain = new ClientProcess(environment);
    const first = await plain.result();
    expect(first).toMatchObject({ code: 0, output: `${entry(cacheDir)}\n` });
    expect(first.messages).toContain("downloading temporal-static-libs-linux-x64-v0.1.0.tar.gz");
    await using json = new ClientProcess(
      { ...environment, TEMPORAL_LIBS_VERSION: "v0.1.0", TEMPORAL_LIBS_OFFLINE: "1" },
      ["download", "--json", "--platform", "linux-x64"],
    );
    const second = await json.result();
    expect(second).toMatchObject({ code: 0, messages: "" });
    expect(JSON.parse(second.output)).toEqual({ folder: entry(cacheDir), manifest });
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  });

  test("ends with code 1 and one message when it fails, and prints no folder", async () => {
    await using server = await startReleasesServer();
    publish(server);
    await using process = new ClientProcess(
      { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: temporaryFolder() },
      ["download", "9.9.9"],
    );
    const { code, output, messages } = await process.result();
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(messages).toMatch(
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
    await using killed = new ClientProcess(environment);
    await server.requested(name);
    await fileHas(join(cacheDir, ".work/downloads", `${name}.part`), 1_000_000);
    // It waits for the lock that the other one holds.
    await using waiting = new ClientProcess(environment);
    await waiting.says("waiting for another process");
    killed.child.kill("SIGKILL");
    expect((await killed.result()).code).toBe(137);
    const { code, output, messages } = await waiting.result();
    expect({ code, output }).toEqual({ code: 0, output: `${entry(cacheDir)}\n` });
    expect(messages).toContain(`continuing ${name} at 1.0 MB`);
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
    await using first = new ClientProcess(environment);
    await server.requested(name);
    await using second = new ClientProcess(environment);
    await second.says("waiting for another process");
    letGo();
    const results = await Promise.all([first.result(), second.result()]);
    expect(results.map(({ code, output }) => ({ code, output }))).toEqual(
      Array(2).fill({ code: 0, output: `${entry(cacheDir)}\n` }),
    );
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
    await using limited = new ClientProcess(environment, undefined, ["sh", "-c", 'ulimit -f 128 && exec "$@"', "sh"]);
    const { code, output, messages } = await limited.result();
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(messages).toContain(`There is no room to save ${name}: EFBIG`);
    expect(messages).toContain("free some space");
    expect(existsSync(entry(cacheDir))).toBe(false);
    const kept = statSync(join(cacheDir, ".work/downloads", `${name}.part`)).size;
    expect([65_536, 131_072]).toContain(kept);
    await using free = new ClientProcess(environment);
    expect((await free.result()).code).toBe(0);
    expect(fileRequests(server, name).at(-1)!.headers["range"]).toBe(`bytes=${kept}-`);
  }, 180_000);

  test("while the archive is unpacked leaves nothing half in the cache", async () => {
    await using server = await startReleasesServer();
    // Zeros: the archive itself is small enough.
    publish(server, { library: new Uint8Array(300_000) });
    const cacheDir = join(temporaryFolder(), "cache");
    const environment = { TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: cacheDir };
    await using limited = new ClientProcess(environment, undefined, ["sh", "-c", 'ulimit -f 128 && exec "$@"', "sh"]);
    const { code, messages } = await limited.result();
    expect(code).toBe(1);
    expect(messages).toContain("There is no room to unpack the archive: EFBIG");
    expect(readdirSync(cacheDir).sort()).toEqual([".lock", ".work"]);
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
      await using full = new ClientProcess(environment, undefined, [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mount,
        cacheDir,
      ]);
      const { code, messages } = await full.result();
      expect(code).toBe(1);
      expect(messages).toContain(`There is no room to save ${name}: ENOSPC`);
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
      await using empty = new ClientProcess(environment, undefined, before);
      const { code, messages } = await empty.result();
      expect(code).toBe(1);
      expect(messages).toContain("The cache cannot be used: could not lock the cache");
      await using filling = new ClientProcess(environment);
      expect((await filling.result()).code).toBe(0);
      await using using = new ClientProcess(environment, undefined, before);
      expect(await using.result()).toEqual({ code: 0, output: `${entry(cacheDir)}\n`, messages: "" });
    },
    180_000,
  );
});
