import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleWorkflowCode } from "../../src/worker/bundler/bundler";
import { ForbiddenModuleError } from "../../src/worker/bundler/bundler-errors";
import { loadBundle } from "../../src/worker/bundler/worker-bundle";
import { DefaultLogger } from "../../src/worker/telemetry/logger";
import { splitSourceMap } from "../../src/workflow-host/source-map";
import { run } from "../support/process";

let folder: string;
const previousCache = process.env["TEMPORAL_BUN_CACHE_DIR"];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bundler-test-"));
  process.env["TEMPORAL_BUN_CACHE_DIR"] = join(folder, "cache");
});

afterAll(() => {
  if (previousCache === undefined) delete process.env["TEMPORAL_BUN_CACHE_DIR"];
  else process.env["TEMPORAL_BUN_CACHE_DIR"] = previousCache;
  rmSync(folder, { recursive: true });
});

/** Writes files into a project of their own and returns the path of the first. */
function project(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  const paths = Object.entries(files).map(([file, text]) => {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
  return paths[0] ?? root;
}

interface Loaded {
  exports: any;
  required: string[];
}

/** Evaluates a bundle as a thread does, with stand-ins for the shared modules. */
function load(code: string, shared: Record<string, unknown> = {}): Loaded {
  const module = { exports: {} as any };
  const required: string[] = [];
  const require = (name: string) => {
    required.push(name);
    return shared[name] ?? {};
  };
  new Function("require", "module", "exports", code)(require, module, module.exports);
  return { exports: module.exports, required };
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}

describe("what is in a bundle", () => {
  test("the exported functions, and the modules they use", async () => {
    const workflowsPath = project("plain", {
      "workflows.ts": `import { twice } from "./steps"; export async function one(): Promise<number> { return twice(1); } export default async function any() { return 0; }`,
      "steps.ts": `export const twice = (value: number): number => value * 2;`,
    });
    const { code } = await bundleWorkflowCode({ workflowsPath });
    const { exports } = load(code);
    expect(Object.keys(exports).sort()).toEqual(["default", "one"]);
    expect(await exports.one()).toBe(2);
  });

  test("not the SDK, by whatever name it is imported", async () => {
    const source = join(import.meta.dir, "../../src");
    const workflowsPath = project("shared", {
      "workflows.ts": `
        import { sleep } from "@temporalio/workflow";
        import { condition } from "temporal-bun-sdk/workflow";
        import { msToNumber } from "@temporalio/common/lib/time";
        import { ApplicationFailure } from "temporal-bun-sdk/common";
        import * as direct from "${source}/workflow";
        import * as file from "${source}/common/errors";
        export const parts = [sleep, condition, msToNumber, ApplicationFailure, direct.sleep, file.ValueError];
        export const later = () => import("@temporalio/workflow");`,
    });
    const { code } = await bundleWorkflowCode({ workflowsPath });
    const workflow = { sleep: "sleep", condition: "condition" };
    const common = { ApplicationFailure: "failure", ValueError: "value" };
    const time = { msToNumber: "ms" };
    const libraries = {
      "temporal-bun-sdk/workflow": workflow,
      "temporal-bun-sdk/common": common,
      "temporal-bun-sdk/common/time": time,
    };
    const { exports, required } = load(code, libraries);
    expect(exports.parts).toEqual(["sleep", "condition", "ms", "failure", "sleep", "value"]);
    expect(new Set(required)).toEqual(new Set(Object.keys(libraries)));
    expect((await exports.later()).sleep).toBe("sleep");
  });

  test("not what is imported for its types only", async () => {
    const workflowsPath = project("types", {
      "workflows.ts": `import type * as a from "./activities"; import { greet } from "./activities"; export const run = (f: typeof greet, g: typeof a.greet) => [f, g];`,
      "activities.ts": `import { readFileSync } from "node:fs"; export const greet = () => readFileSync("name", "utf8");`,
    });
    const { code } = await bundleWorkflowCode({ workflowsPath });
    expect(code).not.toContain("readFileSync");
  });

  test("assert, url and util with their deterministic part only", async () => {
    const workflowsPath = project("builtins", {
      "workflows.ts": `import assert from "node:assert"; import { URL as Url } from "url"; import * as util from "util"; export { assert, Url, util };`,
    });
    const assert = () => {};
    const { exports, required } = load((await bundleWorkflowCode({ workflowsPath })).code, { "node:assert": assert });
    expect(required).toEqual(["node:assert"]);
    expect(exports.assert).toBe(assert);
    expect(exports.Url).toBe(URL);
    expect(exports.util.TextEncoder).toBe(TextEncoder);
    expect(exports.util.inspect).toBeUndefined();
  });

  test("nothing of where its modules are on this machine", async () => {
    const path = project("places", {
      "workflows.ts": `import { inner } from "./lib/inner";
        const { url, dir, path, file, main, dirname, filename } = import.meta;
        export const outer = [__dirname, __filename, url, dir, path, file, main, dirname, filename];
        export const rest = [typeof import.meta.resolve, new URL("./x", import.meta.url).href, import.meta["dir"]];
        export { inner };`,
      "lib/inner.js": "exports.inner = [__dirname, __filename, typeof __dirname];",
    });
    const { code } = await bundleWorkflowCode({ workflowsPath: path });
    const { exports } = load(code);
    expect(exports.inner).toEqual(["/", "/index.js", "string"]);
    const meta = ["file:///index.js", "/", "/index.js", "index.js", false, "/", "/index.js"];
    expect(exports.outer).toEqual(["/", "/index.js", ...meta]);
    expect(exports.rest).toEqual(["undefined", "file:///x", "/"]);
    const comments = /^\/\/ .*$/gm;
    expect(splitSourceMap(code).code.replaceAll(comments, "")).not.toContain(folder);
    const interceptors = { client: undefined, activity: [], nexus: [], workflowModules: [] };
    const options = { workflowsPath: path, interceptors, debugMode: false };
    const { filename } = (await loadBundle(options, new DefaultLogger("ERROR")))!;
    expect(filename).toBe("/workflow-bundle.js");
  });

  test("what packages have for browsers, which is without modules of Node.js or Bun", async () => {
    const dependency = (name: string, manifest: object) => ({
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: "main.js", ...manifest }),
      [`node_modules/${name}/main.js`]: `exports.from = "main";`,
      [`node_modules/${name}/node.js`]: `exports.from = require("fs");`,
      [`node_modules/${name}/browser.js`]: `exports.from = "browser";`,
    });
    const workflowsPath = project("conditions", {
      "workflows.ts": `import * as a from "conditions"; import * as b from "field"; export const from = [a.from, b.from];`,
      ...dependency("conditions", {
        exports: { bun: "./node.js", node: "./node.js", browser: "./browser.js", default: "./node.js" },
      }),
      ...dependency("field", { browser: "browser.js" }),
    });
    const { exports } = load((await bundleWorkflowCode({ workflowsPath })).code);
    expect(exports.from).toEqual(["browser", "browser"]);
  });

  test("a source map that leads back to the files", async () => {
    const workflowsPath = project("maps", {
      "workflows.ts": `export function fail() {\n  throw new Error("here");\n}`,
    });
    const { code, sourceMap } = await bundleWorkflowCode({ workflowsPath });
    expect(JSON.parse(sourceMap).sources).toContain(workflowsPath);
    // In the form of the official SDK, which other tools look for.
    const start = `\n//# ${"sourceMappingURL"}=data:application/json;charset=utf-8;base64,`;
    const inline = code.slice(code.lastIndexOf(start) + start.length).trim();
    expect(Buffer.from(inline, "base64").toString()).toBe(sourceMap);
  });

  test("interceptors and converters beside the Workflows", async () => {
    const workflowsPath = project("extras", {
      "workflows.ts": `export const run = () => 1;`,
      "interceptors.ts": `export const interceptors = () => ({ inbound: ["mine"] });`,
      "converter.ts": `export const payloadConverter = { toPayload: 1, fromPayload: 2 };`,
    });
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules: [join(dirname(workflowsPath), "interceptors.ts")],
      payloadConverterPath: join(dirname(workflowsPath), "converter.ts"),
    });
    const { exports } = load(code);
    expect(Object.keys(exports)).toEqual(["run"]);
    expect(exports.__temporalInterceptorModules[0].interceptors()).toEqual({ inbound: ["mine"] });
    expect(exports.__temporalPayloadConverter).toEqual({ toPayload: 1, fromPayload: 2 });
  });
});

