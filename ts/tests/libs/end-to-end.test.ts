/**
 * From `release/pack` to a workflow that has run: this machine's everyday archive is packed and published on a releases
 * server, and a copy of the tree is built from it with no cargo on the PATH.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { checksumName, type PlatformName, packageVersion, releaseTag } from "../../src/libs/manifest";
import { libraryFileName, platform as thisPlatform } from "../../src/native/locate";
import { type ReleasesServer, startReleasesServer } from "../support/releases-server";
import { checkout, publish, root, temporaryFolder } from "./support";

const platform = thisPlatform as PlatformName;
const everydayArchive = join(
  resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target"),
  "release/libtemporal_bun_core.a",
);
// With prebuilt libraries there is no Rust, and then there is nothing to pack.
const nothingToPack = Bun.which("cargo") === null || !existsSync(everydayArchive);
const minutes = 60_000;

/** Holds the copy of the tree, and what has been packed. */
let folder: string;
let tree: string;
let packed: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "temporal-end-to-end-"));
  tree = join(folder, "tree");
  copyTree();
  if (nothingToPack) return;
  const pack = Bun.spawn(
    [
      "release/pack",
      "--profile",
      "release",
      "--archive",
      everydayArchive,
      "--fast",
      "--output",
      join(folder, "packed"),
    ],
    { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  packed = (await new Response(pack.stdout).text()).trim();
  expect(await pack.exited).toBe(0);
}, 2 * minutes);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies what git has or would take, and links the tools and npm packages, which need no building. */
function copyTree(): void {
  const list = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  expect(list.exitCode).toBe(0);
  for (const file of list.stdout.toString().split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    copyFileSync(join(root, file), join(tree, file));
  }
  symlinkSync(join(root, ".toolchain"), join(tree, ".toolchain"));
  symlinkSync(join(root, "ts/node_modules"), join(tree, "ts/node_modules"));
}

/** A `zig build` in the copy, without cargo, with a cache and an output folder of its own. */
interface Build {
  /** The library that it makes. */
  library: string;
  cache: string;
  /** Starts it. All of its processes are in a group of their own. */
  start(...options: string[]): Bun.Subprocess<"ignore", "ignore", "pipe">;
  /** Runs it to its end. */
  run(...options: string[]): Promise<{ code: number; said: string }>;
}

function prepareBuild(server: ReleasesServer, environment: Record<string, string> = {}): Build {
  const own = temporaryFolder();
  const cache = join(own, "cache");
  const prefix = join(own, "out");
  const start = (...options: string[]) =>
    Bun.spawn(["scripts/without-cargo.sh", "zig", "build", "--prefix", prefix, ...options], {
      cwd: tree,
      env: {
        ...process.env,
        PATH: `${join(root, ".toolchain/python/ziglang")}:${dirname(process.execPath)}:${process.env["PATH"]}`,
        USE_PREBUILT_LIBS: "true",
        TEMPORAL_LIBS_NO_FALLBACK: "1",
        TEMPORAL_LIBS_BASE_URL: server.baseUrl,
        TEMPORAL_LIBS_CACHE_DIR: cache,
        ...environment,
      },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      detached: true,
    });
  return {
    library: join(prefix, "lib", libraryFileName),
    cache,
    start,
    async run(...options) {
      const child = start(...options);
      const said = await new Response(child.stderr).text();
      return { code: await child.exited, said };
    },
  };
}

/** Publishes what was packed. Returns the name of the archive. */
function publishPacked(
  server: ReleasesServer,
  change: (archive: Uint8Array) => Uint8Array = (archive) => archive,
): string {
  const name = packed.slice(packed.lastIndexOf("/") + 1);
  const checksum = checksumName(packageVersion, platform);
  server.publish(releaseTag(packageVersion), {
    files: { [name]: change(readFileSync(packed)), [checksum]: readFileSync(join(dirname(packed), checksum)) },
  });
  return name;
}

