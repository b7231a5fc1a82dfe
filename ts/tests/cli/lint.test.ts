import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../support/process";

const corpus = `${import.meta.dir}/fixtures/lint`;
const program = `${import.meta.dir}/../../src/cli/temporal-bun.ts`;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Found {
  file: string;
  line: number;
  column: number;
  kind: string;
  name: string;
  chain: string[];
}

const lint = (args: string[], { code = 0, cwd = corpus } = {}) =>
  run([process.execPath, program, "lint", ...args], { code, cwd });

async function findings(args: string[], options: { code?: number; cwd?: string } = {}): Promise<Found[]> {
  const { output } = await lint([...args, "--json"], options);
  return (JSON.parse(output) as { findings: Found[] }).findings;
}

/** A folder with files. */
function project(files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "lint project-")));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const fetching = "export const load = () => fetch('https://example.com');\n";
const workflow = (body: string) =>
  `import { sleep } from "temporal-bun-sdk/workflow";\n${body}\nexport const wait = () => sleep(1);\n`;
const faulty = workflow(fetching);

const sources = (folder: string) => readdirSync(`${corpus}/${folder}`).filter((name) => /\.c?[jt]s$/.test(name));

test.each(sources("good"))("nothing is found in good/%s", async (name) => {
  expect(await findings([`good/${name}`])).toEqual([]);
});

test.each([...sources("bad"), "support"])("in bad/%s is found what its comments say, and no more", async (name) => {
  const files = name === "support" ? sources("bad/support").map((file) => `support/${file}`) : [name];
  const expected = files.flatMap((file) =>
    readFileSync(`${corpus}/bad/${file}`, "utf8")
      .split("\n")
      .flatMap((text, index) =>
        (/← (.*)$/.exec(text)?.[1]?.split(", ") ?? []).map((name) => `bad/${file}:${index + 1} ${name}`),
      ),
  );
  const entry = name === "support" ? "bad/through-helpers.ts" : `bad/${name}`;
  const found = await findings([entry], { code: 1 });
  const own = found.filter(({ file }) => name !== "through-helpers.ts" || !file.includes("support"));
  expect(own.map(({ file, line, name }) => `${file}:${line} ${name}`).sort()).toEqual(expected.sort());
  for (const { file, line, column, kind, name } of own) {
    const text = readFileSync(join(corpus, file), "utf8")
      .split("\n")
      [line - 1]!.slice(column - 1);
    expect(text.startsWith(kind === "import" ? `"${name}"` : name) || text.startsWith("globalThis")).toBe(true);
  }
});

test("a line says where, what, what instead, and how it was got to", async () => {
  const { output, errors } = await lint(["bad/through-helpers.ts"], { code: 1 });
  expect(output).toContain(
    "bad/support/clock.ts:2:10  performance isn't there in Workflow code: take times with Date, which is the same on replay\n" +
      "  imported by bad/through-helpers.ts → bad/support/clock.ts\n",
  );
  expect(output).toContain("import Activities with `import type` in bad/through-helpers.ts");
  expect(errors).toBe("3 findings in 3 files, from 1 entry\n");
});

describe("without names of files, entries are", () => {
  test("what Workers are given, and what imports the library", async () => {
    const folder = project({
      "main.ts": `Worker.create({\n  workflowsPath: \`\${import.meta.dir}/flows/all.ts\`,\n  taskQueue: 'a.ts',\n});\n`,
      "flows/all.ts": fetching,
      "converted.ts": `export const payloadConverterPath = require.resolve("./converter");\n`,
      "converter.ts": fetching,
      "imports.ts": faulty,
      "types.ts": `import type { Workflow } from "temporal-bun-sdk/workflow";\n${fetching}`,
      "workflows.ts": fetching,
      "broken.ts": workflow("export const one = ;"),
      "client.ts": `import { Client } from "temporal-bun-sdk/client";\n${faulty}export const client = new Client();\n`,
      "imports.test.ts": faulty,
      "unused.ts": fetching,
      "bundled.js": `${faulty}//# sourceMappingURL=data:application/json;base64,e30=\n`,
      "types.d.ts": "",
      "node_modules/other/workflows.ts": faulty,
    });
    const found = await findings([], { code: 1, cwd: folder });
    expect(found.map(({ file }) => file)).toEqual(["broken.ts", "converter.ts", "flows/all.ts", "imports.ts"]);
    expect(found[0]).toMatchObject({ kind: "build", line: 2 });
  });

  test("looked for in folders too, and missed with what to do", async () => {
    const folder = project({ "a/flows.ts": faulty, "b/other.ts": fetching });
    expect(await findings(["a"], { code: 1, cwd: folder })).toHaveLength(1);
    const { errors } = await lint(["b"], { code: 1, cwd: folder });
    expect(errors).toContain("There is no Workflow code in b");
    expect(errors).toContain("temporal-bun lint src/my-workflows.ts");
  });
});

