/** Where the programs of servers come from. Downloads are from a server of the test's own. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultNetwork, type Network } from "../../src/libs/network";
import { TestWorkflowEnvironment } from "../../src/testing";
import { provideExecutable, temporalCli, timeSkippingServer } from "../../src/testing/executable";
import { run } from "../support/process";
import { rejection } from "../worker/support";
import { executable, quiet, script, temporaryFolder } from "./support";

setDefaultTimeout(180_000);

/** As outside tests, but no test waits between attempts. */
const network: Network = { ...defaultNetwork, timing: { ...defaultNetwork.timing, sleep: async () => {} } };

interface DownloadServer extends AsyncDisposable {
  url: string;
  /** Path and query of the requests, in order. */
  requests: string[];
}

/** Answers like the download service, with an archive of one program; `answer` may answer a request otherwise. */
async function downloadServer(
  answer: (path: string, origin: string, requests: string[]) => Response | undefined = () => undefined,
): Promise<DownloadServer> {
  const requests: string[] = [];
  const archive = await new Bun.Archive(
    { "README.md": "text", "bin/program": "#!/bin/sh\necho downloaded\n" },
    { compress: "gzip" },
  ).bytes();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, search, origin } = new URL(request.url);
      requests.push(pathname + search);
      const other = answer(pathname, origin, requests);
      if (other !== undefined) return other;
      if (pathname === "/archive.tar.gz") return new Response(archive);
      if (pathname === "/checksums.txt") {
        const sum = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
        return new Response(`${"0".repeat(64)}  other.tar.gz\n${sum}  archive.tar.gz\n`);
      }
      return Response.json({ archiveUrl: `${origin}/archive.tar.gz`, fileToExtract: "bin/program" });
    },
  });
  return { url: server.url.origin, requests, [Symbol.asyncDispose]: () => server.stop(true) };
}

const outputOf = async (path: string) => (await run([path])).output;

