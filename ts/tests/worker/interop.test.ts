/**
 * What Workflow code sees of the modules that it imports, beside what `bun` sees when it runs the same files: the same,
 * whatever kind of module it is, however it is asked for, and whatever kind of package both are in.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../support/process";
import { TestThread } from "../workflow/support";

const folder = mkdtempSync(join(tmpdir(), "interop-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const marked = `Object.defineProperty(exports, "__esModule", { value: true });`;

/** What packages have in `i.js`, or in the file named here; and their package.json. */
const packages: Record<string, { text: string; file?: string; type?: string }> = {
  compiled: { text: `${marked} exports.default = () => "default"; exports.other = 1;` },
  "compiled-without-default": { text: `${marked} exports.other = 1;` },
  "compiled-in-module-package": { text: `${marked} exports.default = "d"; exports.other = 1;`, type: "module" },
  "compiled-cjs-in-module-package": {
    text: `${marked} exports.default = "d"; exports.other = 1;`,
    file: "i.cjs",
    type: "module",
  },
  "compiled-cjs-in-commonjs-package": {
    text: `${marked} exports.default = "d"; exports.other = 1;`,
    file: "i.cjs",
    type: "commonjs",
  },
  "compiled-function": {
    text: `module.exports = () => "f"; module.exports.default = module.exports; module.exports.other = 1; ${marked.replace("exports", "module.exports")}`,
  },
  plain: { text: "module.exports = { other: 1, more: { a: 1 } };" },
  "plain-in-module-package": { text: "module.exports = { other: 1 };", file: "i.cjs", type: "module" },
  "plain-with-default": { text: `module.exports = { other: 1, default: "d" };` },
  "plain-function": { text: `module.exports = function () { return "f"; }; module.exports.other = 1;` },
  "plain-instance": {
    text: "module.exports = new (class { other = 1; method() { return 2; } get getter() { return 3; } })();",
  },
  "its-own-this": { text: `exports.other = this === module.exports;` },
  "that-resolves": { text: `exports.other = require.resolve("plain").endsWith("/node_modules/plain/i.js");` },
  esm: { text: `export default () => "default"; export const other = 1;`, type: "module" },
  "esm-without-default": { text: "export const other = 1;", type: "module" },
  "esm-that-is-a-function": {
    text: `const f = () => "f"; export { f as "module.exports" }; export default 1; export const other = 2;`,
    type: "module",
  },
  "esm-with-names-of-its-own": {
    text: `const a = 1; export { a as "a-b" }; export const other = 2; export default 3;`,
    type: "module",
  },
};

/** Files beside the importers. */
const files: Record<string, string> = {
  "./local.cjs": `${marked} exports.default = "cjs"; exports.other = 1;`,
  "./local.mjs": `export default "mjs"; export const other = 1;`,
  "./local.cts": `${marked} exports.default = "cts"; exports.other = 1;`,
  "./typed.cts": `const value: { other: number } = { other: 1 }; export = value;`,
  "./local.mts": `export default "mts"; export const other: number = 1;`,
  "./local.ts": `export default "ts"; export const other: number = 1;`,
  "./object.json": `{ "other": 1, "default": 7, "a-b": 2, "a b": { "c": 3 } }`,
  "./list.json": "[1, 2]",
  "./number.json": "5",
};

const forms = {
  default: (from: string) => `import x from ${from}; export const get = () => x;`,
  namespace: (from: string) => `import * as x from ${from}; export const get = () => x;`,
  members: (from: string) => `import * as x from ${from}; export const get = () => [x.default, x["other"], x["a-b"]];`,
  named: (from: string) => `import { other as x } from ${from}; export const get = () => x;`,
  "default, named": (from: string) =>
    `import { default as x, other as y } from ${from}; export const get = () => [x, y];`,
  "passed on": (from: string) =>
    `export { default as x } from ${from}; import * as own from "./SELF"; export const get = () => own.x;`,
  "all passed on": (from: string) =>
    `export * from ${from}; import * as own from "./SELF"; export const get = () => own;`,
  require: (from: string) => `export const get = () => require(${from});`,
  "require, marked": (from: string) => `export const get = () => Boolean(require(${from}).__esModule);`,
  "import()": (from: string) => `export const get = () => import(${from});`,
};