describe("options", () => {
  const files = {
    "workflows.ts": `import * as fs from "fs"; import "./state"; export const keys = () => [Object.keys(fs.promises ?? {}), FLAG, NAME];`,
    "state.ts": `(globalThis as any).loads = ((globalThis as any).loads ?? 0) + 1;`,
    "interceptors.ts": `export const interceptors = () => ({ inbound: ["mine"] });`,
    "converters.ts": `export const payloadConverter = { toPayload: 1, fromPayload: 2 }; export const failureConverter = { errorToFailure: 3, failureToError: 4 };`,
  };
  const define = (name: string, value: string) => (config: any) => ({
    ...config,
    define: { ...config.define, [name]: JSON.stringify(value) },
  });

  test("of a bundle, all of them", async () => {
    const workflowsPath = project("all", files);
    const beside = (file: string) => join(dirname(workflowsPath), file);
    const logged: unknown[] = [];
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules: [beside("interceptors.ts")],
      payloadConverterPath: beside("converters.ts"),
      failureConverterPath: beside("converters.ts"),
      preloadModules: [beside("state.ts")],
      logger: { info: (message: string, meta: object) => logged.push([message, Object.keys(meta)]) } as any,
      buildConfigHook: define("FLAG", "by the hook"),
      plugins: [
        {
          name: "ignores",
          configureBundler: ({ buildConfigHook, ...rest }) => ({
            ...rest,
            ignoreModules: ["fs"],
            buildConfigHook: (config) => define("NAME", "by the plugin")(buildConfigHook!(config)),
          }),
        },
      ],
    });
    const { exports } = load(code);
    expect(exports.keys()).toEqual([[], "by the hook", "by the plugin"]);
    expect(exports.__temporalInterceptorModules[0].interceptors()).toEqual({ inbound: ["mine"] });
    expect([exports.__temporalPayloadConverter.fromPayload, exports.__temporalFailureConverter.failureToError]).toEqual(
      [2, 4],
    );
    expect(logged).toEqual([["Workflow bundle created", ["size", "durationMs", "cached"]]]);
  });

  test("of a Worker's bundler", async () => {
    const workflowsPath = project("worker", files);
    const hook = (config: any) => define("NAME", "n")(define("FLAG", "f")(config));
    const interceptors = { client: undefined, activity: [], nexus: [], workflowModules: [] };
    const logger = new DefaultLogger("ERROR");
    const bundlerOptions = {
      ignoreModules: ["fs"],
      preloadModules: [join(dirname(workflowsPath), "state.ts")],
      buildConfigHook: hook,
    };
    const bundle = await loadBundle({ workflowsPath, bundlerOptions, interceptors, debugMode: false }, logger);
    expect(load(bundle!.code).exports.keys()).toEqual([[], "f", "n"]);
  });
});

