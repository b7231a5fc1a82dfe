/** Flows of a project that has installed the package: from `node_modules`, in one executable, and in a bundle. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { mainPackage } from "../../../release/npm-packages";
import { run } from "../support/process";
import type { Registry } from "../support/registry";
import { testServer } from "../support/server";
import { install, nativePackage, type Project, registryWith, temporaryFolder } from "./support";

let registry: Registry;
let project: Project;

const program = `import * as flow from "temporal-bun-sdk/flow";
import { DefaultLogger, NativeConnection, Runtime } from "temporal-bun-sdk/worker";

const payload = { "~standard": { version: 1, vendor: "project", validate: (value) => ({ value }) } };
const greeting = flow.define({ id: "greeting", payload }, (f) =>
  f
    .if("long", (c) => c.payload.length > 3)
    .step("hello", (c) => "Hello, " + c.payload)
    .endIf()
    .step("end", (c) => c.last + "!"),
);

Runtime.install({ logger: new DefaultLogger("ERROR") });
const [taskQueue, workflowsPath] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const worker = workflowsPath === undefined ? {} : { workflowsPath };
const app = flow.app({ flows: [greeting], connection, taskQueue, worker });
await app.start();
const started = await app.trigger(greeting, "project");
console.log(await started.result());
if (workflowsPath !== undefined) {
  const { Client } = await import("temporal-bun-sdk/client");
  const options = { taskQueue, workflowId: taskQueue };
  console.log(await new Client({ connection }).workflow.execute("mine", options));
}
await app.stop();
await connection.close();
`;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  project.write("flows.ts", program);
  project.write(
    "workflows.ts",
    'export { default } from "temporal-bun-sdk/flow/workflow";\nexport async function mine() { return "my own"; }\n',
  );
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

async function outputOf(command: string[], cwd = project.folder): Promise<string> {
  const { address } = await testServer();
  const env = { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_BUN_LIBRARY: undefined };
  return (await run(command, { cwd, env })).output;
}

test("from node_modules", async () => {
  expect(await outputOf([process.execPath, "flows.ts", "packed-flows"])).toBe("Hello, project!\n");
});

test("beside Workflows of the project's own, whose module exports that of the flows", async () => {
  const command = [process.execPath, "flows.ts", "own-flows", join(project.folder, "workflows.ts")];
  expect(await outputOf(command)).toBe("Hello, project!\nmy own\n");
});

test("in one executable, in a folder with nothing else in it", async () => {
  const executable = join(temporaryFolder(), "flows");
  await project.bun(["build", "--compile", "flows.ts", "--outfile", executable]);
  expect(await outputOf([executable, "compiled-flows"], temporaryFolder())).toBe("Hello, project!\n");
});

test("in a bundle, from another folder", async () => {
  const folder = temporaryFolder();
  await project.bun(["build", "flows.ts", "--target", "bun", "--outdir", folder]);
  expect(await outputOf([process.execPath, join(folder, "flows.js"), "bundled-flows"], folder)).toBe(
    "Hello, project!\n",
  );
});
