import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runLibs } from "../../src/cli/libs";
import { provideLibraries } from "../../src/libs";
import { libraryFile, packageVersion } from "../../src/libs/manifest";
import { locateLibrary, platform } from "../../src/native/locate";
import { run } from "../support/process";
import { type ReleasesServer, startReleasesServer } from "../support/releases-server";
import { checkout, publish, removeTemporaryFolders, root, temporaryFolder, testNetwork } from "./support";

afterEach(removeTemporaryFolders);

let server: ReleasesServer;
let cacheDir: string;
const variables = [
  "TEMPORAL_LIBS_VERSION",
  "TEMPORAL_LIBS_BASE_URL",
  "TEMPORAL_LIBS_CACHE_DIR",
  "TEMPORAL_LIBS_OFFLINE",
  "TEMPORAL_BUN_LIBRARY",
];
const before = new Map(variables.map((name) => [name, process.env[name]]));

beforeEach(async () => {
  server = await startReleasesServer();
  cacheDir = join(temporaryFolder(), "cache");
  for (const name of variables) delete process.env[name];
  process.env["TEMPORAL_LIBS_BASE_URL"] = server.baseUrl;
  process.env["TEMPORAL_LIBS_CACHE_DIR"] = cacheDir;
});
afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await server.stop();
});

/** Runs `temporal-bun libs` with arguments separated by spaces. */
async function libs(line: string): Promise<{ code: number; result: string; problems: string; messages: string[] }> {
  let result = "";
  let problems = "";
  const messages: string[] = [];
  const output = {
    result: (text: string) => void (result += text),
    problem: (text: string) => void (problems += text),
    reporter: { message: (text: string) => void messages.push(text), progress: () => {} },
    style: (_: unknown, text: string) => text,
  };
  const code = await runLibs(line.split(" ").filter(Boolean), output, "temporal-bun libs", testNetwork());
  return { code, result, problems, messages };
}

async function fill(...versions: string[]): Promise<void> {
  for (const version of versions) {
    publish(server, { version, platforms: ["linux-x64", "linux-arm64"] });
    expect((await libs(`download ${version} --platform linux-x64`)).problems).toBe("");
  }
}

function damage(version: string): void {
  writeFileSync(join(cacheDir, `v${version}/linux-x64`, libraryFile), "x");
}

describe("download", () => {
  test("without a version takes that of the package, or of TEMPORAL_LIBS_VERSION", async () => {
    publish(server, { version: packageVersion });
    publish(server, { version: "7.0.0" });
    expect(await libs("download --platform linux-x64")).toMatchObject({
      code: 0,
      result: `${join(cacheDir, `v${packageVersion}`, "linux-x64")}\n`,
    });
    process.env["TEMPORAL_LIBS_VERSION"] = "latest";
    expect((await libs("download --platform linux-x64")).result).toBe(`${join(cacheDir, "v7.0.0/linux-x64")}\n`);
  });

  test("for several platforms prints a line each, as JSON too", async () => {
    publish(server, { version: "0.2.0", platforms: ["linux-x64", "macos-arm64"] });
    const line = "download 0.2.0 --platform macos-arm64 --platform linux-x64";
    const folders = ["macos-arm64", "linux-x64"].map((name) => join(cacheDir, "v0.2.0", name));
    expect((await libs(line)).result).toBe(folders.map((folder) => `${folder}\n`).join(""));
    const rows = (await libs(`${line} --json`)).result
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(rows.map((row) => [row.folder, row.manifest.platform])).toEqual([
      [folders[0], "macos-arm64"],
      [folders[1], "linux-x64"],
    ]);
  });

  test("for an unsupported platform names those that there are", async () => {
    const { code, problems } = await libs("download --platform linux-x64-musl");
    expect(code).toBe(1);
    expect(problems).toContain('There is no platform "linux-x64-musl": libraries for musl are not built');
  });
});

