import { describe, expect, test } from "bun:test";
import { HandlerError } from "nexus-rpc";
import { isGrpcDeadlineError } from "../../src/client";
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  createPayloadValidationError,
  cutoffStackTrace,
  DefaultFailureConverter,
  defaultFailureConverter,
  defaultPayloadConverter,
  ensureApplicationFailure,
  ensureTemporalFailure,
  IllegalStateError,
  NexusOperationFailure,
  PayloadConverterError,
  type ProtoFailure,
  rootCause,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  ValueError,
  WorkflowNotFoundError,
} from "../../src/common";
import { brandError } from "../../src/common/type-helpers";
import { Failure } from "../../src/proto/temporal/api/failure/v1/message";

/** The error at the other end: as failure, over the wire, and back. */
function travel(error: unknown, converter = defaultFailureConverter): Error {
  const failure = converter.errorToFailure(error, defaultPayloadConverter);
  return converter.failureToError(Failure.decode(Failure.encode(failure).finish()), defaultPayloadConverter);
}

describe("failures travel", () => {
  test("ApplicationFailure with all its fields and causes", () => {
    const cause = new TypeError("root");
    const error = ApplicationFailure.create({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1, { a: 2 }],
      cause,
      category: "BENIGN",
      nextRetryDelay: "5s",
    });
    const failure = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
    expect(failure.source).toBe("TypeScriptSDK");
    expect(failure.applicationFailureInfo!.nextRetryDelay!.seconds!.toNumber()).toBe(5);
    const arrived = travel(error) as ApplicationFailure;
    expect(arrived).toBeInstanceOf(ApplicationFailure);
    expect(arrived).toMatchObject({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1, { a: 2 }],
      category: "BENIGN",
    });
    expect(arrived.cause).toBeInstanceOf(TemporalFailure);
    expect(arrived.cause!.message).toBe("root");
    expect(rootCause(arrived)).toBe("root");
  });

  test.each<[Error, object]>([
    [new CancelledFailure("c", ["d"]), { message: "c", details: ["d"] }],
    [new TerminatedFailure("t"), { message: "t" }],
    [
      new TimeoutFailure("t", { beat: 1 }, "HEARTBEAT"),
      { timeoutType: "HEARTBEAT", lastHeartbeatDetails: { beat: 1 } },
    ],
    [new ServerFailure("s", true), { nonRetryable: true }],
    [
      new ActivityFailure("a", "type", "id", "MAXIMUM_ATTEMPTS_REACHED", "me"),
      { activityType: "type", activityId: "id", retryState: "MAXIMUM_ATTEMPTS_REACHED", identity: "me" },
    ],
    [
      new ChildWorkflowFailure("ns", { workflowId: "w", runId: "r" }, "type", "TIMEOUT"),
      { namespace: "ns", execution: { workflowId: "w", runId: "r" }, workflowType: "type", retryState: "TIMEOUT" },
    ],
    [
      new NexusOperationFailure("n", 3, "e", "s", "o", "token"),
      { scheduledEventId: 3, endpoint: "e", service: "s", operation: "o", operationToken: "token" },
    ],
  ])("failures of every class: #%#", (error, fields) => {
    const arrived = travel(error);
    expect(arrived.constructor).toBe(error.constructor);
    expect(arrived).toMatchObject(fields);
  });

  test("Nexus handler errors, which are sent on as they came", () => {
    const arrived = travel(new HandlerError("NOT_FOUND", "h", { retryableOverride: true })) as HandlerError;
    expect(arrived).toBeInstanceOf(HandlerError);
    expect([arrived.type, arrived.retryable, arrived.message]).toEqual(["NOT_FOUND", true, "h"]);
    const unknown: ProtoFailure = { message: "x", nexusHandlerFailureInfo: { type: "SOMETHING_NEW" } };
    const error = defaultFailureConverter.failureToError(unknown, defaultPayloadConverter) as HandlerError;
    expect([error.type, error.rawErrorType]).toEqual(["UNKNOWN", "SOMETHING_NEW"]);
    expect(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter)).toEqual(unknown);
  });

  test("a failure that came from elsewhere is sent on unchanged", () => {
    const failure: ProtoFailure = {
      message: "m",
      source: "GoSDK",
      stackTrace: "go stack",
      applicationFailureInfo: { type: "T" },
    };
    const error = defaultFailureConverter.failureToError(failure, defaultPayloadConverter);
    expect(error.stack).toBe("go stack");
    expect(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter)).toBe(failure);
  });

  test.each<[ProtoFailure, object]>([
    [{ applicationFailureInfo: {} }, { message: "", type: "" }],
    [{ activityFailureInfo: { activityType: { name: "a" } } }, { message: "", activityId: "", identity: "" }],
    [{ childWorkflowExecutionFailureInfo: { workflowType: { name: "w" }, workflowExecution: {} } }, { namespace: "" }],
    [{ nexusOperationExecutionFailureInfo: {} }, { message: "", scheduledEventId: 0, operationToken: "" }],
  ])("what isn't set is as in protobuf, in Workflow code too: #%#", (failure, fields) => {
    expect(defaultFailureConverter.failureToError(failure, defaultPayloadConverter)).toMatchObject(fields);
  });

  test("thrown values that are no errors", () => {
    const failure = (value: unknown) => defaultFailureConverter.errorToFailure(value, defaultPayloadConverter).message;
    expect(failure("text")).toStartWith("text [A non-Error value was thrown");
    expect(failure({ a: 1 })).toStartWith('{"a":1} [A non-Error');
    expect(failure(undefined)).toStartWith("undefined [A non-Error");
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(failure(circular)).toStartWith("[object Object] [A non-Error");
  });

  test("a reset workflow's failure is an ApplicationFailure", () => {
    const error = defaultFailureConverter.failureToError(
      { message: "r", resetWorkflowFailureInfo: {} },
      defaultPayloadConverter,
    );
    expect(error).toMatchObject({ type: "ResetWorkflow", nonRetryable: false });
  });

  test("encodeCommonAttributes hides messages and stacks, of causes too", () => {
    const converter = new DefaultFailureConverter({ encodeCommonAttributes: true });
    const failure = converter.errorToFailure(
      ApplicationFailure.create({ message: "secret", cause: new Error("deeper") }),
      defaultPayloadConverter,
    );
    expect([failure.message, failure.stackTrace, failure.cause!.message]).toEqual([
      "Encoded failure",
      "",
      "Encoded failure",
    ]);
    const arrived = travel(
      ApplicationFailure.create({ message: "secret", cause: new Error("deeper") }),
      converter,
    ) as ApplicationFailure;
    expect([arrived.message, arrived.cause!.message]).toEqual(["secret", "deeper"]);
    expect(arrived.stack).toContain("failures.test.ts");
  });

  test("encoded attributes of another shape are left alone", () => {
    const encodedAttributes = defaultPayloadConverter.toPayload("nonsense");
    expect(
      defaultFailureConverter.failureToError({ message: "m", encodedAttributes }, defaultPayloadConverter).message,
    ).toBe("m");
  });
});

