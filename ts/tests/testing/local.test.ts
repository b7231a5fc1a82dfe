/** Environments with a dev server, and with one that runs already. */

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import { defineSearchAttributeKey, SearchAttributeType } from "../../src/common";
import { TestWorkflowEnvironment, TimeSkippingWorkflowClient } from "../../src/testing";
import { eventually } from "../support/eventually";
import { Program, run } from "../support/process";
import { freePort } from "../support/server";
import { rejection } from "../worker/support";
import * as workflows from "./fixtures/workflows";
import { quiet, temporaryFolder, withWorker } from "./support";

setDefaultTimeout(180_000);

const customer = defineSearchAttributeKey("Customer", SearchAttributeType.KEYWORD);
const amount = defineSearchAttributeKey("Amount", SearchAttributeType.INT);

const environment = await TestWorkflowEnvironment.createLocal({
  server: {
    ...quiet,
    namespace: "orders",
    searchAttributes: [customer, amount],
    extraArgs: ["--dynamic-config-value", "limit.maxIDLength=40"],
  },
  client: { identity: "the test" },
});
afterAll(() => environment.teardown());

/** Whether a server answers. */
async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address }).catch(() => undefined);
  await connection?.close();
  return connection !== undefined;
}

describe("createLocal", () => {
  test("a Worker and the client work with it, in its namespace", async () => {
    const { client, connection, nativeConnection } = environment;
    expect(environment.namespace).toBe("orders");
    expect(environment.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(environment.connectionOptions).toEqual({});
    expect(environment.options).toMatchObject({
      server: { type: "dev-server", namespace: "orders" },
      client: { identity: "the test" },
      plugins: [],
    });
    expect(client).toBeInstanceOf(Client);
    expect(client.connection).toBe(connection);
    expect(client.options).toMatchObject({ namespace: "orders", identity: "the test" });
    expect(environment.workflowClient).toBe(client.workflow);
    expect(environment.asyncCompletionClient).toBe(client.activity);
    for (const each of [connection, nativeConnection]) expect(each.options.address).toBe(environment.address);
    await withWorker(environment, async (taskQueue) => {
      const result = await client.workflow.execute(workflows.hello, {
        taskQueue,
        workflowId: crypto.randomUUID(),
        args: ["you"],
      });
      expect(result).toBe("Hello, you!");
    });
  });

  test("search attributes are registered, and further arguments reach the server", async () => {
    const { workflow } = environment.client;
    const typedSearchAttributes = [
      { key: customer, value: "me" },
      { key: amount, value: 7 },
    ];
    const handle = await workflow.start(workflows.hello, {
      taskQueue: "nobody",
      workflowId: crypto.randomUUID(),
      args: ["you"],
      typedSearchAttributes,
    });
    expect((await handle.describe()).typedSearchAttributes.get(amount)).toBe(7);
    await handle.terminate();
    const error = await rejection(
      workflow.start(workflows.hello, { taskQueue: "nobody", workflowId: "x".repeat(41), args: ["you"] }),
    );
    expect(String(error.cause)).toContain("exceeds maximum allowed length (41/40)");
  });

  test("there is no time skipping: sleep takes its time, the clock is this machine's", async () => {
    expect(environment.supportsTimeSkipping).toBe(false);
    expect(environment.client.workflow).not.toBeInstanceOf(TimeSkippingWorkflowClient);
    let earlier = false;
    setTimeout(() => (earlier = true), 20);
    await environment.sleep("200 milliseconds");
    expect(earlier).toBe(true);
    const before = Date.now();
    const now = await environment.currentTimeMs();
    expect([before, now, Date.now()]).toEqual([before, now, Date.now()].sort());
  });

  test("plugins configure both connections and the client, once each", async () => {
    const calls: string[] = [];
    const plugin = {
      name: "noting",
      configureConnection: (options: object) => (calls.push("connection"), options),
      configureNativeConnection: (options: object) => (calls.push("native connection"), options),
      configureClient: (options: object) => (calls.push("client"), { ...options, identity: "by the plugin" }),
    };
    const { address, namespace } = environment;
    const other = await TestWorkflowEnvironment.createFromExistingServer({ address, namespace, plugins: [plugin] });
    expect(calls.sort()).toEqual(["client", "connection", "native connection"]);
    expect(other.client.options.identity).toBe("by the plugin");
    await other.teardown();
  });

  test("a port, a file for what is to stay, and a user interface", async () => {
    using folder = temporaryFolder();
    const dbFilename = join(folder.path, "temporal.db");
    const [port, uiPort] = [await freePort(), await freePort()];
    const server = { ...quiet, port, dbFilename, ip: "127.0.0.1" };
    const first = await TestWorkflowEnvironment.createLocal({ server: { ...server, uiPort } });
    expect(first.address).toBe(`127.0.0.1:${port}`);
    expect((await fetch(`http://127.0.0.1:${uiPort}/`)).status).toBe(200);
    await first.client.workflow.start(workflows.hello, { taskQueue: "nobody", workflowId: "stays", args: ["you"] });
    await first.teardown();
    expect(existsSync(dbFilename)).toBe(true);
    const second = await TestWorkflowEnvironment.createLocal({ server: { ...server, port: undefined } });
    expect((await second.client.workflow.getHandle("stays").describe()).status.name).toBe("RUNNING");
    await second.teardown();
  });

  test("what the server refuses is in the error", async () => {
    const error = await rejection(
      TestWorkflowEnvironment.createLocal({ server: { ...quiet, extraArgs: ["--no-such-flag"] } }),
    );
    expect(error.message).toContain("ended with exit code 1 before it was ready");
    expect(error.message).toContain("unknown flag: --no-such-flag");
  });

  test("a port that is taken is in the error", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port)),
    );
    const error = await rejection(TestWorkflowEnvironment.createLocal({ server: { ...quiet, port } }));
    expect(error.message).toContain("address already in use");
    taken.close();
  });
});