describe("list", () => {
  test("shows releases, their platforms, and what is in the cache", async () => {
    await fill("0.1.0", "0.2.0");
    expect((await libs("list")).result).toBe(
      "0.2.0  linux-arm64, linux-x64; in the cache: linux-x64\n0.1.0  linux-arm64, linux-x64; in the cache: linux-x64\n",
    );
    publish(server, { version: "0.3.0" });
    expect(JSON.parse((await libs("list --json")).result)[0]).toEqual({
      version: "0.3.0",
      platforms: ["linux-x64"],
      cached: [],
    });
  });

  test("offline shows the cache alone", async () => {
    await fill("0.1.0");
    const requests = server.requests.length;
    expect((await libs("list --offline")).result).toBe("0.1.0  not on the server; in the cache: linux-x64\n");
    expect(server.requests.length).toBe(requests);
  });
});

describe("verify", () => {
  test("says of every entry, or of those asked for, whether it is whole", async () => {
    await fill("0.1.0", "0.2.0");
    expect(await libs("verify")).toMatchObject({ code: 0, result: "0.2.0 linux-x64: whole\n0.1.0 linux-x64: whole\n" });
    damage("0.1.0");
    const { code, result, problems } = await libs("verify");
    expect({ code, result }).toEqual({ code: 1, result: "0.2.0 linux-x64: whole\n" });
    expect(problems).toContain(`${libraryFile} has 1 bytes instead of 60000`);
    expect(await libs("verify v0.2.0")).toMatchObject({ code: 0, result: "0.2.0 linux-x64: whole\n" });
    expect((await libs("verify latest")).code).toBe(0);
    expect((await libs("verify 0.1.0")).code).toBe(1);
  });

  test("fails when there is nothing to verify", async () => {
    await fill("0.1.0");
    for (const line of ["verify 0.5.0", "verify --platform linux-arm64"]) {
      const { code, problems } = await libs(line);
      expect(code).toBe(1);
      expect(problems).toContain("There is nothing to verify");
    }
  });
});

describe("cache", () => {
  test("path prints the folder, which need not be there", async () => {
    expect((await libs("cache path")).result).toBe(`${cacheDir}\n`);
    expect(existsSync(cacheDir)).toBe(false);
  });

  test("list shows the entries with their sizes", async () => {
    expect((await libs("cache list")).result).toBe(`${cacheDir} is empty\n`);
    await fill("0.1.0");
    const folder = join(cacheDir, "v0.1.0/linux-x64");
    expect((await libs("cache list")).result).toMatch(
      new RegExp(`^0\\.1\\.0 linux-x64  \\d+\\.\\d [kM]B  ${folder}\n$`),
    );
    const [row] = JSON.parse((await libs("cache list --json")).result);
    expect(row).toMatchObject({ version: "0.1.0", platform: "linux-x64", folder });
    expect(row.size).toBeGreaterThan(60_000);
  });

  test("prune keeps the configured version and the newest ones", async () => {
    await fill("0.1.0", "0.2.0", "0.3.0", "0.10.0");
    process.env["TEMPORAL_LIBS_VERSION"] = "0.1.0";
    expect((await libs("cache prune --keep 2")).result).toBe("removed 0.2.0 linux-x64\n");
    expect((await libs("cache prune")).result).toBe("removed 0.3.0 linux-x64\n");
    expect((await libs("cache prune")).result).toBe("there is nothing to remove\n");
    expect((await libs("cache list")).result.match(/^\S+/gm)).toEqual(["0.10.0", "0.1.0"]);
    expect(existsSync(join(cacheDir, "v0.3.0"))).toBe(false);
    expect(existsSync(join(cacheDir, ".work"))).toBe(false);
  });

  test("stats counts what became of each time that libraries were asked for", async () => {
    expect((await libs("cache stats")).result).toBe(`nobody has asked for libraries with ${cacheDir} yet\n`);
    await fill("0.1.0");
    await libs("download 0.1.0 --platform linux-x64");
    await libs("download 0.1.0 --platform linux-x64 --offline");
    await libs("download 9.9.9 --platform linux-x64");
    await libs("download 9.9.9 --platform linux-x64 --offline --fallback");
    await provideLibraries({ version: "9.9.9", offline: true }, { message: () => {}, progress: () => {} });
    expect(JSON.parse((await libs("cache stats --json")).result)).toEqual({
      ...{ hit: 2, download: 1, fallback: 2, failure: 1 },
      since: "2026-01-01T00:00:00.000Z",
    });
    expect((await libs("cache stats")).result).toBe(
      `since 2026-01-01T00:00:00.000Z, with ${cacheDir}:\n` +
        "2  hits: they were in the cache\n1  downloads\n2  fallbacks: there were none, so Core was compiled\n1  failures\n",
    );
    writeFileSync(join(cacheDir, ".counts"), "something else");
    expect(await libs("cache stats")).toMatchObject({ code: 1, problems: expect.stringContaining("read the counts") });
    expect((await libs("download 0.1.0 --platform linux-x64")).code).toBe(0);
    await libs("cache clear");
    expect((await libs("cache stats")).result).toStartWith("nobody has asked");
  });

  test("clear removes the libraries and nothing that somebody else put there", async () => {
    await fill("0.1.0");
    writeFileSync(join(cacheDir, "notes.txt"), "mine");
    expect((await libs("cache clear")).code).toBe(0);
    expect(existsSync(join(cacheDir, "v0.1.0"))).toBe(false);
    expect(readFileSync(join(cacheDir, "notes.txt"), "utf8")).toBe("mine");
    expect((await libs("download 0.1.0 --platform linux-x64")).code).toBe(0);
  });
});