describe("error classes", () => {
  test("names and inheritance", () => {
    expect(new PayloadConverterError("x").name).toBe("PayloadConverterError");
    expect(new PayloadConverterError("x")).toBeInstanceOf(ValueError);
    expect(new ValueError("x")).not.toBeInstanceOf(PayloadConverterError);
    expect(new ApplicationFailure("x")).toBeInstanceOf(TemporalFailure);
    expect(new TemporalFailure("x")).not.toBeInstanceOf(ApplicationFailure);
    expect(new IllegalStateError("x")).toBeInstanceOf(Error);
    expect({}).not.toBeInstanceOf(ValueError);
    expect(null as any).not.toBeInstanceOf(ValueError);
  });

  test("instanceof holds across copies of a class, but not for unbranded subclasses", () => {
    class Copy extends Error {
      static {
        brandError(this, "WorkflowNotFoundError");
      }
    }
    class Own extends TemporalFailure {}
    expect(new Copy()).toBeInstanceOf(WorkflowNotFoundError);
    expect(new Own("x")).toBeInstanceOf(Own);
    expect(new TemporalFailure("x")).not.toBeInstanceOf(Own);
  });

  test("ensureApplicationFailure", () => {
    const cause = new Error("cause");
    class OwnError extends Error {}
    const error = Object.assign(new OwnError("m"), { cause });
    const failure = ensureApplicationFailure(error);
    expect(failure).toMatchObject({ message: "m", type: "OwnError", nonRetryable: false });
    expect(failure.cause).toBe(cause);
    expect(failure.stack).toBe(error.stack!);
    expect(ensureApplicationFailure(failure)).toBe(failure);
    expect(ensureApplicationFailure("text")).toMatchObject({ message: "text" });
    const cancelled = new CancelledFailure("c");
    expect(ensureTemporalFailure(cancelled)).toBe(cancelled);
    expect(ApplicationFailure.fromError(error, { nonRetryable: true, type: "Other" })).toMatchObject({
      message: "m",
      type: "Other",
      nonRetryable: true,
    });
  });

  test("shorthands", () => {
    expect(ApplicationFailure.retryable("m", null, 1)).toMatchObject({
      type: "Error",
      nonRetryable: false,
      details: [1],
    });
    expect(ApplicationFailure.nonRetryable("m", "T")).toMatchObject({ type: "T", nonRetryable: true, details: [] });
    expect(createPayloadValidationError("why")).toMatchObject({
      type: "PayloadValidationError",
      nonRetryable: true,
      details: ["why"],
    });
    for (const nothing of [null, undefined]) expect(createPayloadValidationError(nothing).details).toEqual([]);
    expect(rootCause("text")).toBe("text");
    expect(rootCause(1)).toBeUndefined();
  });
});