describe("a cached download", () => {
  test("is downloaded once, can be run, and is named as those of the official SDK", async () => {
    await using server = await downloadServer();
    using folder = temporaryFolder();
    const options = { type: "cached-download", downloadDir: join(folder.path, "new", "folder") } as const;
    const [first, second] = await Promise.all(
      [1, 2].map(() => provideExecutable(temporalCli, options, { service: server.url, network })),
    );
    expect(first).toBe(join(options.downloadDir, "temporal-sdk-typescript-1.24.0"));
    expect(second).toBe(first!);
    expect(await outputOf(first!)).toBe("downloaded\n");
    expect(await provideExecutable(temporalCli, options, { service: server.url, network })).toBe(first!);
    const arch = process.arch === "x64" ? "amd64" : "arm64";
    expect(server.requests).toEqual([
      `/cli/default?arch=${arch}&platform=${process.platform}&format=tar.gz&sdk-name=sdk-typescript&sdk-version=1.24.0`,
      "/archive.tar.gz",
      "/checksums.txt",
    ]);
    expect(readdirSync(options.downloadDir)).toEqual(["temporal-sdk-typescript-1.24.0"]);
  });

  test("of a version, of either program", async () => {
    await using server = await downloadServer();
    using folder = temporaryFolder();
    const options = { type: "cached-download", version: "v1.2.3", downloadDir: folder.path } as const;
    expect(await provideExecutable(timeSkippingServer, options, { service: server.url, network })).toBe(
      join(folder.path, "temporal-test-server-v1.2.3"),
    );
    expect(server.requests[0]).toStartWith("/temporal-test-server/v1.2.3?arch=");
    expect(server.requests[0]).not.toContain("sdk-name");
    const error = await rejection(
      provideExecutable(temporalCli, { ...options, version: "../v1" }, { service: server.url, network }),
    );
    expect(error).toBeInstanceOf(TypeError);
  });

  test("is downloaded again when it is older than its ttl", async () => {
    await using server = await downloadServer();
    using folder = temporaryFolder();
    const file = join(folder.path, "temporal-latest");
    writeFileSync(file, "old");
    const age = (milliseconds: number) => utimesSync(file, new Date(), new Date(Date.now() - milliseconds));
    const provide = (ttl?: "1 hour") =>
      provideExecutable(
        temporalCli,
        { type: "cached-download", version: "latest", downloadDir: folder.path, ttl },
        { service: server.url, network },
      );
    age(23 * 3_600_000);
    await provide();
    expect(server.requests).toEqual([]);
    await provide("1 hour");
    expect(await outputOf(file)).toBe("downloaded\n");
    age(25 * 3_600_000);
    const before = statSync(file).mtimeMs;
    await provide();
    expect(statSync(file).mtimeMs).toBeGreaterThan(before);
  });

  test("that is too old is used on when there is no way to download it again", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "temporal-latest");
    writeFileSync(file, "old");
    utimesSync(file, new Date(), new Date(0));
    const options = { type: "cached-download", version: "latest", downloadDir: folder.path } as const;
    const nobody = { service: "http://127.0.0.1:1", network };
    expect(await provideExecutable(temporalCli, options, nobody)).toBe(file);
  });

  test("says how much has come, and what is tried again", async () => {
    await using server = await downloadServer((_path, _origin, requests) =>
      requests.length < 2 ? new Response("busy", { status: 503 }) : undefined,
    );
    using folder = temporaryFolder();
    const messages: string[] = [];
    const progress: [string, number, number][] = [];
    const reporter = {
      message: (text: string) => void messages.push(text),
      progress: (...figures: [string, number, number]) => void progress.push(figures),
    };
    const options = { type: "cached-download", downloadDir: folder.path } as const;
    await provideExecutable(temporalCli, options, { service: server.url, network, reporter });
    expect(messages).toEqual([
      expect.stringContaining("answered with status 503; next attempt in "),
      `downloading the Temporal CLI from ${server.url}/archive.tar.gz to ${folder.path}/temporal-sdk-typescript-1.24.0`,
    ]);
    const [name, received, total] = progress.at(-1)!;
    expect(name).toBe("Temporal CLI");
    expect(total).toBeGreaterThan(0);
    expect(received).toBe(total);
  });

  test("without a list of checksums beside it is taken, and that is said", async () => {
    await using server = await downloadServer((path) =>
      path === "/checksums.txt" ? new Response("no", { status: 404 }) : undefined,
    );
    using folder = temporaryFolder();
    const messages: string[] = [];
    const reporter = { message: (text: string) => void messages.push(text), progress: () => {} };
    const options = { type: "cached-download", downloadDir: folder.path } as const;
    await provideExecutable(temporalCli, options, { service: server.url, network, reporter });
    expect(messages.at(-1)).toStartWith("not compared with a checksum: ");
  });

  test("is tried again while the server has trouble", async () => {
    await using server = await downloadServer((_path, _origin, requests) =>
      requests.length < 3 ? new Response("busy", { status: 503 }) : undefined,
    );
    using folder = temporaryFolder();
    const path = await provideExecutable(
      temporalCli,
      { type: "cached-download", downloadDir: folder.path },
      { service: server.url, network },
    );
    expect(await outputOf(path)).toBe("downloaded\n");
    expect(server.requests.length).toBe(5);
  });

  test.each<[string, (path: string, origin: string) => Response | undefined, string]>([
    ["the service has no such version", () => new Response("no", { status: 404 }), "answered with status 404"],
    ["the service is down", () => new Response("no", { status: 500 }), "answered with status 500"],
    ["its answer is of another form", () => Response.json({}), "answered without archiveUrl"],
    ["its answer is no JSON", () => new Response("<html>"), "answered without archiveUrl and fileToExtract: <html>"],
    [
      "the archive is none",
      (path) => (path.startsWith("/cli") ? undefined : new Response("no archive")),
      "The Temporal CLI can't be downloaded",
    ],
    [
      "the archive has another checksum",
      (path) => (path === "/checksums.txt" ? new Response(`${"0".repeat(64)}  archive.tar.gz\n`) : undefined),
      `instead of ${"0".repeat(64)}`,
    ],
    [
      "the archive isn't in the list of checksums",
      (path) => (path === "/checksums.txt" ? new Response("") : undefined),
      "/checksums.txt has no checksum of archive.tar.gz",
    ],
    [
      "the program isn't in the archive",
      (path, origin) =>
        path.startsWith("/cli")
          ? Response.json({ archiveUrl: `${origin}/archive.tar.gz`, fileToExtract: "bin/other" })
          : undefined,
      "has no file bin/other",
    ],
  ])("%s: an error that says so and what to do, and nothing is left behind", async (_, answer, message) => {
    await using server = await downloadServer(answer);
    using folder = temporaryFolder();
    const error = await rejection(
      provideExecutable(
        temporalCli,
        { type: "cached-download", downloadDir: folder.path },
        { service: server.url, network },
      ),
    );
    expect(error.message).toContain(message);
    expect(error.message).toContain(
      "install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is in PATH",
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("nobody answers: the error for the test server says what can stand in for it", async () => {
    const server = await downloadServer();
    await server[Symbol.asyncDispose]();
    using folder = temporaryFolder();
    const error = await rejection(
      provideExecutable(
        timeSkippingServer,
        { type: "cached-download", downloadDir: folder.path },
        { service: server.url, network },
      ),
    );
    expect(error.message).toContain("gave no answer");
    expect(error.message).toContain(
      "to use the dev server's own time skipping, the Temporal CLI (1.9 or newer, https://docs.temporal.io/cli)",
    );
  });

  test("that is there starts a dev server", async () => {
    using folder = temporaryFolder();
    if (executable.type !== "existing-path") throw new Error("unreachable");
    script(folder.path, "temporal-v0.0.1", `exec '${executable.path}' "$@"`);
    const environment = await TestWorkflowEnvironment.createLocal({
      server: { ...quiet, executable: { type: "cached-download", version: "v0.0.1", downloadDir: folder.path } },
    });
    expect((await environment.connection.workflowService.getSystemInfo({})).serverVersion).toBeString();
    await environment.teardown();
  });
});

describe("an existing path", () => {
  test("that doesn't exist, or is a folder: an error that names it", async () => {
    for (const path of ["/no/such/file", import.meta.dir]) {
      const error = await rejection(
        TestWorkflowEnvironment.createLocal({ server: { executable: { type: "existing-path", path } } }),
      );
      expect(error.message).toBe(`There is no file ${path}: correct the \`path\` of \`server.executable\``);
    }
  });
});

test("another kind of executable is refused", async () => {
  const other = { type: "magic" } as never;
  expect(await rejection(TestWorkflowEnvironment.createLocal({ server: { executable: other } }))).toBeInstanceOf(
    TypeError,
  );
});
