import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { library } from "../../src/native/library";
import { libraryFileName, locateLibrary, platform } from "../../src/native/locate";
import { bridgeAbi, symbols } from "../../src/native/symbols";
import { run } from "../support/process";

const folder = mkdtempSync(join(tmpdir(), "temporal-bun-library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process says that is told to load `path`. */
async function load(path: string): Promise<string> {
  const { output, errors } = await run([process.execPath, `${import.meta.dir}/fixtures/load.ts`], {
    env: { ...process.env, TEMPORAL_BUN_LIBRARY: path },
  });
  expect(errors).toBe("");
  return output.trimEnd();
}

/** A sentence: one line, no stack, an end. */
function expectSentence(text: string): void {
  expect(text).not.toContain("\n");
  expect(text).toMatch(/[.]$/);
}

function zig(): string {
  const inToolchain = resolve(import.meta.dir, "../../../.toolchain/python/ziglang/zig");
  return process.env["ZIG"] ?? (existsSync(inToolchain) ? inToolchain : "zig");
}

/** Compiles C to a shared library, without a C library, which Zig would have to build first. */
async function compile(name: string, text: string, target?: string): Promise<string> {
  const source = join(folder, `${name}.c`);
  const path = join(folder, `${name}.so`);
  writeFileSync(source, text);
  const options = ["-shared", "-nostdlib", "-O1", "-fno-builtin", ...(target === undefined ? [] : ["-target", target])];
  await run([zig(), "cc", ...options, "-o", path, source]);
  return path;
}

/** A library that reports `report` as what it is. */
function reporting(name: string, report: object, target?: string): Promise<string> {
  const text = JSON.stringify(report).replaceAll('"', '\\"');
  return compile(
    name,
    `static const char text[] = "${text}";
int temporal_bun_abi(char *buffer, unsigned capacity) {
  unsigned length = sizeof(text) - 1;
  if (capacity < length) return -1;
  for (unsigned index = 0; index < length; index++) buffer[index] = text[index];
  return length;
}
`,
    target,
  );
}

const own = {
  abi: bridgeAbi,
  version: manifest.version,
  core: "0.10.1",
  coreAbi: 1,
  header: "0123456789abcdef",
  archiveHeader: "0123456789abcdef",
};

beforeAll(() => {
  if (!existsSync(locateLibrary().path)) throw new Error("run `zig build` first");
});

test("the built library loads by its path", async () => {
  expect(await load(locateLibrary().path)).toBe("loaded");
});

test("the library's exports are exactly those that are declared here", () => {
  const buffer = new Uint8Array(64 * 1024);
  const length = library().temporal_bun_signatures(buffer, buffer.length);
  const exported = new TextDecoder().decode(buffer.subarray(0, length)).trimEnd().split("\n").toSorted();
  const declared = Object.entries(symbols).map(([name, { args, returns }]) => `${name}(${args.join(",")})${returns}`);
  expect(exported).toEqual(declared.toSorted());
});

test("a library of another ABI is refused with both numbers", async () => {
  const message = await load(await reporting("other-abi", { ...own, abi: bridgeAbi + 41 }));
  expectSentence(message);
  expect(message).toContain(`has ABI ${bridgeAbi + 41}`);
  expect(message).toContain(`needs ABI ${bridgeAbi}`);
});

test("a library of another version is refused with both versions", async () => {
  const message = await load(await reporting("other-version", { ...own, version: "9.8.7" }));
  expectSentence(message);
  expect(message).toContain("version 9.8.7");
  expect(message).toContain(`version ${manifest.version}`);
});

test("a library for another processor is refused with both platforms", async () => {
  const foreign = process.arch === "x64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const message = await load(await reporting("other-platform", own, foreign));
  expectSentence(message);
  expect(message).toContain(process.arch === "x64" ? "is for linux-arm64" : "is for linux-x64");
  expect(message).toContain(`this is ${platform}`);
});

test("a bridge and an archive of different builds are refused", async () => {
  const message = await load(await reporting("mixed", { ...own, archiveHeader: "fedcba9876543210" }));
  expectSentence(message);
  expect(message).toContain("0123456789abcdef");
  expect(message).toContain("fedcba9876543210");
});

test("a library that is no bridge is refused", async () => {
  const path = await compile("none", "int something_else(void) { return 0; }\n");
  const message = await load(path);
  expectSentence(message);
  expect(message).toContain(path);
});

test("a missing library is named", async () => {
  const message = await load(join(folder, "missing.so"));
  expectSentence(message);
  expect(message).toContain("missing.so, which does not exist");
});

test("a text file, a folder and a cut-off library are named as what they are", async () => {
  const text = join(folder, "text.so");
  writeFileSync(text, "this is not a library, it is a text\n");
  const cut = join(folder, "cut.so");
  writeFileSync(cut, readFileSync(locateLibrary().path).subarray(0, 100_000));
  for (const path of [text, folder]) {
    const message = await load(path);
    expectSentence(message);
    expect(message).toContain(`${path} (found through TEMPORAL_BUN_LIBRARY) is not a shared library`);
  }
  const message = await load(cut);
  expectSentence(message);
  expect(message).toContain(`${cut} (found through TEMPORAL_BUN_LIBRARY) is cut off`);
});

test("the file has the name that packages use", () => {
  expect(libraryFileName).toStartWith("libtemporal_bun_bridge.");
  expect(locateLibrary().path).toEndWith(libraryFileName);
});