type Form = keyof typeof forms;
const importers = ["ts", "mts", "cts", "js", "mjs"];

/** Whether `bun` itself refuses the combination. */
const isRefused = (target: string, form: Form): boolean =>
  (target === "esm-without-default" && ["default", "default, named", "passed on"].includes(form)) ||
  (/list|number/.test(target) && ["named", "default, named"].includes(form));

/** Describes a value, down to some depth: members by name, and what functions return. */
const describing = `
export function describe(value, depth = 0) {
  if (typeof value === "function") return "function that returns " + String(value()) + members(value, depth);
  if (typeof value !== "object" || value === null) return typeof value + " " + String(value);
  return (Array.isArray(value) ? "array" : "object") + members(value, depth);
}
function members(value, depth) {
  const names = Object.keys(value).filter((name) => name !== "get").sort();
  return depth > 1 ? "" : " { " + names.map((name) => name + ": " + describe(value[name], depth + 1)).join(", ") + " }";
}`;

/** Writes a project of a type. Returns its folder. */
function project(type: string): string {
  const root = join(folder, type);
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  write("package.json", JSON.stringify({ name: "project", type }));
  write("describe.mjs", describing);
  for (const [name, { text, file = "i.js", type }] of Object.entries(packages)) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: file, type }));
    write(`node_modules/${name}/${file}`, text);
  }
  for (const [file, text] of Object.entries(files)) write(file, text);
  // Bun's runtime gives the namespace to `require` of a JSON file that was imported before: so they are kept apart.
  for (const [entry, isWanted] of Object.entries(entries)) {
    const lines = [
      `import { describe } from "./describe.mjs";`,
      "const all = {};",
      "export const look = async () => {",
    ];
    for (const target of [...Object.keys(packages), ...Object.keys(files)]) {
      for (const form of Object.keys(forms) as Form[]) {
        if (!isWanted(form) || isRefused(target, form)) continue;
        for (const extension of importers) {
          const file = `importer-${target.replace("./", "")}-${form.replaceAll(/\W/g, "")}.${extension}`;
          write(file, forms[form](JSON.stringify(target)).replace("SELF", file));
          const cell = JSON.stringify(`${target}, ${form}, in .${extension}`);
          lines.unshift(`import * as m${lines.length} from "./${file}";`);
          lines.push(`  all[${cell}] = describe(await m${lines.length - 1}.get());`);
        }
      }
    }
    write(`${entry}.mjs`, [...lines, "  return all;", "};"].join("\n"));
    write(`print-${entry}.mjs`, `import { look } from "./${entry}.mjs"; console.log(JSON.stringify(await look()));`);
  }
  return root;
}

const entries: Record<string, (form: Form) => boolean> = {
  imports: (form) => !form.startsWith("require"),
  requires: (form) => form.startsWith("require"),
};

for (const type of ["module", "commonjs"]) {
  for (const entry of Object.keys(entries)) {
    test(`${entry} in a project of type ${type}`, async () => {
      const root = project(type);
      const { output } = await run([process.execPath, "--no-install", join(root, `print-${entry}.mjs`)]);
      const atRuntime = JSON.parse(output) as Record<string, string>;
      const thread = await TestThread.open("", {}, { workflowsPath: join(root, `${entry}.mjs`) });
      const inWorkflow = (await thread.result("look")) as Record<string, string>;
      expect(Object.keys(atRuntime).length).toBeGreaterThan(100);
      expect(inWorkflow).toEqual(atRuntime);
    });
  }
}
