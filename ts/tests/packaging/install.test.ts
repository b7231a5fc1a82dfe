/** What is packed, and what a project has of it that installs it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Glob } from "bun";
import { createPackage, mainPackage, platformPackage } from "../../../release/npm-packages";
import { releasedPlatforms } from "../../../release/platforms";
import checkout from "../../package.json" with { type: "json" };
import { counterparts } from "../../src/drop-in/table";
import { libraryFileName } from "../../src/native/locate";
import { eventually } from "../support/eventually";
import { Program, run } from "../support/process";
import { manifestIn, type Registry } from "../support/registry";
import { testServer } from "../support/server";
import {
  archive,
  copyHello,
  install,
  installed,
  nativePackage,
  type Project,
  packWithoutLibrary,
  platform,
  registryWith,
  root,
  temporaryFolder,
} from "./support";

const others = releasedPlatforms.filter((name) => name !== platform);

let registry: Registry;
let project: Project;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  for (const name of others) await registry.add(await packWithoutLibrary(name, temporaryFolder()));
  project = await install(registry);
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

/** Unpacks a package. Returns its folder and the names of its files, sorted. */
async function unpack(name: string): Promise<{ folder: string; files: string[] }> {
  const folder = temporaryFolder();
  await run(["tar", "-xzf", await archive(name), "-C", folder]);
  const names = readdirSync(join(folder, "package"), { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file).slice(folder.length + "/package/".length));
  return { folder: join(folder, "package"), files: files.toSorted() };
}

const manifestOf = async (name: string) => await manifestIn(readFileSync(await archive(name)));

/** What stands for modules of the official SDK. */
const officialNames = [...counterparts.values()]
  .filter(({ file }) => file !== undefined)
  .map(({ specifier }) => specifier);

