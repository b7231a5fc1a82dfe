import { beforeAll, describe, expect, test } from "bun:test";
import { activityCompleted, payload, resultOf, signal, TestThread, update, value } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open(
    "intercepted.ts",
    { activityNames: ["check"] },
    { workflowInterceptorModules: [`${import.meta.dir}/fixtures/interceptors.ts`] },
  );
});

describe("interceptors", () => {
  test("see what comes in and what goes out, and can change it", async () => {
    const run = thread.run("intercepted", "text");
    const started = await run.start();
    expect(started.commands[0]?.startTimer?.startToFireTimeout?.seconds?.toNumber()).toBe(2);
    expect(started.logs?.find(({ message }) => message === "intercepted")?.attributes.added).toBe(run.runId);
    expect(started.sinkCalls?.[0]?.args.at(-1)).toEqual({ workflowType: "intercepted", added: true });
    await run.activate({ fireTimer: { seq: 1 } });
    const answer = value((await run.query("isOpen")).commands[0]?.respondToQuery?.succeeded?.response);
    expect(answer).toEqual({
      answer: false,
      seen: ["activate 1", "random number", "timer 1000", "activate 1", "activate 1"],
    });
    const stopped = await run.activate(update("echo", "u1", "stop"));
    expect(stopped.commands[0]?.updateResponse?.rejected?.message).toBe("stopped by an interceptor");
    const echoed = await run.activate(update("echo", "u2", "hi"));
    expect(value(echoed.commands[1]?.updateResponse?.completed)).toBe("u2 hi");
    const signalled = await run.activate(signal("open"));
    expect(signalled.commands[0]?.signalExternalWorkflowExecution?.signalName).toBe("hello!");
    const scheduled = await run.activate({ resolveSignalExternalWorkflow: { seq: 1 } });
    expect(new TextDecoder().decode(scheduled.commands[0]?.scheduleActivity?.headers?.trace?.data)).toBe("TRACE");
    const result: string = resultOf(
      await run.activate({ resolveActivity: { seq: 1, result: { completed: { result: payload("done") } } } }),
    );
    expect(result).toStartWith("text 1 done 0.3047673921100795 activate 1,random number,timer 1000,");
    expect(result).toContain("signal open");
  });

  test("change local activities, children, signals to them, Nexus operations and the next run", async () => {
    const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);
    const run = thread.run("outgoing");
    const { commands } = await run.start();
    const [child, local] = [commands[0]?.startChildWorkflowExecution, commands[1]?.scheduleLocalActivity];
    expect([child?.input?.map(value), text(child?.headers?.trace?.data)]).toEqual([["changed"], "TRACE"]);
    expect(local?.arguments?.map(value)).toEqual(["x", 1]);
    const signalled = await run.activate(activityCompleted(1), {
      resolveChildWorkflowExecutionStart: { seq: 1, succeeded: { runId: "r" } },
    });
    expect(signalled.commands[0]?.signalExternalWorkflowExecution).toMatchObject({
      childWorkflowId: child!.workflowId!,
      signalName: "poke!",
    });
    const started = await run.activate({ resolveSignalExternalWorkflow: { seq: 1 } });
    expect(started.commands[0]?.scheduleNexusOperation?.nexusHeader).toEqual({ trace: "nexus" });
    const done = await run.activate({ resolveNexusOperationStart: { seq: 1, operationToken: "token" } });
    const next = done.commands[0]?.continueAsNewWorkflowExecution;
    expect([next?.arguments?.map(value), text(next?.headers?.trace?.data)]).toEqual([["again", "more"], "TRACE"]);
  });

  test("are made anew for every run, and what they draw doesn't shift the workflow's random numbers", async () => {
    const withInterceptors = resultOf(await thread.run("plain").start());
    expect(withInterceptors).toStartWith("0.3047673921100795 ");
  });

  test("that fail to dispose of a run are logged", async () => {
    const run = thread.run("plain");
    await run.start();
    const { completion, logs } = await run.evict();
    expect(completion.successful).toBeDefined();
    expect(logs?.[0]).toMatchObject({ level: "ERROR", attributes: { runId: run.runId, error: "disposing failed" } });
  });

  test("must be given as a function", async () => {
    const broken = await TestThread.withCode(
      "module.exports = { any: async () => 1, __temporalInterceptorModules: [{ interceptors: 5 }] };",
    );
    expect((await broken.run("any").start()).failure?.message).toBe(
      "Failed to initialize workflows interceptors: expected a function, but got: '5'",
    );
  });
});

test("converters of the bundle convert what workflows give and get", async () => {
  const path = `${import.meta.dir}/fixtures/upper-case-converter.ts`;
  const custom = await TestThread.open(
    "intercepted.ts",
    {},
    { payloadConverterPath: path, failureConverterPath: path },
  );
  const text = {
    metadata: { encoding: new TextEncoder().encode("text/upper") },
    data: new TextEncoder().encode("LOUD"),
  };
  const { commands } = await custom.run("fails").start([], { arguments: [text] });
  expect(commands[0]?.failWorkflowExecution?.failure).toMatchObject({ message: "loud", source: "custom" });
  const completed = (await custom.run("plain").start()).commands[0]?.completeWorkflowExecution?.result;
  expect(new TextDecoder().decode(completed?.metadata?.encoding)).toBe("text/upper");
});

test("nexus operations are started and waited for", async () => {
  const run = (await TestThread.open("intercepted.ts")).run("nexus");
  const { commands } = await run.start();
  expect(commands[0]?.scheduleNexusOperation).toMatchObject({
    seq: 1,
    endpoint: "endpoint",
    service: "service",
    operation: "greet-operation",
  });
  expect(value(commands[0]?.scheduleNexusOperation?.input)).toBe("Ada");
  expect(value(commands[0]?.userMetadata?.summary)).toBe("greets");
  await run.activate({ resolveNexusOperationStart: { seq: 1, operationToken: "token" } });
  await run.activate({ resolveNexusOperation: { seq: 1, result: { completed: payload("Hello") } } });
  const failure = {
    message: "nexus",
    nexusOperationExecutionFailureInfo: { endpoint: "endpoint", service: "service", operation: "greet-operation" },
  };
  expect(resultOf(await run.activate({ resolveNexusOperation: { seq: 2, result: { failed: failure } } }))).toEqual([
    "token",
    "Hello",
    "NexusOperationFailure",
  ]);
});
