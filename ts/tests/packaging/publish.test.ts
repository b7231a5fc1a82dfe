/** `release/npm-publish`, by the real npm, to a registry of the test's own. */
import { beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createPackage, mainPackage, platformPackage, tarballName } from "../../../release/npm-packages";
import { releasedPlatforms } from "../../../release/platforms";
import { packageVersion } from "../../src/libs/manifest";
import { run, type Written } from "../support/process";
import { integrity, manifestIn, type Registry, startRegistry } from "../support/registry";
import { archive, packWithoutLibrary, root, temporaryFolder } from "./support";

const names = [...releasedPlatforms.map(platformPackage), mainPackage, createPackage];
const everything = names.map((name) => `${name}@${packageVersion}`);

/** Has all packages of the version. */
let release: string;

beforeAll(async () => {
  release = temporaryFolder();
  for (const platform of releasedPlatforms) await packWithoutLibrary(platform, release);
  for (const name of [mainPackage, createPackage]) copyFileSync(await archive(name), join(release, tarballName(name)));
}, 180_000);

/** A copy of the release, to be changed. */
function copyRelease(): string {
  const folder = temporaryFolder();
  for (const name of names) copyFileSync(join(release, tarballName(name)), join(folder, tarballName(name)));
  return folder;
}

/**
 * Publishes a folder to a registry, as somebody whom it knows. Starts npm up to eight times, which takes minutes on a
 * busy machine, so a test does it once.
 */
function publish(registry: Registry, folder: string, { code = 0, options = [] as string[] } = {}): Promise<Written> {
  const own = temporaryFolder();
  writeFileSync(
    join(own, "npmrc"),
    `registry=${registry.url}\n${registry.url.replace("http:", "")}:_authToken=token\n`,
  );
  mkdirSync(join(own, "cache"));
  return run(["release/npm-publish", "--no-provenance", ...options, folder], {
    cwd: root,
    env: {
      ...process.env,
      npm_config_registry: registry.url,
      npm_config_userconfig: join(own, "npmrc"),
      npm_config_cache: join(own, "cache"),
      npm_config_fetch_retries: "0",
    },
    code,
  });
}

test("packages are published before those that depend on them", async () => {
  await using registry = startRegistry();
  await publish(registry, release);
  expect(registry.published).toEqual(everything);
});

test("when one is refused, those after it are not published", async () => {
  await using registry = startRegistry();
  const [first, second] = names;
  registry.refuse(second!);
  const broken = await publish(registry, release, { code: 1 });
  expect(broken.errors).toContain(`release/npm-publish: ${second} could not be published: npm ended with exit code 1`);
  expect(registry.published).toEqual([`${first}@${packageVersion}`]);
});

test.each([1, everything.length])("with %p of them published already, it goes on after that", async (count) => {
  await using registry = startRegistry();
  const there = names.slice(0, count);
  for (const name of there) await registry.add(join(release, tarballName(name)));
  const { errors } = await publish(registry, release);
  for (const name of there) expect(errors).toContain(`${name} ${packageVersion} is published already\n`);
  expect(registry.published).toEqual(everything.slice(count));
});

test("nothing is published when a package is missing, or another file is there", async () => {
  await using registry = startRegistry();
  const folder = copyRelease();
  writeFileSync(join(folder, "notes.txt"), "");
  expect(await publish(registry, folder, { code: 1 })).toEqual({
    output: "",
    errors: expect.stringContaining(" has "),
  });
  rmSync(join(folder, "notes.txt"));
  rmSync(join(folder, tarballName(platformPackage(releasedPlatforms[0]!))));
  const { errors } = await publish(registry, folder, { code: 1 });
  expect(errors).toMatch(/^release\/npm-publish: \S+ has [^\n]*, but what is published is [^\n]*\n$/);
  expect(registry.published).toEqual([]);
});

test("nothing is published when a package is another than its name says", async () => {
  await using registry = startRegistry();
  const folder = copyRelease();
  const [one, other] = releasedPlatforms.map((name) => join(folder, tarballName(platformPackage(name))));
  copyFileSync(one!, other!);
  const { errors } = await publish(registry, folder, { code: 1 });
  expect(errors).toMatch(
    new RegExp(
      `^release/npm-publish: \\S+${basename(other!)} holds ${platformPackage(releasedPlatforms[0]!)} [^\\n]*: pack it again\\n$`,
    ),
  );
  expect(registry.published).toEqual([]);
});

test("what is published already with other contents keeps everything from being published", async () => {
  await using registry = startRegistry();
  const last = platformPackage(releasedPlatforms.at(-1)!);
  const altered = Bun.gzipSync(Bun.gunzipSync(readFileSync(join(release, tarballName(last)))), { level: 9 });
  const path = join(temporaryFolder(), tarballName(last));
  writeFileSync(path, altered);
  await registry.add(path);
  const { errors } = await publish(registry, release, { code: 1 });
  expect(errors).toContain(
    `release/npm-publish: ${last} ${packageVersion} is published already, with other contents (${integrity(altered)}) than `,
  );
  expect(registry.published).toEqual([]);
});

test("a dry run publishes nothing, and a registry that does not answer is no empty one", async () => {
  const registry = startRegistry();
  const dry = await publish(registry, release, { options: ["--dry-run"] });
  expect(dry.errors).toContain(`${mainPackage} ${packageVersion}: would be published\n`);
  expect(registry.published).toEqual([]);
  await registry[Symbol.asyncDispose]();
  const { errors } = await publish(registry, release, { code: 1 });
  expect(errors).toMatch(/^release\/npm-publish: could not ask whether temporal-bun-sdk-\S+ \S+ is published: /);
});

test("a platform's package names the machines that it is for", async () => {
  const machines = await Promise.all(
    releasedPlatforms.map(async (name) => {
      const { os, cpu, libc } = await manifestIn(readFileSync(join(release, tarballName(platformPackage(name)))));
      return [name, os, cpu, libc];
    }),
  );
  expect(machines).toEqual([
    ["linux-arm64", ["linux"], ["arm64"], ["glibc"]],
    ["linux-x64", ["linux"], ["x64"], ["glibc"]],
    ["macos-arm64", ["darwin"], ["arm64"], undefined],
  ]);
});
