/**
 * What the compiler must accept and refuse of the testing package: see `tests/client/types.test.ts`. The functions are
 * never called.
 */

import { expect, test } from "bun:test";
import type { Connection } from "../../src/client";
import type { ActivityCancellationDetails } from "../../src/common";
import {
  type ClientOptionsForTestEnv,
  type DevServerConfig,
  type EphemeralServerExecutable,
  MockActivityEnvironment,
  type NexusEndpointIdentifier,
  TestWorkflowEnvironment,
  TimeSkippingWorkflowClient,
  workflowInterceptorModules,
} from "../../src/testing";

async function environments(): Promise<void> {
  const environment: TestWorkflowEnvironment = await TestWorkflowEnvironment.createLocal();
  await TestWorkflowEnvironment.createLocal({
    server: { ui: true, uiPort: 1, log: { format: "json", level: "warn" } },
    client: {},
    plugins: [],
  });
  await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: "cached-download", version: "latest", ttl: "1 day" } },
  });
  await TestWorkflowEnvironment.createFromExistingServer({
    address: "a",
    namespace: "n",
    connectionOptions: { tls: true, apiKey: "k" },
  });
  // @ts-expect-error: the kind of server goes with the function
  await TestWorkflowEnvironment.createLocal({ server: { type: "dev-server" } });
  // @ts-expect-error: a test server has no namespaces to make
  await TestWorkflowEnvironment.createTimeSkipping({ server: { namespace: "n" } });
  // @ts-expect-error: the environment sets the client's namespace
  await TestWorkflowEnvironment.createLocal({ client: { namespace: "n" } });
  // @ts-expect-error: and its connection
  const options: ClientOptionsForTestEnv = { connection: environment.connection };
  // @ts-expect-error: a connection's other options are not for both connections
  await TestWorkflowEnvironment.createFromExistingServer({ connectionOptions: { connectTimeout: 1 } });
  // @ts-expect-error: a path is needed
  const executable: EphemeralServerExecutable = { type: "existing-path" };
  // @ts-expect-error: the kind of server is needed
  const config: DevServerConfig = {};
  // @ts-expect-error: environments are made by the functions
  new TestWorkflowEnvironment();
  // @ts-expect-error: read only
  environment.namespace = "other";
  const connection: Connection = environment.connection;
  const time: number = await environment.currentTimeMs();
  await environment.sleep("1 day");
  // @ts-expect-error: no duration
  await environment.sleep("1 fortnight");
  const endpoint: NexusEndpointIdentifier = await environment.createNexusEndpoint("name", "queue");
  await environment.deleteNexusEndpoint({ id: endpoint.id, version: endpoint.version });
  // @ts-expect-error: the version is needed
  await environment.deleteNexusEndpoint({ id: endpoint.id });
  const modules: string[] = workflowInterceptorModules;
  const result: string = await new TimeSkippingWorkflowClient({ connection }).result<() => Promise<string>>("id");
  void [options, executable, config, time, modules, result];
}

async function activities(details: ActivityCancellationDetails): Promise<void> {
  const environment = new MockActivityEnvironment({ attempt: 2 }, { interceptors: [() => ({})] });
  const result: number = await environment.run(async (a: number, b: string) => a + b.length, 1, "b");
  // @ts-expect-error: of another type
  await environment.run(async (a: number) => a, "1");
  // @ts-expect-error: an argument is missing
  await environment.run(async (a: number, b: string) => a + b.length, 1);
  // @ts-expect-error: no promise
  await environment.run(() => 1);
  environment.cancel();
  environment.cancel("TIMED_OUT", details);
  // @ts-expect-error: no such reason
  environment.cancel("BORED");
  // @ts-expect-error: not part of the info
  new MockActivityEnvironment({ tries: 2 });
  void result;
}

test("the compiler checks the types", () => {
  expect([environments, activities]).toBeArray();
});
