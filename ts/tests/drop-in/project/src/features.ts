/** Goes through features one by one, and prints what each of them came to. */
import {
  ActivityNotFoundError,
  AsyncCompletionClient,
  Client,
  Connection,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from "@temporalio/client";
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowNotFoundError,
} from "@temporalio/common";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import * as activities from "./features-activities";
import { handlers } from "./features-handlers";
import * as workflows from "./features-workflows";
import { until } from "./until";

const [address = "localhost:7233", taskQueue = "features", only] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });

/** What a failure is made of, on every level. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, cause } = error as Error & { cause?: unknown };
  const { type, details, nonRetryable, retryState, timeoutType, workflowType, workflowId } = error as unknown as Record<
    string,
    unknown
  >;
  const shown = Object.entries({
    type,
    details,
    nonRetryable,
    retryState,
    timeoutType,
    workflowType,
    workflowId: workflowId === undefined ? undefined : typeof workflowId,
  });
  return {
    class: error.constructor.name,
    name,
    message: message.replaceAll(taskQueue, "QUEUE"),
    ...Object.fromEntries(
      shown.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
    ),
    ...(cause === undefined ? {} : { cause: describe(cause) }),
  };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => value ?? null, describe);

const config = loadClientConnectConfig({
  configSource: { data: Buffer.from(`[profile.default]\naddress = "${address}"\nnamespace = "default"\n`) },
  overrideEnvVars: {},
});
const connection = await Connection.connect(config.connectionOptions);
const nativeConnection = await NativeConnection.connect({ address });
const client = new Client({ connection, namespace: config.namespace });
const endpoint = `${taskQueue}-endpoint`.toLowerCase();
await connection.operatorService.createNexusEndpoint({
  spec: { name: endpoint, target: { worker: { namespace: "default", taskQueue } } },
});
const { failing, slow, remember, context, later, uncancellable } = activities;
const worker = await Worker.create({
  connection: nativeConnection,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: require.resolve("./features-workflows"),
    logger: new DefaultLogger("ERROR"),
  }),
  activities: { failing, slow, remember, context, later, uncancellable },
  nexusServices: [handlers],
  maxHeartbeatThrottleInterval: "50ms",
});
const id = (name: string): string => `${taskQueue}-${name}`;
const options = (name: string) => ({ taskQueue, workflowId: id(name) });
const run = (name: "failures" | "retries" | "scopes" | "children" | "versioned" | "asynchronous") =>
  client.workflow.execute<() => Promise<unknown>>(name, options(name));

/** What comes before there is a Worker all arrives with the first task. */
const early = client.workflow.executeUpdateWithStart(workflows.add, {
  args: [5],
  startWorkflowOperation: new WithStartWorkflowOperation(workflows.messages, {
    ...options("early"),
    args: [1],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
  }),
});
const earlyHandle = client.workflow.getHandle(id("early"));
await until(
  "the Workflow that the update starts",
  () => earlyHandle.describe().catch(() => undefined),
  (description) => description !== undefined,
);
await earlyHandle.signal("early", "bird");
await earlyHandle.signal(workflows.finish);

