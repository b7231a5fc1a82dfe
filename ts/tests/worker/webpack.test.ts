/** Bundles that are made with webpack because a hook is set. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleWorkflowCode } from "../../src/worker/bundler/bundler";
import { BundleError, ForbiddenModuleError } from "../../src/worker/bundler/bundler-errors";
import { loadBundle } from "../../src/worker/bundler/worker-bundle";
import { DefaultLogger } from "../../src/worker/telemetry/logger";
import { run } from "../support/process";
import { TestThread } from "../workflow/support";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "webpack-test-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(import.meta.dir, "../../node_modules/webpack"), join(folder, "node_modules/webpack"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes files into a project of their own. Returns the path of the first. */
function project(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  for (const [file, text] of Object.entries({ "package.json": `{ "type": "module" }`, ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return join(root, Object.keys(files)[0]!);
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error("expected a rejection");
    },
    (error: Error) => error,
  );
}

const unchanged = (config: any) => config;

test("Workflow code is what it is with Bun.build", async () => {
  const workflowsPath = project("plain", {
    "workflows.ts": `
      import assert from "node:assert";
      import { URL as Url } from "url";
      import { sleep, type WorkflowInfo } from "@temporalio/workflow";
      import { condition } from "temporal-bun-sdk/workflow";
      import { msToNumber } from "@temporalio/common/lib/time";
      import compiled, { other } from "compiled";
      import * as data from "./data.json";
      import { helper, type Helped } from "./helper.js";
      export async function run(info?: WorkflowInfo): Promise<unknown> {
        const helped: Helped = 1;
        return [
          sleep === (await import("temporal-bun-sdk/workflow")).sleep, typeof condition, msToNumber("1s"), new Url("http://a/b").pathname,
          typeof assert.equal, compiled(), other, data["a-b"], helper(helped), (await import("./helper")).helper(2), require("./plain.cjs").plain,
        ];
      }`,
    "helper.ts": "export type Helped = number; export const helper = (value: Helped): number => value * 2;",
    "plain.cjs": "exports.plain = __filename.length > 0;",
    "data.json": `{ "a-b": 3 }`,
    "node_modules/compiled/package.json": `{ "name": "compiled", "main": "i.js" }`,
    "node_modules/compiled/i.js": `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = () => "default"; exports.other = 1;`,
  });
  const expected = [true, "function", 1000, "/b", "function", "default", 1, 3, 2, 4, true];
  const plain = await TestThread.open("", {}, { workflowsPath });
  expect(await plain.result("run")).toEqual(expected);
  const packed = await TestThread.open("", {}, { workflowsPath, webpackConfigHook: unchanged });
  expect(await packed.result("run")).toEqual(expected);
});

test("a hook adds to every part of the configuration", async () => {
  const workflowsPath = project("hooked", {
    "workflows.ts": `
      import { value } from "aliased"; import { replaced } from "./original"; import text from "./some.txt"; import outside from "outside"; import fallen from "fs";
      declare const FLAG: string;
      export const run = async () => [FLAG, value, replaced, text, outside, fallen, (globalThis as any).prepared];`,
    "aliased.ts": `export const value = "aliased";`,
    "original.ts": `export const replaced = "original";`,
    "replacement.ts": `export const replaced = "replacement";`,
    "first.cjs": `globalThis.prepared = "before";`,
    "some.txt": "a text",
    "text-loader.cjs": `module.exports = (text) => "export default " + JSON.stringify(text);`,
  });
  const beside = (file: string) => join(dirname(workflowsPath), file);
  const webpackConfigHook = (config: any) => ({
    ...config,
    entry: [beside("first.cjs"), ...config.entry],
    resolve: { ...config.resolve, alias: { ...config.resolve.alias, aliased: beside("aliased.ts") } },
    module: { ...config.module, rules: [...config.module.rules, { test: /\.txt$/, use: [beside("text-loader.cjs")] }] },
    externals: [{ outside: "var 'from outside'", fs: "var 'no file system'" }, ...config.externals],
    plugins: [
      ...config.plugins,
      {
        apply(compiler: any) {
          const { DefinePlugin, NormalModuleReplacementPlugin } = compiler.webpack;
          new DefinePlugin({ FLAG: JSON.stringify("flag") }).apply(compiler);
          new NormalModuleReplacementPlugin(/original$/, "./replacement").apply(compiler);
        },
      },
    ],
  });
  const thread = await TestThread.open("", {}, { workflowsPath, webpackConfigHook });
  expect(await thread.result("run")).toEqual([
    "flag",
    "aliased",
    "replacement",
    "a text",
    "from outside",
    "no file system",
    "before",
  ]);
});

test("a hook finds the fields that hooks of the official SDK change", async () => {
  const workflowsPath = project("fields", { "workflows.ts": "export const run = 1;" });
  let seen: any;
  await bundleWorkflowCode({ workflowsPath, webpackConfigHook: (config) => (seen = config) });
  for (const list of [seen.entry, seen.module.rules, seen.externals, seen.plugins, seen.resolve.plugins])
    expect(list).toBeArray();
  for (const object of [seen.resolve.alias, seen.resolve.fallback, seen.output, seen.optimization])
    expect(object).toBeObject();
  expect([seen.mode, seen.devtool]).toEqual(["development", "inline-source-map"]);
});

test("a hook may put externals of its own in the place of the list; requires that webpack is to ignore ask for nothing", async () => {
  const workflowsPath = project("externals", {
    "optional.cjs": `exports.dns = () => { try { return require(/* webpackIgnore: true */ "dns"); } catch { return "not there"; } };`,
    "workflows.ts": `import { sleep, workflowInfo } from "@temporalio/workflow"; import outside from "outside"; import fs from "fs";
      import { dns } from "./optional.cjs";
      export const run = async () => [outside, fs, typeof workflowInfo().runId, typeof sleep, dns()];`,
  });
  const externals = { outside: "var 'from outside'", fs: "var 'no file system'" };
  const webpackConfigHook = (config: any) => ({ ...config, externals });
  const thread = await TestThread.open("", {}, { workflowsPath, webpackConfigHook });
  expect(await thread.result("run")).toEqual(["from outside", "no file system", "string", "function", "not there"]);
});

test("conditions of packages count, as the hook sets them", async () => {
  const workflowsPath = project("conditions", {
    "workflows.ts": `import { from } from "conditional"; export const run = async () => from;`,
    "node_modules/conditional/package.json": `{ "name": "conditional", "exports": { "mine": "./mine.js", "browser": "./browser.js" } }`,
    "node_modules/conditional/mine.js": `exports.from = "mine";`,
    "node_modules/conditional/browser.js": `exports.from = "browser";`,
  });
  const result = async (hook: (config: any) => any) =>
    await (await TestThread.open("", {}, { workflowsPath, webpackConfigHook: hook })).result("run");
  expect(await result(unchanged)).toBe("browser");
  const conditionNames = ["mine", "..."];
  expect(await result((config) => ({ ...config, resolve: { ...config.resolve, conditionNames } }))).toBe("mine");
});

test("interceptors, converters and ignored modules are those of the options", async () => {
  const workflowsPath = project("extras", {
    "workflows.ts": `import * as fs from "node:fs"; import * as secret from "./secret"; export const run = async () => [Object.keys(fs), Object.keys(secret)];`,
    "secret.ts": "export const secret = 'in the bundle';",
    "interceptors.ts": `export const interceptors = () => ({ inbound: [{ execute: async (input: any, next: any) => ["intercepted", await next(input)] }] });`,
  });
  const beside = (file: string) => join(dirname(workflowsPath), file);
  const thread = await TestThread.open(
    "",
    {},
    {
      workflowsPath,
      workflowInterceptorModules: [beside("interceptors.ts")],
      ignoreModules: ["fs", beside("secret")],
      webpackConfigHook: unchanged,
    },
  );
  expect(await thread.result("run")).toEqual(["intercepted", [[], []]]);
});

test("a hook can put something in the place of an ignored module", async () => {
  const workflowsPath = project("replaced", {
    "workflows.ts": `import * as a from "fs"; import * as b from "node:async_hooks"; export const run = async () => [a.from, b.from];`,
    "mine.ts": `export const from = "mine";`,
  });
  const mine = join(dirname(workflowsPath), "mine.ts");
  const webpackConfigHook = (config: any) => {
    config.resolve.alias.fs = mine;
    config.plugins.push({
      apply: (compiler: any) =>
        new compiler.webpack.NormalModuleReplacementPlugin(/^node:async_hooks$/, mine).apply(compiler),
    });
    return config;
  };
  const ignoreModules = ["fs", "async_hooks"];
  const thread = await TestThread.open("", {}, { workflowsPath, ignoreModules, webpackConfigHook });
  expect(await thread.result("run")).toEqual(["mine", "mine"]);
});

test("stacks name the sources", async () => {
  const workflowsPath = project("stacks", {
    "workflows.ts": `import { deeper } from "./deeper";\nexport async function run(): Promise<unknown> {\n  return deeper().stack;\n}\n`,
    "deeper.ts": `interface Nothing {}\n\nexport function deeper(): Error & Nothing {\n  return new Error("a");\n}\n`,
  });
  const thread = await TestThread.open("", {}, { workflowsPath, webpackConfigHook: unchanged });
  const [, first, second] = ((await thread.result("run")) as string).split("\n");
  expect(first).toBe(`    at deeper (${join(dirname(workflowsPath), "deeper.ts")}:4:10)`);
  expect(second).toStartWith(`    at run (${workflowsPath}:3:`);
});

test("modules that Workflows can't use are refused with the chain of imports", async () => {
  const workflowsPath = project("forbidden", {
    "workflows.ts": `import { save } from "./steps"; export const run = () => save();`,
    "steps.ts": `import { writeFileSync } from "node:fs"; import "@temporalio/worker"; export const save = () => writeFileSync("a", "b");`,
  });
  const error = await failure(bundleWorkflowCode({ workflowsPath, webpackConfigHook: unchanged }));
  expect(error).toBeInstanceOf(ForbiddenModuleError);
  const { imports } = error as ForbiddenModuleError;
  expect(imports.map(({ specifier }) => specifier).sort()).toEqual(["@temporalio/worker", "node:fs"]);
  for (const { chain } of imports)
    expect(chain.map((file) => file.split("/").at(-1))).toEqual(["workflows.ts", "steps.ts"]);
});

test("what doesn't build is named", async () => {
  const workflowsPath = project("broken", { "workflows.ts": `import { a } from "./missing"; export const run = a;` });
  const error = await failure(bundleWorkflowCode({ workflowsPath, webpackConfigHook: unchanged }));
  expect(error).toBeInstanceOf(BundleError);
  expect(error.message).toContain("Can't resolve './missing'");
});

test("a Worker's options take the hook, and not both", async () => {
  const workflowsPath = project("worker", {
    "workflows.ts": "declare const FLAG: string; export const run = () => FLAG;",
  });
  const interceptors = { client: undefined, activity: [], nexus: [], workflowModules: [] };
  const logger = new DefaultLogger("ERROR");
  const webpackConfigHook = (config: any) => {
    config.plugins.push({
      apply: (compiler: any) => new compiler.webpack.DefinePlugin({ FLAG: "'set'" }).apply(compiler),
    });
    return config;
  };
  const bundle = await loadBundle(
    { workflowsPath, bundlerOptions: { webpackConfigHook }, interceptors, debugMode: false },
    logger,
  );
  const module = { exports: {} as any };
  new Function("module", "exports", bundle!.code)(module, module.exports);
  expect(module.exports.run()).toBe("set");
  const both = { webpackConfigHook, buildConfigHook: unchanged };
  expect(
    await failure(loadBundle({ workflowsPath, bundlerOptions: both, interceptors, debugMode: false }, logger)),
  ).toBeInstanceOf(TypeError);
});

test("nothing is printed", async () => {
  const workflowsPath = project("silent", { "workflows.ts": "export const run = 1;" });
  const program = `
    import { bundleWorkflowCode } from ${JSON.stringify(join(import.meta.dir, "../../src/worker/bundler/bundler"))};
    await bundleWorkflowCode({ workflowsPath: ${JSON.stringify(workflowsPath)}, webpackConfigHook: (config) => config });`;
  expect(await run([process.execPath, "-e", program])).toEqual({ output: "", errors: "" });
});
