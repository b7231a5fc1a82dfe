import { afterEach, describe, expect, test } from "bun:test";
import { resolveConfiguration } from "../../src/libs/configuration";
import { trustedAddress } from "../../src/libs/releases";
import { startReleasesServer } from "../support/releases-server";
import { freePort } from "../support/server";
import { failure, makeClient, publish, removeTemporaryFolders } from "./support";

afterEach(removeTemporaryFolders);

describe("finding a release", () => {
  test("all pages are read, and releases of other things are left out", async () => {
    await using server = await startReleasesServer({ pageSize: 2 });
    for (const version of ["0.1.0", "0.2.0", "0.3.0"]) publish(server, { version });
    for (const tag of ["v9.9.9", "temporal-libs-next", "cli-v1.0.0"]) server.publish(tag, { files: {} });
    const releases = await makeClient({ baseUrl: server.baseUrl }).client.releases("test").list();
    expect(releases.map((release) => release.version)).toEqual(["0.3.0", "0.2.0", "0.1.0"]);
    expect(server.requests.map((request) => request.path.replace(/.*\?/, ""))).toEqual([
      "per_page=100&page=1",
      "per_page=2&page=2",
      "per_page=2&page=3",
    ]);
  });

  test("latest is the newest version of libraries, not what was released last", async () => {
    await using server = await startReleasesServer();
    publish(server, { version: "0.10.0" });
    publish(server, { version: "0.9.1" });
    publish(server, { version: "0.11.0-rc.1", release: { prerelease: true } });
    publish(server, { version: "0.12.0", release: { draft: true } });
    server.publish("v99.0.0", { files: {} });
    const { client } = makeClient({ baseUrl: server.baseUrl, version: "latest" });
    expect((await client.provide("linux-x64")).manifest.version).toBe("0.10.0");
  });

  test("latest is a prerelease when there is nothing else", async () => {
    await using server = await startReleasesServer();
    publish(server, { version: "0.1.0-rc.2" });
    publish(server, { version: "0.1.0-rc.10" });
    const { client } = makeClient({ baseUrl: server.baseUrl, version: "latest" });
    expect(await client.version("linux-x64")).toBe("0.1.0-rc.10");
  });

  test("a version that does not exist names those that do", async () => {
    await using server = await startReleasesServer();
    publish(server, { version: "0.1.0" });
    publish(server, { version: "0.2.0" });
    const error = await failure(
      makeClient({ baseUrl: server.baseUrl, version: "7.7.7" }).client.provide("linux-x64"),
      "no-such-version",
    );
    expect(error.message).toContain("There is no release temporal-libs-v7.7.7");
    expect(error.message).toContain("one of the versions 0.2.0, 0.1.0 with TEMPORAL_LIBS_VERSION");
  });

  test("a repository without releases, and one that does not exist, say so", async () => {
    await using server = await startReleasesServer();
    const none = await failure(
      makeClient({ baseUrl: server.baseUrl, version: "latest" }).client.provide("linux-x64"),
      "no-such-version",
    );
    expect(none.message).toContain("There is no release of prebuilt libraries");
    const missing = await failure(
      makeClient({ baseUrl: `${server.origin}/repos/nobody/nothing` }).client.provide("linux-x64"),
      "no-such-version",
    );
    expect(missing.message).toContain("the repository does not exist, or is private");
    expect(missing.message).toContain("set GITHUB_TOKEN");
  });

  test("a release without the platform names those that it has", async () => {
    await using server = await startReleasesServer();
    publish(server, { platforms: ["linux-arm64", "macos-arm64"] });
    const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "no-such-version");
    expect(error.message).toContain("has no temporal-static-libs-linux-x64-v0.1.0.tar.gz");
    expect(error.message).toContain("one of its platforms (linux-arm64, macos-arm64)");
  });

  test("without a server and a repository it says what to set", async () => {
    const { client } = makeClient({ baseUrl: "http://127.0.0.1:1" });
    const error = await failure(
      Promise.try(() =>
        new (client.constructor as typeof import("../../src/libs/client").LibsClient)(
          { ...client.configuration, api: undefined },
          client.reporter,
          client.network,
          undefined,
        ).releases("test"),
      ),
      "configuration",
    );
    expect(error.message).toContain("set TEMPORAL_LIBS_BASE_URL");
  });

  test.each([
    ["no JSON", "<html>", "is not JSON"],
    ["no list", "{}", "is not a list"],
    ["a release without a tag", "[{}]", "has a release without tag_name"],
    ["a release without files", '[{"tag_name":"temporal-libs-v1.0.0"}]', "has no assets for temporal-libs-v1.0.0"],
    [
      "a file without a size",
      '[{"tag_name":"temporal-libs-v1.0.0","assets":[{"name":"a"}]}]',
      "has a file without name, address or size",
    ],
  ])("an answer with %s is refused", async (_, body, message) => {
    await using server = await startReleasesServer();
    server.fail("list", { body });
    const error = await failure(
      makeClient({ baseUrl: server.baseUrl, version: "latest" }).client.provide("linux-x64"),
      "bad-response",
    );
    expect(error.message).toContain(message);
  });
});