describe("teardown", () => {
  const program = [process.execPath, `${import.meta.dir}/fixtures/environment-process.ts`];

  test("closes the connections and ends the server; once more does no harm", async () => {
    const other = await TestWorkflowEnvironment.createLocal({ server: quiet });
    expect(await answers(other.address)).toBe(true);
    await other.teardown();
    expect(await answers(other.address)).toBe(false);
    expect((await rejection(other.client.workflow.count())).cause?.message ?? "").toContain("Connection is closed");
    await other.teardown();
  });

  test("ends the server even if a Worker still uses the connection, and says so on the console", async () => {
    const source = `
      import { TestWorkflowEnvironment } from "${import.meta.dir}/../../src/testing";
      import { quiet } from "${import.meta.dir}/support";
      const environment = await TestWorkflowEnvironment.createLocal({ server: quiet });
      environment.nativeConnection.hold({});
      await environment.teardown();
      process.exit(0);
    `;
    expect((await run([process.execPath, "-e", source])).errors).toContain(
      "Cannot close connection while Workers hold a reference to it",
    );
  });

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "is not needed: the server ends with the process, even by %s",
    async (signal) => {
      await using child = new Program([...program, "stay"]);
      const [address] = await child.says(/^\S+(?=\n)/);
      expect(await answers(address)).toBe(true);
      child.kill(signal);
      await child.ended;
      await eventually(
        () => answers(address),
        (answered) => !answered,
      );
    },
  );

  test.each(["teardown", "nothing"])("the process ends by itself: after %s", async (what) => {
    const { output } = await run([...program, what]);
    const address = output.trimEnd();
    await eventually(
      () => answers(address),
      (answered) => !answered,
    );
  });
});

describe("createFromExistingServer", () => {
  test("uses it with the options for both connections, and leaves it running", async () => {
    const { address } = environment;
    const connectionOptions = { metadata: { "x-test": "yes" } };
    const other = await TestWorkflowEnvironment.createFromExistingServer({
      address,
      namespace: "orders",
      connectionOptions,
      client: { identity: "other" },
    });
    expect(other.supportsTimeSkipping).toBe(false);
    expect(other.address).toBe(address);
    expect(other.namespace).toBe("orders");
    expect(other.options.server.type).toBe("existing");
    expect(other.connectionOptions).toEqual({ ...connectionOptions, apiKey: undefined, tls: undefined });
    for (const { options } of [other.connection, other.nativeConnection])
      expect(options.metadata).toEqual({ "x-test": "yes" });
    expect(other.client.options).toMatchObject({ namespace: "orders", identity: "other" });
    expect(
      await withWorker(other, (taskQueue) =>
        other.client.workflow.execute(workflows.hello, { taskQueue, workflowId: crypto.randomUUID(), args: ["you"] }),
      ),
    ).toBe("Hello, you!");
    await other.teardown();
    expect(await answers(address)).toBe(true);
  });

  test("namespace and address have defaults; an address without a server is an error", async () => {
    const { address } = environment;
    const other = await TestWorkflowEnvironment.createFromExistingServer({ address });
    expect(other.namespace).toBe("default");
    await other.teardown();
    const gone = `127.0.0.1:${await freePort()}`;
    expect((await rejection(TestWorkflowEnvironment.createFromExistingServer({ address: gone }))).message).toContain(
      gone,
    );
  });
});

describe("Nexus endpoints", () => {
  test("are made for a task queue, and removed by id and version", async () => {
    const name = `endpoint-${crypto.randomUUID()}`;
    const endpoint = await environment.createNexusEndpoint(name, "handlers");
    expect(endpoint.raw).toMatchObject({
      id: endpoint.id,
      spec: { name, target: { worker: { namespace: "orders", taskQueue: "handlers" } } },
    });
    expect(endpoint.version).toBe(endpoint.raw.version!);
    const { operatorService } = environment.connection;
    expect((await operatorService.getNexusEndpoint({ id: endpoint.id })).endpoint?.spec?.name).toBe(name);
    await environment.deleteNexusEndpoint({ id: endpoint.id, version: endpoint.version });
    expect(await rejection(operatorService.getNexusEndpoint({ id: endpoint.id }))).toMatchObject({ code: 5 });
  });
});
