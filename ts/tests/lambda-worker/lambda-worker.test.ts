import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Logger as AwsLogger } from "@aws-lambda-powertools/logger";
import type { Context, Handler } from "aws-lambda";
import { ValueError } from "../../src/common";
import { type LambdaHandler, PowertoolsLoggerAdapter, runWorker } from "../../src/integrations/lambda-worker";
import { loadLambdaClientConnectConfig } from "../../src/integrations/lambda-worker/connect-config";
import { makePowertoolsLogger } from "../../src/integrations/lambda-worker/powertools";
import { run } from "../support/process";
import { testServer } from "../support/server";

// A server and processes start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("invocations work until their deadline is near, call the hooks, and can be repeated", async () => {
  const { address, namespace } = await testServer();
  const taskQueue = `test-${randomUUID()}`;
  const { output, errors } = await run([process.execPath, `${import.meta.dir}/fixtures/lambda-process.ts`], {
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_TASK_QUEUE: taskQueue,
      AWS_LAMBDA_FUNCTION_NAME: "orders",
    },
  });
  const lines = `${output}\n${errors}`.split("\n").filter((line) => line.startsWith("{"));
  const records = lines.map((line) => JSON.parse(line));
  const { report } = records.find((record) => record.report !== undefined);

  expect(report.result).toBe("Hello, Lambda!");
  // The Workflow ran as the version that was given, by the Worker of the last invocation.
  expect(report.ranAs).toEqual(report.version);
  const pinned = 1;
  expect(report.behavior).toBe(pinned);
  expect(report.identity).toMatch(/^request-\d+@arn:aws:lambda:eu-central-1:123456789012:function:orders$/);
  expect(report.invocations).toBeGreaterThanOrEqual(3);

  // The first invocation had not enough time; each of the others called the hooks, though one of them fails.
  expect(report.refused).toContain("too little time for a Worker");
  expect(report.hooksOfRefused).toBe(0);
  expect(report.hooks).toEqual(Array.from({ length: report.invocations - 1 }, () => ["first", "last"]).flat());
  const failed = records.filter(({ message }) => message === "A shutdown hook of the Lambda Worker failed");
  expect(failed.map(({ error }) => error.message)).toEqual(
    Array.from({ length: report.invocations - 1 }, () => "of a hook"),
  );

  // Powertools' records say which invocation they are from.
  const warned = records.find(({ message }) => message === "This invocation has little time for a Worker");
  expect(warned).toMatchObject({
    level: "WARN",
    service: "orders",
    function_request_id: "request-2",
    shutdownDeadlineBufferMs: 500,
  });
  expect(
    records
      .filter(({ function_request_id: id, state }) => id === "request-2" && state !== undefined)
      .map(({ state }) => state),
  ).toEqual(expect.arrayContaining(["RUNNING", "STOPPED"]));

  expect(report.second).toContain("Runtime singleton has already been installed");
  expect(report.defaults).toEqual({
    taskQueue,
    namespace,
    shutdownSignals: [],
    workerDeploymentOptions: { defaultVersioningBehavior: "PINNED" },
    maxConcurrentActivityTaskExecutions: 2,
    maxConcurrentWorkflowTaskExecutions: 10,
    maxConcurrentLocalActivityExecutions: 2,
    maxConcurrentNexusTaskExecutions: 5,
    shutdownGraceTime: "5s",
    maxCachedWorkflows: 30,
    workflowTaskPollerBehavior: { type: "simple-maximum", maximum: 2 },
    activityTaskPollerBehavior: { type: "simple-maximum", maximum: 1 },
    nexusTaskPollerBehavior: { type: "simple-maximum", maximum: 1 },
  });
});

test("without a task queue there is no handler", () => {
  const before = process.env["TEMPORAL_TASK_QUEUE"];
  delete process.env["TEMPORAL_TASK_QUEUE"];
  try {
    expect(() => runWorker({ deploymentName: "d", buildId: "1" }, () => undefined)).toThrow(ValueError);
  } finally {
    if (before !== undefined) process.env["TEMPORAL_TASK_QUEUE"] = before;
  }
});

test("temporal.toml is looked for where Lambda puts the program; a named file and the environment go before it", () => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-test-"));
  try {
    const file = (name: string) => {
      mkdirSync(join(folder, name));
      writeFileSync(
        join(folder, name, "temporal.toml"),
        `[profile.default]\naddress = "${name}:7233"\nnamespace = "${name}"\n`,
      );
      return join(folder, name);
    };
    const root = file("root");
    const named = join(file("named"), "temporal.toml");
    const load = (environment: Record<string, string>) => {
      const { connectionOptions, namespace } = loadLambdaClientConnectConfig({
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        ...environment,
      });
      return [connectionOptions.address, namespace];
    };
    expect(load({ LAMBDA_TASK_ROOT: root })).toEqual(["root:7233", "root"]);
    expect(load({ LAMBDA_TASK_ROOT: root, TEMPORAL_NAMESPACE: "other" })).toEqual(["root:7233", "other"]);
    expect(load({ LAMBDA_TASK_ROOT: root, TEMPORAL_CONFIG_FILE: named })).toEqual(["named:7233", "named"]);
    expect(load({ LAMBDA_TASK_ROOT: join(folder, "nothing"), TEMPORAL_ADDRESS: "elsewhere:1" })).toEqual([
      "elsewhere:1",
      undefined,
    ]);
    const before = process.cwd();
    process.chdir(root);
    try {
      expect(load({ LAMBDA_TASK_ROOT: join(folder, "nothing") })).toEqual(["root:7233", "root"]);
    } finally {
      process.chdir(before);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("records go to Powertools with their levels", () => {
  const calls: unknown[][] = [];
  const note =
    (level: string) =>
    (...args: unknown[]) =>
      void calls.push([level, ...args]);
  const adapter = new PowertoolsLoggerAdapter({
    addContext: note("context"),
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
  });
  const context = { awsRequestId: "1", invokedFunctionArn: "arn", getRemainingTimeInMillis: () => 1 };
  adapter.addContext(context);
  adapter.trace("a", { x: 1 });
  for (const level of ["debug", "info", "warn", "error"] as const) adapter[level](level);
  adapter.log("WARN", "b", { y: 2 });
  expect(calls).toEqual([
    ["context", context],
    ["debug", "a", { x: 1, traceLevel: true }],
    ["debug", "debug", {}],
    ["info", "info", {}],
    ["warn", "warn", {}],
    ["error", "error", {}],
    ["warn", "b", { y: 2 }],
  ]);
});

test("Powertools are used if they are installed", () => {
  expect(makePowertoolsLogger()).toBeInstanceOf(PowertoolsLoggerAdapter);
  expect(makePowertoolsLogger(() => require("@aws-lambda-powertools/no-such-package"))).toBeUndefined();
  const broken = () => {
    throw new Error("broken");
  };
  expect(() => makePowertoolsLogger(broken)).toThrow("broken");
});

test("handlers and loggers have the types of AWS", () => {
  const handler = (_handler: LambdaHandler): Handler => _handler;
  const context = (given: Context): Parameters<LambdaHandler>[1] => given;
  expect([typeof handler, typeof context]).toEqual(["function", "function"]);
  expect(new PowertoolsLoggerAdapter(new AwsLogger())).toBeInstanceOf(PowertoolsLoggerAdapter);
});
