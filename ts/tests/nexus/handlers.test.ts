import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as nexus from "nexus-rpc";
import { Client, NexusOperationFailureError } from "../../src/client";
import {
  ApplicationFailure,
  CancelledFailure,
  createPayloadValidationError,
  type Payload,
  type PayloadCodec,
  TimeoutFailure,
} from "../../src/common";
import { getClient, log, metricMeter, operationInfo, startWorkflow } from "../../src/nexus";
import { Worker } from "../../src/worker";
import { eventually } from "../support/eventually";
import { rejection } from "../worker/support";
import { type Order, shop } from "./fixtures/service";
import { client, connection, namespace, operation, serving, unique } from "./support";

setDefaultTimeout(180_000);

type Greet = (ctx: nexus.StartOperationContext, name: string) => Promise<string>;
type Place = nexus.OperationHandler<Order, string> | nexus.SyncOperationHandler<Order, string>;

const nothing: Place = async () => "nothing";
const handlers = (greet: Greet, order: Place = nothing) => nexus.serviceHandler(shop, { greet, order });

/** Why an operation failed. */
async function failure(promise: Promise<unknown>): Promise<any> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(NexusOperationFailureError);
  return error.cause;
}

describe("services", () => {
  test("operations get their input, and what the request says, and give results", async () => {
    let seen: nexus.StartOperationContext | undefined;
    const handler = handlers(
      async (ctx, name) => {
        seen = ctx;
        return `hello ${name}`;
      },
      { start: async (_ctx, { id }) => nexus.HandlerStartOperationResult.sync(`order ${id}`), cancel: async () => {} },
    );
    await serving<typeof shop, void>(handler, async ({ service }) => {
      const it = operation({ headers: { Tenant: "t1" } });
      expect(await service.executeOperation("greet", "Ann", it)).toBe("hello Ann");
      expect(seen).toMatchObject({ service: "shop", operation: "greet", outboundLinks: [] });
      expect(seen!.abortSignal.aborted).toBe(false);
      expect(seen!.requestDeadline!.getTime()).toBeGreaterThan(Date.now() - 60_000);
      expect(seen!.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect([seen!.headers["tenant"], seen!.headers["TENANT"], "Tenant" in seen!.headers]).toEqual(["t1", "t1", true]);
      expect([seen!.callbackUrl, Object.keys(seen!.callbackHeaders!)]).toEqual([
        "temporal://system",
        ["temporal-callback-token"],
      ]);
      expect(seen!.inboundLinks.map(({ url, type }) => [url.pathname.split("/").slice(0, 5).join("/"), type])).toEqual([
        [`/namespaces/${namespace}/nexus-operations/${it.id}`, "temporal.api.common.v1.Link.NexusOperation"],
      ]);
      // Under the name that the definition gives it, not that of the property.
      expect(await service.executeOperation("order", { id: "1" }, operation())).toBe("order 1");
    });
  });

  test("type information and codecs are applied to input and result", async () => {
    const dates = {
      transferTypeConverter: {
        fromTransferType: (text: unknown) => new Date(text as string),
        toTransferType: (date: Date) => date.toISOString(),
      },
    };
    const calendar = nexus.service("calendar", {
      next: nexus.operation<Date, Date>({ inputType: dates, outputType: dates }),
    });
    const flip = (payloads: Payload[]) =>
      payloads.map(({ metadata, data }) => ({ metadata, data: data?.map((byte) => byte ^ 0xff) }));
    const codec: PayloadCodec = {
      encode: async (payloads) => flip(payloads),
      decode: async (payloads) => flip(payloads),
    };
    const handler = nexus.serviceHandler(calendar, {
      next: async (_ctx, date) => {
        if (date.getTime() === 0)
          throw new nexus.OperationError("failed", "no next", {
            cause: ApplicationFailure.create({ message: "zero", details: ["secret"] }),
          });
        return new Date(date.getTime() + 1000);
      },
    });
    await serving<typeof calendar, void>(
      handler,
      async ({ endpoint }) => {
        const service = (codecs: PayloadCodec[]) => {
          const { nexus: operations } = new Client({ connection, namespace, dataConverter: { payloadCodecs: codecs } });
          return operations.createServiceClient({ endpoint, service: calendar });
        };
        expect(await service([codec]).executeOperation("next", new Date(1000), operation())).toEqual(new Date(2000));
        const error = await failure(service([codec]).executeOperation("next", new Date(0), operation()));
        expect(error.cause.details).toEqual(["secret"]);
        // It was the Worker that decoded: without the codec the input is nothing that the converter understands.
        expect(await failure(service([]).executeOperation("next", new Date(1000), operation()))).toMatchObject({
          name: "HandlerError",
          type: "BAD_REQUEST",
        });
      },
      { dataConverter: { payloadCodecs: [codec] } },
    );
  });

  test("the Worker refuses what isn't a service, has no name, or comes twice", async () => {
    const create = (nexusServices: unknown[]) =>
      rejection(Worker.create({ connection, taskQueue: "refused", nexusServices: nexusServices as never }));
    expect((await create([{}])).message).toContain("nexusServices must be what serviceHandler of nexus-rpc makes");
    const handler = handlers(async () => "");
    expect((await create([handler, handler])).message).toContain("Duplicate registration of nexus service 'shop'");
    expect(
      (
        await rejection(
          Worker.create({
            connection,
            taskQueue: "refused",
            nexusServices: [handler],
            maxConcurrentNexusTaskExecutions: 0,
          }),
        )
      ).message,
    ).toContain("maxConcurrentNexusTaskExecutions must be a whole number from 1");
  });

  test("the status tells of requests that are being handled, and of the poller", async () => {
    const release = Promise.withResolvers<void>();
    const running = Promise.withResolvers<void>();
    const handler = handlers(async () => {
      running.resolve();
      await release.promise;
      return "done";
    });
    let stopped: Worker | undefined;
    await serving<typeof shop, void>(handler, async ({ service, worker }) => {
      stopped = worker;
      expect(worker.getStatus()).toMatchObject({
        nexusPollerState: "POLLING",
        hasOutstandingNexusPoll: true,
        numInFlightNexusOperations: 0,
        activityPollerState: "SHUTDOWN",
      });
      const result = service.executeOperation("greet", "", operation());
      await running.promise;
      expect(worker.getStatus()).toMatchObject({ numInFlightNexusOperations: 1, numInFlightActivities: 0 });
      release.resolve();
      expect(await result).toBe("done");
      expect(worker.getStatus().numInFlightNexusOperations).toBe(0);
    });
    expect(stopped!.getStatus()).toMatchObject({ nexusPollerState: "SHUTDOWN", hasOutstandingNexusPoll: false });
  });
});

describe("what handlers can use", () => {
  test("the Worker's client, and information about the request", async () => {
    const handler = handlers(async () => {
      const { count } = await getClient().workflow.count("WorkflowId = 'none'");
      return JSON.stringify({ count, ...operationInfo() });
    });
    await serving<typeof shop, void>(handler, async ({ service, endpoint, taskQueue }) => {
      expect(JSON.parse(await service.executeOperation("greet", "", operation()))).toEqual({
        count: 0,
        namespace,
        taskQueue,
        endpoint,
      });
    });
  });

  test("outside of a handler there is none of it", async () => {
    const outside = "Not in a Nexus handler context";
    for (const use of [getClient, operationInfo, () => log.info(""), () => metricMeter.createCounter("")])
      expect(use).toThrow(outside);
    expect(operationInfo).toThrow(ReferenceError);
    const error = await rejection(startWorkflow({} as nexus.StartOperationContext, "workflow", { workflowId: "" }));
    expect(error).toBeInstanceOf(ReferenceError);
  });
});

describe("errors of handlers", () => {
  const serviceError = async () => {
    await getClient().workflow.count("this is no query");
  };
  const existing = async () => {
    const workflowId = unique("existing");
    const start = () => getClient().workflow.start("none", { workflowId, taskQueue: workflowId });
    await start();
    await start();
  };
  const cases: Record<string, [throws: () => unknown, expected: object, cause?: [object: Function, message: string]]> =
    {
      "OperationError failed": [
        () => new nexus.OperationError("failed", "no", { cause: new Error("why") }),
        { name: "ApplicationFailure", message: "no", type: "OperationError", nonRetryable: true },
        [Error, "why"],
      ],
      "OperationError canceled": [
        () => new nexus.OperationError("canceled", "stopped"),
        { name: "CancelledFailure", message: "stopped" },
      ],
      HandlerError: [
        () => new nexus.HandlerError("UNAUTHORIZED", "not you", { cause: new Error("why") }),
        { name: "HandlerError", type: "UNAUTHORIZED", message: "not you", retryable: false },
        [Error, "why"],
      ],
      "HandlerError made not retryable": [
        () => new nexus.HandlerError("UNAVAILABLE", "gone", { retryableOverride: false }),
        { type: "UNAVAILABLE", retryableOverride: false },
      ],
      "ApplicationFailure that is not to be retried": [
        () => ApplicationFailure.nonRetryable("never"),
        { type: "INTERNAL", retryableOverride: false, message: "Handler failed with non-retryable application error" },
        [ApplicationFailure, "never"],
      ],
      "what the server refused": [
        serviceError,
        { type: "BAD_REQUEST", message: "Handler error: BAD_REQUEST" },
        [Error, "Failed to count workflows"],
      ],
      "an id that is taken": [
        existing,
        { type: "INTERNAL", retryableOverride: false },
        [Error, "Workflow execution already started"],
      ],
      "a rejected payload": [
        () => createPayloadValidationError("field"),
        { type: "INTERNAL", retryableOverride: false },
        [ApplicationFailure, "Payload validation failed"],
      ],
    };

  test.each(Object.keys(cases))("%s", async (name) => {
    const [throws, expected, cause] = cases[name]!;
    const handler = handlers(async () => {
      throw await throws();
    });
    await serving<typeof shop, void>(handler, async ({ service }) => {
      const error = await failure(service.executeOperation("greet", "", operation()));
      expect(error).toMatchObject(expected);
      if (cause === undefined) return;
      expect(error.cause.message).toContain(cause[1]);
      expect(error.cause).toBeInstanceOf(cause[0]);
    });
  });

  test("any other error: the request is made again", async () => {
    const requests: string[] = [];
    const handler = handlers(async ({ requestId }) => {
      requests.push(requestId);
      if (requests.length === 1) throw new Error("not now");
      return "now";
    });
    await serving<typeof shop, void>(handler, async ({ service }) => {
      expect(await service.executeOperation("greet", "", operation())).toBe("now");
    });
    expect(requests).toEqual([requests[0]!, requests[0]!]);
  });

  test("services and operations that there are not", async () => {
    const other = nexus.service("other", { greet: nexus.operation<string, string>() });
    const more = nexus.service("shop", { dance: nexus.operation<string, string>() });
    await serving<typeof shop, void>(
      handlers(async () => ""),
      async ({ endpoint }) => {
        const call = (service: typeof other | typeof more, name: string) =>
          failure(
            client.nexus
              .createServiceClient({ endpoint, service: service as typeof other })
              .executeOperation(name as "greet", "", operation()),
          );
        expect(await call(other, "greet")).toMatchObject({
          type: "NOT_FOUND",
          message: "No service handler registered for service name 'other'",
        });
        expect(await call(more, "dance")).toMatchObject({
          type: "NOT_FOUND",
          message: expect.stringContaining("'dance'"),
        });
      },
    );
  });

  test("inputs: rejected by a converter, or by a codec; a codec that fails is asked again", async () => {
    let failures = 0;
    const codec: PayloadCodec = {
      encode: async (payloads) => payloads,
      decode: async (payloads) => {
        const text = new TextDecoder().decode(payloads[0]?.data);
        if (text === '"reject"') throw createPayloadValidationError("not this");
        if (text === '"fail"' && failures++ === 0) throw new Error("no key");
        return payloads;
      },
    };
    const run = async () => {
      await serving<typeof shop, void>(
        handlers(async (_ctx, name) => name),
        async ({ service }) => {
          const rejected = await failure(service.executeOperation("greet", "reject", operation()));
          expect(rejected).toMatchObject({
            type: "BAD_REQUEST",
            message: "Invalid operation input",
            cause: { type: "PayloadValidationError" },
          });
          expect(await service.executeOperation("greet", "fail", operation())).toBe("fail");
        },
        { dataConverter: { payloadCodecs: [codec] } },
      );
    };
    await run();
    expect(failures).toBe(2);
  });

  test("results that can't be converted, and start methods without one, fail the request, not the Worker", async () => {
    const order: Place = {
      start: async (_ctx, { command }) =>
        command === "loop" ? nexus.HandlerStartOperationResult.sync(10n as never) : (undefined as never),
      cancel: async () => {},
    };
    await serving<typeof shop, void>(
      handlers(async () => "still here", order),
      async ({ service }) => {
        const scheduleToCloseTimeout = 500;
        for (const command of ["loop", "nothing"]) {
          expect(
            await failure(
              service.executeOperation("order", { id: "", command }, operation({ scheduleToCloseTimeout })),
            ),
          ).toBeInstanceOf(TimeoutFailure);
        }
        expect(await service.executeOperation("greet", "", operation())).toBe("still here");
      },
    );
  });

  test("a failure converter that makes failures of other kinds, or none, doesn't end the Worker", async () => {
    await serving<typeof shop, void>(
      handlers(async (_ctx, name) => {
        if (name === "handler") throw new nexus.HandlerError("NOT_FOUND", "h");
        if (name === "operation") throw new nexus.OperationError("failed", "o");
        if (name === "canceled") throw new nexus.OperationError("canceled", "c");
        if (name === "broken") throw new nexus.HandlerError("NOT_FOUND", "broken");
        return "still here";
      }),
      async ({ service }) => {
        const call = (name: string) => failure(service.executeOperation("greet", name, operation()));
        expect(await call("handler")).toMatchObject({
          name: "HandlerError",
          type: "NOT_FOUND",
          retryable: false,
          message: "h!",
        });
        expect(await call("operation")).toMatchObject({
          name: "ApplicationFailure",
          type: "OperationError",
          message: "o!",
        });
        expect(await call("canceled")).toMatchObject({ name: "CancelledFailure", message: "c!" });
        expect(await call("broken")).toMatchObject({
          name: "HandlerError",
          type: "NOT_FOUND",
          message: expect.stringContaining("could not be converted"),
        });
        expect(await service.executeOperation("greet", "", operation())).toBe("still here");
      },
      { dataConverter: { failureConverterPath: `${import.meta.dir}/fixtures/plain-failures.ts` } },
    );
  });
});

describe("cancellation and timeouts", () => {
  test("a request whose time is over: the signal aborts, and the handler's client is still of use", async () => {
    const aborted = Promise.withResolvers<unknown[]>();
    let begun = false;
    const handler = handlers(async ({ abortSignal }) => {
      begun = true;
      await new Promise((resolve) => abortSignal.addEventListener("abort", resolve, { once: true }));
      const cleaning = getClient().workflow.getHandle(waiting).terminate("cleaned up");
      aborted.resolve([abortSignal.reason, await cleaning.catch((error) => error)]);
      throw abortSignal.reason;
    });
    const waiting = unique("waiting");
    const started = await client.workflow.start("none", { workflowId: waiting, taskQueue: waiting });
    await serving<typeof shop, void>(handler, async ({ service }) => {
      // The server takes some two seconds of this for itself. On a busy machine it tells the caller first nevertheless.
      const result = failure(service.executeOperation("greet", "", operation({ scheduleToCloseTimeout: "5s" })));
      void result.then(() => {
        if (!begun) aborted.reject(new Error("the operation ended before its handler began"));
      });
      const [reason, call] = await aborted.promise;
      expect(reason).toBeInstanceOf(CancelledFailure);
      expect(reason).toMatchObject({ message: "TIMED_OUT" });
      expect(call).not.toBeInstanceOf(Error);
      expect(await result).toBeInstanceOf(TimeoutFailure);
    });
    expect(await rejection(started.result())).toMatchObject({ cause: { message: "cleaned up" } });
  });

  test("a shutdown cancels handlers after the grace time and waits for them", async () => {
    const running = Promise.withResolvers<void>();
    let reason: unknown;
    let ended = false;
    let state: unknown;
    let worker: Worker | undefined;
    const handler = handlers(async ({ abortSignal }) => {
      running.resolve();
      await new Promise((resolve) => abortSignal.addEventListener("abort", resolve, { once: true }));
      reason = abortSignal.reason;
      await getClient()
        .workflow.count("WorkflowId = 'none'")
        .catch(() => {});
      state = worker!.getState();
      ended = true;
      return "too late?";
    });
    let result: Promise<unknown> | undefined;
    await serving<typeof shop, void>(handler, async ({ service, worker: own }) => {
      worker = own;
      const { result: wait } = await service.startOperation("greet", "", operation());
      result = wait();
      await running.promise;
    });
    expect(reason).toMatchObject({ name: "CancelledFailure", message: "WORKER_SHUTDOWN" });
    expect([ended, state]).toEqual([true, "DRAINING"]);
    // What a handler has done by then counts.
    expect(await result).toBe("too late?");
  });

  test("cancel reaches the handler with the token; without a cancel method the caller hears so", async () => {
    const cancelled = Promise.withResolvers<unknown[]>();
    const order: Place = {
      start: async () => nexus.HandlerStartOperationResult.async("token-1"),
      cancel: async (ctx, token) => cancelled.resolve([ctx.service, ctx.operation, token]),
    };
    await serving<typeof shop, void>(
      handlers(async () => "", order),
      async ({ service }) => {
        const started = await service.startOperation("order", { id: "" }, operation());
        await started.cancel("enough");
        expect(await cancelled.promise).toEqual(["shop", "place-order", "token-1"]);
        await started.terminate();
      },
    );
    const without = { start: order.start } as Place;
    await serving<typeof shop, void>(
      handlers(async () => "", without),
      async ({ service }) => {
        const started = await service.startOperation("order", { id: "" }, operation());
        await started.cancel();
        const { cancellationInfo } = await eventually(
          () => started.describe(),
          ({ cancellationInfo }) => cancellationInfo?.lastAttemptFailure !== undefined,
        );
        expect(cancellationInfo?.lastAttemptFailure).toMatchObject({ name: "HandlerError", type: "NOT_IMPLEMENTED" });
        await started.terminate();
      },
    );
  });
});
