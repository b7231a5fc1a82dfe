/** Where the programs of servers are looked for before one is downloaded. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { defaultNetwork } from "../../src/libs/network";
import { provideExecutable, temporalCli, timeSkippingServer } from "../../src/testing/executable";
import { installedTimeSkipper } from "../../src/testing/installed";
import { run } from "../support/process";
import { temporalCli as cli } from "../support/server";
import { rejection } from "../worker/support";
import { script, temporaryFolder } from "./support";

setDefaultTimeout(180_000);

const network = { ...defaultNetwork, limits: { ...defaultNetwork.limits, attempts: 1 } };
const nobody = "http://127.0.0.1:1";

/** A machine with programs at these paths, which say that they are that version of the Temporal CLI. */
function machine(programs: Record<string, string>) {
  const folder = temporaryFolder();
  const at = (path: string) => join(folder.path, path);
  for (const [path, version] of Object.entries(programs)) {
    mkdirSync(dirname(at(path)), { recursive: true });
    script(dirname(at(path)), path.split("/").at(-1)!, `echo '${version}'`);
  }
  mkdirSync(at("project/tests"), { recursive: true });
  const places = (environment: Record<string, string> = {}) => ({
    environment: { PATH: [at("first"), at("second")].join(delimiter), ...environment },
    folder: at("project/tests"),
  });
  return { at, places, remove: (path: string) => rmSync(at(path)), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const recent = "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)";
const old = "temporal version 1.5.0 (Server 1.29.0, UI 2.40.0)";
const inPackages = "project/node_modules/.bin/temporal";
const toolchain = "project/.toolchain/python/bin/temporal";

describe("the Temporal CLI", () => {
  test("is what the option names, then TEMPORAL_CLI_PATH, then one in PATH, then one of the project", async () => {
    using it = machine({ option: old, named: old, "second/temporal": old, [inPackages]: old, [toolchain]: old });
    const named = { TEMPORAL_CLI_PATH: it.at("named") };
    const provide = (environment = {}, path?: string) =>
      provideExecutable(temporalCli, path === undefined ? undefined : { type: "existing-path", path }, {
        service: nobody,
        network,
        places: it.places(environment),
      });
    expect(await provide(named, it.at("option"))).toBe(it.at("option"));
    expect(await provide(named)).toBe(it.at("named"));
    expect(await provide()).toBe(it.at("second/temporal"));
    it.remove("second/temporal");
    expect(await provide()).toBe(it.at(inPackages));
    it.remove(inPackages);
    expect(await provide()).toBe(it.at(toolchain));
  });

  test("that TEMPORAL_CLI_PATH names and that isn't there: an error that says so", async () => {
    using it = machine({ "second/temporal": recent });
    const places = it.places({ TEMPORAL_CLI_PATH: it.at("missing") });
    for (const program of [temporalCli, timeSkippingServer]) {
      const error = await rejection(provideExecutable(program, undefined, { service: nobody, network, places }));
      expect(error.message).toBe(
        `There is no file ${it.at("missing")}: correct the environment variable TEMPORAL_CLI_PATH`,
      );
    }
  });

  test("that is to be downloaded is not looked for", async () => {
    using it = machine({ "second/temporal": recent });
    const executable = { type: "cached-download", downloadDir: it.at("downloads") } as const;
    const error = await rejection(
      provideExecutable(temporalCli, executable, { service: nobody, network, places: it.places() }),
    );
    expect(error.message).toStartWith("The Temporal CLI can't be downloaded");
  });
});

describe("a program that skips time", () => {
  test("is a test server, if there is one, or a Temporal CLI that is new enough", async () => {
    using it = machine({
      named: recent,
      "first/temporal": recent,
      "second/temporal-test-server": "",
      downloaded: "",
    });
    const find = (environment = {}) =>
      installedTimeSkipper(it.places(environment), it.at("downloaded"), it.at("downloaded-cli"));
    expect(await find({ TEMPORAL_CLI_PATH: it.at("named") })).toBe(it.at("named"));
    expect(await find()).toBe(it.at("second/temporal-test-server"));
    it.remove("second/temporal-test-server");
    // The one that was downloaded is taken, or downloaded again when it is too old.
    expect(await find()).toBeUndefined();
    it.remove("downloaded");
    expect(await find()).toBe(it.at("first/temporal"));
    writeFileSync(it.at("first/temporal"), `#!/bin/sh\necho '${old}'\n`);
    expect(await find()).toBeUndefined();
    it.remove("first/temporal");
    expect(await find()).toBeUndefined();
    script(it.at("."), "downloaded-cli", `echo '${recent}'`);
    expect(await find()).toBe(it.at("downloaded-cli"));
  });
});

describe("environments without an option", () => {
  test.each(["createLocal", "createTimeSkipping"])("%s uses a Temporal CLI that is in PATH", async (method) => {
    using folder = temporaryFolder();
    const used = join(folder.path, "used");
    script(folder.path, "temporal", `echo > '${used}'`, `exec '${cli()}' "$@"`);
    const source = `import { TestWorkflowEnvironment } from "${import.meta.dir}/../../src/testing";
      const environment = await TestWorkflowEnvironment.${method}();
      console.log((await environment.connection.workflowService.getSystemInfo({})).serverVersion);
      await environment.teardown();`;
    const env = {
      ...process.env,
      PATH: `${folder.path}${delimiter}${process.env["PATH"]}`,
      TMPDIR: folder.path,
      TEMPORAL_CLI_PATH: undefined,
    };
    const { output } = await run([process.execPath, "-e", source], { cwd: folder.path, env });
    expect(output).toMatch(/^1\.\d+\.\d+\n$/);
    expect(existsSync(used)).toBe(true);
  });
});