describe.skipIf(nothingToPack)("with this machine's archive", () => {
  test(
    "a build that was killed while it downloaded leaves nothing; the next one links, and the orders example runs with it",
    async () => {
      await using server = await startReleasesServer();
      const name = publishPacked(server);
      const build = prepareBuild(server);

      const { promise: killed, resolve: release } = Promise.withResolvers<void>();
      server.fail(name, { holdAfter: { bytes: 1_000_000, until: killed } });
      const victim = build.start();
      await server.requested(name);
      process.kill(-victim.pid, "SIGKILL");
      // Its processes all write here, so the end means that none is left.
      await new Response(victim.stderr).text();
      release();
      expect(existsSync(build.library)).toBe(false);
      expect(existsSync(join(build.cache, `v${packageVersion}`))).toBe(false);

      const first = await build.run();
      expect(first.said).toContain(`Core: prebuilt v${packageVersion} ${platform}\n`);
      expect(first.code).toBe(0);

      // Nothing is asked of the server again.
      const requests = server.requests.length;
      const started = performance.now();
      expect(await build.run()).toEqual({ code: 0, said: `Core: prebuilt v${packageVersion} ${platform}\n` });
      console.log(`a second build took ${Math.round(performance.now() - started)} ms`);
      expect(server.requests.length).toBe(requests);

      const demo = Bun.spawn([process.execPath, join(tree, "ts/examples/orders/demo.ts")], {
        env: { ...process.env, TEMPORAL_BUN_LIBRARY: build.library },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      expect(await new Response(demo.stdout).text()).toContain('payment: "payment-demo"');
      expect(await demo.exited).toBe(0);
    },
    6 * minutes,
  );

  test(
    "release/verify links and tries what release/pack made, and refuses it with one byte changed",
    async () => {
      const verify = (archive: string) => {
        const { exitCode, stderr } = Bun.spawnSync(["release/verify", archive], {
          cwd: root,
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
        });
        return { exitCode, said: stderr.toString() };
      };
      const good = verify(packed);
      expect(good.said).toContain("checked and linked, loaded and tried");
      expect(good.exitCode).toBe(0);

      const copy = join(temporaryFolder(), packed.slice(packed.lastIndexOf("/") + 1));
      const bytes = readFileSync(packed);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(copy, bytes);
      copyFileSync(`${packed}.sha256`, `${copy}.sha256`);
      const bad = verify(copy);
      expect(bad.said).toMatch(/release\/verify: \S+ has SHA-256 [0-9a-f]{64}, but \S+ says [0-9a-f]{64}\n/);
      expect(bad.exitCode).toBe(1);
    },
    6 * minutes,
  );

  test(
    "release/npm-pack links the library of the platform's package from it, and takes its licences along",
    async () => {
      await using server = await startReleasesServer();
      publishPacked(server);
      const own = temporaryFolder();
      const child = Bun.spawn(["release/npm-pack", "--fast", "--output", own, platform], {
        cwd: tree,
        env: { ...process.env, TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: join(own, "cache") },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      const path = (await new Response(child.stdout).text()).trim();
      expect(await child.exited).toBe(0);
      expect(Bun.spawnSync(["tar", "-xzf", path, "-C", own]).exitCode).toBe(0);
      expect(readFileSync(join(own, "package/THIRD_PARTY.md"), "utf8")).toContain("\n## Licence texts\n");
      const loaded = Bun.spawnSync([process.execPath, join(root, "release/smoke.ts")], {
        env: { ...process.env, TEMPORAL_BUN_LIBRARY: join(own, "package", libraryFileName) },
        stderr: "inherit",
      });
      expect(JSON.parse(loaded.stdout.toString())).toMatchObject({ version: packageVersion });
    },
    6 * minutes,
  );

  test(
    "packing the same archive again gives the same bytes",
    async () => {
      const again = Bun.spawn(
        ["release/pack", "--profile", "release", "--archive", everydayArchive, "--fast", "--output", temporaryFolder()],
        { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "inherit" },
      );
      const path = (await new Response(again.stdout).text()).trim();
      expect(Bun.hash(readFileSync(path))).toBe(Bun.hash(readFileSync(packed)));
      expect(readFileSync(`${path}.sha256`, "utf8")).toBe(readFileSync(`${packed}.sha256`, "utf8"));
    },
    2 * minutes,
  );

  test(
    "an archive that was tampered with is not linked",
    async () => {
      await using server = await startReleasesServer();
      publishPacked(server, (archive) => {
        archive[archive.length >> 1]! ^= 1;
        return archive;
      });
      const build = prepareBuild(server);
      const { code, said } = await build.run();
      expect(said).toContain("SHA-256");
      expect(said).toContain(
        "error: no prebuilt archive can be used, because of what release/download-temporal-libs.ts says above",
      );
      expect(code).not.toBe(0);
      expect(existsSync(build.library)).toBe(false);
    },
    minutes,
  );
});

const otherPlatform: PlatformName = platform === "linux-arm64" ? "linux-x64" : "linux-arm64";

test(
  "the archive of another platform under this one's name is not linked",
  async () => {
    await using server = await startReleasesServer();
    publish(server, { platforms: [platform], version: packageVersion, manifest: { platform: otherPlatform } });
    const build = prepareBuild(server);
    const { code, said } = await build.run();
    expect(said).toContain(`for ${otherPlatform}, not of ${packageVersion} for ${platform}`);
    expect(code).not.toBe(0);
    expect(existsSync(build.library)).toBe(false);
  },
  minutes,
);

test(
  "objects of another architecture behind the right manifest are not linked",
  async () => {
    await using server = await startReleasesServer();
    const zig = join(root, ".toolchain/python/ziglang/zig");
    const objects = temporaryFolder();
    writeFileSync(join(objects, "core.c"), "int temporal_core_abi(void) { return 0; }\n");
    const make = (...command: string[]) =>
      expect(Bun.spawnSync([zig, ...command], { cwd: objects, stderr: "inherit" }).exitCode).toBe(0);
    make(
      "cc",
      "-target",
      otherPlatform === "linux-arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu",
      "-c",
      "core.c",
      "-o",
      "core.o",
    );
    make("ar", "rcs", "core.a", "core.o");
    publish(server, { platforms: [platform], version: packageVersion, library: readFileSync(join(objects, "core.a")) });
    const build = prepareBuild(server);
    const { code, said } = await build.run();
    expect(said).toContain("error:");
    expect(said).toMatch(/incompatible|undefined symbol/);
    expect(code).not.toBe(0);
    expect(existsSync(build.library)).toBe(false);
  },
  3 * minutes,
);

test(
  "an archive with another ABI is not linked",
  async () => {
    await using server = await startReleasesServer();
    publish(server, { platforms: [platform], version: packageVersion, manifest: { abi: checkout.abi - 1 } });
    const build = prepareBuild(server);
    const { code, said } = await build.run();
    expect(said).toContain(
      `has ABI ${checkout.abi - 1} and header ${checkout.headerHash}, but this checkout has ABI ${checkout.abi}`,
    );
    expect(code).not.toBe(0);
    expect(existsSync(build.library)).toBe(false);
  },
  minutes,
);

test(
  "without a usable archive the build says why, and turns to cargo unless that is forbidden",
  async () => {
    await using server = await startReleasesServer();
    const build = prepareBuild(server, { TEMPORAL_LIBS_NO_FALLBACK: "0" });
    const { said } = await build.run();
    expect(said).toContain(
      "warning: no prebuilt archive can be used, because of what release/download-temporal-libs.ts says above; cargo compiles Core",
    );
    expect(said).toContain("Core: compiled\n");
    expect(said).toContain("cargo: FileNotFound");

    const strict = await build.run("-Dno-fallback");
    expect(strict.said).toContain("error: no prebuilt archive can be used");
    expect(strict.said).not.toContain("Core: compiled");
    expect(strict.code).not.toBe(0);
  },
  minutes,
);
