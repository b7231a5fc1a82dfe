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
import { Program, run } from "../support/process";
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
  await copyTree();
  if (nothingToPack) return;
  packed = await pack(join(folder, "packed"));
}, 2 * minutes);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packs the everyday archive into a folder. Returns the path of what it made. */
async function pack(into: string): Promise<string> {
  const command = ["release/pack", "--profile", "release", "--archive", everydayArchive, "--fast", "--output", into];
  return (await run(command, { cwd: root })).output.trim();
}

/** Copies what git has or would take, and links the tools and npm packages, which need no building. */
async function copyTree(): Promise<void> {
  const { output } = await run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of output.split("\0")) {
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
  start(...options: string[]): Program;
  /** Runs it to its end, which must be with the exit code. Returns what it said. */
  run(code: number, ...options: string[]): Promise<string>;
}

function prepareBuild(server: ReleasesServer, environment: Record<string, string> = {}): Build {
  const own = temporaryFolder();
  const cache = join(own, "cache");
  const prefix = join(own, "out");
  const start = (...options: string[]) =>
    new Program(["scripts/without-cargo.sh", "zig", "build", "--prefix", prefix, ...options], {
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
      detached: true,
      timeout: 5 * minutes,
    });
  return {
    library: join(prefix, "lib", libraryFileName),
    cache,
    start,
    run: async (code, ...options) => (await start(...options).ends(code)).errors,
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
      process.kill(-victim.id, "SIGKILL");
      // All of its processes write there, so the end means that none is left.
      await victim.ends("SIGKILL");
      release();
      expect(existsSync(build.library)).toBe(false);
      expect(existsSync(join(build.cache, `v${packageVersion}`))).toBe(false);

      expect(await build.run(0)).toContain(`Core: prebuilt v${packageVersion} ${platform}\n`);

      // Nothing is asked of the server again.
      const requests = server.requests.length;
      const started = performance.now();
      expect(await build.run(0)).toBe(`Core: prebuilt v${packageVersion} ${platform}\n`);
      console.log(`a second build took ${Math.round(performance.now() - started)} ms`);
      expect(server.requests.length).toBe(requests);

      const { output } = await run([process.execPath, join(tree, "ts/examples/orders/demo.ts")], {
        env: { ...process.env, TEMPORAL_BUN_LIBRARY: build.library },
      });
      expect(output).toContain('payment: "payment-demo"');
    },
    6 * minutes,
  );

  test(
    "release/verify links and tries what release/pack made, and refuses it with one byte changed",
    async () => {
      const verify = async (archive: string, code: number) =>
        (await run(["release/verify", archive], { cwd: root, code, timeout: 5 * minutes })).errors;
      expect(await verify(packed, 0)).toContain("checked and linked, loaded and tried");

      const copy = join(temporaryFolder(), packed.slice(packed.lastIndexOf("/") + 1));
      const bytes = readFileSync(packed);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(copy, bytes);
      copyFileSync(`${packed}.sha256`, `${copy}.sha256`);
      expect(await verify(copy, 1)).toMatch(
        /release\/verify: \S+ has SHA-256 [0-9a-f]{64}, but \S+ says [0-9a-f]{64}\n/,
      );
    },
    6 * minutes,
  );

  test(
    "release/npm-pack links the library of the platform's package from it, and takes its licences along",
    async () => {
      await using server = await startReleasesServer();
      publishPacked(server);
      const own = temporaryFolder();
      const { output } = await run(["release/npm-pack", "--fast", "--output", own, platform], {
        cwd: tree,
        env: { ...process.env, TEMPORAL_LIBS_BASE_URL: server.baseUrl, TEMPORAL_LIBS_CACHE_DIR: join(own, "cache") },
        timeout: 5 * minutes,
      });
      await run(["tar", "-xzf", output.trim(), "-C", own]);
      expect(readFileSync(join(own, "package/THIRD_PARTY.md"), "utf8")).toContain("\n## Licence texts\n");
      const sbom = JSON.parse(readFileSync(join(own, "package/sbom.cdx.json"), "utf8"));
      expect(sbom.components.length).toBeGreaterThan(100);
      // Of another platform.
      expect(sbom.components).not.toContainEqual(expect.objectContaining({ name: "security-framework" }));
      const loaded = await run([process.execPath, join(root, "release/smoke.ts")], {
        env: { ...process.env, TEMPORAL_BUN_LIBRARY: join(own, "package", libraryFileName) },
      });
      expect(JSON.parse(loaded.output)).toMatchObject({ version: packageVersion });
    },
    6 * minutes,
  );

  test(
    "packing the same archive again gives the same bytes",
    async () => {
      const path = await pack(temporaryFolder());
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
      const said = await build.run(1);
      expect(said).toContain("SHA-256");
      expect(said).toContain(
        "error: no prebuilt archive can be used, because of what release/download-temporal-libs.ts says above",
      );
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
    expect(await build.run(1)).toContain(`for ${otherPlatform}, not of ${packageVersion} for ${platform}`);
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
    const make = (...command: string[]) => run([zig, ...command], { cwd: objects });
    await make(
      "cc",
      "-target",
      otherPlatform === "linux-arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu",
      "-c",
      "core.c",
      "-o",
      "core.o",
    );
    await make("ar", "rcs", "core.a", "core.o");
    publish(server, { platforms: [platform], version: packageVersion, library: readFileSync(join(objects, "core.a")) });
    const build = prepareBuild(server);
    const said = await build.run(1);
    expect(said).toContain("error:");
    expect(said).toMatch(/incompatible|undefined symbol/);
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
    expect(await build.run(1)).toContain(
      `has ABI ${checkout.abi - 1} and header ${checkout.headerHash}, but this checkout has ABI ${checkout.abi}`,
    );
    expect(existsSync(build.library)).toBe(false);
  },
  minutes,
);

test(
  "without a usable archive the build says why, and turns to cargo unless that is forbidden",
  async () => {
    await using server = await startReleasesServer();
    const build = prepareBuild(server, { TEMPORAL_LIBS_NO_FALLBACK: "0" });
    const said = await build.run(1);
    expect(said).toContain(
      "warning: no prebuilt archive can be used, because of what release/download-temporal-libs.ts says above; cargo compiles Core",
    );
    expect(said).toContain("Core: compiled\n");
    expect(said).toContain("cargo: FileNotFound");

    const strict = await build.run(1, "-Dno-fallback");
    expect(strict).toContain("error: no prebuilt archive can be used");
    expect(strict).not.toContain("Core: compiled");

    const { output } = await run([process.execPath, "release/download-temporal-libs.ts", "cache", "stats", "--json"], {
      cwd: tree,
      env: { ...process.env, TEMPORAL_LIBS_CACHE_DIR: build.cache },
    });
    expect(JSON.parse(output)).toMatchObject({ hit: 0, download: 0, fallback: 1, failure: 1 });
  },
  minutes,
);
