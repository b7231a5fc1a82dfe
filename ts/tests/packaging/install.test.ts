/** What is packed, and what a project has of it that installs it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { mainPackage, platformPackage } from "../../../release/npm-packages";
import { releasedPlatforms } from "../../../release/platforms";
import checkout from "../../package.json" with { type: "json" };
import { counterparts } from "../../src/drop-in/table";
import { libraryFileName } from "../../src/native/locate";
import { run } from "../support/process";
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
  .filter((file) => file !== "src/proto/index.ts")
  .map((file) => join(mainPackage, file.slice("src".length, -".ts".length)));

describe("what is packed", () => {
  test("the SDK's package has the sources, their declarations, the thread's bundle and the licences, and nothing else", async () => {
    const { files } = await unpack(mainPackage);
    const { output } = await run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "src"], {
      cwd: join(root, "ts"),
    });
    const sources = output.trim().split("\n");
    const checkoutOnly = [
      "src/integrations/flow/workflow-source.ts",
      "src/worker/threads/realm-text-source.ts",
      "src/worker/threads/workflow-thread-source.ts",
    ];
    const packed = sources.filter((name) => !checkoutOnly.includes(name));
    const declarations = sources
      .filter((name) => name.endsWith(".ts"))
      .map((name) => name.replace(/^src(.*)\.ts$/, "types$1.d.ts"));
    const rest = [
      "LICENSE",
      "README.md",
      "THIRD_PARTY.md",
      "drop-in/tsconfig.json",
      "package.json",
      "src/integrations/flow/flow-workflows.bundle.js",
      "src/worker/threads/workflow-realm.bundle.js",
      "src/worker/threads/workflow-realm.bundle.js.map",
      "src/worker/threads/workflow-thread.bundle.js",
    ];
    const [official, others] = [true, false].map((wanted) =>
      files.filter((name) => name.startsWith("official/") === wanted),
    );
    expect(others).toEqual([...packed, ...declarations, ...rest].toSorted());
    // Two for each specifier of the drop-in, some of which are the same file.
    expect(official!.filter((name) => name.endsWith(".d.ts")).length).toBeGreaterThan(200);
    expect(official!.filter((name) => name.endsWith(".js")).map((name) => name.replace(/\.js$/, ".d.ts"))).toEqual(
      official!.filter((name) => name.endsWith(".d.ts")),
    );
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
    const exported = Object.values(manifest["exports"] as Record<string, string | { types: string; default: string }>);
    const targets = exported.flatMap((entry) => (typeof entry === "string" ? [entry] : [entry.types, entry.default]));
    const { files } = await unpack(mainPackage);
    const missing = targets.filter((target) => !files.some((file) => filesOfTarget(target).match(file)));
    expect(missing).toEqual([]);
  });

  test("this machine's package has the library and what says where it is", async () => {
    const { files } = await unpack(nativePackage);
    expect(files).toEqual(
      ["LICENSE", "README.md", "THIRD_PARTY.md", "index.js", libraryFileName, "package.json"].toSorted(),
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
      line(/^release\/npm-pack: freebsd-x64 is none of main, linux-arm64, [^\n]*\n$/),
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
    const modules = official ? officialNames : entries.filter((entry) => !entry.endsWith(".json"));
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