describe("retries", () => {
  test("a server that fails is asked again, with delays that double and a random part less", async () => {
    await using server = await startReleasesServer();
    publish(server);
    server.fail("tag", { status: 500 });
    server.fail("tag", { status: 502 });
    server.fail("tag", { hangUp: true });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl }, { random: () => 0.5 });
    await client.provide("linux-x64");
    expect(waits).toEqual([375, 750, 1500]);
  });

  test("a server that keeps failing is given up, and the attempts are named", async () => {
    await using server = await startReleasesServer();
    server.fail("tag", { status: 503, body: '{"message":"unicorns"}' }, 5);
    const { client, waits, messages } = makeClient({ baseUrl: server.baseUrl });
    const error = await failure(client.provide("linux-x64"), "server-error");
    expect(error.message).toContain("answers 503 (unicorns)");
    expect(error.message).toContain("5 times in 7.5 s");
    expect(waits).toEqual([500, 1000, 2000, 4000]);
    expect(messages).toHaveLength(4);
    expect(messages[0]).toEndWith("answers 503 (unicorns); next attempt in 0.5 s");
  });

  test("without a network it says what was tried and how to do without", async () => {
    const port = await freePort();
    const { client, waits } = makeClient({ baseUrl: `http://127.0.0.1:${port}/repos/a/b` });
    const error = await failure(client.provide("linux-x64"), "no-network");
    expect(error.message).toContain(`There is no connection to http://127.0.0.1:${port}: ECONNREFUSED`);
    expect(error.message).toContain("GET http://127.0.0.1");
    expect(error.message).toContain("5 times");
    expect(error.message).toContain("check the network and HTTPS_PROXY");
    expect(waits).toHaveLength(4);
  });

  test("a server that does not answer is not waited for for ever", async () => {
    await using server = await startReleasesServer();
    server.fail("tag", { holdAfter: { bytes: 0, until: new Promise(() => {}) } });
    publish(server);
    const { client, messages } = makeClient(
      { baseUrl: server.baseUrl },
      { limits: { responseTimeoutMs: 100, stallTimeoutMs: 100 } },
    );
    await client.provide("linux-x64");
    expect(messages[0]).toContain("nothing for 0.1 s");
  });

  test("Retry-After in seconds is kept", async () => {
    await using server = await startReleasesServer();
    publish(server);
    server.fail("tag", { status: 503, headers: { "Retry-After": "7" } });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl });
    await client.provide("linux-x64");
    expect(waits).toEqual([7000]);
  });

  test("Retry-After that is too long is reported at once", async () => {
    await using server = await startReleasesServer();
    server.fail("tag", { status: 503, headers: { "Retry-After": "3600" } });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl });
    expect((await failure(client.provide("linux-x64"), "server-error")).message).toContain(
      "answers 503, and asks to wait 3600 s",
    );
    expect(waits).toEqual([]);
  });

  test("Retry-After as a date is kept", async () => {
    await using server = await startReleasesServer();
    publish(server);
    server.fail("tag", { status: 429, headers: { "Retry-After": "Thu, 01 Jan 2026 00:00:09 GMT" } });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl });
    await client.provide("linux-x64");
    expect(waits).toEqual([9000]);
  });

  test("a rate limit that ends soon is waited for", async () => {
    await using server = await startReleasesServer();
    publish(server);
    const reset = Date.parse("2026-01-01T00:00:20Z") / 1000;
    server.fail("tag", { status: 403, headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(reset) } });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl });
    await client.provide("linux-x64");
    expect(waits).toEqual([21_000]);
  });

  test("a rate limit that ends late is reported at once, with its end", async () => {
    await using server = await startReleasesServer();
    const reset = Date.parse("2026-01-01T00:40:00Z") / 1000;
    server.fail("tag", {
      status: 403,
      headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(reset) },
      body: '{"message":"API rate limit exceeded"}',
    });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl });
    const error = await failure(client.provide("linux-x64"), "rate-limit");
    expect(error.message).toContain("used up until 2026-01-01T00:40:01.000Z");
    expect(error.message).toContain("API rate limit exceeded");
    expect(error.message).toContain("once");
    expect(error.message).toContain("set GITHUB_TOKEN");
    expect(waits).toEqual([]);
  });

  test("a refusal that is no rate limit is not repeated", async () => {
    await using server = await startReleasesServer();
    server.fail("tag", { status: 401, body: '{"message":"Bad credentials"}' });
    const { client, waits } = makeClient({ baseUrl: server.baseUrl, token: "wrong" });
    const error = await failure(client.provide("linux-x64"), "access-denied");
    expect(error.message).toContain("Bad credentials");
    expect(error.message).toContain("check that the token in GITHUB_TOKEN is valid");
    expect(waits).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});

