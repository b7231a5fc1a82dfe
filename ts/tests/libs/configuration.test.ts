import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { findCheckout } from "../../src/libs/checkout";
import { packageRepository, resolveConfiguration } from "../../src/libs/configuration";
import { packageVersion } from "../../src/libs/manifest";
import { detectPlatform, parsePlatform, thisSystem } from "../../src/libs/platform";
import { platform } from "../../src/native/locate";
import { checkout, failure, removeTemporaryFolders, root, temporaryFolder } from "./support";

afterEach(removeTemporaryFolders);

const github = "https://api.github.com/repos/example/temporal-bun";

test("the configuration object goes before the environment, and that before the defaults", () => {
  const environment = {
    TEMPORAL_LIBS_VERSION: "1.2.3",
    TEMPORAL_LIBS_BASE_URL: "https://mirror.example/libs/",
    TEMPORAL_LIBS_CACHE_DIR: "some/cache",
    TEMPORAL_LIBS_OFFLINE: "1",
  };
  const fromEnvironment = resolveConfiguration({}, environment);
  expect(fromEnvironment).toMatchObject({
    version: "1.2.3",
    cacheDir: join(process.cwd(), "some/cache"),
    offline: true,
  });
  expect(fromEnvironment.api).toEqual({
    baseUrl: "https://mirror.example/libs",
    repository: undefined,
    token: undefined,
  });
  const config = {
    version: "v2.0.0",
    baseUrl: github,
    cacheDir: "/c",
    offline: false,
    platforms: ["macos-arm64" as const],
  };
  expect(resolveConfiguration(config, environment)).toMatchObject({
    version: "2.0.0",
    cacheDir: "/c",
    offline: false,
    platforms: ["macos-arm64"],
  });
  const defaults = resolveConfiguration({}, { TEMPORAL_LIBS_VERSION: "", TEMPORAL_LIBS_OFFLINE: "" });
  expect(defaults).toEqual({
    version: packageVersion,
    platforms: [detectPlatform()],
    cacheDir: join(root, ".temporal-libs-cache"),
    api: defaults.api,
    attestedBy: undefined,
    offline: false,
    checksumVerification: true,
    fallbackToCompilation: true,
  });
});

test.each([
  ["a version", { TEMPORAL_LIBS_VERSION: "newest" }, '"newest" is no version'],
  ["a base URL", { TEMPORAL_LIBS_BASE_URL: "mirror" }, '"mirror" is no URL'],
  ["a base URL without TLS", { TEMPORAL_LIBS_BASE_URL: "http://mirror.example" }, "is not https"],
  ["a base URL that is a file", { TEMPORAL_LIBS_BASE_URL: "file:///srv" }, "is not https"],
  ["a base URL with a password", { TEMPORAL_LIBS_BASE_URL: "https://a:b@mirror.example" }, "contains a password"],
  ["a base URL with a query", { TEMPORAL_LIBS_BASE_URL: "https://mirror.example?x=1" }, "has a query"],
  ["an offline flag", { TEMPORAL_LIBS_OFFLINE: "maybe" }, 'TEMPORAL_LIBS_OFFLINE is "maybe"'],
  [
    "a token with a line break",
    { TEMPORAL_LIBS_BASE_URL: github, GITHUB_TOKEN: "abc\n" },
    "The token contains a space, a line break",
  ],
])("%s that is wrong is refused with its value and what to do", async (_, environment, message) => {
  const error = await failure(
    Promise.try(() => resolveConfiguration({}, environment)),
    "configuration",
  );
  expect(error.message).toContain(message);
});

test("GITHUB_TOKEN is for api.github.com only, an explicit token for the configured host", () => {
  const api = (config: object, environment: Record<string, string>) => resolveConfiguration(config, environment).api;
  const environment = { GITHUB_TOKEN: "secret" };
  expect(api({ baseUrl: github }, environment)).toEqual({
    baseUrl: github,
    repository: "example/temporal-bun",
    token: "secret",
  });
  expect(api({ baseUrl: "https://mirror.example/x" }, environment)?.token).toBeUndefined();
  expect(api({ baseUrl: "https://api.github.com.mirror.example/repos/a/b" }, environment)?.token).toBeUndefined();
  expect(api({ baseUrl: "https://mirror.example/x", token: "other" }, environment)?.token).toBe("other");
});

test("the repository is read from package.json in the forms that npm knows", () => {
  const expected = "owner/some.name";
  expect(packageRepository({ repository: { type: "git", url: "git+https://github.com/owner/some.name.git" } })).toBe(
    expected,
  );
  expect(packageRepository({ repository: "github:owner/some.name" })).toBe(expected);
  expect(packageRepository({ repository: "https://github.com/owner/some.name" })).toBe(expected);
  expect(packageRepository({ repository: "https://gitlab.com/owner/some.name" })).toBeUndefined();
  expect(packageRepository({})).toBeUndefined();
});

test("this machine's platform is the one that the bridge is looked for by", () => {
  expect(detectPlatform(thisSystem())).toBe(platform as ReturnType<typeof detectPlatform>);
});

test("the platforms are detected by system and architecture", () => {
  const detect = (os: string, architecture: string) =>
    detectPlatform({ os, architecture, mappedFiles: "/lib/x86_64-linux-gnu/libc.so.6" });
  expect([
    detect("linux", "arm64"),
    detect("linux", "x64"),
    detect("darwin", "arm64"),
    detect("darwin", "x64"),
  ]).toEqual(["linux-arm64", "linux-x64", "macos-arm64", "macos-x64"]);
});

test("an unsupported platform is named, musl by its name", async () => {
  const detect = (os: string, architecture: string, mappedFiles = "") =>
    Promise.try(() => detectPlatform({ os, architecture, mappedFiles }));
  const windows = await failure(detect("win32", "x64"), "unsupported-platform");
  expect(windows.message).toContain("no prebuilt libraries for win32-x64");
  const musl = await failure(
    detect("linux", "x64", "7f00-7f01 r-xp 00000000 08:01 42  /lib/ld-musl-x86_64.so.1\n"),
    "unsupported-platform",
  );
  expect(musl.message).toContain("linux-x64 with musl");
  expect(musl.message).toContain("use a system with glibc 2.17 or newer");
  expect(
    (
      await failure(
        Promise.try(() => parsePlatform("linux-x64-musl")),
        "unsupported-platform",
      )
    ).message,
  ).toContain("libraries for musl are not built");
});

test("the checkout is found with its header, and a package outside of one has none", () => {
  expect(findCheckout()).toEqual(checkout);
  expect(findCheckout(join(temporaryFolder(), "package"))).toBeUndefined();
});
