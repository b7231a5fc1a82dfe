import { expect, setDefaultTimeout, test } from "bun:test";
import { Client, type ClientPlugin, Connection, type ConnectionPlugin } from "../../src/client";
import {
  type BundlerPlugin,
  bundleWorkflowCode,
  NativeConnection,
  type NativeConnectionPlugin,
  Worker,
  type WorkerPlugin,
} from "../../src/worker";
import { testServer } from "../support/server";
// Quiets the runtime.
import "../worker/support";

setDefaultTimeout(180_000);

const { address, namespace } = await testServer();
const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;

/** A plugin of every kind that takes note of its calls. */
function noting(name: string, calls: string[]) {
  const note = (call: string) => calls.push(`${name} ${call}`);
  const plugin: ClientPlugin & ConnectionPlugin & NativeConnectionPlugin & WorkerPlugin & BundlerPlugin = {
    name,
    configureClient: (options) => (note("client"), { ...options, identity: `${options.identity ?? ""}${name}` }),
    configureConnection: (options) => (note("connection"), options),
    configureNativeConnection: (options) => (note("native connection"), options),
    configureWorker: async (options) => (note("worker"), { ...options, identity: `${options.identity ?? ""}${name}` }),
    configureReplayWorker: async (options) => (note("replay"), options),
    configureBundler: (options) => (note("bundler"), options),
    async runWorker(worker, next) {
      note(`runs ${worker.options.identity}`);
      await next(worker);
      note("ran");
    },
  };
  return plugin;
}

test("of a worker and its connection are called in order, the first one's run outermost; names are in the options", async () => {
  const calls: string[] = [];
  const connection = await NativeConnection.connect({ address, plugins: [noting("c", calls)] });
  expect(calls.splice(0)).toEqual(["c native connection"]);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: crypto.randomUUID(),
    workflowsPath,
    plugins: [noting("a", calls), noting("b", calls)],
  });
  expect(calls.splice(0)).toEqual(["a worker", "b worker", "c worker", "a bundler", "b bundler", "c bundler"]);
  expect(worker.options.plugins?.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  await worker.runUntil(async () => {});
  expect(calls.splice(0)).toEqual(["a runs abc", "b runs abc", "c runs abc", "c ran", "b ran", "a ran"]);
  expect(new Client({ connection, plugins: [noting("a", calls)] }).options.identity).toBe("ac");
  expect(calls.splice(0)).toEqual(["a client", "c client"]);
  await connection.close();
});

test("of a client's connection go on to clients", () => {
  const calls: string[] = [];
  const client = new Client({ connection: Connection.lazy({ plugins: [noting("c", calls)] }) });
  expect(calls).toEqual(["c connection", "c client"]);
  expect(client.options.identity).toBe("c");
});

test("of bundles and replays", async () => {
  const calls: string[] = [];
  await bundleWorkflowCode({ workflowsPath, plugins: [noting("a", calls), noting("b", calls)] });
  expect(calls.splice(0)).toEqual(["a bundler", "b bundler"]);
  await Worker.runReplayHistories({ workflowsPath, plugins: [noting("a", calls)] }, []).next();
  expect(calls).toEqual(["a replay", "a bundler"]);
});
