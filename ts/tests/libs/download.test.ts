import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { libraryFile, manifestFile } from "../../src/libs/manifest";
import { defaultNetwork } from "../../src/libs/network";
import { type Fault, type ReleasesServer, startReleasesServer } from "../support/releases-server";
import {
  failure,
  makeClient,
  noise,
  publish,
  removeTemporaryFolders,
  sha256,
  type TestClient,
  testNetwork,
} from "./support";

afterEach(removeTemporaryFolders);

/** The folder of partial downloads. */
const downloads = (cacheDir: string) => join(cacheDir, ".work/downloads");
/** The folder of the entry that the tests provide. */
const entry = (cacheDir: string) => join(cacheDir, "v0.1.0/linux-x64");

/** A connection that closes after `bytes` more bytes, when the client has taken them, so that it has `total`. */
const cut = (client: TestClient, bytes: number, total: number): Fault => ({
  cutAfter: bytes,
  holdAfter: { bytes, until: client.received(total) },
});

/** What was asked for of a file, request by request: a range, or `whole`. */
const ranges = (server: ReleasesServer, name: string) =>
  server.requests.filter((request) => request.file === name).map((request) => request.headers["range"] ?? "whole");

describe("a download", () => {
  test("puts the checked files into the cache, reports its progress and leaves nothing else", async () => {
    await using server = await startReleasesServer();
    const { bytes, manifest } = publish(server);
    const { client, cacheDir, progress } = makeClient({ baseUrl: server.baseUrl });
    const prebuilt = await client.provide("linux-x64");
    expect(prebuilt).toEqual({ folder: entry(cacheDir), manifest });
    expect(readdirSync(prebuilt.folder).sort()).toEqual([
      "LICENSE",
      "THIRD_PARTY.md",
      "include",
      "lib",
      "manifest.json",
      "sbom.cdx.json",
    ]);
    expect(sha256(readFileSync(join(prebuilt.folder, libraryFile)))).toBe(manifest.libraries[0]!.sha256);
    expect(progress.at(-1)).toBe(bytes.length);
    expect(progress).toEqual([...progress].sort((left, right) => left - right));
    expect(readdirSync(downloads(cacheDir))).toEqual([]);
  });

  test("is asked for unchanged, and without a token through the public address", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    await makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64");
    await makeClient({ baseUrl: server.baseUrl, token: "secret" }).client.provide("linux-x64");
    const [open, closed] = server.requests.filter((request) => request.file === name);
    expect(open!.headers["accept-encoding"]).toBe("identity");
    expect(open!.path).toContain("/releases/download/");
    expect(closed!.path).toContain("/releases/assets/");
    expect(closed!.headers["accept"]).toBe("application/octet-stream");
  });

  test("for several platforms at once is one after the other, and each is right", async () => {
    await using server = await startReleasesServer();
    publish(server, { platforms: ["linux-x64", "linux-arm64"] });
    const { client } = makeClient({ baseUrl: server.baseUrl }, { network: defaultNetwork });
    const both = await Promise.all([client.provide("linux-x64"), client.provide("linux-arm64")]);
    expect(both.map((prebuilt) => prebuilt.manifest.platform)).toEqual(["linux-x64", "linux-arm64"]);
  });
});

