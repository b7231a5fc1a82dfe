/**
 * Does all that a release does but the upload, with what is built on this machine: `make release-check`. Every step is
 * tried, also when one before it failed, unless it needs what that one makes.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { output, root } from "../scripts/tools";
import { archiveName, type PlatformName, packageVersion } from "../ts/src/libs/manifest";
import { fail, run, thisPlatform } from "./command";
import { platformPackage, tarballName } from "./npm-packages";
import { releasedPlatforms } from "./platforms";
import { checkVersions } from "./versions";

const work = mkdtempSync(join(tmpdir(), "temporal-release-check-"));
const packages = join(work, "packages");
const cache = join(work, "cache");
const failed: string[] = [];
const notHere: string[] = [];

/** Runs a step, which returns what it has to say. */
function step(name: string, action: () => string): boolean {
  const start = performance.now();
  try {
    const said = action();
    console.log(`ok      ${name}: ${said} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    console.log(`failed  ${name}: ${error instanceof Error ? error.message : error}`);
    failed.push(name);
    return false;
  }
}

/** The archive that was built, the one that is released before the everyday one. */
function builtArchive(): [profile: string, file: string] {
  const target = resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target");
  for (const profile of ["dist", "release"]) {
    const file = join(target, profile, "libtemporal_bun_core.a");
    if (existsSync(file)) return [profile, file];
  }
  throw new Error(`${target} has no libtemporal_bun_core.a: run \`make build\` first, or \`make dist\``);
}

function changelog(): string {
  const text = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const [heading = "", ...lines] = text
    .slice(text.indexOf("\n## ") + 4)
    .split("\n## ", 1)[0]!
    .split("\n");
  const entries = lines.filter((line) => line.startsWith("- ")).length;
  if (entries === 0) throw new Error(`the section of ${packageVersion} in CHANGELOG.md is empty`);
  if (/not released/.test(heading)) notHere.push(`a date in CHANGELOG.md, which says "${heading}"`);
  return `${entries} entries for ${packageVersion}`;
}

/** Packs what was built, and puts it into a cache as the download client would. */
function packArchive(): string {
  const [profile, file] = builtArchive();
  const fast = profile === "dist" ? [] : ["--fast"];
  const packed = output(["release/pack", "--profile", profile, "--archive", file, ...fast, "--output", work]);
  run(["release/verify", packed]);
  const entry = join(cache, `v${packageVersion}`, thisPlatform);
  mkdirSync(entry, { recursive: true });
  output(["tar", "-xzf", packed, "-C", entry]);
  return `${basename(packed)}, of profile ${profile}: checksum and manifest made and verified, linked, loaded`;
}

/** Those of other platforms that were cross-built and packed here. */
function otherArchives(): string {
  const folder = join(root, "target/packed");
  const others = releasedPlatforms.filter((platform) => platform !== thisPlatform);
  const found = others.filter((platform) => existsSync(join(folder, archiveName(packageVersion, platform))));
  const missing = others.filter((platform) => !found.includes(platform));
  if (missing.length > 0) notHere.push(`the archives of ${missing.join(", ")}, which their own machines build`);
  for (const platform of found.filter((name) => name.startsWith("linux")))
    run(["release/verify", "--link-only", join(folder, archiveName(packageVersion, platform))]);
  return found.length === 0 ? "none is here" : `${found.join(", ")} verified`;
}

function packPackages(): string {
  const { exitCode, stderr } = Bun.spawnSync(
    ["release/npm-pack", "--fast", "--version", packageVersion, "--output", packages],
    {
      cwd: root,
      env: { ...process.env, TEMPORAL_LIBS_CACHE_DIR: cache, TEMPORAL_LIBS_OFFLINE: "1" },
      stderr: "pipe",
    },
  );
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
  const missing = releasedPlatforms.filter((platform) => platform !== thisPlatform).map(platformPackage);
  notHere.push(`the npm packages ${missing.join(", ")}, and so npm's own dry run of publishing`);
  return readdirSync(packages).join(", ");
}

/** What a release has to name the licences of, and to list. */
function contents(): string {
  for (const name of [platformPackage(thisPlatform as PlatformName), "temporal-bun-sdk"]) {
    const files = output(["tar", "-tzf", join(packages, tarballName(name))]).split("\n");
    for (const file of ["LICENSE", "THIRD_PARTY.md", "sbom.cdx.json", "package.json"])
      if (!files.includes(`package/${file}`)) throw new Error(`${tarballName(name)} has no ${file}`);
  }
  return "LICENSE, THIRD_PARTY.md and sbom.cdx.json are in both packages";
}

const runs = (command: string[], said: string) => () => {
  run(command);
  return said;
};

try {
  step("versions", () => `${packageVersion} in ${checkVersions()} places`);
  step("changelog", changelog);
  step("lint", runs(["bun", "scripts/lint.ts"], "scripts, workflows and the Dockerfile"));
  step("licences", runs(["bun", "scripts/third-party.ts", "--check"], "THIRD_PARTY.md has all that is linked in"));
  step("documents", runs(["bun", "scripts/docs.ts"], "the site is made, and its links lead somewhere"));
  const isPacked = step("archive", packArchive);
  step("other archives", otherArchives);
  if (isPacked && step("packages", packPackages)) {
    step("contents", contents);
    step("installation", runs(["release/npm-verify", packages], "installed in empty folders, and tried"));
  } else if (!isPacked) notHere.push("packages to try, since they are made of the archive");
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const what of notHere) console.log(`not here: ${what}`);
if (failed.length > 0) fail(`release-check: ${failed.join(", ")} failed`);
console.log(`release-check: ${packageVersion} can be released as far as this machine can tell`);