describe("modules that Workflows can't use", () => {
  test("are refused with the chain of imports that leads to them", async () => {
    const workflowsPath = project("chain", {
      "workflows.ts": `import { save } from "./steps"; export const run = () => save();`,
      "steps.ts": `import { write } from "./disk"; export const save = () => write();`,
      "disk.ts": `import { writeFileSync } from "node:fs"; export const write = () => writeFileSync("a", "b");`,
    });
    const error = await failure(bundleWorkflowCode({ workflowsPath }));
    expect(error).toBeInstanceOf(ForbiddenModuleError);
    const [found, ...others] = (error as ForbiddenModuleError).imports;
    expect(others).toEqual([]);
    expect(found?.specifier).toBe("node:fs");
    expect(found?.chain.map((file) => file.split("/").at(-1))).toEqual(["workflows.ts", "steps.ts", "disk.ts"]);
    expect(error.message).toContain("ignoreModules");
  });

  test.each([
    "fs",
    "fs/promises",
    "net",
    "node:child_process",
    "bun",
    "bun:sqlite",
    "@temporalio/worker",
    "temporal-bun-sdk",
    "temporal-bun-sdk/client",
    "temporal-bun-sdk/nexus",
  ])("%s", async (module) => {
    const workflowsPath = project(`forbidden-${Bun.hash(module)}`, {
      "workflows.ts": `import * as bad from "${module}"; export const run = () => bad;`,
    });
    const error = await failure(bundleWorkflowCode({ workflowsPath }));
    expect(error).toBeInstanceOf(ForbiddenModuleError);
    expect(error.message).toContain(`'${module}'`);
  });

  test("are found in require calls and dynamic imports too", async () => {
    const workflowsPath = project("dynamic", {
      "workflows.ts": `export const run = async () => [require("net"), await import("http")];`,
    });
    const error = (await failure(bundleWorkflowCode({ workflowsPath }))) as ForbiddenModuleError;
    expect(error.imports.map(({ specifier }) => specifier).sort()).toEqual(["http", "net"]);
  });

  test.each([
    ["other.ts", "./other"],
    ["other", "./other"],
    ["other.js", "./other"],
    ["folder", "./folder/inner"],
    ["node_modules/dependency", "dependency"],
  ])("are left out when their path is ignored: %s", async (ignored, specifier) => {
    const secret = "export const secret = 'in the bundle';";
    const workflowsPath = project("ignored-paths", {
      [`workflows-${Bun.hash(ignored)}.ts`]: `import { secret } from "${specifier}"; export const run = () => secret;`,
      "other.ts": secret,
      "folder/inner.ts": secret,
      "node_modules/dependency/package.json": `{ "name": "dependency", "main": "index.js" }`,
      "node_modules/dependency/index.js": secret,
    });
    const whole = await bundleWorkflowCode({ workflowsPath });
    expect(load(whole.code).exports.run()).toBe("in the bundle");
    const path = join(dirname(workflowsPath), ignored);
    for (const ignoreModules of [[path], [pathToFileURL(path).href]]) {
      const { code } = await bundleWorkflowCode({ workflowsPath, ignoreModules });
      expect(load(code).exports.run()).toBeUndefined();
      expect(code).not.toContain("in the bundle");
    }
  });

  test("are left out when they are made for one that is ignored", async () => {
    const workflowsPath = project("ignored-client", {
      "workflows.ts": `import * as client from "@temporalio/workflow-streams/client"; export const keys = () => Object.keys(client);`,
    });
    expect(await failure(bundleWorkflowCode({ workflowsPath }))).toBeInstanceOf(ForbiddenModuleError);
    const { code } = await bundleWorkflowCode({ workflowsPath, ignoreModules: ["@temporalio/client"] });
    expect(load(code).exports.keys()).toEqual(["default"]);
  });

  test("modules of interceptors can't be ignored, by path either", async () => {
    const workflowsPath = project("ignored-interceptors", { "workflows.ts": "", "interceptors.ts": "" });
    const path = join(dirname(workflowsPath), "interceptors.ts");
    const options = { workflowsPath, workflowInterceptorModules: [path], ignoreModules: [path] };
    expect((await failure(bundleWorkflowCode(options))).message).toContain("can't also be ignored");
  });

  test("are left out when they are ignored", async () => {
    const workflowsPath = project("ignored", {
      "workflows.ts": `import * as fs from "fs"; export const keys = () => Object.keys(fs.promises ?? {});`,
    });
    const { exports } = load((await bundleWorkflowCode({ workflowsPath, ignoreModules: ["fs"] })).code);
    expect(exports.keys()).toEqual([]);
  });
});

