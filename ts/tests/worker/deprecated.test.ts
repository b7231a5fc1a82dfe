import { expect, setDefaultTimeout, test } from "bun:test";
import { WorkflowLogInterceptor } from "../../src/worker";
import { run } from "../support/process";
import { testConnection } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

// In a process of its own, because the logger belongs to the runtime, of which a process has one.
test("default sinks and interceptors bring logs to a logger of their own", async () => {
  const { connection, namespace } = await testConnection();
  const program = [
    process.execPath,
    `${import.meta.dir}/fixtures/deprecated-process.ts`,
    connection.options.address,
    namespace,
  ];
  const { output } = await run(program);
  const { records, unchanged, modules, same } = JSON.parse(output) as Record<string, any>;
  expect(records).toMatchObject([
    { logger: "own", message: "from the workflow", sdkComponent: "workflow", workflowType: "outputs", answer: 42 },
    { logger: "own", message: "from the activity", sdkComponent: "activity", activityType: "logSomething", answer: 42 },
    {
      logger: "runtime",
      message: "from the activity",
      sdkComponent: "activity",
      activityType: "logSomething",
      user: "somebody",
      answer: 42,
    },
  ]);
  expect({ unchanged, modules, same }).toEqual({ unchanged: true, modules: [], same: true });
});

test("the interceptor of Workflow logs passes everything on", async () => {
  const interceptor = new WorkflowLogInterceptor();
  expect(interceptor.getLogAttributes({ a: 1 }, (input) => ({ ...input, b: 2 }))).toEqual({ a: 1, b: 2 });
  expect(await interceptor.execute({ args: [1], headers: {} }, async ({ args }) => args)).toEqual([1]);
});