test("stack traces lose the SDK's frames at their end only", () => {
  const sdk = `${import.meta.dir.replace("/tests/common", "")}/src`;
  const stack = [
    "Error: x",
    `    at sleep (${sdk}/workflow/timers.ts:1:1)`,
    "    at order (/app/workflows.ts:2:2)",
    `    at run (${sdk}/workflow/run/activator.ts:3:3)`,
    "    at processTicksAndRejections (native:7:39)",
  ];
  expect(cutoffStackTrace(stack.join("\n"))).toBe(stack.slice(0, 3).join("\n"));
  const own = [stack[0], stack[1], stack[3]].join("\n");
  expect(cutoffStackTrace(own)).toBe(own);
  expect(cutoffStackTrace(undefined)).toBe("");
});

describe("chains of causes", () => {
  const messages = (error: unknown) => {
    const found: string[] = [];
    for (let cause = travel(error); cause; cause = cause.cause as Error) found.push(cause.message);
    return found;
  };
  const cycle = "[The chain of causes is a cycle: it goes on with one of the errors above]";

  test("that are cycles end with a failure that says so", () => {
    const own = new Error("own");
    own.cause = own;
    expect(messages(own)).toEqual(["own", cycle]);
    const first = new ApplicationFailure("first");
    const second = new Error("second", { cause: new Error("third", { cause: first }) });
    Object.assign(first, { cause: second });
    expect(messages(first)).toEqual(["first", "second", "third", cycle]);
    expect(rootCause(Object.assign(new TemporalFailure("round"), { cause: undefined }))).toBe("round");
    const round = new TemporalFailure("round");
    Object.assign(round, { cause: round });
    expect(rootCause(round)).toBe("round");
    expect(isGrpcDeadlineError(own)).toBe(false);
  });

  test("of any length arrive up to a limit, which the last of them names", () => {
    let error: Error | undefined;
    for (let index = 4999; index >= 0; index--) error = new Error(`e${index}`, { cause: error });
    const found = messages(error);
    expect(found.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, index) => `e${index}`));
    expect(found.slice(50)).toEqual(["[The chain of causes is too long: only the first 50 errors are sent]"]);
  });

  test("that came from elsewhere count too, and are not changed", () => {
    let failure: ProtoFailure = { message: "root" };
    for (let index = 0; index < 49; index++) failure = { message: `f${index}`, cause: failure };
    const came = new TemporalFailure("came");
    came.failure = failure;
    expect(messages(ApplicationFailure.create({ message: "top", cause: came })).at(-1)).toStartWith("[The chain");
    expect(messages(came).at(-1)).toBe("root");
    expect(JSON.stringify(failure)).not.toContain("too long");
  });

  test("are converted by the methods of a subclass, whose errors don't count", () => {
    class Hiding extends DefaultFailureConverter {
      override errorToFailure(error: unknown, ...rest: [typeof defaultPayloadConverter]): ProtoFailure {
        return error instanceof TypeError ? { message: "hidden" } : super.errorToFailure(error, ...rest);
      }
    }
    const error = new Error("top", { cause: new TypeError("secret") });
    const converter = new Hiding();
    expect(travel(error, converter).cause).toMatchObject({ message: "hidden" });
    // What is left for a cause doesn't stay for the next error.
    expect(travel(error, converter).cause).toMatchObject({ message: "hidden" });
  });
});