describe("bad input", () => {
  test("a path that doesn't exist", async () => {
    const error = await failure(bundleWorkflowCode({ workflowsPath: join(folder, "nowhere.ts") }));
    expect(error.message).toContain("nowhere.ts' doesn't exist");
  });

  test("a folder without an index", async () => {
    project("no-index", { "other.ts": "" });
    const error = await failure(bundleWorkflowCode({ workflowsPath: join(folder, "no-index") }));
    expect(error.message).toContain("a folder without an index file");
  });

  test("code that doesn't compile, and an import of nothing, with the place", async () => {
    const workflowsPath = project("broken", {
      "workflows.ts": `import { a } from "./missing";\nexport const run = a;`,
    });
    const error = await failure(bundleWorkflowCode({ workflowsPath }));
    expect(error.message).toMatch(/workflows\.ts:1:\d+: .*missing/);
  });

  test.each([
    ["./values", "values.ts"],
    ["./data.json", "data.json"],
    ["@temporalio/workflow", "workflow"],
    ["temporal-bun-sdk/common", "common"],
    ["@temporalio/common/lib/time", "time"],
  ])("a name that %s doesn't export, with the place", async (specifier, shown) => {
    const workflowsPath = project(`names-${Bun.hash(specifier)}`, {
      "workflows.ts": `export const run = () => nowhere;\nimport { nowhere } from "${specifier}";`,
      "values.ts": "export const here = 1;",
      "data.json": `{ "here": 1 }`,
    });
    const { message } = await failure(bundleWorkflowCode({ workflowsPath }));
    expect(message).toMatch(/workflows\.ts:2:10: No matching export in "[^"]*" for import "nowhere"/);
    expect(message).toContain(shown);
  });

  test("types that are passed on like values are no such names", async () => {
    const workflowsPath = project("passed-on", {
      "workflows.ts": `import { type Passed, sleep } from "./passing"; export const run = (a: Passed) => [a, sleep];`,
      "passing.ts": `export { WorkflowInfo as Passed, sleep } from "@temporalio/workflow";`,
    });
    const { code } = await bundleWorkflowCode({ workflowsPath });
    expect(load(code, { "temporal-bun-sdk/workflow": { sleep: "sleep" } }).exports.run(1)).toEqual([1, "sleep"]);
  });

  test.each([
    "export const run = () => value; const value = await Promise.resolve(1);",
    "for await (const value of []) console.log(value); export const run = 1;",
    "export const run = 1; if (run) { await null; }",
  ])("top-level await, with a sentence that says so: %s", async (text) => {
    const workflowsPath = project(`waiting-${Bun.hash(text)}`, {
      "workflows.ts": `export { run } from "./waiting";`,
      "waiting.ts": text,
    });
    const { message } = await failure(bundleWorkflowCode({ workflowsPath }));
    const [, ...lines] = message.split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/waiting\.ts:1:\d+: top-level await can't be used in Workflow code, /),
    ]);
  });

  test("an await in a function that isn't async is none", async () => {
    const workflowsPath = project("not-async", {
      "workflows.ts": "export function run() { return await Promise.resolve(1); }",
    });
    expect((await failure(bundleWorkflowCode({ workflowsPath }))).message).not.toContain("top-level");
  });

  test("a CommonJS module that throws throws again", async () => {
    const workflowsPath = project("throwing", {
      "workflows.ts": `export const run = () => [attempt(), attempt()];
        const attempt = () => { try { return require("./throwing.cjs"); } catch (error) { return error.message; } };`,
      "throwing.cjs": `exports.half = 1; throw new Error("can't load");`,
    });
    const { exports } = load((await bundleWorkflowCode({ workflowsPath })).code);
    expect(exports.run()).toEqual(["can't load", "can't load"]);
  });
});

