/**
 * `release/verify --release`, the last check before archives are published. What packs and links them is in
 * end-to-end.test.ts.
 */
import { expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figuresName, summary, writeFigures } from "../../../release/figures";
import { platforms, releasedPlatforms } from "../../../release/platforms";
import {
  archiveName,
  attestationName,
  checksumName,
  formatChecksum,
  type Manifest,
  type PlatformName,
  packageVersion,
} from "../../src/libs/manifest";
import { run } from "../support/process";
import { releaseSigner, startSigstore } from "../support/sigstore";
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
    writeFigures(folder, platform, { version: packageVersion, packed: 9e6, library: 44e6, buildSeconds: 420 });
  }
  return folder;
}

/** What `release/verify` says about a release; it must end with the exit code. */
const verify = async (folder: string, code: number, ...options: string[]) =>
  (await run(["release/verify", "--release", folder, ...options], { cwd: root, code })).errors;

test("a release whose platforms agree is accepted", async () => {
  expect(await verify(makeRelease(), 0)).toContain(
    `linux-arm64, linux-x64, macos-arm64: all of version ${packageVersion}, Core 0.10.1, ABI 1, header `,
  );
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
] as [Partial<Manifest>, RegExp][])("one with a platform of %j is not", async (manifest, message) => {
  expect(await verify(makeRelease({ "linux-arm64": manifest }), 1)).toMatch(message);
});

test("one without a platform, or with another file, is not", async () => {
  const folder = makeRelease();
  writeFileSync(join(folder, "notes.txt"), "");
  expect(await verify(folder, 1)).toContain("figures-macos-arm64.json, notes.txt, temporal-static-libs-linux-arm64");
  rmSync(join(folder, "notes.txt"));
  rmSync(join(folder, archiveName(packageVersion, "macos-arm64")));
  expect(await verify(folder, 1)).toContain("but a release is ");
});

test("one whose archives nobody has attested, or somebody whom Sigstore doesn't know, is not", async () => {
  const repository = "example/temporal-bun";
  const folder = makeRelease();
  const { attest } = await startSigstore();
  expect(await verify(folder, 1, "--attested-by", repository)).toContain(
    `${attestationName(packageVersion, "linux-x64")}`,
  );
  for (const platform of releasedPlatforms) {
    const name = archiveName(packageVersion, platform);
    const signer = releaseSigner(repository, "main");
    const bundle = await attest({ name, sha256: sha256(readFileSync(join(folder, name))), signer });
    writeFileSync(join(folder, attestationName(packageVersion, platform)), bundle);
  }
  expect(await verify(folder, 1, "--attested-by", repository)).toContain("can't be verified");
});

test("the summary says how size and build time have changed", async () => {
  const before = temporaryFolder();
  writeFigures(before, "linux-x64", { version: "0.0.9", packed: 10e6, library: 40e6, buildSeconds: 400 });
  writeFigures(before, "macos-arm64", { version: "0.0.9", packed: 10e6, library: 40e6, buildSeconds: null });
  const after = makeRelease();
  rmSync(join(after, figuresName("macos-arm64")));
  expect(summary(after, before)).toBe(`## Libraries, compared with 0.0.9

| platform | archive, packed | library | cargo |
|---|---|---|---|
| linux-arm64 | 9.0 MB | 44.0 MB | 7.0 min |
| linux-x64 | 9.0 MB (−10.0 %) | 44.0 MB (+10.0 %) | 7.0 min (+5.0 %) |
| macos-arm64 | missing | | |
`);
  const env = { ...process.env, PATH: `${withoutReleases()}:${process.env["PATH"]}` };
  const { output } = await run(["release/summary", makeRelease()], { cwd: root, env });
  expect(output).toStartWith("## Libraries, with none before to compare with\n");
});

/** A folder with a `gh` that knows no release. */
function withoutReleases(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "gh"), `#!/bin/sh\n[ "$2" = list ] && echo\n`, { mode: 0o755 });
  return folder;
}

test("one with a damaged archive is not", async () => {
  const folder = makeRelease();
  writeFileSync(join(folder, archiveName(packageVersion, "linux-x64")), "damaged");
  expect(await verify(folder, 1)).toMatch(
    /^release\/verify: \S+linux-x64\S+ has SHA-256 [0-9a-f]{64}, but \S+ says [0-9a-f]{64}\n$/,
  );
});

test.each(["release/pack", "release/verify"])(
  "%s says how it is used, and refuses what it does not know",
  async (command) => {
    expect((await run([command, "--help"], { cwd: root })).output).toContain(`  ${command} [`);
    const wrong = await run([command, "--platfrom=linux-x64"], { cwd: root, code: 1 });
    expect(wrong.errors).toStartWith(`${command}: `);
  },
);

test("only the version of the checkout is packed", async () => {
  const { errors } = await run(["release/pack", "--version", "99.0.0"], { cwd: root, code: 1 });
  expect(errors).toStartWith(`release/pack: --version is 99.0.0, but this checkout has version ${packageVersion}: `);
});