describe("doctor", () => {
  test("says of platform, versions, ABI, cache and bridge what they are", async () => {
    publish(server, { version: packageVersion });
    await libs("download --platform linux-x64");
    const { code, result } = await libs("doctor");
    expect(result.trimEnd().split("\n")).toEqual([
      `ok       platform: ${platform}`,
      `ok       Bun: ${Bun.version}; >=1.4.5 is needed`,
      `ok       package: temporal-bun-sdk ${packageVersion}`,
      `ok       wanted libraries: ${packageVersion} for ${platform}`,
      `ok       server: ${server.baseUrl}, without a token`,
      `ok       ABI: ${checkout.abi} with header ${checkout.headerHash} is expected by the checkout ${root}`,
      `ok       cache: ${cacheDir} has 1 entry`,
      `ok       cache ${packageVersion} linux-x64: whole`,
      `ok       bridge: ${locateLibrary().path} (found through build output), ABI 1, loads`,
    ]);
    expect(code).toBe(0);
  });

  test("calls damage, a wrong ABI and a missing bridge problems, and ends with code 1", async () => {
    publish(server, { version: packageVersion, manifest: { abi: 99 } });
    await libs("download --platform linux-x64");
    await fill("0.2.0");
    damage("0.2.0");
    process.env["TEMPORAL_BUN_LIBRARY"] = join(cacheDir, "none.so");
    const { code, result } = await libs("doctor --offline");
    expect(code).toBe(1);
    expect(result).toContain("note     server: not used");
    expect(result).toContain(`problem  cache 0.2.0 linux-x64: ${libraryFile} has 1 bytes`);
    expect(result).toContain(`problem  cache ${packageVersion} linux-x64: whole, but with ABI 99`);
    expect(result).toContain(
      `problem  bridge: TEMPORAL_BUN_LIBRARY names ${join(cacheDir, "none.so")}, which does not exist`,
    );
  });

  test("finds a preload that bunfig.toml has under a section, where Bun doesn't read it", async () => {
    const program = [process.execPath, join(root, "ts/src/cli/temporal-bun.ts"), "libs", "doctor", "--offline"];
    const line = 'preload = ["temporal-bun-sdk/drop-in"]';
    const verdict = async (bunfig: string, code: number) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "bunfig.toml"), bunfig);
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(join(root, "ts"), join(folder, "node_modules/temporal-bun-sdk"));
      const { output } = await run(program, { cwd: folder, code });
      return output.split("\n").filter((each) => each.includes("bunfig.toml"));
    };
    const problem =
      "problem  bunfig.toml: the preload under [install] is never loaded: move the line above all sections";
    expect(await verdict(`[install]\nexact = true\n${line}\n`, 1)).toEqual([problem]);
    expect(await verdict(`${line}\n[test]\n${line}\n[install]\nexact = true\n`, 0)).toEqual([]);
  });

  test("goes on after a configuration that is wrong, and changes nothing", async () => {
    process.env["TEMPORAL_LIBS_BASE_URL"] = "nonsense";
    const { code, result } = await libs("doctor");
    expect(code).toBe(1);
    expect(result).toContain('problem  configuration: The base URL "nonsense" is no URL. Tried:');
    expect(result).toContain("ok       bridge:");
    expect(server.requests).toEqual([]);
    expect(existsSync(cacheDir)).toBe(false);
  });
});