describe("a download that breaks off", () => {
  test("goes on where it ended, with Range and the ETag", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    const test = makeClient({ baseUrl: server.baseUrl });
    const { client, messages } = test;
    server.fail(name, cut(test, 20_000, 20_000));
    server.fail(name, cut(test, 10_000, 30_000));
    await client.provide("linux-x64");
    expect(ranges(server, name)).toEqual(["whole", "bytes=20000-", "bytes=30000-"]);
    expect(server.requests.at(-1)!.headers["if-range"]).toMatch(/^"[0-9a-f]{16}"$/);
    expect(messages.filter((text) => text.startsWith("continuing"))).toHaveLength(2);
    expect(bytes.length).toBeGreaterThan(30_000);
  });

  test("starts again when the server takes no notice of Range", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    const test = makeClient({ baseUrl: server.baseUrl });
    server.fail(name, cut(test, 20_000, 20_000));
    server.fail(name, { ignoreRange: true });
    await test.client.provide("linux-x64");
    expect(ranges(server, name)).toEqual(["whole", "bytes=20000-"]);
    expect(test.progress.at(-1)).toBe(bytes.length);
    expect(test.messages.some((text) => text.startsWith("continuing"))).toBe(false);
  });

  test.each([
    ["another ETag", { headers: { ETag: '"other"' } }],
    ["another range", { headers: { "Content-Range": "bytes 0-9/10" } }],
    ["no range", { headers: { "Content-Range": "" } }],
    ["that there is no more", { status: 416 }],
  ])("starts again when the server answers with %s", async (_, fault) => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    const test = makeClient({ baseUrl: server.baseUrl });
    server.fail(name, cut(test, 20_000, 20_000));
    server.fail(name, fault);
    await test.client.provide("linux-x64");
    expect(ranges(server, name)).toEqual(["whole", "bytes=20000-", "whole"]);
  });

  test.each([
    ["no ETag", ""],
    ["a weak ETag", 'W/"weak"'],
  ])("starts again when the first part came with %s", async (_, etag) => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    const test = makeClient({ baseUrl: server.baseUrl });
    server.fail(name, { ...cut(test, 20_000, 20_000), headers: { ETag: etag } });
    await test.client.provide("linux-x64");
    expect(ranges(server, name)).toEqual(["whole", "whole"]);
  });

  test("starts again when what is left is of another archive", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl });
    mkdirSync(downloads(cacheDir), { recursive: true });
    writeFileSync(join(downloads(cacheDir), `${name}.part`), noise(500));
    writeFileSync(
      join(downloads(cacheDir), `${name}.json`),
      JSON.stringify({ etag: '"x"', sha256: sha256("another") }),
    );
    await client.provide("linux-x64");
    expect(server.requests.at(-1)!.headers["range"]).toBeUndefined();
  });

  test("again and again is reported with what arrived, and the next run goes on there", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    const test = makeClient({ baseUrl: server.baseUrl });
    const { client, cacheDir } = test;
    server.fail(name, cut(test, 1000, 1000));
    server.fail(name, { cutAfter: 0 }, 4);
    const error = await failure(client.provide("linux-x64"), "truncated");
    expect(error.message).toContain("5 times");
    expect(existsSync(entry(cacheDir))).toBe(false);
    await makeClient({ baseUrl: server.baseUrl, cacheDir }).client.provide("linux-x64");
    expect(server.requests.at(-1)!.headers["range"]).toBe("bytes=1000-");
    expect(bytes.length).toBeGreaterThan(1000);
  });

  test("is a truncated file, too, when the server announces less than there is", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    server.fail(name, { announce: 500, ignoreRange: true, cutAfter: 500 }, 5);
    const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "truncated");
    expect(error.message).toContain(`ended after 500 of ${bytes.length} bytes`);
  });

  test("because it stands still is continued", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    server.fail(name, { holdAfter: { bytes: 20_000, until: new Promise(() => {}) } });
    const { client, messages } = makeClient({ baseUrl: server.baseUrl }, { limits: { stallTimeoutMs: 200 } });
    await client.provide("linux-x64");
    expect(messages.join("\n")).toContain("broke off: nothing for 0.2 s");
    expect(server.requests.at(-1)!.headers["range"]).toBe("bytes=20000-");
  });
});

describe("a download that drips", () => {
  test("ends when the whole has taken too long, and what has arrived is continued by the next", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    const network = testNetwork();
    let late = 0;
    const start = network.timing.now();
    network.timing.now = () => start + late;
    const test = makeClient({ baseUrl: server.baseUrl }, { network });
    const dripped = test.received(20_000).then(() => void (late = network.limits.bodyTimeoutMs + 1));
    server.fail(name, { holdAfter: { bytes: 20_000, until: dripped } });
    const error = await failure(test.client.provide("linux-x64"), "truncated");
    expect(error.message).toContain(`${name} has not sent the whole of its answer in 900 s`);
    expect(ranges(server, name)).toEqual(["whole"]);
    await test.client.provide("linux-x64");
    expect(ranges(server, name)).toEqual(["whole", "bytes=20000-"]);
  });
});

