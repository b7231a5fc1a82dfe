/** Flows of a project that has installed the package: from `node_modules`, in one executable, and in a bundle. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { mainPackage } from "../../../release/npm-packages";
import { run } from "../support/process";
import type { Registry } from "../support/registry";
import { temporalCli, testServer } from "../support/server";
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

/** All that a project has of triggers, waits and limits. */
const shop = `import * as flow from "temporal-bun-sdk/flow";

const anything = { "~standard": { version: 1, vendor: "project", validate: (value) => ({ value }) } };
export const links = [];
export const shipped = flow.event("packed.shipped", { payload: anything, key: (id) => id, retain: "1 hour" });
export const order = flow.define(
  {
    id: "packed-order",
    payload: anything,
    triggers: [
      flow.webhook("/orders", { auth: flow.auth.standardWebhooks({ secret: flow.secret("WEBHOOK_SECRET") }) }),
      flow.schedule("0 6 * * 1", { name: "weekly", payload: { id: "standing" } }),
    ],
    concurrency: { limit: 1 },
  },
  (f) =>
    f
      .step("charge", async ({ payload, state }) => payload.id + " is number " + (await state.incr("orders")))
      .humanInTheLoop("agree", { notify: (_, { token }) => void links.push(token) })
      .waitForEvent("shipped", shipped, { match: ({ payload }) => payload.id })
      .transform("end", ({ steps }) => steps.charge.output + ", agreed by " + steps.agree.output.by),
);
`;

const shopApp = `import * as flow from "temporal-bun-sdk/flow";
import { NativeConnection } from "temporal-bun-sdk/worker";
import { order } from "./shop";

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
export const app = flow.app({ flows: [order], connection, name: "packed", taskQueue: "packed-shop" });
`;

const shopMain = `import { createHmac } from "node:crypto";
import * as flow from "temporal-bun-sdk/flow";
import { DefaultLogger, NativeConnection, Runtime } from "temporal-bun-sdk/worker";
import { links, order, shipped } from "./shop";

async function main() {
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
  const http = { port: 0, hostname: "127.0.0.1" };
  const app = flow.app({ flows: [order], connection, taskQueue: "packed-shop", http });
  await app.start();
  const id = crypto.randomUUID();
  const send = async (secret) => {
    const body = JSON.stringify({ id });
    const time = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signature = createHmac("sha256", key).update([id, time, body].join(".")).digest("base64");
    const headers = { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": "v1," + signature };
    const answer = await fetch(new URL("/orders", app.url), { method: "POST", headers, body });
    console.log(answer.status);
    return answer;
  };
  await app.publish(shipped, id);
  await send("whsec_YW5vdGhlciBrZXk=");
  const answer = await (await send(process.env.WEBHOOK_SECRET)).json();
  while (links.length === 0) await Bun.sleep(10);
  const page = new URL("/flow/approvals/" + links[0], app.url);
  console.log((await fetch(page)).status);
  const form = new URLSearchParams({ decision: "approved", by: "Ada" });
  console.log((await fetch(page, { method: "POST", body: form })).status);
  const { Client } = await import("temporal-bun-sdk/client");
  const result = await new Client({ connection }).workflow.getHandle(answer.id).result();
  console.log(result.replace(id, "it"));
  await app.stop();
  await connection.close();
}

void main();
`;

const shopTest = `import { afterAll, expect, test } from "bun:test";
import { TestWorkflowEnvironment } from "temporal-bun-sdk/testing";
import { order, shipped } from "./shop";

let env;
afterAll(() => env?.teardown());

test("an order that is agreed to", async () => {
  const executable = { type: "existing-path", path: process.env.TEMPORAL_CLI };
  env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  const { status, output } = await order
    .test(env)
    .payload({ id: "7" })
    .mockStep("charge", () => "7 is charged")
    .approve("agree")
    .emit(shipped, "7")
    .run();
  expect(status).toBe("COMPLETED");
  expect(output).toStartWith("7 is charged, agreed by ");
}, 60_000);
`;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  project = await install(registry);
  project.write("flows.ts", program);
  project.write("shop.ts", shop);
  project.write("app.ts", shopApp);
  project.write("main.ts", shopMain);
  project.write("shop.test.ts", shopTest);
  project.write(
    "workflows.ts",
    'export { default } from "temporal-bun-sdk/flow/workflow";\nexport async function mine() { return "my own"; }\n',
  );
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

async function outputOf(command: string[], cwd = project.folder): Promise<string> {
  const { address } = await testServer();
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_BUN_LIBRARY: undefined,
    TEMPORAL_CLI: temporalCli(),
    WEBHOOK_SECRET: "whsec_c2VjcmV0IG9mIGEgcHJvamVjdA==",
    FLOW_SIGNING_KEY: "a-key-of-a-project-that-is-long-enough",
  };
  const { output, errors } = await run(command, { cwd, env });
  // `bun test` reports there.
  if (command[1] !== "test") expect(errors).toBe("");
  return command[1] === "test" ? errors : output;
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

test("with a signed webhook, a person who agrees, an event, state and a limit", async () => {
  expect(await outputOf([process.execPath, "main.ts"])).toBe("401\n202\n200\n200\nit is number 1, agreed by Ada\n");
});

test("with a schedule that the command line deploys", async () => {
  const deploy = [process.execPath, "node_modules/.bin/temporal-bun", "flow", "deploy", "app.ts"];
  expect(await outputOf(deploy)).toBe("created   flow/packed/packed-order/weekly\n");
  expect(await outputOf(deploy)).toBe("unchanged flow/packed/packed-order/weekly\n");
});

test("with a test of its own", async () => {
  expect(await outputOf([process.execPath, "test", "shop.test.ts"])).toContain(" 1 pass\n 0 fail\n");
});
