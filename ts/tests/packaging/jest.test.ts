/** A project's tests under Jest, which loads modules by a system of its own, with the package as it is installed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { mainPackage } from "../../../release/npm-packages";
import { Program } from "../support/process";
import type { Registry } from "../support/registry";
import { testServer } from "../support/server";
import { install, installed, nativePackage, type Project, registryWith } from "./support";

let registry: Registry;
let project: Project;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  symlinkSync(installed("jest"), join(project.folder, "node_modules/jest"));
  project.write(
    "package.json",
    JSON.stringify({ name: "project", jest: { preset: mainPackage, testMatch: ["<rootDir>/*.test.js"] } }),
  );
  project.write("bunfig.toml", `preload = ["${mainPackage}/drop-in"]\n`);
  project.write(
    "workflows.ts",
    `import { ApplicationFailure, proxyActivities } from "@temporalio/workflow";
    const { greet } = proxyActivities<{ greet(name: string): Promise<string> }>({ startToCloseTimeout: "10s" });
    export async function hello(name: string) {
      if (name === "") throw ApplicationFailure.create({ message: "nobody to greet" });
      return greet(name);
    }`,
  );
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

const worker = `
const { Client, Connection, WorkflowFailedError } = require("@temporalio/client");
const { NativeConnection, Worker } = require("@temporalio/worker");
const { greet } = require("./activities");

test("runs a Workflow", async () => {
  const { ADDRESS: address } = process.env;
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const taskQueue = "jest-" + process.pid;
  const of = (name) => ({ args: [name], taskQueue, workflowId: taskQueue + name });
  const worker = await Worker.create({
    connection, taskQueue, workflowsPath: require.resolve("./workflows"), activities: { greet },
  });
  await worker.runUntil(async () => {
    expect(await client.workflow.execute("hello", of("Ada"))).toBe("Hello Ada");
    const failed = client.workflow.execute("hello", of(""));
    await expect(failed).rejects.toBeInstanceOf(WorkflowFailedError);
    await expect(failed).rejects.toBeInstanceOf(Error);
    await expect(failed).rejects.toMatchObject({ cause: { message: "nobody to greet" } });
    class Other extends Error {}
    await expect(failed).rejects.not.toBeInstanceOf(Other);
  });
  await client.connection.close();
  await connection.close();
});`;

const names = `
jest.mock("@temporalio/activity", () => ({ activityInfo: () => ({ attempt: 7 }) }));
const { activityInfo } = require("@temporalio/activity");

test("mocks take an official name's place", () => expect(activityInfo().attempt).toBe(7));

test("both names are one module, and the actual one is there", () => {
  expect(require("@temporalio/client")).toBe(require("temporal-bun-sdk/client"));
  expect(jest.requireActual("@temporalio/activity").Context).toBe(jest.requireActual("temporal-bun-sdk/activity").Context);
  expect(require("@temporalio/common/lib/time.js").msToNumber("2s")).toBe(2000);
});

test("inner workings are refused", () =>
  expect(() => require("@temporalio/worker/lib/workflow/vm")).toThrow("import public names from '@temporalio/worker'"));
`;

const jest = ["--bun", "node_modules/jest/bin/jest.js"];

test("its tests run as with the official packages", async () => {
  project.write("activities.js", "exports.greet = async (name) => 'Hello ' + name;");
  project.write("worker.test.js", worker);
  project.write("names.test.js", names);
  const { address } = await testServer();
  const { errors } = await project.bun([...jest, "--workers=2"], { ADDRESS: address });
  expect(errors).toContain("Tests:       4 passed, 4 total");
});

test("what fails is reported with its message and place", async () => {
  project.write("failing.js", "test('fails', () => {\n  expect(1).toBe(2);\n});");
  await using failing = new Program([process.execPath, ...jest, "--testMatch=**/failing.js"], { cwd: project.folder });
  const { errors } = await failing.ends(1);
  expect(errors).toContain("Expected: 2");
  expect(errors).toContain("at Object.<anonymous> (failing.js:");
});
