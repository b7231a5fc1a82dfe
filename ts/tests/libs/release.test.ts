/**
 * `release/verify --release`, the last check before archives are published. What packs and links them is in
 * end-to-end.test.ts.
 */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { platforms, releasedPlatforms } from "../../../release/platforms";
import {
  archiveName,
  checksumName,
  formatChecksum,
  type Manifest,
  type PlatformName,
  packageVersion,
} from "../../src/libs/manifest";
import { makeArchive, root, sha256, temporaryFolder } from "./support";

/** A folder with the archives of a release. `change` is for one platform's manifest. */
function makeRelease(change: Partial<Record<PlatformName, Partial<Manifest>>> = {}): string {
  const folder = temporaryFolder();
  for (const platform of releasedPlatforms) {
    const { rustTarget, zigTarget: _, ...rest } = platforms[platform];
    const { bytes } = makeArchive({
      version: packageVersion,
      platform,
      manifest: { target: rustTarget, ...rest, ...change[platform] },
    });
    const name = archiveName(packageVersion, platform);
    writeFileSync(join(folder, name), bytes);
    writeFileSync(join(folder, checksumName(packageVersion, platform)), formatChecksum(sha256(bytes), name));
  }
  return folder;
}

function verify(...options: string[]): { code: number; said: string } {
  const { exitCode, stderr } = Bun.spawnSync(["release/verify", ...options], {
    cwd: root,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  return { code: exitCode, said: stderr.toString() };
}

test("a release whose platforms agree is accepted", () => {
  const { code, said } = verify("--release", makeRelease());
  expect(said).toContain(
    `linux-arm64, linux-x64, macos-arm64: all of version ${packageVersion}, Core 0.10.1, ABI 1, header `,
  );
  expect(code).toBe(0);
});

test.each([
  [{ abi: 2 }, /^release\/verify: the manifest for linux-arm64 has abi 2, but in this checkout it is 1\n$/],
  [
    { headerHash: "0123456789abcdef" },
    /^release\/verify: the manifest for linux-arm64 has headerHash "0123456789abcdef", but in this checkout it is "[0-9a-f]{16}"\n$/,
  ],
  [
    { coreVersion: "0.9.0" },
    /^release\/verify: the manifest for linux-arm64 has coreVersion "0.9.0", but in this checkout it is "0.10.1"\n$/,
  ],
  [
    { target: "aarch64-unknown-linux-musl" },
    /^release\/verify: the manifest for linux-arm64 has target "aarch64-unknown-linux-musl"/,
  ],
  [
    { version: "0.0.9" },
    /^release\/verify: temporal-static-libs-linux-arm64-\S+ does not match its manifest: manifest.json is that of 0.0.9/,
  ],
  [
    { profile: "release" },
    /^release\/verify: the archives do not agree: profile is release for linux-arm64, dist for linux-x64, dist for macos-arm64\n$/,
  ],
] as [Partial<Manifest>, RegExp][])("one with a platform of %j is not", (manifest, message) => {
  const { code, said } = verify("--release", makeRelease({ "linux-arm64": manifest }));
  expect(said).toMatch(message);
  expect(code).toBe(1);
});

test("one without a platform, or with another file, is not", () => {
  const folder = makeRelease();
  writeFileSync(join(folder, "notes.txt"), "");
  expect(verify("--release", folder).said).toContain(`${folder} has notes.txt, temporal-static-libs-linux-arm64`);
  rmSync(join(folder, "notes.txt"));
  rmSync(join(folder, archiveName(packageVersion, "macos-arm64")));
  expect(verify("--release", folder)).toEqual({ code: 1, said: expect.stringContaining("but a release is ") });
});

test("one with a damaged archive is not", () => {
  const folder = makeRelease();
  writeFileSync(join(folder, archiveName(packageVersion, "linux-x64")), "damaged");
  const { code, said } = verify("--release", folder);
  expect(said).toMatch(/^release\/verify: \S+linux-x64\S+ has SHA-256 [0-9a-f]{64}, but \S+ says [0-9a-f]{64}\n$/);
  expect(code).toBe(1);
});

test.each(["release/pack", "release/verify"])(
  "%s says how it is used, and refuses what it does not know",
  (command) => {
    const run = (option: string) =>
      Bun.spawnSync([command, option], { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    expect(run("--help").stdout.toString()).toContain(`  ${command} [`);
    const wrong = run("--platfrom=linux-x64");
    expect(wrong.stderr.toString()).toStartWith(`${command}: `);
    expect(wrong.exitCode).toBe(1);
  },
);

test("only the version of the checkout is packed", () => {
  const { exitCode, stderr } = Bun.spawnSync(["release/pack", "--version", "99.0.0"], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(stderr.toString()).toStartWith(
    `release/pack: --version is 99.0.0, but this checkout has version ${packageVersion}: `,
  );
  expect(exitCode).toBe(1);
});
