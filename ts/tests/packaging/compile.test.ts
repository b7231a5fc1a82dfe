/**
 * Applications that `bun build` makes of a project that has installed the package: one executable, or a folder of
 * files.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mainPackage, platformPackage } from "../../../release/npm-packages";
import { libraryFileName } from "../../src/native/locate";
import type { Registry } from "../support/registry";
import { testServer } from "../support/server";
import {
  install,
  nativePackage,
  type Project,
  platform,
  type Result,
  registryWith,
  run,
  temporaryFolder,
} from "./support";

let registry: Registry;
let project: Project;
/** The executable, alone in its folder. */
let executable: string;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  cpSync(join(import.meta.dir, "fixtures"), project.folder, { recursive: true });
  await must(project.bun(["build.ts"]));
  executable = await compile("application");
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

async function must(result: Promise<Result>): Promise<void> {
  const { code, output, errors } = await result;
  if (code !== 0) throw new Error(`Bun ended with ${code}: ${errors}${output}`);
}

/** Compiles the application as it is in the project now. Returns the path of the executable, in a folder of its own. */
async function compile(name: string, ...options: string[]): Promise<string> {
  const path = join(temporaryFolder(), name);
  await must(project.bun(["build", "--compile", "application.ts", ...options, "--outfile", path]));
  return path;
}

/** Where executables unpack their library. */
const unpacking = temporaryFolder();

/** Runs the application against the server of the tests, in an empty folder. */
async function start(command: string[], environment: Record<string, string> = {}): Promise<Result> {
  const { address } = await testServer();
  return await run(command, temporaryFolder(), {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_BUN_LIBRARY: undefined,
    TMPDIR: unpacking,
    ...environment,
  });
}

const nativeLibrary = () => join(project.folder, "node_modules", nativePackage, libraryFileName);

/** Where the Workflow waits that the application asks for its stack trace. */
const waitingLine =
  readFileSync(join(import.meta.dir, "fixtures/workflows.ts"), "utf8")
    .split("\n")
    .findIndex((line) => line.includes("await condition(")) + 1;

const expected = (result: Result) => {
  const { code, output, errors } = result;
  expect({ code, errors: code === 0 ? "" : errors }).toEqual({ code: 0, errors: "" });
  const [greeting, failure, ...trace] = output.trimEnd().split("\n");
  expect([greeting, failure]).toEqual(["Hello, executable!", "Unwilling: not today"]);
  // Of the frames of what a Workflow waits for, only those of its own code.
  expect(trace).toEqual([
    expect.stringMatching(new RegExp(`^ +at waiting \\(\\S+/workflows\\.ts:${waitingLine}:\\d+\\)$`)),
  ]);
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
  await must(project.bun(["build", "application.ts", "--target", "bun", "--outdir", folder]));
  expected(await start([process.execPath, join(folder, "application.js"), "bundle"]));
});

test("a converter that is an entry point too is found by its path", async () => {
  const converting = await compile("converting", "converter.ts");
  const found = await start([converting, "converter"], { CONVERTER: "./converter.ts" });
  expect(found.output).toStartWith("the converter is loaded\nHello, executable!\n");
  const { output } = await start([converting, "converter"], { CONVERTER: "./missing.ts" });
  expect(output).toBe("ValueError: Could not find a file at the specified payloadConverterPath: './missing.ts'.\n");
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
  const { code, output } = await start([executable, "sources", join(project.folder, "workflows.ts")]);
  expect(output).toBe(
    "Error: Workflows can't be bundled in an executable made by `bun build --compile`: bundle them when it is made, with bundleWorkflowCode, and pass the code as workflowBundle instead of workflowsPath\n",
  );
  expect(code).toBe(1);
});

test("an executable that cannot unpack its library says so in one sentence", async () => {
  const { code, output } = await start([executable, "nowhere"], { TMPDIR: join(temporaryFolder(), "missing") });
  expect(output).toMatch(
    new RegExp(
      `^Error: ${libraryFileName} could not be unpacked from \\S+ into \\S+/missing and loaded \\([^\\n]*\\): set TMPDIR to a folder [^\\n]*\\.\\n$`,
    ),
  );
  expect(code).toBe(1);
});

test("one that was compiled with the library of another version says so in one sentence", async () => {
  const manifest = join(project.folder, "node_modules", mainPackage, "package.json");
  const text = readFileSync(manifest, "utf8");
  try {
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(text), version: "99.0.0" }));
    const { code, output } = await start([await compile("mixed"), "mixed"]);
    expect(output).toMatch(
      /^Error: \S+ \(found through executable\) has ABI \d+ and version \S+, but temporal-bun-sdk 99\.0\.0 on \S+ needs ABI \d+ and version 99\.0\.0: [^\n]*\n$/,
    );
    expect(code).toBe(1);
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
    const { code, output } = await start([await compile("without"), "without"]);
    expect(output).toMatch(
      new RegExp(
        `^Error: \\S+/without was compiled without ${libraryFileName}: install the package ${nativePackage} in the project and compile again, [^\\n]*\\.\\n$`,
      ),
    );
    expect(code).toBe(1);
  } finally {
    cpSync(aside, folder, { recursive: true });
  }
});