const features: Record<string, () => Promise<unknown>> = {
  early: async () => [await early, await earlyHandle.result()],
  failures: () => run("failures"),
  retries: () => run("retries"),
  versioned: () => outcome(run("versioned")),
  children: () => run("children"),
  nexus: () => client.workflow.execute(workflows.asks, { ...options("asks"), args: [endpoint] }),

  async scopes() {
    const handle = await client.workflow.start(workflows.scopes, options("scopes"));
    await handle.signal(workflows.finish);
    return handle.result();
  },

  async info() {
    return client.workflow.execute(workflows.info, {
      ...options("info"),
      memo: { a: "memo", b: 2 },
      workflowTaskTimeout: "7s",
      workflowExecutionTimeout: "1 minute",
      workflowRunTimeout: "30s",
      retry: { maximumAttempts: 3, initialInterval: "1s" },
      priority: { priorityKey: 2 },
    });
  },

  async messages() {
    const handle = await client.workflow.start(workflows.messages, { ...options("messages"), args: [1] });
    const update = await handle.startUpdate(workflows.add, { args: [2], waitForStage: "ACCEPTED", updateId: "mine" });
    const found = [update.updateId, await update.result(), await handle.getUpdateHandle("mine").result()];
    const refused = await outcome(handle.executeUpdate(workflows.add, { args: [0] }));
    const defaults = [await handle.query("unknown", 1, 2), await handle.executeUpdate("unknown", { args: [3] })];
    await handle.signal("unknown", 4);
    const metadata = await handle.query<{
      definition: { type: string; queryDefinitions: { name: string; description: string }[] };
      currentDetails: string;
    }>("__temporal_workflow_metadata");
    const names = metadata.definition.queryDefinitions.map(({ name, description }) => `${name}: ${description}`).sort();
    const sum = await handle.query(workflows.total);
    await handle.signal(workflows.finish);
    return {
      found,
      refused,
      defaults,
      names,
      currentDetails: metadata.currentDetails,
      sum,
      result: await handle.result(),
    };
  },

  async withStart() {
    const first = await client.workflow.signalWithStart(workflows.messages, {
      ...options("withStart"),
      args: [10],
      signal: "early",
      signalArgs: ["bird"],
    });
    await first.query(workflows.total);
    const startWorkflowOperation = new WithStartWorkflowOperation(workflows.messages, {
      ...options("withStart"),
      args: [0],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    });
    const updated = await client.workflow.executeUpdateWithStart(workflows.add, { args: [5], startWorkflowOperation });
    const same = (await startWorkflowOperation.workflowHandle()).workflowId === first.workflowId;
    const again = await outcome(client.workflow.start(workflows.messages, options("withStart")));
    await first.signal(workflows.finish);
    const result = await first.result();
    const after = await outcome(
      client.workflow.start(workflows.messages, {
        ...options("withStart"),
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      }),
    );
    return {
      updated,
      same,
      again,
      result,
      after,
      checks: [again, after].map(
        (error) => (error as { class: string }).class === WorkflowExecutionAlreadyStartedError.name,
      ),
    };
  },

  async continues() {
    const handle = await client.workflow.start(workflows.continues, { ...options("continues"), args: [2] });
    const first = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId, { followRuns: false });
    return [await handle.result(), await outcome(first.result())];
  },

  async ends() {
    const start = (name: string, more = {}) => client.workflow.start(workflows.forever, { ...options(name), ...more });
    const [terminated, cancelled, timed] = await Promise.all([
      start("terminated"),
      start("cancelled"),
      start("timed", { workflowExecutionTimeout: "1s" }),
    ]);
    await terminated.terminate("enough");
    await cancelled.cancel();
    const errors = await Promise.all(
      [terminated, cancelled, timed].map((handle) => handle.result().catch((error: unknown) => error)),
    );
    const causes = errors.map((error) => error instanceof WorkflowFailedError && error.cause);
    return {
      errors: errors.map(describe),
      checks: [
        causes[0] instanceof TerminatedFailure,
        causes[1] instanceof CancelledFailure,
        causes[2] instanceof TimeoutFailure,
      ],
      late: await outcome(terminated.signal(workflows.finish)),
      missing: await client.workflow
        .getHandle(id("nothing"))
        .signal(workflows.finish)
        .catch((error: unknown) => [describe(error), error instanceof WorkflowNotFoundError]),
      query: await outcome(cancelled.query("anything")),
    };
  },

  async cancelledInside() {
    const handle = await client.workflow.start(workflows.cancelledInside, options("cancelledInside"));
    await activities.uncancellableStarted;
    await handle.cancel();
    return outcome(handle.result());
  },

  async asynchronous() {
    const completion = new AsyncCompletionClient({ connection });
    const first = activities.nextToken();
    const result = run("asynchronous");
    await completion.complete(await first, { done: true });
    await completion.fail(await activities.nextToken(), ApplicationFailure.nonRetryable("from outside", "Outside"));
    const late = await completion
      .complete(await first, "again")
      .catch((error: unknown) => error instanceof ActivityNotFoundError);
    return [await result, late];
  },

  async lists() {
    const query = `WorkflowId = "${id("listed")}"`;
    await client.workflow.execute(workflows.continues, {
      ...options("listed"),
      args: [0],
      staticSummary: "a summary",
      staticDetails: "details",
      memo: { m: 1 },
    });
    const list = async () => {
      const found: unknown[] = [];
      for await (const { type, status, memo, historyLength, closeTime, parentExecution } of client.workflow.list({
        query,
      })) {
        found.push({
          type,
          status: status.name,
          memo,
          historyLength,
          closed: closeTime instanceof Date,
          parentExecution,
        });
      }
      return found;
    };
    const found = await until("a Workflow in the list", list, ({ length }) => length > 0);
    const { count, groups } = await client.workflow.count(query);
    const description = await client.workflow.getHandle(id("listed")).describe();
    return {
      found,
      count,
      groups,
      summary: await description.staticSummary(),
      details: await description.staticDetails(),
    };
  },

  async schedules() {
    const scheduleId = id("schedule");
    const schedule = await client.schedule.create({
      scheduleId,
      spec: {
        calendars: [{ hour: { start: 2, end: 7, step: 2 }, dayOfWeek: ["MONDAY", "FRIDAY"], comment: "early" }],
        intervals: [{ every: "2 days", offset: "1 hour" }],
        skip: [{ month: "MAY" }],
        jitter: "1s",
        timezone: "Europe/Berlin",
      },
      action: {
        type: "startWorkflow",
        workflowType: workflows.continues,
        args: [0],
        taskQueue,
        workflowId: id("scheduled"),
        memo: { by: "schedule" },
      },
      policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: "1 hour", pauseOnFailure: true },
      state: { paused: true, note: "not yet", remainingActions: 3 },
      memo: { kind: "test" },
    });
    const twice = await client.schedule
      .create({ scheduleId, spec: {}, action: { type: "startWorkflow", workflowType: "any", taskQueue } })
      .catch((error: unknown) => [describe(error), error instanceof ScheduleAlreadyRunning]);
    const { spec, action, policies, state, memo } = await schedule.describe();
    await schedule.trigger(ScheduleOverlapPolicy.ALLOW_ALL);
    await schedule.update((previous) => ({ ...previous, state: { ...previous.state, note: "updated" } }));
    await schedule.unpause("go");
    await schedule.pause("stop");
    const after = await schedule.describe();
    await schedule.delete();
    const gone = await schedule
      .describe()
      .catch((error: unknown) => [describe(error), error instanceof ScheduleNotFoundError]);
    return { twice, spec, action, policies, state, memo, note: after.state.note, paused: after.state.paused, gone };
  },
};

const results: Record<string, unknown> = {};
try {
  await worker.runUntil(async () => {
    for (const [name, feature] of Object.entries(features)) {
      if (only !== undefined && only !== name) continue;
      results[name] = await feature();
    }
  });
  console.log(JSON.stringify(results).replaceAll(taskQueue, "QUEUE").replaceAll(endpoint, "ENDPOINT"));
} finally {
  await connection.close();
  await nativeConnection.close();
}