test.each([
  ["", "a command is missing"],
  ["upload", 'there is no command "upload"'],
  ["download 1.0.0 2.0.0", "download takes one version at most"],
  ["list all", 'list takes no "all"'],
  ["cache", "cache takes one of path, list, stats, prune and clear"],
  ["cache delete", 'not "delete"'],
  ["cache prune --keep -1", "--keep"],
  ["download --verbose", "--verbose"],
])("a wrong command line ends with code 2: %p", async (line, message) => {
  const { code, problems, result } = await libs(line);
  expect({ code, result }).toEqual({ code: 2, result: "" });
  expect(problems).toContain(message);
  expect(problems).toContain("`temporal-bun libs --help`");
});

test("a version that is none is a failure with a message, not a crash", async () => {
  const { code, problems } = await libs("download newest");
  expect(code).toBe(1);
  expect(problems).toContain('temporal-bun libs: "newest" is no version.');
});

test("help lists every command and variable", async () => {
  const { code, result } = await libs("--help");
  expect(code).toBe(0);
  for (const word of [
    "download",
    "list",
    "verify",
    "cache path",
    "cache prune",
    "cache clear",
    "doctor",
    ...variables.slice(0, 4),
    "GITHUB_TOKEN",
  ])
    expect(result).toContain(word);
});

test("an installed package has its cache in the user's cache folder, and no checkout to match", async () => {
  const installed = temporaryFolder();
  cpSync(join(root, "ts/package.json"), join(installed, "package.json"));
  for (const part of ["cli", "libs", "native"])
    cpSync(join(root, "ts/src", part), join(installed, "src", part), { recursive: true });
  symlinkSync(join(root, "ts/node_modules"), join(installed, "node_modules"));
  const home = temporaryFolder();
  const { output } = await run([process.execPath, join(installed, "src/cli/temporal-bun.ts"), "libs", "doctor"], {
    env: { HOME: home, PATH: process.env["PATH"] },
    code: 1,
  });
  expect(output).toContain(`note     cache: ${join(home, ".cache/temporal-bun-sdk/libs")} has nothing`);
  expect(output).toContain("note     ABI: no checkout with include/temporal_bun_core.h here");
  expect(output).toContain("problem  bridge: libtemporal_bun_bridge");
});

test("temporal-bun is the program of the package", async () => {
  const manifest = JSON.parse(readFileSync(join(root, "ts/package.json"), "utf8"));
  const program = join(root, "ts", manifest.bin["temporal-bun"]);
  const env = { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env["PATH"]}` };
  expect(await run([program, "libs", "cache", "path"], { env })).toEqual({ output: `${cacheDir}\n`, errors: "" });
  expect(await run([program, "nonsense"], { env, code: 2 })).toEqual({
    output: "",
    errors: expect.stringContaining("unknown command 'nonsense'"),
  });
});
