/** `temporal-bun init`. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { run } from "../support/process";
import { TerminalProgram } from "../support/terminal";
import { environment, Folder, temporalBun } from "./support";

setDefaultTimeout(180_000);

const files = [
  ".dockerignore",
  ".gitignore",
  "Dockerfile",
  "README.md",
  "activities.ts",
  "client.ts",
  "package.json",
  "seed.ts",
  "tsconfig.json",
  "worker.ts",
  "workflows.test.ts",
  "workflows.ts",
];

describe.each(["hello", "orders"])("a project of the template %s", (template) => {
  test("compiles, and its tests pass", async () => {
    using folder = new Folder();
    const { errors } = await folder.cli(["init", "--template", template, "--name", "my-project"]);
    expect(errors).toBe("");
    expect(readdirSync(folder.path).toSorted()).toEqual(files);
    folder.link();
    const compiler = join(import.meta.dir, "../../node_modules/.bin/tsc");
    expect((await run([compiler, "--project", "."], { cwd: folder.path })).output).toBe("");
    // Nothing but its own lines: a log would bury them.
    const tested = await run([process.execPath, "test"], { cwd: folder.path, env: environment() });
    const lines = tested.errors
      .trim()
      .split("\n")
      .filter((line) => line !== "");
    expect(lines[0]).toBe("workflows.test.ts:");
    expect(lines.slice(1).filter((line) => !/^\(pass\) | \d+ (pass|fail)$|expect\(\) calls$|^Ran /.test(line))).toEqual(
      [],
    );
    expect(tested.errors).toContain(" 0 fail\n");
  });

  test("has the package's own commands, and stops in order", async () => {
    using folder = new Folder();
    await folder.cli(["init", "--template", template]);
    const { scripts } = JSON.parse(folder.read("package.json"));
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["dev", "test", "start", "bundle"]));
    expect(folder.read("worker.ts")).toContain("shutdownGraceTime");
  });
});

test("the project has the folder's name, unless it is given one, and the SDK that is named", async () => {
  using folder = new Folder();
  const manifestOf = (name: string) => JSON.parse(folder.read(`${name}/package.json`));
  await folder.cli(["init", "deep/My Örders (2)"]);
  expect(manifestOf("deep/My Örders (2)")).toMatchObject({
    name: "my-rders-2",
    dependencies: { "temporal-bun-sdk": "link:temporal-bun-sdk" },
    devDependencies: { "@types/bun": `^${manifest.devDependencies["@types/bun"]}` },
  });
  await folder.cli(["init", "named", "--name", "@shop/orders", "--sdk", "file:../sdk.tgz"]);
  expect(manifestOf("named")).toMatchObject({
    name: "@shop/orders",
    dependencies: { "temporal-bun-sdk": "file:../sdk.tgz" },
  });
  expect(folder.read("named/README.md")).toStartWith("# @shop/orders\n");
});

test("what to do next can be typed as it stands", async () => {
  using folder = new Folder();
  const { output } = await folder.cli(["init", "it's here"]);
  expect(output).toContain("  cd 'it'\\''s here'\n");
  expect((await run(["sh", "-c", "cd 'it'\\''s here' && ls worker.ts"], { cwd: folder.path })).output).toBe(
    "worker.ts\n",
  );
});

test("no file is overwritten: what is in the way is named, and nothing is written", async () => {
  using folder = new Folder();
  folder.write("package.json", "mine");
  folder.write("worker.ts", "mine");
  const { errors, output } = await folder.cli(["init"], { code: 1 });
  expect(output).toBe("");
  expect(errors).toContain("has already: package.json, worker.ts\n");
  expect(readdirSync(folder.path).toSorted()).toEqual(["package.json", "worker.ts"]);
  expect(folder.read("package.json")).toBe("mine");
});

test.each<[string, string[], number, string]>([
  ["a file in the place of the folder", ["file"], 1, "file is a file: name another folder"],
  ["a folder that can't be made", ["/dev/null/project"], 1, "/dev/null/project can't be written to: "],
  ["a template that doesn't exist", ["--template", "flow"], 2, "Allowed choices are hello, orders."],
  ["a name that npm doesn't take", ["--name", "My Project"], 2, '"My Project" can\'t be the name of a package'],
])("%s: one sentence that says so", async (_, words, code, message) => {
  using folder = new Folder();
  folder.write("file", "");
  const { errors } = await folder.cli(["init", ...words], { code });
  expect(errors).toContain(message);
  expect(errors).not.toContain("    at ");
  expect(readdirSync(folder.path)).toEqual(["file"]);
});

describe("on a terminal", () => {
  const start = (folder: Folder, ...words: string[]) =>
    new TerminalProgram([...temporalBun, "init", ...words], { cwd: folder.path, env: environment() });

  test("it asks for what isn't given, again after an answer that can't be used", async () => {
    using folder = new Folder();
    await using program = start(folder);
    await program.says(/hello +a Workflow[\s\S]*Template \[hello\]/);
    program.type("nonsense\r");
    await program.says(/There is no nonsense: it is one of hello, orders\.[\s\S]*Template \[hello\]/);
    program.type("orders\r");
    await program.says(/Name \[temporal-cli-/);
    program.type("shop\r");
    await program.ends();
    expect(JSON.parse(folder.read("package.json")).name).toBe("shop");
    expect(folder.read("workflows.ts")).toContain("function order(");
  });

  test("it asks nothing when all is given; a folder is a name", async () => {
    using folder = new Folder();
    await using program = start(folder, "shop", "--template", "hello");
    expect(await program.ends()).not.toContain("[");
    expect(JSON.parse(folder.read("shop/package.json")).name).toBe("shop");
  });

  test.each(["\u0003", "\u0004"])("%j writes nothing", async (key) => {
    using folder = new Folder();
    await using program = start(folder, "shop");
    await program.says(/Template \[hello\]/);
    program.type(key);
    expect(await program.ends(1)).toContain("Nothing was written.");
    expect(existsSync(folder.at("shop"))).toBe(false);
  });
});