describe("texts that are too long", () => {
  const failureOf = (error: unknown, converter = defaultFailureConverter) =>
    converter.errorToFailure(error, defaultPayloadConverter);

  test("are shortened, and say how long they were; the stack keeps its frames", () => {
    const { message, stackTrace } = failureOf(new Error("x".repeat(3_000_000)));
    expect(message).toBe(
      `${"x".repeat(500_000)} … [The message was too long to be sent: 3000000 characters, of which these are the first 500000]`,
    );
    expect(stackTrace).toStartWith(`Error: ${"x".repeat(1000)} …\n    at `);
    expect(stackTrace!.length).toBeLessThan(10_000);
    expect(failureOf("x".repeat(600_000)).message).toContain("too long to be sent: 600000 characters");
  });

  test("as bytes, not as characters", () => {
    expect(failureOf(new Error("é".repeat(250_000))).message).toBe("é".repeat(250_000));
    const cut = failureOf(new Error(`x${"é".repeat(250_000)}`)).message!;
    expect(cut).toStartWith(`x${"é".repeat(249_999)} … [The message was too long to be sent: 250001 characters`);
  });

  test("together, those of causes too", () => {
    let error: Error | undefined;
    for (let index = 0; index < 10; index++) error = new Error("x".repeat(400_000), { cause: error });
    const failure = failureOf(error);
    expect(Failure.encode(failure).finish().length).toBeLessThan(1_010_000);
    expect(failure.message).toBe("x".repeat(400_000));
    let last = failure;
    while (last.cause) last = last.cause;
    expect(last.message).toContain("too long to be sent: 400000 characters, of which these are the first 0]");
  });

  test("also when they are to be hidden", () => {
    const converter = new DefaultFailureConverter({ encodeCommonAttributes: true });
    const error = new Error("x".repeat(3_000_000));
    expect(failureOf(error, converter).encodedAttributes!.data!.length).toBeLessThan(520_000);
    expect(travel(error, converter).message).toContain("3000000 characters");
  });
});

describe("AggregateError", () => {
  const inner = () =>
    new AggregateError([new Error("one"), new RangeError("two", { cause: new Error("three") }), 4], "several");
  const told = [
    { type: "Error", message: "one", stackTrace: expect.stringContaining("Error: one\n    at ") },
    { type: "RangeError", message: "two", cause: { type: "Error", message: "three" } },
    { type: "", message: "4", stackTrace: "" },
  ];

  test("its inner errors are details", () => {
    const arrived = travel(ensureApplicationFailure(inner())) as ApplicationFailure;
    expect(arrived).toMatchObject({ message: "several", type: "AggregateError", details: told });
    expect(arrived.cause).toBeUndefined();
  });

  test("as a cause too, and inside of another", () => {
    const cause = travel(new Error("outer", { cause: inner() })).cause as ApplicationFailure;
    expect(cause).toMatchObject({ message: "several", type: "AggregateError", details: told });
    const nested = ensureApplicationFailure(new AggregateError([inner()], "outer"));
    expect(nested.details).toMatchObject([{ type: "AggregateError", message: "several", errors: told }]);
  });

  test("that holds itself, many, or what can't be read", () => {
    const round = new AggregateError([], "round");
    round.errors.push(round, new Error("other", { cause: round }));
    expect(ensureApplicationFailure(round).details).toMatchObject([
      { message: "round", stackTrace: "" },
      { message: "other", cause: { message: "round" } },
    ]);
    const many = ensureApplicationFailure(
      new AggregateError(
        Array.from({ length: 1000 }, () => new Error("e")),
        "m",
      ),
    );
    expect(many.details!.length).toBe(51);
    expect(many.details![50]).toMatchObject({ message: "[950 more errors were left out: only the first 50 are sent]" });
    const trap = Object.defineProperty(new Error("m"), "message", {
      get() {
        throw new Error("trap");
      },
    });
    expect(
      ensureApplicationFailure(new AggregateError([trap, new Error("x".repeat(9000))], "m")).details,
    ).toMatchObject([
      { message: "[This error can't be read]" },
      { message: `${"x".repeat(5000)} … [shortened: 9000 characters]` },
    ]);
  });

  test("without inner errors, or another error with a list of that name, has no details", () => {
    expect(ensureApplicationFailure(new AggregateError([], "none")).details).toBeUndefined();
    expect(ensureApplicationFailure(Object.assign(new Error("m"), { errors: [1] })).details).toBeUndefined();
  });
});