test("of packages imports are found, where the project gets to them; what they only ask for isn't", async () => {
  const folder = project({
    "workflows.ts": `import { sum } from "calculator";\nexport const add = async () => sum();\n`,
    "node_modules/calculator/package.json": `{ "name": "calculator", "main": "index.js" }`,
    "node_modules/calculator/index.js": `const fs = require("./files");\nexports.sum = () => process.pid + performance.now();\n`,
    "node_modules/calculator/files.js": `module.exports = require("fs");\n`,
  });
  expect(await findings(["workflows.ts"], { code: 1, cwd: folder })).toEqual([
    expect.objectContaining({
      ...{ file: "workflows.ts", line: 1, column: 21, kind: "import", name: "fs" },
      chain: ["workflows.ts", "node_modules/calculator/index.js", "node_modules/calculator/files.js"],
    }),
  ]);
  expect(await findings(["--ignore-module", "fs", "workflows.ts"], { cwd: folder })).toEqual([]);
});

test("code that doesn't compile hides nothing of other entries", async () => {
  const folder = project({ "a.workflow.ts": workflow("export const one = ;"), "b.workflow.ts": faulty });
  const found = await findings([], { code: 1, cwd: folder });
  expect(found.map(({ file, kind }) => [file, kind])).toEqual([
    ["a.workflow.ts", "build"],
    ["b.workflow.ts", "name"],
  ]);
});

describe("with --changed", () => {
  const git = (folder: string, ...args: string[]) =>
    run(["git", "-c", "user.name=test", "-c", "user.email=test@example.com", ...args], { cwd: folder });

  test("only what gets to a file that isn't as in the last commit", async () => {
    const folder = project({
      "a.workflow.ts": `import "./helper";\n${faulty}`,
      "helper.ts": "export const one = 1;\n",
      "b.workflow.ts": faulty,
    });
    const changed = async (code: number) =>
      (await findings(["--changed"], { code, cwd: folder })).map(({ file }) => file);
    await git(folder, "init", "--quiet");
    expect(await changed(1)).toEqual(["a.workflow.ts", "b.workflow.ts"]);
    await git(folder, "add", ".");
    await git(folder, "commit", "--quiet", "--message", "first");
    expect(await changed(0)).toEqual([]);
    expect((await lint(["--changed"], { cwd: folder })).errors).toContain("No Workflow code has changed");
    writeFileSync(join(folder, "helper.ts"), "export const one = 2;\n");
    expect(await changed(1)).toEqual(["a.workflow.ts"]);
    await git(folder, "add", "helper.ts");
    expect(await changed(1)).toEqual(["a.workflow.ts"]);
    writeFileSync(join(folder, "c.workflow.ts"), faulty);
    expect(await changed(1)).toEqual(["a.workflow.ts", "c.workflow.ts"]);
  });

  test("there must be a repository", async () => {
    const folder = project({ "workflows.ts": faulty });
    const { errors } = await lint(["--changed"], { code: 1, cwd: folder });
    expect(errors).toContain("belongs to no git repository");
  });
});

test("files that aren't there and files of another kind are named", async () => {
  expect((await lint(["missing.ts"], { code: 1 })).errors).toContain(`There is no file or folder ${corpus}/missing.ts`);
  const folder = project({ "workflows.txt": "" });
  expect((await lint(["workflows.txt"], { code: 1, cwd: folder })).errors).toContain("is no JavaScript");
  expect((await lint(["--unknown"], { code: 2 })).errors).toContain("unknown option '--unknown'");
});