const guides = readdirSync(join(root, "docs"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => relative(root, join(parentPath, name)));

const filesOfTarget = (target: string) => new Glob(target.replace("./", "").replace("*", "**/*"));
const checkoutFiles = (glob: Glob) => [...glob.scanSync(join(root, "ts"))].toSorted();

/** Everything that the package exports, by the names that programs import; a pattern stands for several modules. */
const entries = Object.entries(checkout.exports).flatMap(([entry, target]) => {
  const [before, after] = target.replace("./", "").split("*");
  if (after === undefined) return [join(mainPackage, entry)];
  return checkoutFiles(filesOfTarget(target)).map((file) =>
    join(mainPackage, entry.replace("*", file.slice(before!.length, -after.length))),
  );
});

/** Modules beside the messages, which only the SDK itself uses. */
const innerModules = ["src/proto/*.ts", "src/proto/rpc/*.ts"]
  .flatMap((pattern) => checkoutFiles(new Glob(pattern)))
  .filter((file) => !Object.values<string>(checkout.exports).includes(`./${file}`))
  .map((file) => join(mainPackage, file.slice("src".length, -".ts".length)));

const isGenerated = (source: string) =>
  source.startsWith("src/proto/") && readFileSync(join(root, "ts", source), "utf8").startsWith("// @generated");

describe("what is packed", () => {
  test("the SDK's package has the sources, their declarations, the templates, the thread's bundle and the licences, and nothing else", async () => {
    const { files } = await unpack(mainPackage);
    const listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "src", "templates"];
    const listed = (await run(listing, { cwd: join(root, "ts") })).output.trim().split("\n");
    const sources = listed.filter((name) => name.startsWith("src/"));
    const orders = readdirSync(join(root, "ts/examples/orders")).filter(
      (name) => !["README.md", "demo.ts", "deployed.ts"].includes(name),
    );
    const templates = [
      ...listed.filter((name) => name.startsWith("templates/")),
      ...orders.map((name) => `examples/orders/${name}`),
    ];
    const checkoutOnly = [
      "src/integrations/flow/workflow-source.ts",
      "src/worker/threads/realm-text-source.ts",
      "src/worker/threads/workflow-thread-source.ts",
    ];
    const packed = sources.filter((name) => !checkoutOnly.includes(name));
    const declarations = sources
      .filter((name) => /(?<!\.d)\.ts$/.test(name))
      // Generated modules are packed without types and comments, so there is nothing for a map to lead to.
      .flatMap((name) => (isGenerated(name) ? [".d.ts"] : [".d.ts", ".d.ts.map"]).map((end) => [name, end]))
      .map(([name, end]) => name!.replace(/^src(.*)\.ts$/, `types$1${end}`));
    const rest = [
      "LICENSE",
      "README.md",
      "THIRD_PARTY.md",
      ...guides,
      "drop-in/tsconfig.json",
      "package.json",
      "sbom.cdx.json",
      "src/integrations/flow/flow-workflows.bundle.js",
      "src/worker/threads/workflow-realm.bundle.js",
      "src/worker/threads/workflow-realm.bundle.js.map",
      "src/worker/threads/workflow-thread.bundle.js",
    ];
    const official = files.filter((name) => name.startsWith("official/"));
    const others = files.filter((name) => !/^(official|elsewhere)\//.test(name));
    expect(others).toEqual([...packed, ...declarations, ...templates, ...rest].toSorted());
    // Two for each specifier of the drop-in, some of which are the same file.
    expect(official.filter((name) => name.endsWith(".d.ts")).length).toBeGreaterThan(200);
    expect(official.filter((name) => name.endsWith(".js")).map((name) => name.replace(/\.js$/, ".d.ts"))).toEqual(
      official.filter((name) => name.endsWith(".d.ts")),
    );
  });

  test("generated modules have neither types nor comments, which are in their declarations", async () => {
    const { folder } = await unpack(mainPackage);
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const name = "google/protobuf/timestamp";
    expect(read(`src/proto/${name}.ts`)).not.toMatch(/\binterface\b|\/\//);
    expect(read(`types/proto/${name}.d.ts`)).toMatch(/\/\*\*[\s\S]*\binterface Timestamp\b/);
  });

  test("no file of it names a folder of the machine that it was packed on", async () => {
    const { folder, files } = await unpack(mainPackage);
    const machine = [root, tmpdir(), homedir()].filter((path) => path !== "/").map((path) => `${path}/`);
    const naming = files.filter((name) =>
      machine.some((path) => readFileSync(join(folder, name), "utf8").includes(path)),
    );
    expect(naming).toEqual([]);
  });

  test("its package.json is for users: exact versions of the platforms' packages, and nothing for developers", async () => {
    const manifest = await manifestOf(mainPackage);
    expect(manifest["optionalDependencies"]).toEqual(
      Object.fromEntries(releasedPlatforms.map((name) => [platformPackage(name), checkout.version])),
    );
    expect(manifest["dependencies"]).toEqual(checkout.dependencies);
    expect(Object.keys(manifest)).not.toContainAnyValues(["private", "scripts", "devDependencies"]);
    const exported = Object.values(manifest["exports"] as Record<string, string | Record<string, string>>);
    const targets = exported.flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
    targets.push(manifest["types"] as string);
    const { files } = await unpack(mainPackage);
    const missing = targets.filter((target) => !files.some((file) => filesOfTarget(target).match(file)));
    expect(missing).toEqual([]);
  });

  test("its links lead to files in it, or, where it is published, to those of the version in the repository", async () => {
    const { folder, files } = await unpack(mainPackage);
    const linksOf = (text: string) => [...text.matchAll(/\]\(([^)#\s]+)[^)\s]*\)/g)].map(([, target]) => target!);
    const inside = ["README.md", ...guides.filter((name) => name.endsWith(".md"))].flatMap((name) =>
      linksOf(readFileSync(join(folder, name), "utf8"))
        .filter((target) => !target.includes("://"))
        .map((target) => join(dirname(name), target)),
    );
    expect(inside.length).toBeGreaterThan(5);
    expect(inside.filter((target) => !files.includes(target))).toEqual([]);

    const repository = "https://example.com/owner/name";
    const into = temporaryFolder();
    const pack = ["release/npm-pack", "--fast", "--output", into, "--repository", repository, "main"];
    const published = (await run(pack, { cwd: root })).output.trim();
    expect(await manifestIn(readFileSync(published))).toMatchObject({
      homepage: `${repository}#readme`,
      bugs: { url: `${repository}/issues` },
      repository: { type: "git", url: `git+${repository}.git` },
      keywords: expect.arrayContaining(["temporal", "bun"]),
    });
    const readme = (await run(["tar", "-xzOf", published, "package/README.md"])).output;
    expect(linksOf(readme).filter((target) => !target.startsWith("https://"))).toEqual([]);
    expect(readme).toContain(`](${repository}/blob/v${checkout.version}/docs/DEPLOYING.md)`);
    const guide = (await run(["tar", "-xzOf", published, "package/docs/README.md"])).output;
    expect(guide).toContain(`](${repository}/blob/v${checkout.version}/CONTRIBUTING.md)`);
  });

  test("each declaration's map leads to the source that it was made of", async () => {
    const { folder, files } = await unpack(mainPackage);
    for (const name of files.filter((file) => file.endsWith(".d.ts.map"))) {
      const { sources } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { sources: string[] };
      expect(sources.map((source) => join(dirname(name), source))).toEqual([
        name.replace(/^types(.*)\.d\.ts\.map$/, "src$1.ts"),
      ]);
    }
    expect(readFileSync(join(folder, "types/worker/worker.d.ts"), "utf8")).toEndWith(
      "//# sourceMappingURL=worker.d.ts.map",
    );
  });

  test("this machine's package has the library and what says where it is", async () => {
    const { files } = await unpack(nativePackage);
    expect(files).toEqual(
      [
        "LICENSE",
        "README.md",
        "THIRD_PARTY.md",
        "index.js",
        libraryFileName,
        "package.json",
        "sbom.cdx.json",
      ].toSorted(),
    );
    const manifest = await manifestOf(nativePackage);
    expect(manifest).toMatchObject({
      name: nativePackage,
      version: checkout.version,
      license: "MIT",
      os: [process.platform],
      cpu: [process.arch],
    });
    if (process.platform === "linux") expect(manifest["libc"]).toEqual(["glibc"]);
  });

  test("what makes projects is a program that the SDK of the same version does the work of", async () => {
    const { files } = await unpack(createPackage);
    expect(files).toEqual(["LICENSE", "README.md", "create.js", "package.json"]);
    expect(await manifestOf(createPackage)).toMatchObject({
      name: createPackage,
      version: checkout.version,
      license: "MIT",
      bin: { [createPackage]: "./create.js" },
      dependencies: { [mainPackage]: checkout.version },
    });
  });

  test("packing again gives the same bytes", async () => {
    const folder = temporaryFolder();
    const pack = async (into: string) =>
      readFileSync((await run(["release/npm-pack", "--fast", "--output", into, "main"], { cwd: root })).output.trim());
    const first = await pack(folder);
    expect((await pack(`${folder}/again`)).equals(first)).toBe(true);
  });

  test("what cannot be packed is refused in one line", async () => {
    const pack = (...options: string[]) => run(["release/npm-pack", ...options], { cwd: root, code: 1 });
    const line = (text: RegExp) => ({ output: "", errors: expect.stringMatching(text) });
    expect(await pack("freebsd-x64")).toEqual(
      line(/^release\/npm-pack: freebsd-x64 is none of main, create, linux-arm64, [^\n]*\n$/),
    );
    expect(await pack("--version", "99.0.0")).toEqual(
      line(/^release\/npm-pack: --version is 99\.0\.0, but this checkout has version [^\n]*\n$/),
    );
    expect(await pack("--repository", "somewhere", "main")).toEqual(
      line(/^release\/npm-pack: --repository is somewhere, but must look like [^\n]*\n$/),
    );
    expect(await pack("--library", "nowhere.so", platform)).toEqual(
      line(/^release\/npm-pack: \S*nowhere\.so does not exist: [^\n]*\n$/),
    );
  });
});

describe("a project that has installed it", () => {
  test("has the package of this platform, and of no other", () => {
    const installed = readdirSync(join(project.folder, "node_modules")).filter((name) => name.startsWith(mainPackage));
    expect(installed.toSorted()).toEqual([mainPackage, nativePackage]);
  });

  test("runs the README's example against a server", async () => {
    copyHello(project);
    const { address } = await testServer();
    const { output } = await project.bun(["hello.ts"], { TEMPORAL_ADDRESS: address });
    expect(output).toBe("Hello, Bun!\n");
  });

  test("can import everything that the package exports", async () => {
    for (const name of Object.keys(checkout.peerDependencies)) linkFromCheckout(project, name);
    project.write(
      "imports.ts",
      `for (const entry of ${JSON.stringify(entries)}) console.log(typeof (await import(entry)), entry);`,
    );
    expect(await project.bun(["imports.ts"])).toEqual({
      output: entries.map((entry) => `object ${entry}\n`).join(""),
      errors: "",
    });
  });

  /** One of each pattern. */
  const modules = Object.entries(checkout.exports)
    .filter(([, target]) => target.endsWith(".ts"))
    .map(([entry]) => {
      const pattern = new RegExp(`^${join(mainPackage, entry).replace("*", ".*")}$`);
      return entries.find((name) => pattern.test(name))!;
    });

  test("says on Node.js in one sentence what to do, whatever is imported or required", async () => {
    for (const name of Object.keys(checkout.peerDependencies)) linkFromCheckout(project, name);
    const sentence =
      /^temporal-bun-sdk runs on Bun [\d.]+ or newer, and this is Node\.js [\d.]+: run the program with bun/;
    project.write(
      "names.ts",
      `for (const entry of ${JSON.stringify(modules)}) console.log(Object.keys(await import(entry)).join());`,
    );
    const names = (await project.bun(["names.ts"])).output.split("\n");
    // A name that is missing would be the error instead, and one error keeps the others from being seen.
    for (const [index, entry] of modules.entries())
      project.write(
        `on-node/${index}.mjs`,
        `import { ${names[index]!.replace(/\bdefault\b/, "default as it")} } from "${entry}";`,
      );
    project.write(
      "on-node.mjs",
      `import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      for (const [index, entry] of ${JSON.stringify(modules)}.entries()) {
        const said = [await import("./on-node/" + index + ".mjs").catch((error) => error)];
        try { said.push(require(entry)); } catch (error) { said.push(error); }
        console.log(JSON.stringify([entry, ...said.map(({ message }) => message)]));
      }`,
    );
    const { output } = await run(["node", "on-node.mjs"], { cwd: project.folder });
    const said = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string[]);
    expect(said).toEqual(
      modules.map((entry) => [entry, expect.stringMatching(sentence), expect.stringMatching(sentence)]),
    );
  });

  test("in a bundle for browsers the sentence is said when it is loaded", async () => {
    project.write("browser.ts", 'import { Worker } from "temporal-bun-sdk/worker";\nconsole.log(typeof Worker);');
    await project.bun(["build", "browser.ts", "--target", "browser", "--outdir", "browser"]);
    const { errors } = await run(
      ["node", "--input-type=module", "-e", readFileSync(join(project.folder, "browser/browser.js"), "utf8")],
      { code: 1 },
    );
    expect(errors).toContain("Error: temporal-bun-sdk runs on Bun ");
  });

  test("has the real modules where a tool resolves for Node.js and runs them with Bun", async () => {
    project.write(
      "elsewhere.ts",
      `import * as worker from "temporal-bun-sdk/worker";
      import * as other from "./node_modules/temporal-bun-sdk/elsewhere/worker/index.js";
      console.log(Object.keys(worker).every((name) => worker[name] === other[name]), Object.keys(other).length > 10);`,
    );
    expect((await project.bun(["elsewhere.ts"])).output).toBe("true true\n");
  });

  test("imports what programs need first from its root, and Workflow code is told where to import from", async () => {
    project.write(
      "root.ts",
      `import { Client, Worker } from "temporal-bun-sdk";
      import * as worker from "temporal-bun-sdk/worker";
      console.log(Worker === worker.Worker, typeof Client);
      await worker.bundleWorkflowCode({ workflowsPath: import.meta.dir + "/root-workflows.ts" }).catch((error) => console.log(error.message));
      console.log((await worker.bundleWorkflowCode({ workflowsPath: import.meta.dir + "/message-workflows.ts" })).code.length > 0);`,
    );
    project.write(
      "message-workflows.ts",
      'import { Payload } from "temporal-bun-sdk/proto/temporal/api/common/v1/message";\nexport const one = async () => typeof Payload;',
    );
    project.write(
      "root-workflows.ts",
      'import { ApplicationFailure } from "temporal-bun-sdk";\nexport const one = async () => ApplicationFailure;',
    );
    const { output } = await project.bun(["root.ts"]);
    expect(output).toStartWith("true function\n");
    expect(output).toContain("instead: import from 'temporal-bun-sdk/workflow'\n");
    expect(output).toEndWith("true\n");
  });

  test("can't import what serves the generated messages", async () => {
    expect(innerModules).toContain(`${mainPackage}/proto/wire`);
    project.write(
      "inner.ts",
      `for (const name of ${JSON.stringify(innerModules)})
        await import(name).then(() => console.log(name), (error) => console.error(error.code));`,
    );
    const { output, errors } = await project.bun(["inner.ts"]);
    expect({ output, errors }).toEqual({ output: "", errors: "ERR_MODULE_NOT_FOUND\n".repeat(innerModules.length) });
  });

  test.each([
    ["moduleResolution bundler", "bundler", false],
    ["moduleResolution nodenext", "nodenext", false],
    ["the names of the official SDK", "bundler", true],
  ])("compiles with the strictest rules and %s", async (_, moduleResolution, official) => {
    copyHello(project);
    for (const name of [...Object.keys(checkout.peerDependencies), "@types/bun"]) linkFromCheckout(project, name);
    const modules = official ? officialNames : entries.filter((entry) => !/\.json$|\/jest-preset$/.test(entry));
    project.write(
      "types.ts",
      modules
        .map((entry, index) => `import * as module${index} from "${entry}";\nexport { module${index} };\n`)
        .join(""),
    );
    const names = moduleResolution === "bundler" ? ["types.ts", "hello.ts", "workflows.ts"] : ["types.ts"];
    project.write(
      "tsconfig.json",
      JSON.stringify({
        ...(official ? { extends: `./node_modules/${mainPackage}/src/drop-in/tsconfig.json` } : {}),
        compilerOptions: {
          ...{
            target: "ESNext",
            module: moduleResolution === "bundler" ? "ESNext" : "NodeNext",
            moduleResolution,
            lib: ["ESNext"],
            types: ["bun"],
          },
          ...{
            noEmit: true,
            skipLibCheck: false,
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
          },
          ...{
            noPropertyAccessFromIndexSignature: true,
            noImplicitReturns: true,
            noImplicitOverride: true,
            noFallthroughCasesInSwitch: true,
          },
          ...{
            noUnusedLocals: true,
            noUnusedParameters: true,
            isolatedModules: true,
            verbatimModuleSyntax: true,
            erasableSyntaxOnly: true,
          },
        },
        files: names,
      }),
    );
    const compiler = join(root, "ts/node_modules/.bin/tsc");
    expect((await run([compiler, "--project", "."], { cwd: project.folder })).output).toBe("");
  });

  test("compiles what is written for the official SDK: a program for each of its patterns", async () => {
    for (const name of [...Object.keys(checkout.peerDependencies), "@types/bun", "nexus-rpc", "long"])
      linkFromCheckout(project, name);
    const programs = join(import.meta.dir, "../types/official");
    const files = readdirSync(programs).map((file) => {
      project.write(`official/${file}`, readFileSync(join(programs, file), "utf8"));
      return `official/${file}`;
    });
    expect(files.length).toBeGreaterThan(10);
    project.write(
      "tsconfig.json",
      JSON.stringify({
        extends: `./node_modules/${mainPackage}/src/drop-in/tsconfig.json`,
        compilerOptions: {
          target: "ES2022",
          module: "ESNext",
          moduleResolution: "bundler",
          types: ["bun"],
          strict: true,
          noEmit: true,
        },
        files,
      }),
    );
    const compiler = join(root, "ts/node_modules/.bin/tsc");
    expect((await run([compiler, "--project", "."], { cwd: project.folder })).output).toBe("");
  });

  test("with paths of its own, has all official names by one line, in the compiler and in Bun", async () => {
    for (const name of [...Object.keys(checkout.peerDependencies), "@types/bun", "nexus-rpc", "long"])
      linkFromCheckout(project, name);
    const specifiers = officialNames.filter((name) => !name.startsWith("@temporalio/workflow-streams"));
    project.write("own/answer.ts", "export const answer = 42;");
    project.write(
      "moved/main.ts",
      `import { answer } from "own/answer";
      import proto from "@temporalio/proto";
      ${specifiers.map((name, index) => `import * as module${index} from "${name}";`).join("\n")}
      import * as client from "temporal-bun-sdk/client";
      const modules: object[] = [${specifiers.map((_, index) => `module${index}`).join()}];
      const { Client } = module${specifiers.indexOf("@temporalio/client")};
      const Payload: object = proto.temporal.api.common.v1.Payload;
      console.log(answer, modules.length, Client === client.Client, typeof Payload);`,
    );
    project.write(
      "moved/tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          target: "ESNext",
          module: "ESNext",
          moduleResolution: "bundler",
          types: ["bun"],
          strict: true,
          noEmit: true,
          paths: { "own/*": ["../own/*"], "@temporalio/*": [`../node_modules/${mainPackage}/official/*`] },
        },
      }),
    );
    const compiler = join(root, "ts/node_modules/.bin/tsc");
    expect((await run([compiler, "--project", "moved"], { cwd: project.folder })).output).toBe("");
    expect((await project.bun(["moved/main.ts"])).output).toBe(`42 ${specifiers.length} true object\n`);
  });

  test("has a configuration to extend that compilers find by the package's name, and Bun by its path", async () => {
    linkFromCheckout(project, "@types/bun");
    project.write(
      "extending/main.ts",
      `import { Client } from "@temporalio/client";
      console.log(Client === (await import("temporal-bun-sdk/client")).Client);`,
    );
    const options = { target: "ESNext", module: "ESNext", moduleResolution: "bundler", types: ["bun"], noEmit: true };
    const extend = (target: string) =>
      project.write("extending/tsconfig.json", JSON.stringify({ extends: target, compilerOptions: options }));
    // Compilers that don't read `exports` look for the same file.
    expect(existsSync(join(project.folder, "node_modules", mainPackage, "drop-in/tsconfig.json"))).toBe(true);
    const compiler = join(root, "ts/node_modules/.bin/tsc");
    for (const target of [
      `${mainPackage}/drop-in/tsconfig.json`,
      `../node_modules/${mainPackage}/drop-in/tsconfig.json`,
    ]) {
      extend(target);
      expect((await run([compiler, "--project", "extending"], { cwd: project.folder })).output).toBe("");
    }
    expect((await project.bun(["extending/main.ts"])).output).toBe("true\n");
  });

  test("runs a Worker by its command, with a health endpoint, and talks to its Workflows", async () => {
    copyHello(project);
    const queue = "packaged-command";
    project.write(
      "command.ts",
      `export default {
        taskQueue: "${queue}",
        workflowsPath: import.meta.dir + "/workflows.ts",
        activities: { greeting: async () => "Hello" },
      };`,
    );
    const command = (...words: string[]) => [
      process.execPath,
      join(project.folder, "node_modules/.bin/temporal-bun"),
      ...words,
    ];
    const { address } = await testServer();
    const options = {
      cwd: project.folder,
      env: { ...process.env, TEMPORAL_BUN_LIBRARY: undefined, TEMPORAL_ADDRESS: address },
    };
    await using worker = new Program(
      command("worker", "command.ts", "--health-port", "0", "--log-format", "json"),
      options,
    );
    const [, port] = await worker.says(/"healthPort":(\d+)/);
    await worker.says(/"state":"RUNNING"/);
    const ready = await eventually(
      () => fetch(`http://127.0.0.1:${port}/ready`),
      ({ status }) => status === 200,
    );
    expect(await ready.json()).toMatchObject({ live: true, ready: true });
    await run(command("start", "--type", "hello", "-t", queue, "-w", queue, "-i", '"command"'), options);
    expect((await run(command("result", "-w", queue), options)).output).toBe('"Hello, command!"\n');
    expect((await run(command("doctor"), options)).output).toContain("(found through platform package)");
    worker.kill("SIGTERM");
    await worker.ends();
  });

  test("bundles the SDK's own parts where a folder's name has two dots", async () => {
    const folder = join(temporaryFolder(), "from..here");
    cpSync(project.folder, folder, { recursive: true, filter: (path) => !path.endsWith(".cache") });
    writeFileSync(
      join(folder, "streams.ts"),
      `import { WorkflowStream } from "@temporalio/workflow-streams/workflow"; export const streams = async () => new WorkflowStream();`,
    );
    writeFileSync(
      join(folder, "bundle.ts"),
      `import { bundleWorkflowCode } from "temporal-bun-sdk/worker";
      const { code } = await bundleWorkflowCode({ workflowsPath: import.meta.dir + "/streams.ts" });
      console.log(code.includes("class WorkflowStream"));`,
    );
    const { output } = await run([process.execPath, "bundle.ts"], { cwd: folder });
    expect(output).toBe("true\n");
  });

  test("has the command temporal-bun, which finds the library", async () => {
    const command = join(project.folder, "node_modules/.bin/temporal-bun");
    const env = {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
      TEMPORAL_BUN_LIBRARY: undefined,
      TEMPORAL_LIBS_OFFLINE: "1",
    };
    const { output } = await run([command, "libs", "doctor"], { cwd: project.folder, env });
    const library = join(project.folder, "node_modules", nativePackage, libraryFileName);
    expect(output).toMatch(
      new RegExp(`^ok {7}bridge: \\S*${library} \\(found through platform package\\), ABI \\d+, loads$`, "m"),
    );
  });
});

test("the platforms are the same wherever they are written out", () => {
  const found = (file: string, pattern: RegExp) =>
    [...readFileSync(join(root, file), "utf8").matchAll(pattern)].map(([, name]) => name!);
  const released: string[] = releasedPlatforms.toSorted();
  expect(found("ts/src/native/locate.ts", /require\("temporal-bun-sdk-([^"]+)"\)/g).toSorted()).toEqual(released);
  for (const workflow of ["npm", "temporal-static-libraries"]) {
    expect(found(`.github/workflows/${workflow}.yml`, /\{ platform: ([^,]+),/g).toSorted()).toEqual(released);
  }
});

test("without the platform's package one sentence says what is missing", async () => {
  await using lacking = await registryWith(mainPackage);
  const { folder, bun } = await install(lacking);
  expect(readdirSync(join(folder, "node_modules")).filter((name) => name.startsWith(mainPackage))).toEqual([
    mainPackage,
  ]);
  const program = `import { Connection } from "${mainPackage}/client"; await Connection.connect().catch((error) => console.log(String(error)));`;
  const { output } = await bun(["--eval", program]);
  expect(output).toMatch(
    new RegExp(
      `^Error: ${libraryFileName} is neither in a package ${nativePackage} nor in zig-out/lib of \\S+ or a folder above it: install ${mainPackage} with its optional dependencies [^\\n]+\\.\\n$`,
    ),
  );
});

test("a project without webpack that sets a hook for it is told what to install", async () => {
  const own = await install(registry);
  copyHello(own);
  own.write(
    "hooked.ts",
    `import { bundleWorkflowCode } from "temporal-bun-sdk/worker";
    await bundleWorkflowCode({ workflowsPath: import.meta.dir + "/workflows.ts", webpackConfigHook: (config) => config })
      .catch((error) => console.log(String(error)));`,
  );
  expect((await own.bun(["--no-install", "hooked.ts"])).output).toMatch(
    /^Error: webpackConfigHook needs webpack 5, which isn't installed: run `bun add --dev webpack`, [^\n]*\n$/,
  );
});

/** Puts a package of the checkout into a project, because the registry does not have it. */
function linkFromCheckout({ folder }: Project, name: string): void {
  const link = join(folder, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  try {
    symlinkSync(installed(name), link);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
}
