import { afterEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { provideLibraries } from "../../src/libs";
import { count, readCounts } from "../../src/libs/counts";
import { cacheError } from "../../src/libs/error";
import { withLock } from "../../src/libs/lock";
import { headerFile, libraryFile, manifestFile } from "../../src/libs/manifest";
import { run } from "../support/process";
import { startReleasesServer } from "../support/releases-server";
import {
  checkout,
  failure,
  makeClient,
  publish,
  removeTemporaryFolders,
  type TestClientOptions,
  temporaryFolder,
  testNetwork,
} from "./support";

afterEach(removeTemporaryFolders);

const entry = (cacheDir: string) => join(cacheDir, "v0.1.0/linux-x64");

/** A server with a release, and a cache that has it. */
async function filled(options: TestClientOptions = {}) {
  const server = await startReleasesServer();
  const { name } = publish(server);
  const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl }, options);
  await client.provide("linux-x64");
  const downloads = () => server.requests.filter((request) => request.file === name).length;
  return { server, cacheDir, downloads, [Symbol.asyncDispose]: () => server.stop() };
}

const silent = { message: () => {}, progress: () => {} };

/** Ways to damage an entry, given its folder, and what is said of each. */
const damages: [string, (folder: string) => void, string][] = [
  ["a changed byte in the library", (folder) => flip(join(folder, libraryFile)), `${libraryFile} has SHA-256`],
  [
    "a shorter library",
    (folder) => writeFileSync(join(folder, libraryFile), "short"),
    `${libraryFile} has 5 bytes instead of 60000`,
  ],
  ["a longer header", (folder) => appendFileSync(join(folder, headerFile), "\n"), `${headerFile} has`],
  ["no library", (folder) => rmSync(join(folder, libraryFile)), `${libraryFile} is missing`],
  [
    "a folder for a library",
    (folder) => (rmSync(join(folder, libraryFile)), mkdirSync(join(folder, libraryFile))),
    `${libraryFile} is no file`,
  ],
  ["no manifest", (folder) => rmSync(join(folder, manifestFile)), "manifest.json is missing"],
  [
    "a manifest that is no manifest",
    (folder) => writeFileSync(join(folder, manifestFile), "{"),
    "manifest.json is not JSON",
  ],
  ["a file in its place", (folder) => (rmSync(folder, { recursive: true }), writeFileSync(folder, "")), "ENOTDIR"],
  [
    "a link to itself in its place",
    (folder) => (rmSync(folder, { recursive: true }), symlinkSync(folder, folder)),
    "ELOOP",
  ],
];

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[1000]! ^= 1;
  writeFileSync(path, bytes);
}

describe("the cache", () => {
  test("answers without the server when it has the libraries", async () => {
    await using setup = await filled();
    const before = setup.server.requests.length;
    const { client } = makeClient({ baseUrl: setup.server.baseUrl, cacheDir: setup.cacheDir });
    expect((await client.provide("linux-x64")).folder).toBe(entry(setup.cacheDir));
    expect(setup.server.requests.length).toBe(before);
  });

  test.each(damages)("is checked on every use and downloaded again once: %s", async (_, damage, problem) => {
    await using setup = await filled();
    damage(entry(setup.cacheDir));
    const { client, messages } = makeClient({ baseUrl: setup.server.baseUrl, cacheDir: setup.cacheDir });
    const { folder } = await client.provide("linux-x64");
    expect(messages[0]).toStartWith(`the cache is damaged and is downloaded again: in ${folder} `);
    expect(messages[0]).toContain(problem);
    expect(setup.downloads()).toBe(2);
    expect((await client.cache.inspect("0.1.0", "linux-x64")).state).toBe("whole");
    expect(readdirSync(join(setup.cacheDir, ".work"))).toEqual(["downloads"]);
  });

  test.each(damages)("is not used offline when it is damaged: %s", async (_, damage, problem) => {
    await using setup = await filled();
    damage(entry(setup.cacheDir));
    const { client } = makeClient({ baseUrl: setup.server.baseUrl, cacheDir: setup.cacheDir, offline: true });
    const error = await failure(client.provide("linux-x64"), "corrupted-cache");
    expect(error.message).toContain(problem);
    expect(error.message).toContain("temporal-bun libs cache clear");
    expect(setup.downloads()).toBe(1);
  });

  test("is only looked at by size when checksumVerification is off", async () => {
    await using setup = await filled();
    flip(join(entry(setup.cacheDir), libraryFile));
    const config = { baseUrl: setup.server.baseUrl, cacheDir: setup.cacheDir, checksumVerification: false };
    await makeClient(config).client.provide("linux-x64");
    expect(setup.downloads()).toBe(1);
    writeFileSync(join(entry(setup.cacheDir), libraryFile), "short");
    await makeClient(config).client.provide("linux-x64");
    expect(setup.downloads()).toBe(2);
  });

  test("keeps other versions, lists the newest first, and ignores what is not its own", async () => {
    await using server = await startReleasesServer();
    const cacheDir = join(temporaryFolder(), "cache");
    for (const version of ["0.9.0", "0.10.0"]) {
      publish(server, { version, platforms: ["linux-x64", "linux-arm64"] });
      const { client } = makeClient({ baseUrl: server.baseUrl, version, cacheDir });
      await client.provide("linux-x64");
      await client.provide("linux-arm64");
    }
    mkdirSync(join(cacheDir, "vnothing/linux-x64"), { recursive: true });
    writeFileSync(join(cacheDir, "v1.0.0"), "");
    const entries = await makeClient({ cacheDir }).client.cache.list();
    expect(entries.map(({ version, platform }) => `${version} ${platform}`)).toEqual([
      "0.10.0 linux-arm64",
      "0.10.0 linux-x64",
      "0.9.0 linux-arm64",
      "0.9.0 linux-x64",
    ]);
  });

  test("removes what a killed process has left when something is downloaded next", async () => {
    await using server = await startReleasesServer();
    publish(server);
    const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl });
    for (const left of ["unpacked", "replaced"]) {
      mkdirSync(join(cacheDir, ".work", left, "lib"), { recursive: true });
      writeFileSync(join(cacheDir, ".work", left, manifestFile), "half");
    }
    await client.provide("linux-x64");
    expect(readdirSync(join(cacheDir, ".work"))).toEqual(["downloads"]);
  });
});

