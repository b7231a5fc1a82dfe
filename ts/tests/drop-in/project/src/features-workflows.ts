import {
  NexusOperationFailure,
  type RetryPolicy,
  RetryState,
  TimeoutType,
  WorkflowIdReusePolicy,
} from "@temporalio/common";
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  condition,
  createNexusServiceClient,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  deprecatePatch,
  executeChild,
  getCurrentDetails,
  inWorkflowContext,
  isCancellation,
  makeContinueAsNewFunc,
  metricMeter,
  patched,
  proxyActivities,
  rootCause,
  scheduleActivity,
  setCurrentDetails,
  setDefaultQueryHandler,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
  setHandler,
  setWorkflowOptions,
  sleep,
  startChild,
  TimeoutFailure,
  Trigger,
  upsertMemo,
  uuid4,
  workflowInfo,
} from "@temporalio/workflow";
import type * as activities from "./features-activities";
import { greetings } from "./features-nexus";

const { failing, slow, remember, later, context, uncancellable } = proxyActivities<typeof activities>({
  startToCloseTimeout: "20s",
  retry: { initialInterval: "5ms", backoffCoefficient: 1, maximumAttempts: 2 },
});

/** What a failure is made of, on every level. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, cause, ...rest } = error as Error & Record<string, unknown>;
  const shown = [
    "type",
    "nonRetryable",
    "details",
    "retryState",
    "activityType",
    "timeoutType",
    "workflowType",
    "operation",
    "service",
    "endpoint",
    "category",
  ];
  const fields = Object.fromEntries(
    shown
      .filter(
        (key) => rest[key] !== undefined && rest[key] !== "" && !(Array.isArray(rest[key]) && rest[key].length === 0),
      )
      .map((key) => [key, rest[key]]),
  );
  return {
    class: error.constructor.name,
    name,
    message,
    ...fields,
    ...(cause === undefined ? {} : { cause: describe(cause) }),
  };
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value ?? null,
    (error: unknown) => describe(error),
  );
}

export async function failures(): Promise<unknown> {
  const short: RetryPolicy = { maximumAttempts: 1 };
  const bare = proxyActivities<typeof activities>({ startToCloseTimeout: "100ms", retry: short });
  const queued = proxyActivities<typeof activities>({
    scheduleToStartTimeout: "100ms",
    scheduleToCloseTimeout: "10s",
    taskQueue: "nobody-polls",
    retry: short,
  });
  const beats = proxyActivities<typeof activities>({
    startToCloseTimeout: "10s",
    heartbeatTimeout: "200ms",
    retry: short,
  });
  const timedOut = await Promise.all([
    outcome(bare.slow(60_000)),
    outcome(queued.slow(1)),
    outcome(beats.slow(60_000)),
  ]);
  return {
    plain: await outcome(failing("plain")),
    application: await outcome(failing("application")),
    nonRetryable: await outcome(failing("nonRetryable")),
    text: await outcome(failing("text")),
    unknown: await outcome(scheduleActivity("missing", [], { startToCloseTimeout: "5s", retry: short })),
    timedOut,
    child: await outcome(executeChild(throwing, { args: ["of the child"] })),
    childTimeout: await outcome(executeChild(forever, { workflowExecutionTimeout: "1s" })),
    root: rootCause(await failing("application").catch((error: unknown) => error)),
    checks: await failing("plain").catch((error: unknown) => [
      error instanceof ActivityFailure,
      (error as ActivityFailure).retryState === RetryState.MAXIMUM_ATTEMPTS_REACHED,
    ]),
    type: await bare
      .slow(60_000)
      .catch(
        (error: ActivityFailure) =>
          error.cause instanceof TimeoutFailure && error.cause.timeoutType === TimeoutType.START_TO_CLOSE,
      ),
  };
}

export async function throwing(what: string): Promise<never> {
  throw ApplicationFailure.create({
    message: `thrown ${what}`,
    type: "Thrown",
    details: [{ what }, 2],
    nextRetryDelay: "1 hour",
    nonRetryable: true,
  });
}

export async function forever(): Promise<void> {
  await condition(() => false);
}

export async function retries(): Promise<unknown> {
  return { remembered: await remember(), context: await context() };
}

export const add = defineUpdate<number, [number]>("add");
export const total = defineQuery<number>("total");
export const finish = defineSignal("finish");

export async function messages(start = 0): Promise<unknown> {
  let sum = start;
  let finished = false;
  const heard: string[] = [];
  setHandler(
    add,
    async (by) => {
      heard.push(`${currentUpdateInfo()?.name} ${currentUpdateInfo()?.id === undefined ? "without" : "with"} id`);
      await sleep(1);
      return (sum += by);
    },
    {
      validator: (by) => {
        if (by === 0) throw new Error("zero adds nothing");
      },
      description: "adds",
    },
  );
  setHandler(total, () => sum, { description: "the sum" });
  setHandler(finish, () => void (finished = true));
  setDefaultSignalHandler((name, ...args) => void heard.push(`${name}(${args.join()})`));
  setDefaultQueryHandler((name, ...args) => `${name}? ${args.join()}`);
  setDefaultUpdateHandler((name, ...args) => `${name}! ${args.join()}`);
  setCurrentDetails("listening");
  await condition(() => finished && allHandlersFinished());
  return { sum, heard, details: getCurrentDetails(), within: inWorkflowContext() };
}

export async function scopes(): Promise<unknown> {
  const order: string[] = [];
  const note = (text: string) => (error?: unknown) =>
    void order.push(error === undefined ? text : `${text}: ${isCancellation(error)} ${(error as Error).message}`);
  const outer = new CancellationScope();
  await outer
    .run(async () => {
      const inner = CancellationScope.cancellable(() => sleep("1 hour"));
      const shielded = CancellationScope.nonCancellable(() => sleep(20));
      void inner.then(note("slept"), note("inner"));
      outer.cancel();
      await shielded;
      note("shielded")();
    })
    .catch(note("outer"));
  await CancellationScope.withTimeout(1, () => sleep("1 day")).catch(note("timeout"));
  const abandoned = new CancellationScope();
  const running = proxyActivities<typeof activities>({
    startToCloseTimeout: "10s",
    cancellationType: ActivityCancellationType.ABANDON,
  }).slow;
  const result = abandoned.run(() => running(5000));
  await sleep(1);
  abandoned.cancel();
  await result.catch((error: ActivityFailure) => note(`abandoned ${error.cause instanceof CancelledFailure}`)());
  const trigger = new Trigger<number>();
  void sleep(1).then(() => trigger.resolve(7));
  order.push(
    `trigger ${await trigger}`,
    `condition ${await condition(() => false, 1)}`,
    `considered ${CancellationScope.current().consideredCancelled}`,
  );
  try {
    setHandler(finish, () => CancellationScope.current().cancel());
    await CancellationScope.current().cancelRequested;
  } catch (error) {
    note("root")(error);
  }
  return order;
}

export async function cancelledInside(): Promise<string> {
  try {
    await uncancellable();
    return "went on";
  } catch (error) {
    await CancellationScope.nonCancellable(() => sleep(1));
    throw error;
  }
}

export async function continues(times: number): Promise<unknown> {
  if (times > 0) {
    const again = makeContinueAsNewFunc<typeof continues>({ memo: { again: true } });
    try {
      await again(times - 1);
    } catch (error) {
      if (!(error instanceof ContinueAsNew)) throw ApplicationFailure.nonRetryable("another error");
      throw error;
    }
  }
  const { memo, continuedFromExecutionRunId, firstExecutionRunId, runId, attempt, historyLength } = workflowInfo();
  return {
    memo,
    continued: continuedFromExecutionRunId !== undefined,
    first: firstExecutionRunId !== runId,
    attempt,
    historyLength,
  };
}

export async function info(): Promise<unknown> {
  const {
    workflowType,
    taskQueue,
    namespace,
    attempt,
    historyLength,
    taskTimeoutMs,
    executionTimeoutMs,
    runTimeoutMs,
    memo,
    searchAttributes,
    typedSearchAttributes,
    cronSchedule,
    parent,
    root,
    lastResult,
    lastFailure,
    continueAsNewSuggested,
    retryPolicy,
    priority,
    startTime,
    runStartTime,
  } = workflowInfo();
  upsertMemo({ b: undefined, c: [1] } as never);
  deprecatePatch("old");
  metricMeter.createCounter("counted").add(1);
  return {
    workflowType,
    taskQueue,
    namespace,
    attempt,
    historyLength,
    taskTimeoutMs,
    executionTimeoutMs,
    runTimeoutMs,
    memo,
    searchAttributes,
    typed: typedSearchAttributes.getAll(),
    cronSchedule,
    parent,
    root,
    lastResult,
    lastFailure,
    continueAsNewSuggested,
    retryPolicy,
    priority: priority?.priorityKey,
    times: [startTime instanceof Date, runStartTime instanceof Date, startTime.getTime() <= Date.now()],
    after: workflowInfo().memo,
    unique: new Set([uuid4(), uuid4(), Math.random(), Math.random()]).size,
    patched: patched("new"),
  };
}

export async function children(): Promise<unknown> {
  const id = `${workflowInfo().workflowId}-child`;
  const scope = new CancellationScope();
  const first = await scope.run(() => startChild(forever, { workflowId: id }));
  const second = await outcome(startChild(forever, { workflowId: id }));
  await first.signal(finish);
  scope.cancel();
  const cancelled = await outcome(first.result());
  return {
    second,
    cancelled,
    third: await outcome(
      executeChild("nowhere", {
        workflowExecutionTimeout: "500ms",
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      }),
    ),
  };
}

export async function asks(endpoint: string): Promise<unknown> {
  const client = createNexusServiceClient({ service: greetings, endpoint });
  const started = await client.startOperation("slowly", "Ada");
  return {
    quick: await client.executeOperation("quickly", "Bob"),
    token: typeof started.token,
    slow: await started.result(),
    failed: await outcome(client.executeOperation("quickly", "nobody")),
    isFailure: await client
      .executeOperation("quickly", "nobody")
      .catch((error: unknown) => error instanceof NexusOperationFailure),
  };
}

export async function greet(name: string): Promise<string> {
  await sleep(1);
  return `Hello at last, ${name}`;
}

export async function asynchronous(): Promise<unknown> {
  return [await outcome(later("succeeds")), await outcome(later("fails"))];
}

setWorkflowOptions({ failureExceptionTypes: [TypeError] }, versioned);
export async function versioned(): Promise<void> {
  throw new TypeError("a type error fails this one");
}
