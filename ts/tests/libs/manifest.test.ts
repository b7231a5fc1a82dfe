import { expect, test } from "bun:test";
import {
  describeHeader,
  fnv1a,
  formatChecksum,
  formatManifest,
  isInnerPath,
  isVersion,
  parseChecksum,
  parseManifest,
  releaseTag,
  versionOfTag,
} from "../../src/libs/manifest";
import { library } from "../../src/native/library";
import { headerText, makeArchive, sha256 } from "./support";

const { manifest } = makeArchive();

test("a manifest is read as it was written", () => {
  expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
});

test("the same manifest is the same bytes, whatever the order of its fields", () => {
  const reversed = Object.fromEntries(Object.entries(manifest).reverse()) as unknown as typeof manifest;
  expect(formatManifest(reversed)).toBe(formatManifest(manifest));
});

test("a manifest with fields of a later release is read", () => {
  expect(parseManifest(JSON.stringify({ ...manifest, somethingNew: 1 }))).toEqual(manifest);
});

test.each<[string, unknown, string]>([
  ["nothing", "", "manifest.json is not JSON"],
  ["a list", "[]", "manifest.json is not an object"],
  ["another schema", { schemaVersion: 2 }, "manifest.json has schemaVersion 2, but this client reads 1"],
  ["no version", { version: undefined }, "version is missing instead of a text"],
  ["a version that leads elsewhere", { version: "../../etc" }, 'version is "../../etc" instead of a version'],
  ["an unknown platform", { platform: "linux-riscv64" }, 'platform is "linux-riscv64" instead of one of linux-arm64'],
  ["an ABI in words", { abi: "1" }, 'abi is "1" instead of a whole number'],
  ["a short hash", { headerHash: "12" }, 'headerHash is "12" instead of 16 hexadecimal digits'],
  ["no libraries", { libraries: [] }, "libraries is [] instead of a list of at least one file"],
  [
    "a library without hash",
    { libraries: [{ file: "lib/a", size: 1 }] },
    "libraries[0].sha256 is missing instead of a text",
  ],
  [
    "a library outside",
    { libraries: [{ file: "lib/../../a", sha256: sha256(""), size: 1 }] },
    'libraries[0].file is "lib/../../a"',
  ],
  [
    "an absolute header",
    { header: { file: "/a", sha256: sha256(""), size: 1 } },
    'header.file is "/a" instead of a path inside the archive',
  ],
  ["an option for the linker", { nativeLibraries: ["-Wl,x"] }, "nativeLibraries is"],
])("a manifest with %s is refused by the field's name", (_, change, message) => {
  const text = typeof change === "string" ? change : JSON.stringify({ ...manifest, ...(change as object) });
  expect(() => parseManifest(text)).toThrow(message);
});

test("the header is described as the library itself does it", () => {
  const buffer = new Uint8Array(1024);
  const length = library().temporal_bun_abi(buffer, buffer.length);
  const report = JSON.parse(new TextDecoder().decode(buffer.subarray(0, length))) as {
    header: string;
    coreAbi: number;
  };
  expect(describeHeader(headerText)).toEqual({ abi: report.coreAbi, headerHash: report.header });
});

test("the hash is FNV-1a by its published values", () => {
  expect(fnv1a(new Uint8Array())).toBe(0xcbf29ce484222325n);
  expect(fnv1a(new TextEncoder().encode("foobar"))).toBe(0x85944171f73967e8n);
});

test("a text that is not the header is refused", () => {
  expect(() => describeHeader("#define SOMETHING 1\n")).toThrow("TEMPORAL_CORE_ABI_VERSION");
});

test("a checksum file is read as sha256sum writes it, and only for its own archive", () => {
  const hash = sha256("x");
  expect(parseChecksum(formatChecksum(hash, "a.tar.gz"), "a.tar.gz")).toBe(hash);
  expect(parseChecksum(`${hash} *a.tar.gz`, "a.tar.gz")).toBe(hash);
  expect(parseChecksum(formatChecksum(hash, "b.tar.gz"), "a.tar.gz")).toBeUndefined();
  expect(parseChecksum("<html>", "a.tar.gz")).toBeUndefined();
  expect(parseChecksum(`${hash.slice(1)}  a.tar.gz\n`, "a.tar.gz")).toBeUndefined();
});

test("tags, versions and paths inside an archive are told from others", () => {
  expect(versionOfTag(releaseTag("1.2.3"))).toBe("1.2.3");
  expect(
    ["v1.2.3", "temporal-libs-1.2.3", "temporal-libs-vnext", "temporal-libs-v1.2.3/../x"].map(versionOfTag),
  ).toEqual(Array(4).fill(undefined));
  expect(["1.2.3", "1.2.3-rc.1"].every(isVersion)).toBe(true);
  expect(["1.2", "v1.2.3", "1.2.3-", "1.2.3/..", ""].some(isVersion)).toBe(false);
  expect(["a", "lib/liba_b-c+d.a"].every(isInnerPath)).toBe(true);
  expect(["", ".", "..", "/a", "a//b", "a/", "a/../b", "./a", "a\\b", "C:a", "a\0b", "a\nb"].some(isInnerPath)).toBe(
    false,
  );
});