describe("offline", () => {
  test("the cache is used, and latest is its newest version for the platform", async () => {
    await using setup = await filled();
    publish(setup.server, { version: "0.2.0", platforms: ["linux-arm64"] });
    await makeClient({ baseUrl: setup.server.baseUrl, cacheDir: setup.cacheDir, version: "0.2.0" }).client.provide(
      "linux-arm64",
    );
    const before = setup.server.requests.length;
    const offline = makeClient({
      baseUrl: setup.server.baseUrl,
      cacheDir: setup.cacheDir,
      version: "latest",
      offline: true,
    }).client;
    expect((await offline.provide("linux-x64")).manifest.version).toBe("0.1.0");
    expect(setup.server.requests.length).toBe(before);
  });

  test("what is not in the cache is reported, and the server is not asked", async () => {
    await using server = await startReleasesServer();
    publish(server);
    for (const version of ["0.1.0", "latest"]) {
      const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl, offline: true, version });
      const error = await failure(client.provide("linux-x64"), "not-cached");
      expect(error.message).toContain(cacheDir);
      expect(error.message).toContain("unset TEMPORAL_LIBS_OFFLINE");
      expect(existsSync(cacheDir)).toBe(false);
    }
    expect(server.requests).toEqual([]);
  });
});

test("two processes that count at the same time lose nothing, and a cache that can't be written is still of use", async () => {
  const cacheDir = temporaryFolder();
  const module = JSON.stringify(join(import.meta.dir, "../../src/libs/counts"));
  const program = `const { count } = await import(${module});
    for (let i = 0; i < 200; i++) count(${JSON.stringify(cacheDir)}, "hit", i);`;
  await Promise.all([1, 2].map(() => run([process.execPath, "-e", program])));
  expect(readCounts(cacheDir)).toMatchObject({ hit: 400 });
  count("/proc/nothing", "hit", 0);
});

describe("the checkout", () => {
  test.each<[string, { abi?: number; headerHash?: string }]>([
    ["ABI", { abi: checkout.abi + 1 }],
    ["header", { headerHash: "0123456789abcdef" }],
  ])("refuses libraries of another %s, be they new or in the cache, and keeps them", async (_, difference) => {
    await using server = await startReleasesServer();
    const { name } = publish(server, { manifest: difference });
    const cacheDir = join(temporaryFolder(), "cache");
    for (let run = 0; run < 2; run++) {
      const error = await failure(
        makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64"),
        "abi-mismatch",
      );
      expect(error.message).toContain(`this checkout has ABI ${checkout.abi} and header ${checkout.headerHash}`);
      expect(error.message).toContain(
        `has ABI ${difference.abi ?? checkout.abi} and header ${difference.headerHash ?? checkout.headerHash}`,
      );
      expect(error.message).toContain("compile Core");
    }
    expect(server.requests.filter((request) => request.file === name)).toHaveLength(1);
  });

  test("is not there for an installed package, which takes any libraries", async () => {
    await using server = await startReleasesServer();
    publish(server, { manifest: { abi: 99 } });
    const { client } = makeClient({ baseUrl: server.baseUrl }, { checkout: undefined });
    expect((await client.provide("linux-x64")).manifest.abi).toBe(99);
  });
});