describe("the cache", () => {
  const bundle = async (workflowsPath: string) => load((await bundleWorkflowCode({ workflowsPath })).code).exports;

  /** Bundles in a process of its own, since Bun remembers the files of a folder for as long as a process lives. */
  async function bundleElsewhere(workflowsPath: string): Promise<{ value: unknown; cached: boolean }> {
    const program = `
      import { bundleWorkflowCode } from ${JSON.stringify(join(import.meta.dir, "../../src/worker/bundler/bundler"))};
      let cached;
      const logger = { info: (message, meta) => { cached = meta.cached; } };
      const { code } = await bundleWorkflowCode({ workflowsPath: ${JSON.stringify(workflowsPath)}, logger });
      const module = { exports: {} };
      new Function("module", "exports", code)(module, module.exports);
      console.log(JSON.stringify({ value: module.exports.value, cached }));`;
    return JSON.parse((await run([process.execPath, "-e", program])).output);
  }

  test("gives back what was made, until an input changes", async () => {
    const workflowsPath = project("cached", {
      "workflows.ts": `import { value } from "./value"; export { value };`,
      "value.ts": `export const value = 1;`,
    });
    expect(await bundleElsewhere(workflowsPath)).toEqual({ value: 1, cached: false });
    expect(await bundleElsewhere(workflowsPath)).toEqual({ value: 1, cached: true });
    expect((await bundle(workflowsPath)).value).toBe(1);
    project("cached", { "value.ts": `export const value = 2;` });
    expect((await bundle(workflowsPath)).value).toBe(2);
  });

  test("notices a new file that an import now leads to", async () => {
    const workflowsPath = project("shadowed", {
      "workflows.ts": `import { value } from "./value"; export { value };`,
      "value.js": `export const value = "js";`,
    });
    expect((await bundleElsewhere(workflowsPath)).value).toBe("js");
    project("shadowed", { "value.ts": `export const value = "ts";` });
    expect((await bundleElsewhere(workflowsPath)).value).toBe("ts");
  });

  test("notices a package that is installed nearer", async () => {
    const packageFiles = (root: string, value: string) => ({
      [`${root}node_modules/dependency/package.json`]: `{"name":"dependency","main":"index.js"}`,
      [`${root}node_modules/dependency/index.js`]: `exports.value = "${value}";`,
    });
    const workflowsPath = project("packages", {
      "src/workflows.ts": `export { value } from "dependency";`,
      ...packageFiles("", "far"),
    });
    expect((await bundleElsewhere(workflowsPath)).value).toBe("far");
    project("packages", packageFiles("src/", "near"));
    expect((await bundleElsewhere(workflowsPath)).value).toBe("near");
  });

  test("doesn't keep a bundle that may be older than what is on disk", async () => {
    const workflowsPath = project("doubtful", {
      "workflows.ts": `import { value } from "./value"; export { value };`,
      "value.js": `export const value = "js";`,
    });
    await bundle(workflowsPath);
    // This process has read the folder, so Bun goes on bundling value.js here.
    project("doubtful", { "value.ts": `export const value = "ts";` });
    await bundle(workflowsPath);
    expect(await bundleElsewhere(workflowsPath)).toEqual({ value: "ts", cached: false });
  });

  test("makes a damaged entry anew", async () => {
    const workflowsPath = project("damaged", { "workflows.ts": `export const value = "whole";` });
    await bundleElsewhere(workflowsPath);
    const cache = join(folder, "cache/bundles");
    for (const name of readdirSync(cache))
      writeFileSync(join(cache, name), readFileSync(join(cache, name), "utf8").replace("whole", "wrong"));
    expect((await bundle(workflowsPath)).value).toBe("whole");
  });

  test("isn't needed: a folder that can't be made is no error", async () => {
    process.env["TEMPORAL_BUN_CACHE_DIR"] = join(project("blocked", { "a-file": "" }), "below");
    try {
      const workflowsPath = project("uncached", { "workflows.ts": `export const value = 3;` });
      expect((await bundle(workflowsPath)).value).toBe(3);
    } finally {
      process.env["TEMPORAL_BUN_CACHE_DIR"] = join(folder, "cache");
    }
  });

  test("a Worker started from another folder bundles the same", async () => {
    const workflowsPath = project("elsewhere", {
      "workflows.ts": `import "./deep/a"; export const value = 1;`,
      "deep/a.ts": `import "fs";`,
    });
    const previous = process.cwd();
    process.chdir("/");
    try {
      const error = (await failure(bundleWorkflowCode({ workflowsPath }))) as ForbiddenModuleError;
      expect(error.imports[0]?.chain).toHaveLength(2);
    } finally {
      process.chdir(previous);
    }
  });
});
