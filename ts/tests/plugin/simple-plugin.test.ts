import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Client, Connection, type WorkflowClientInterceptor } from "../../src/client";
import type { PayloadCodec } from "../../src/common";
import { SimplePlugin, type SimplePluginOptions } from "../../src/plugin";
import { bundleWorkflowCode, NativeConnection, Worker } from "../../src/worker";
import { authority } from "../support/certificates";
import { grpcServer } from "../support/grpc-server";
import { tlsProxy } from "../support/proxies";
import { testServer } from "../support/server";
// Quiets the runtime.
import "../worker/support";

setDefaultTimeout(180_000);

const { address, namespace } = await testServer();
const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;
const interceptorsPath = `${import.meta.dir}/fixtures/interceptors.ts`;
const plugin = (options: Omit<SimplePluginOptions, "name">) =>
  new SimplePlugin({ name: "test.SimplePlugin", ...options });
const unique = () => crypto.randomUUID();

describe("for a worker", () => {
  test("one plugin on the connection configures connection, client, worker, bundle and run", async () => {
    const trusted = authority();
    const server = trusted.issue("127.0.0.1");
    await using proxy = await tlsProxy(address, { cert: server.crt, key: server.key });
    const seen: string[] = [];
    const intercepting: WorkflowClientInterceptor = {
      start: async (input, next) => (seen.push(`start ${input.workflowType}`), next(input)),
    };
    const everything = plugin({
      tls: { serverRootCACertificate: trusted.crt },
      clientInterceptors: { workflow: [intercepting] },
      activities: { shout: async (text: string) => text.toUpperCase() },
      workflowsPath,
      workerInterceptors: {
        activity: [() => ({ inbound: { execute: async (input, next) => (seen.push("activity"), next(input)) } })],
        workflowModules: [interceptorsPath],
      },
      async runContext(next) {
        seen.push("run begins");
        await next();
        seen.push("run ends");
      },
    });
    const connection = await NativeConnection.connect({ address: proxy.address, plugins: [everything] });
    const worker = await Worker.create({ connection, namespace, taskQueue: unique() });
    const result = await worker.runUntil(async () => {
      const { workflow } = new Client({ connection, namespace });
      return await workflow.execute("plugged", {
        taskQueue: worker.options.taskQueue,
        workflowId: unique(),
        args: ["hello"],
      });
    });
    expect(result).toBe("HELLO (intercepted)");
    expect(seen).toEqual(["run begins", "start plugged", "activity", "run ends"]);
    await connection.close();
  });

  test("activities go beside the worker's own, interceptors after them", async () => {
    const order: string[] = [];
    const named = (name: string) => () => ({
      inbound: { execute: async (input: any, next: any) => (order.push(name), next(input)) },
    });
    const connection = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: unique(),
      workflowsPath,
      activities: { shout: async (text: string) => `${text}!`, other() {} },
      interceptors: { activity: [named("own")] },
      plugins: [
        plugin({
          activities: { shout: async (text: string) => `${text}?` },
          workerInterceptors: { activity: [named("plugin's")] },
        }),
      ],
    });
    expect([...worker.options.activities.keys()]).toEqual(["shout", "other"]);
    const result = await worker.runUntil(() =>
      new Client({ connection, namespace }).workflow.execute("plugged", {
        taskQueue: worker.options.taskQueue,
        workflowId: unique(),
        args: ["hello"],
      }),
    );
    expect(result).toBe("hello?");
    expect(order).toEqual(["own", "plugin's"]);
    await connection.close();
  });

  test("replays have its workflows and their interceptors", async () => {
    const connection = await NativeConnection.connect({ address });
    const plugins = [
      plugin({
        workflowsPath,
        workerInterceptors: { workflowModules: [interceptorsPath] },
        activities: { shout: async (text: string) => text },
      }),
    ];
    const worker = await Worker.create({ connection, namespace, taskQueue: unique(), plugins });
    const history = await worker.runUntil(async () => {
      const handle = await new Client({ connection, namespace }).workflow.start("plugged", {
        taskQueue: worker.options.taskQueue,
        workflowId: unique(),
        args: ["hello"],
      });
      await handle.result();
      return await handle.fetchHistory();
    });
    await Worker.runReplayHistory({ plugins }, history);
    // Without the plugin there is no code to replay.
    await expect(Worker.runReplayHistory({}, history)).rejects.toThrow();
    await connection.close();
  });

  test("with a ready-made bundle, modules of interceptors stay out", () => {
    const workflowBundle = { code: "" };
    const { interceptors } = plugin({ workerInterceptors: { workflowModules: ["m"], activity: [] } }).configureWorker({
      taskQueue: "q",
      workflowBundle,
    });
    expect(interceptors).toEqual({ workflowModules: undefined, activity: [] });
    expect(plugin({ workflowBundle }).configureReplayWorker({}).workflowBundle).toBe(workflowBundle);
  });
});