describe("content that is wrong", () => {
  test("is downloaded once more, and reported when it is wrong again; nothing is unpacked or kept", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    const tampered = new Uint8Array(bytes);
    tampered[bytes.length - 1]! ^= 1;
    server.fail(name, { body: tampered }, 2);
    const { client, cacheDir, messages } = makeClient({ baseUrl: server.baseUrl });
    const error = await failure(client.provide("linux-x64"), "checksum-mismatch");
    expect(error.message).toContain(`${name} has SHA-256 ${sha256(tampered)} instead of ${sha256(bytes)}`);
    expect(error.message).toContain("nothing was unpacked");
    expect(messages.filter((text) => text.endsWith("it is downloaded once more"))).toHaveLength(1);
    expect(server.requests.filter((request) => request.file === name)).toHaveLength(2);
    expect(existsSync(entry(cacheDir))).toBe(false);
    expect(readdirSync(downloads(cacheDir))).toEqual([]);
    expect(existsSync(join(cacheDir, ".work/unpacked"))).toBe(false);
  });

  test("that is right the second time is taken", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    server.fail(name, { body: noise(bytes.length) });
    const { client } = makeClient({ baseUrl: server.baseUrl });
    expect((await client.provide("linux-x64")).manifest.version).toBe("0.1.0");
  });

  test("is noticed with checksumVerification off, too", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    server.fail(name, { body: noise(bytes.length) }, 2);
    await failure(
      makeClient({ baseUrl: server.baseUrl, checksumVerification: false }).client.provide("linux-x64"),
      "checksum-mismatch",
    );
  });

  test("that does not end is cut off at the size of the release", async () => {
    await using server = await startReleasesServer();
    const { name, bytes } = publish(server);
    server.fail(name, { body: noise(bytes.length + 100_000) });
    const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl });
    const error = await failure(client.provide("linux-x64"), "bad-response");
    expect(error.message).toContain(`more than the ${bytes.length} bytes`);
    expect(readdirSync(downloads(cacheDir))).toEqual([]);
  });

  test("of a size that no archive has is refused before it is asked for", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    await failure(
      makeClient({ baseUrl: server.baseUrl }, { limits: { archiveBytes: 1000 } }).client.provide("linux-x64"),
      "bad-response",
    );
    expect(server.requests.some((request) => request.file === name)).toBe(false);
  });

  test.each([
    ["a page", "<html>", "is not the SHA-256 of"],
    ["that of another file", `${sha256("")}  other.tar.gz\n`, "is not the SHA-256 of"],
    ["endless", "0".repeat(100_000), "sends more than 1000 bytes"],
  ])("as the checksum is refused: %s", async (_, checksum, message) => {
    await using server = await startReleasesServer();
    publish(server, { checksum });
    const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "bad-response");
    expect(error.message).toContain(message);
  });

  test("is noticed when the checksum file was changed with it, by what the API says", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server, {
      release: { describe: (asset) => ({ ...asset, digest: `sha256:${sha256("what was uploaded")}` }) },
    });
    await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "checksum-mismatch");
    expect(server.requests.some((request) => request.file === name)).toBe(false);
  });

  test.each([
    [
      "another version",
      { version: "0.2.0" },
      "manifest.json is that of 0.2.0 for linux-x64, not of 0.1.0 for linux-x64",
    ],
    ["another platform", { platform: "macos-arm64" as const }, "manifest.json is that of 0.1.0 for macos-arm64"],
    [
      "a library that is not there",
      { libraries: [{ file: "lib/other.a", sha256: sha256(""), size: 0 }] },
      "lib/other.a is missing",
    ],
    [
      "another library",
      { libraries: [{ file: libraryFile, sha256: sha256(""), size: 60_000 }] },
      `${libraryFile} has SHA-256`,
    ],
  ])("inside an archive is never put into the cache: a manifest of %s", async (_, manifest, message) => {
    await using server = await startReleasesServer();
    publish(server, { manifest });
    const { client, cacheDir } = makeClient({ baseUrl: server.baseUrl });
    const error = await failure(client.provide("linux-x64"), "corrupted-cache");
    expect(error.message).toContain(message);
    expect(error.message).toContain("although it was just unpacked");
    expect(existsSync(join(entry(cacheDir), manifestFile))).toBe(false);
  });
});
