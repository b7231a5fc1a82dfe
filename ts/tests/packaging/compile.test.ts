/**
 * Applications that `bun build` makes of a project that has installed the package: one executable, or a folder of
 * files.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mainPackage, platformPackage } from "../../../release/npm-packages";
import { libraryFileName } from "../../src/native/locate";
import { run, type Written } from "../support/process";
import type { Registry } from "../support/registry";
import { testServer } from "../support/server";
import { install, nativePackage, type Project, platform, registryWith, temporaryFolder } from "./support";

let registry: Registry;
let project: Project;
/** The executable, alone in its folder. */
let executable: string;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  cpSync(join(import.meta.dir, "fixtures"), project.folder, { recursive: true });
  await project.bun(["build.ts"]);
  executable = await compile("application");
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

/** Compiles the application as it is in the project now. Returns the path of the executable, in a folder of its own. */
async function compile(name: string, ...options: string[]): Promise<string> {
  const path = join(temporaryFolder(), name);
  await project.bun(["build", "--compile", "application.ts", ...options, "--outfile", path]);
  return path;
}

/** Where executables unpack their library. */
const unpacking = temporaryFolder();

/** Runs the application against the server of the tests, in an empty folder. */
async function start(command: string[], environment: Record<string, string> = {}, code = 0): Promise<Written> {
  const { address } = await testServer();
  return await run(command, {
    cwd: temporaryFolder(),
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_BUN_LIBRARY: undefined,
      TMPDIR: unpacking,
      ...environment,
    },
    code,
  });
}

const nativeLibrary = () => join(project.folder, "node_modules", nativePackage, libraryFileName);

const workflows = readFileSync(join(import.meta.dir, "fixtures/workflows.ts"), "utf8");

const expected = ({ output }: Written) => {
  const [greeting, failure, ...trace] = output.trimEnd().split("\n");
  expect([greeting, failure]).toEqual(["Hello, executable!", "Unwilling: not today"]);
  // Of the frames of what a Workflow waits for, only those of its own code.
  expect(trace).toEqual([expect.stringMatching(/^ +at waiting \(\S+\/workflows\.ts:\d+:\d+\)$/)]);
  const line = Number(trace[0]!.split(":").at(-2));
  expect(workflows.split("\n")[line - 1]).toContain("condition(() => false)");
};

test("an executable runs workflows and activities from a folder with nothing else in it", async () => {
  expect(readdirSync(join(executable, ".."))).toEqual(["application"]);
  expected(await start([executable, "executable"]));
});

test("the library is unpacked once, for its user alone", async () => {
  const temporary = temporaryFolder();
  const inodes = new Set<number>();
  for (const queue of ["unpacked", "unpacked-again"]) {
    expected(await start([executable, queue], { TMPDIR: temporary }));
    const unpacked = readdirSync(temporary).filter((name) => name.endsWith(libraryFileName.replace(/^.*\./, ".")));
    expect(unpacked).toHaveLength(1);
    const { mode, size, ino } = statSync(join(temporary, unpacked[0]!));
    expect(mode & 0o077).toBe(0);
    expect(size).toBe(statSync(nativeLibrary()).size);
    // What the first run left there is used by the second.
    inodes.add(ino);
    expect(inodes.size).toBe(1);
  }
});

test("a bundle runs from another folder too", async () => {
  const folder = temporaryFolder();
  await project.bun(["build", "application.ts", "--target", "bun", "--outdir", folder]);
  expected(await start([process.execPath, join(folder, "application.js"), "bundle"]));
});

test("a converter that is an entry point too is found by its path", async () => {
  const converting = await compile("converting", "converter.ts");
  const found = await start([converting, "converter"], { CONVERTER: "./converter.ts" });
  expect(found.output).toStartWith("the converter is loaded\nHello, executable!\n");
  const { output } = await start([converting, "converter"], { CONVERTER: "./missing.ts" }, 1);
  expect(output).toStartWith(
    "ValueError: Could not find a file at the specified payloadConverterPath: './missing.ts'. ",
  );
  expect(output).toContain('`bun build --compile worker.ts missing.ts`; its path is then "./missing.ts"');
});

test("an executable for another platform takes along the library of that one alone", async () => {
  const other = platform === "linux-arm64" ? "linux-x64" : "linux-arm64";
  const folder = join(project.folder, "node_modules", platformPackage(other));
  const marker = `the library of ${other}`;
  mkdirSync(folder);
  try {
    for (const name of ["index.js", "package.json"]) {
      const text = readFileSync(join(project.folder, "node_modules", nativePackage, name), "utf8");
      writeFileSync(
        join(folder, name),
        text.replaceAll(nativePackage, platformPackage(other)).replace(/\.dylib/, ".so"),
      );
    }
    writeFileSync(join(folder, "libtemporal_bun_bridge.so"), marker);
    // The Bun inside is this machine's, because another one would have to be downloaded. It is not run.
    const foreign = await compile("foreign", "--target", `bun-${other}`, "--compile-executable-path", process.execPath);
    expect(readFileSync(foreign).includes(marker)).toBe(true);
    expect(statSync(foreign).size).toBeLessThan(statSync(executable).size - statSync(nativeLibrary()).size / 2);
    expect(readFileSync(await compile("own")).includes(marker)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("workflowsPath in an executable is refused with what to do instead", async () => {
  const { output } = await start([executable, "sources", join(project.folder, "workflows.ts")], {}, 1);
  expect(output).toBe(
    "Error: Workflows can't be bundled in an executable made by `bun build --compile`: bundle them when it is made, with bundleWorkflowCode, and pass the code as workflowBundle instead of workflowsPath\n",
  );
});

test("an executable that cannot unpack its library says so in one sentence", async () => {
  const { output } = await start([executable, "nowhere"], { TMPDIR: join(temporaryFolder(), "missing") }, 1);
  expect(output).toMatch(
    new RegExp(
      `^Error: ${libraryFileName} could not be unpacked from \\S+ into \\S+/missing and loaded \\([^\\n]*\\): set TMPDIR to a folder [^\\n]*\\.\\n$`,
    ),
  );
});

test("one that was compiled with the library of another version says so in one sentence", async () => {
  const manifest = join(project.folder, "node_modules", mainPackage, "package.json");
  const text = readFileSync(manifest, "utf8");
  try {
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(text), version: "99.0.0" }));
    const { output } = await start([await compile("mixed"), "mixed"], {}, 1);
    expect(output).toMatch(
      /^Error: \S+ \(found through executable\) has ABI \d+ and version \S+, but temporal-bun-sdk 99\.0\.0 on \S+ needs ABI \d+ and version 99\.0\.0: [^\n]*\n$/,
    );
  } finally {
    writeFileSync(manifest, text);
  }
});

test("one that was compiled without the platform's package says so in one sentence", async () => {
  const folder = join(project.folder, "node_modules", nativePackage);
  const aside = join(temporaryFolder(), "aside");
  cpSync(folder, aside, { recursive: true });
  try {
    rmSync(folder, { recursive: true });
    const { output } = await start([await compile("without"), "without"], {}, 1);
    expect(output).toMatch(
      new RegExp(
        `^Error: \\S+/without was compiled without ${libraryFileName}: install the package ${nativePackage} in the project and compile again, [^\\n]*\\.\\n$`,
      ),
    );
  } finally {
    cpSync(aside, folder, { recursive: true });
  }
});