test("for a bundle: the workflows, and modules of interceptors after those there", async () => {
  const { code } = await bundleWorkflowCode({
    workflowsPath: "nothing",
    plugins: [plugin({ workflowsPath, workerInterceptors: { workflowModules: [interceptorsPath] } })],
  });
  expect(code).toContain("plugged");
  expect(code).toContain("(intercepted)");
  expect(
    plugin({ workerInterceptors: { workflowModules: ["b"] } }).configureBundler({
      workflowsPath,
      workflowInterceptorModules: ["a"],
    }),
  ).toEqual({
    workflowsPath,
    workflowInterceptorModules: ["a", "b"],
  });
});

describe("for a client", () => {
  const codec = (): PayloadCodec => ({ encode: async (payloads) => payloads, decode: async (payloads) => payloads });

  test("the data converter's fields take the place of those there", () => {
    const [own, added] = [[codec()], [codec()]];
    const client = new Client({
      connection: Connection.lazy(),
      dataConverter: { payloadCodecs: own },
      plugins: [plugin({ dataConverter: { payloadCodecs: added } })],
    });
    expect(client.options.dataConverter).toEqual({ payloadCodecs: added });
    expect(client.options.loadedDataConverter.payloadCodecs).toEqual(added);
  });

  test("interceptors go after those there, also when they come from the connection's plugins", () => {
    const [own, added, connections]: WorkflowClientInterceptor[] = [{}, {}, {}] as any;
    const connection = Connection.lazy({ plugins: [plugin({ clientInterceptors: { workflow: [connections!] } })] });
    const client = new Client({
      connection,
      interceptors: { workflow: [own!] },
      plugins: [plugin({ clientInterceptors: { workflow: [added!] } })],
    });
    expect(client.options.interceptors!.workflow).toEqual([own!, added!, connections!]);
    expect((client.options.interceptors!.workflow as unknown[])[2]).toBe(connections);
  });

  test("interceptors that are no array can't be joined", () => {
    const options = {
      connection: Connection.lazy(),
      interceptors: { workflow: {} },
      plugins: [plugin({ clientInterceptors: { workflow: [{}] } })],
    };
    expect(() => new Client(options)).toThrow("can't join interceptors of clients 'workflow' that are no array");
  });
});

describe("for a connection", () => {
  test("TLS and the API key, by value and by function", async () => {
    await using recorder = await grpcServer();
    const connection = await Connection.connect({
      address: recorder.address,
      tls: true,
      apiKey: "own",
      plugins: [plugin({ tls: false, apiKey: (existing) => `${existing} and more` })],
    });
    expect(recorder.calls[0]!.headers.authorization).toBe("Bearer own and more");
    await connection.close();
  });

  test("an API key that is a function stays", () => {
    const apiKey = () => "own";
    expect(plugin({ apiKey: "plugin's" }).configureConnection({ apiKey }).apiKey).toBe(apiKey);
    expect(plugin({ apiKey: "plugin's" }).configureNativeConnection({ apiKey: "own" }).apiKey).toBe("plugin's");
    expect(plugin({}).configureConnection({ apiKey: "own", tls: true })).toEqual({ apiKey: "own", tls: true });
  });
});

test("functions get what is there and have the last word", () => {
  const seen: unknown[] = [];
  const everything = plugin({
    activities: (existing) => (seen.push(existing), { only: () => {} }),
    workflowsPath: (existing) => (seen.push(existing), "changed"),
    dataConverter: (existing) => (seen.push(existing), {}),
  });
  const { activities, workflowsPath: path } = everything.configureWorker({
    taskQueue: "q",
    workflowsPath: "own",
    activities: { a: 1 },
  });
  expect(seen).toEqual(["own", undefined, { a: 1 }]);
  expect([Object.keys(activities!), path]).toEqual([["only"], "changed"]);
});