describe("a cache that cannot be used", () => {
  test("because its folder is a link to itself, is reported when it is only read, too", async () => {
    const cacheDir = join(temporaryFolder(), "link");
    symlinkSync(cacheDir, cacheDir);
    const error = await failure(makeClient({ cacheDir }).client.cache.list(), "cache-unusable");
    expect(error.message).toContain("could not read a folder: ELOOP");
  });

  test("because a file is where its folder should be", async () => {
    await using server = await startReleasesServer();
    publish(server);
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    for (const cacheDir of [file, join(file, "inside")]) {
      const error = await failure(
        makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64"),
        "cache-unusable",
      );
      expect(error.message).toContain(cacheDir);
      expect(error.message).toContain("name another one in TEMPORAL_LIBS_CACHE_DIR");
    }
  });

  test.skipIf(process.platform !== "linux")("because its file system takes no files, for root either", async () => {
    await using server = await startReleasesServer();
    publish(server);
    for (const cacheDir of ["/proc/self", "/proc/temporal"]) {
      await failure(makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64"), "cache-unusable");
    }
  });

  test("because another file has the name of its lock", async () => {
    await using server = await startReleasesServer();
    publish(server);
    const cacheDir = temporaryFolder();
    writeFileSync(join(cacheDir, ".lock"), "this is not a lock".repeat(100));
    const error = await failure(
      makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64"),
      "cache-unusable",
    );
    expect(error.message).toContain("could not lock the cache");
  });

  test("because a file is in the way of a version", async () => {
    await using server = await startReleasesServer();
    publish(server);
    const cacheDir = temporaryFolder();
    writeFileSync(join(cacheDir, "v0.1.0"), "");
    const error = await failure(
      makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64"),
      "cache-unusable",
    );
    expect(error.message).toContain(join(cacheDir, "v0.1.0"));
  });

  test("is told from a full disk by the system's error", () => {
    const error = (code: string) => cacheError(Object.assign(new Error("it failed"), { code }), "save it", "/x");
    expect(["ENOSPC", "EDQUOT", "EFBIG"].map((code) => error(code).code)).toEqual([
      "disk-full",
      "disk-full",
      "disk-full",
    ]);
    expect(["EROFS", "EACCES", "EPERM"].map((code) => error(code).code)).toEqual([
      "cache-unusable",
      "cache-unusable",
      "cache-unusable",
    ]);
    expect(error("EROFS").message).toContain("EROFS: it failed");
  });
});

describe("the lock", () => {
  test("lets one in at a time and is free after a failure", async () => {
    const folder = temporaryFolder();
    const network = testNetwork();
    let inside = 0;
    // With time that passes only by waiting, whoever does not get in at once has to wait for the others to end.
    network.timing.sleep = () => Bun.sleep(1);
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) =>
        withLock(folder, network, silent, async () => {
          expect(++inside).toBe(1);
          await Bun.sleep(2);
          inside--;
          if (index % 2 === 0) throw new Error("failed inside");
        }),
      ),
    );
    expect(results.map((result) => result.status)).toEqual([
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
    ]);
    expect(
      results
        .filter((result) => result.status === "rejected")
        .every((result) => result.reason.message === "failed inside"),
    ).toBe(true);
  });

  test("that stays taken is reported with its path", async () => {
    const folder = temporaryFolder();
    await withLock(folder, testNetwork(), silent, async () => {
      const messages: string[] = [];
      const reporter = { ...silent, message: (text: string) => void messages.push(text) };
      const error = await failure(
        withLock(folder, testNetwork({ limits: { lockTimeoutMs: 5000 } }), reporter, async () => {}),
        "cache-locked",
      );
      expect(error.message).toContain(join(folder, ".lock"));
      expect(error.message).toContain("for 5 s");
      expect(messages).toEqual(["waiting for another process that works on the cache"]);
    });
  });
});

describe("provideLibraries", () => {
  test("gives the libraries of all platforms", async () => {
    await using server = await startReleasesServer();
    publish(server, { platforms: ["linux-arm64", "macos-arm64"] });
    const cacheDir = join(temporaryFolder(), "cache");
    const config = {
      baseUrl: server.baseUrl,
      version: "0.1.0",
      cacheDir,
      platforms: ["macos-arm64" as const, "linux-arm64" as const],
    };
    const provided = await provideLibraries(config, silent);
    expect(provided.source === "prebuilt" && provided.libraries.map((library) => library.manifest.platform)).toEqual([
      "macos-arm64",
      "linux-arm64",
    ]);
  });

  test("says why Core has to be compiled, unless it must not be", async () => {
    const config = {
      offline: true,
      version: "0.1.0",
      cacheDir: join(temporaryFolder(), "cache"),
      platforms: ["linux-x64" as const],
    };
    const provided = await provideLibraries(config, silent);
    expect(provided.source === "compilation" && provided.reason.code).toBe("not-cached");
    await failure(provideLibraries({ ...config, fallbackToCompilation: false }, silent), "not-cached");
  });
});
