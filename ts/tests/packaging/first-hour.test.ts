/**
 * What a person does in the first hour, with the packed package, in an empty folder with spaces in its name, on a
 * terminal: `init`, install, `dev`, a change of a Workflow, the client, `test`, an executable.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createPackage, mainPackage } from "../../../release/npm-packages";
import { packageVersion } from "../../src/libs/manifest";
import { run } from "../support/process";
import type { Registry } from "../support/registry";
import { freePort, type PrivateServer, startServer, temporalCli } from "../support/server";
import { TerminalProgram } from "../support/terminal";
import { installed, nativePackage, registryWith, temporaryFolder } from "./support";

setDefaultTimeout(300_000);

/** How each installer runs a package that isn't installed, makes a project, installs, and runs a script. */
const installers: Record<string, Record<"execute" | "create" | "install" | "script", string[]>> = {
  bun: {
    execute: ["bun", "x", "--bun"],
    create: ["bun", "create", mainPackage],
    install: ["bun", "install"],
    script: ["bun", "run"],
  },
  npm: {
    execute: ["npx", "--yes"],
    create: ["npm", "create", "--yes", mainPackage, "--"],
    install: ["npm", "install"],
    script: ["npm", "run"],
  },
  pnpm: {
    execute: ["pnpm", "dlx"],
    create: ["pnpm", "create", mainPackage],
    install: ["pnpm", "install"],
    script: ["pnpm", "run"],
  },
};

const there = Object.keys(installers).filter((name) => Bun.which(name) !== null);
for (const name of Object.keys(installers))
  if (!there.includes(name)) console.error(`first-hour: there is no ${name} on this machine, so its way isn't tried`);

let registry: Registry;
/** Where what is compiled runs. `dev` has a server of its own. */
let server: PrivateServer;

beforeAll(async () => {
  server = await startServer();
  registry = await registryWith(mainPackage, nativePackage, createPackage);
  const folder = temporaryFolder();
  for (const name of ["@types/bun", "bun-types", "@types/node", "undici-types"]) {
    const packing = [process.execPath, "pm", "pack", "--ignore-scripts", "--quiet", "--destination", folder];
    await registry.add((await run(packing, { cwd: installed(name) })).output.trim());
  }
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** The environment of somebody who has Bun and the Temporal CLI, and whose packages come from the registry. */
function environment(): Record<string, string | undefined> {
  const own = temporaryFolder();
  writeFileSync(join(own, ".npmrc"), `registry=${registry.url}\n`);
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:TEMPORAL_|npm_|BUN_|PNPM_)/.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(process.execPath), dirname(temporalCli()), process.env["PATH"]].join(delimiter),
    HOME: own,
    XDG_CONFIG_HOME: own,
    XDG_DATA_HOME: own,
    XDG_CACHE_HOME: own,
    XDG_STATE_HOME: own,
    npm_config_registry: registry.url,
    BUN_CONFIG_REGISTRY: registry.url,
    npm_config_cache: join(own, "npm"),
    BUN_INSTALL_CACHE_DIR: join(own, "bun"),
    npm_config_update_notifier: "false",
    // Releases of this minute are what a person installs here.
    npm_config_minimum_release_age: "0",
  };
}

const buildScript = `
import { bundleWorkflowCode } from "temporal-bun-sdk/worker";
const { code } = await bundleWorkflowCode({ workflowsPath: import.meta.dir + "/workflows.ts" });
await Bun.write("workflow-bundle.txt", code);
`;

describe.each(there)("with %s", (name) => {
  test("create makes the project that init makes", async () => {
    const { execute, create } = installers[name]!;
    const options = { cwd: temporaryFolder(), env: environment() };
    const words = ["--template", "orders", "--name", "shop"];
    const { output } = await run([...create, "by create", ...words], options);
    expect(output).toContain("  cd 'by create'\n");
    await run([...execute, mainPackage, "init", "by init", ...words], options);
    const filesOf = (folder: string) => {
      const path = join(options.cwd, folder);
      return new Map(readdirSync(path).map((file) => [file, readFileSync(join(path, file), "utf8")]));
    };
    expect(filesOf("by create")).toEqual(filesOf("by init"));
    expect(filesOf("by create").get("workflows.ts")).toContain("function order(");
    const { errors } = await run([...create, "--template", "nothing"], { ...options, code: 2 });
    expect(errors).toContain("Allowed choices are hello, orders.");
  });

  test("init, dev, a change, the client, test, an executable", async () => {
    const { execute, install, script } = installers[name]!;
    const env = environment();
    const folder = join(temporaryFolder(), "my first project");
    mkdirSync(folder);
    const file = (path: string) => join(folder, path);
    const edit = (path: string, before: string, after: string) => {
      const text = readFileSync(file(path), "utf8");
      expect(text).toContain(before);
      writeFileSync(file(path), text.replace(before, after));
    };

    await using init = new TerminalProgram([...execute, mainPackage, "init"], { cwd: folder, env });
    await init.says(/Template \[hello\]/);
    init.type("\r");
    await init.says(/Name \[my-first-project\]/);
    init.type("\r");
    await init.ends();
    expect(init.output).toContain("bun test");
    expect(JSON.parse(readFileSync(file("package.json"), "utf8"))).toMatchObject({
      name: "my-first-project",
      dependencies: { [mainPackage]: packageVersion },
    });

    await run(install, { cwd: folder, env });

    const port = await freePort();
    const uiPort = await freePort();
    const address = { ...env, TEMPORAL_ADDRESS: `localhost:${port}` };
    const words = [...(name === "npm" ? ["--"] : []), "--port", String(port), "--ui-port", String(uiPort), "--seed"];
    await using dev = new TerminalProgram([...script, "dev", ...words], { cwd: folder, env });
    await dev.says(new RegExp(`UI +http://localhost:${uiPort}\n`));
    await dev.says(/Worker +worker\.ts, ready after \d+ ms/);
    await dev.says(/started hello-de/);
    const client = () => run([...script, "client"], { cwd: folder, env: address });
    expect((await client()).output).toContain("Hello, Bun!\n");
    edit("workflows.ts", "}, ", "} again, ");
    await dev.says(/Reloaded after \d+ ms: workflows\.ts/);
    expect((await client()).output).toContain("Hello again, Bun!\n");
    dev.type("\u0003");
    await dev.says(/state: 'STOPPED'/);
    await dev.ended;

    const failed = await run(["bun", "test"], { cwd: folder, env, code: 1 });
    expect(failed.errors).toContain('Received: "Bonjour again, Bun!"');
    edit("workflows.ts", "} again, ", "}, ");
    expect((await run([...script, "test"], { cwd: folder, env })).errors).toContain(" 1 pass\n");

    writeFileSync(file("build.ts"), buildScript);
    edit("worker.ts", "workflowsPath: ", "workflowBundle: { code }, // ");
    edit("worker.ts", "import * as", 'import code from "./workflow-bundle.txt" with { type: "text" };\nimport * as');
    await run(["bun", "build.ts"], { cwd: folder, env });
    await run(["bun", "build", "--compile", "worker.ts", "--outfile", "worker"], { cwd: folder, env });
    const another = { ...env, TEMPORAL_ADDRESS: server.address };
    await using compiled = new TerminalProgram([file("worker")], { cwd: temporaryFolder(), env: another });
    await compiled.says(/state: 'RUNNING'/);
    expect((await run([...script, "client"], { cwd: folder, env: another })).output).toContain("Hello, Bun!\n");
    compiled.type("\u0003");
    await compiled.ends();
  });
});