describe("trust", () => {
  test("the token goes to the API's host, and not along a redirect to another one", async () => {
    await using server = await startReleasesServer();
    await using storage = await startReleasesServer();
    const { name } = publish(server);
    publish(storage);
    server.fail(name, {
      status: 302,
      headers: { Location: `${storage.origin}/storage/temporal-libs-v0.1.0/${name}?signature=abc` },
    });
    await makeClient({ baseUrl: server.baseUrl, token: "secret" }).client.provide("linux-x64");
    expect(server.requests.map((request) => request.headers["authorization"])).toEqual([
      "Bearer secret",
      "Bearer secret",
      "Bearer secret",
    ]);
    expect(storage.requests.map((request) => request.headers["authorization"] ?? "none")).toEqual(["none"]);
  });

  test("the token does not come back with a redirect that returns to the API's host", async () => {
    await using server = await startReleasesServer();
    await using other = await startReleasesServer();
    const { name } = publish(server);
    server.fail(name, { status: 302, headers: { Location: `${other.origin}/away` } });
    other.fail("away", { status: 302, headers: { Location: `${server.origin}/back/temporal-libs-v0.1.0/${name}` } });
    await makeClient({ baseUrl: server.baseUrl, token: "secret" }).client.provide("linux-x64");
    expect(server.requests.at(-1)!.path).toStartWith("/back/");
    expect(server.requests.at(-1)!.headers["authorization"]).toBeUndefined();
  });

  test("a mirror never gets GITHUB_TOKEN", async () => {
    await using server = await startReleasesServer();
    publish(server);
    await makeClient({ baseUrl: server.baseUrl }, { environment: { GITHUB_TOKEN: "secret" } }).client.provide(
      "linux-x64",
    );
    expect(server.requests.map((request) => request.headers["authorization"] ?? "none")).toEqual([
      "none",
      "none",
      "none",
    ]);
  });

  test("a file on another host than the mirror is refused before it is asked for", async () => {
    await using server = await startReleasesServer();
    await using other = await startReleasesServer();
    publish(server, {
      release: {
        describe: (asset) => ({ ...asset, browser_download_url: `${other.origin}/x/${asset["name"]}?key=1` }),
      },
    });
    const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "untrusted-url");
    expect(error.message).toContain(`${other.origin}/x/`);
    expect(error.message).not.toContain("key=1");
    expect(other.requests).toEqual([]);
  });

  test("a next page on another host is refused", async () => {
    await using server = await startReleasesServer();
    await using other = await startReleasesServer();
    server.fail("list", { headers: { Link: `<${other.baseUrl}/releases?page=2>; rel="next"` } });
    await failure(
      makeClient({ baseUrl: server.baseUrl, version: "latest" }).client.provide("linux-x64"),
      "untrusted-url",
    );
    expect(other.requests).toEqual([]);
  });

  test("a redirect to something that is not https is refused", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    for (const location of ["http://mirror.example/x", "file:///etc/passwd"]) {
      server.fail(name, { status: 302, headers: { Location: location } });
      const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "untrusted-url");
      expect(error.message).toContain("which is not https");
    }
  });

  test("redirects without end are given up", async () => {
    await using server = await startReleasesServer();
    const { name } = publish(server);
    server.fail(name, { status: 302, headers: { Location: name } }, 20);
    const error = await failure(makeClient({ baseUrl: server.baseUrl }).client.provide("linux-x64"), "bad-response");
    expect(error.message).toContain("redirects more than 5 times");
  });

  test("files of GitHub belong to the repository, the release and the name", async () => {
    const api = resolveConfiguration({ baseUrl: "https://api.github.com/repos/Owner/Name" }, {}).api!;
    const check = (address: string) => Promise.try(() => trustedAddress(api, "1.0.0", "a.tar.gz", address));
    for (const good of [
      "https://github.com/owner/name/releases/download/temporal-libs-v1.0.0/a.tar.gz",
      "https://api.github.com/repos/owner/name/releases/assets/123",
    ]) {
      expect((await check(good)).href).toBe(good);
    }
    for (const bad of [
      "https://github.com/other/name/releases/download/temporal-libs-v1.0.0/a.tar.gz",
      "https://github.com/owner/name/releases/download/temporal-libs-v2.0.0/a.tar.gz",
      "https://github.com/owner/name/releases/download/temporal-libs-v1.0.0/../../../../../other/x/a.tar.gz",
      "http://github.com/owner/name/releases/download/temporal-libs-v1.0.0/a.tar.gz",
      "https://github.com.example/owner/name/releases/download/temporal-libs-v1.0.0/a.tar.gz",
      "https://user@github.com/owner/name/releases/download/temporal-libs-v1.0.0/a.tar.gz",
      "https://api.github.com/repos/other/name/releases/assets/123",
      "https://api.github.com/repos/owner/name/releases/assets/../../../x/y",
      "nonsense",
    ]) {
      await failure(check(bad), "untrusted-url");
    }
  });
});
