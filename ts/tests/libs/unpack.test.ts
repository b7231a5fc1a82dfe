import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { unpack } from "../../src/libs/unpack";
import { startReleasesServer } from "../support/releases-server";
import {
  failure,
  makeClient,
  noise,
  publish,
  removeTemporaryFolders,
  type TarEntry,
  tar,
  temporaryFolder,
} from "./support";

afterEach(removeTemporaryFolders);

const limits = { unpackedBytes: 1_000_000, archiveEntries: 10 };

/** Unpacks bytes into a folder of its own, which has nothing beside it but the archive. */
async function unpackBytes(bytes: Uint8Array): Promise<string> {
  const parent = temporaryFolder();
  const archive = join(parent, "archive.tar.gz");
  const folder = join(parent, "target");
  writeFileSync(archive, bytes);
  mkdirSync(folder);
  try {
    await unpack(archive, folder, limits);
  } finally {
    expect(readdirSync(parent).sort()).toEqual(["archive.tar.gz", "target"]);
  }
  return folder;
}

const archiveOf = (...entries: TarEntry[]) => gzipSync(tar(entries));

test("files and folders of any size are unpacked as they are", async () => {
  const sizes = [0, 1, 511, 512, 513, 200_000];
  const folder = await unpackBytes(
    archiveOf({ name: "sub/", type: "5" }, ...sizes.map((size) => ({ name: `sub/f${size}`, content: noise(size) }))),
  );
  for (const size of sizes)
    expect(readFileSync(join(folder, `sub/f${size}`)).equals(Buffer.from(noise(size)))).toBe(true);
});

test("an archive of Bun.Archive is unpacked", async () => {
  const folder = await unpackBytes(
    await new Bun.Archive({ "lib/a": "content", b: "more" }, { compress: "gzip" }).bytes(),
  );
  expect(readFileSync(join(folder, "lib/a"), "utf8")).toBe("content");
});

const outside = join(tmpdir(), `temporal-libs-${crypto.randomUUID()}`);

test.each<[string, TarEntry[], string]>([
  ["a path above the folder", [{ name: "../outside", content: "x" }], '"../outside", which is no plain path'],
  ["a path above the folder further in", [{ name: "lib/../../outside", content: "x" }], "which is no plain path"],
  ["an absolute path", [{ name: outside, content: "x" }], "which is no plain path"],
  ["a folder above the folder", [{ name: "../outside/", type: "5" }], "which is no plain path"],
  ["a backslash", [{ name: "..\\outside", content: "x" }], "which is no plain path"],
  ["no name", [{ name: "", content: "x" }], "which is no plain path"],
  [
    "a symbolic link",
    [
      { name: "link", type: "2", link: "/etc" },
      { name: "link/passwd", content: "x" },
    ],
    '"link", which is a symbolic link',
  ],
  ["a hard link", [{ name: "link", type: "1", link: "../archive.tar.gz" }], "which is a hard link"],
  ["a device", [{ name: "device", type: "3" }], "which is a character device"],
  ["a pipe", [{ name: "pipe", type: "6" }], "which is a named pipe"],
  [
    "a header that renames the next entry",
    [{ name: "x", type: "x", content: "20 path=../outside\n" }, { name: "a" }],
    'an entry of type "x"',
  ],
  ["a long name of GNU tar", [{ name: "x", type: "L", content: "../outside" }, { name: "a" }], 'an entry of type "L"'],
  [
    "a file twice",
    [
      { name: "a", content: "1" },
      { name: "a", content: "2" },
    ],
    '"a" twice',
  ],
  ["too many entries", Array.from({ length: 11 }, (_, index) => ({ name: `f${index}` })), "more than 10 entries"],
  ["more than the limit", [{ name: "big", content: new Uint8Array(1_000_001) }], "unpacks to more than 1000000 bytes"],
])("%s is refused, and nothing is written outside", async (_, entries, message) => {
  const error = await failure(unpackBytes(archiveOf(...entries)), "bad-archive");
  expect(error.message).toContain(message);
  expect(existsSync(outside)).toBe(false);
});

test("as many entries as the limit says are unpacked", async () => {
  const entries = Array.from({ length: limits.archiveEntries }, (_, index) => ({ name: `f${index}`, content: "x" }));
  expect(readdirSync(await unpackBytes(archiveOf(...entries)))).toHaveLength(limits.archiveEntries);
});

test("a bomb of zeros behind the last entry is not unpacked to its end", async () => {
  const bomb = gzipSync(Buffer.concat([tar([{ name: "a" }]), Buffer.alloc(50_000_000)]));
  expect(bomb.length).toBeLessThan(100_000);
  expect((await failure(unpackBytes(bomb), "bad-archive")).message).toContain("unpacks to more than 1000000 bytes");
});

test.each([
  ["no gzip", Buffer.from("<html>not found</html>")],
  ["empty", Buffer.alloc(0)],
  ["cut gzip", Buffer.from(archiveOf({ name: "a", content: noise(5000) })).subarray(0, 3000)],
  ["no tar inside", gzipSync(noise(2000))],
  ["a tar that ends in a file", gzipSync(tar([{ name: "a", content: noise(5000) }]).subarray(0, 2000))],
  ["a tar without its end", gzipSync(tar([{ name: "a", content: "x" }], false))],
  ["a header with a wrong sum", gzipSync(Buffer.from(tar([{ name: "a" }])).fill("b", 0, 1))],
])("an archive that is damaged is refused: %s", async (_, bytes) => {
  await failure(unpackBytes(bytes), "bad-archive");
});

test("a bad archive with a right checksum stays out of the cache", async () => {
  await using server = await startReleasesServer();
  publish(server, { entries: (entries) => [...entries, { name: "lib/link", type: "2", link: "/etc/passwd" }] });
  const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl });
  const error = await failure(client.provide("linux-x64"), "bad-archive");
  expect(error.message).toContain("nothing of it was put into the cache");
  expect(existsSync(join(cacheDir, "v0.1.0"))).toBe(false);
});
