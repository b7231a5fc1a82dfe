import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as nexus from "nexus-rpc";
import { ApplicationFailure, CancelledFailure, NexusOperationFailure, TimeoutFailure } from "../../src/common";
import { startWorkflow, WorkflowRunOperationHandler } from "../../src/nexus";
import { decodeOperationToken } from "../../src/nexus/token";
import type { HistoryEvent } from "../../src/proto/temporal/api/history/v1/message";
import { Worker } from "../../src/worker";
import { eventually } from "../support/eventually";
import { causes, rejection } from "../worker/support";
import { type Order, shop } from "./fixtures/service";
import type { waiting } from "./fixtures/workflows";
import { client, namespace, type Serving, serving, unique } from "./support";

setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/callers.ts`;

/**
 * Runs `body` beside a Worker with callers and these handlers, with a way to start callers; then replays all that they
 * did.
 */
async function calling(
  handlers: Partial<{
    greet: nexus.SyncOperationHandler<string, string>;
    order: nexus.OperationHandler<Order, string>;
  }>,
  body: (
    it: Serving<typeof shop> & { start: (workflow: string, ...args: unknown[]) => Promise<Started> },
  ) => Promise<void>,
  more: { services?: nexus.ServiceHandler<any>[]; workflowModules?: string[] } = {},
): Promise<void> {
  const greet: nexus.SyncOperationHandler<string, string> = async (_ctx, name) => `hello ${name}`;
  const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id }) =>
    startWorkflow<typeof waiting>(ctx, "waiting", { workflowId: id }),
  );
  const handler = nexus.serviceHandler(shop, { greet, order, ...handlers });
  const interceptors = { workflowModules: more.workflowModules ?? [] };
  const startedIds: string[] = [];
  await serving<typeof shop, void>(
    handler,
    (it) =>
      body({
        ...it,
        start: async (workflow, ...args) => {
          const workflowId = unique(workflow);
          startedIds.push(workflowId);
          const handle = await client.workflow.start(workflow, {
            workflowId,
            taskQueue: it.taskQueue,
            args: [it.endpoint, ...args],
          });
          return {
            workflowId,
            result: () => handle.result(),
            events: async () => (await handle.fetchHistory()).events!,
          };
        },
      }),
    { workflowsPath, interceptors, nexusServices: [handler, ...(more.services ?? [])] },
  );
  const histories = startedIds.map(async (workflowId) => ({
    workflowId,
    history: await client.workflow.getHandle(workflowId).fetchHistory(),
  }));
  for await (const { error } of Worker.runReplayHistories(
    { workflowsPath, interceptors },
    await Promise.all(histories),
  ))
    expect(error).toBeUndefined();
}

interface Started {
  workflowId: string;
  result(): Promise<any>;
  events(): Promise<HistoryEvent[]>;
}

/** Attributes of the events of a kind. */
const attributes = <K extends keyof HistoryEvent>(events: HistoryEvent[], key: K) =>
  events.map((event) => event[key]).filter((value) => value !== undefined);

describe("operations called from Workflows", () => {
  test("executed, with options that the history shows", async () => {
    await calling({}, async ({ start, endpoint }) => {
      const options = {
        summary: "a greeting",
        scheduleToCloseTimeout: "1 minute",
        scheduleToStartTimeout: "50s",
        startToCloseTimeout: "40s",
      };
      const { result, events } = await start("execute", "greet", "Ann", options);
      expect(await result()).toBe("hello Ann");
      const scheduled = (await events()).find((event) => event.nexusOperationScheduledEventAttributes)!;
      expect(scheduled.nexusOperationScheduledEventAttributes).toMatchObject({
        endpoint,
        service: "shop",
        operation: "greet",
      });
      const { scheduleToCloseTimeout, scheduleToStartTimeout, startToCloseTimeout } =
        scheduled.nexusOperationScheduledEventAttributes!;
      expect(
        [scheduleToCloseTimeout, scheduleToStartTimeout, startToCloseTimeout].map((duration) =>
          duration?.seconds?.toNumber(),
        ),
      ).toEqual([60, 50, 40]);
      expect(new TextDecoder().decode(scheduled.userMetadata?.summary?.data)).toBe('"a greeting"');
    });
  });

  test("started: what is complete at once has no token; the rest has, and ends later", async () => {
    await calling({}, async ({ start }) => {
      const id = unique("order");
      const { result } = await start("start", id);
      const order = client.workflow.getHandle(id);
      const { status } = await eventually(
        () => order.describe().catch(() => ({ status: { name: "" } })),
        ({ status: { name } }) => name === "RUNNING",
      );
      expect(status.name).toBe("RUNNING");
      await order.terminate("enough");
      const error = await rejection(result());
      const failure: NexusOperationFailure = error.cause;
      expect(failure).toBeInstanceOf(NexusOperationFailure);
      expect(failure).toMatchObject({ service: "shop", operation: "place-order" });
      expect(decodeOperationToken(failure.operationToken!)).toEqual({ kind: "workflowRun", namespace, workflowId: id });
    });
    const order: nexus.OperationHandler<Order, string> = {
      start: async (_ctx, { id }) => nexus.HandlerStartOperationResult.sync(`order ${id}`),
      cancel: async () => {},
    };
    await calling({ order }, async ({ start }) => {
      const { result } = await start("start", "7");
      expect(await result()).toEqual({
        greet: { service: "shop", operation: "greet", result: "hello Ann", again: "hello Ann" },
        order: { service: "shop", operation: "place-order", result: "order 7" },
      });
    });
  });

  test("type information is applied to input and result", async () => {
    const dates = {
      transferTypeConverter: {
        fromTransferType: (text: unknown) => new Date(text as string),
        toTransferType: (date: Date) => date.toISOString(),
      },
    };
    const calendar = nexus.service("calendar", {
      next: nexus.operation<Date, Date>({ inputType: dates, outputType: dates }),
    });
    const services = [nexus.serviceHandler(calendar, { next: async (_ctx, date) => new Date(date.getTime() + 1000) })];
    await calling(
      {},
      async ({ start }) => expect(await (await start("nextDate", 1000)).result()).toEqual([true, 2000]),
      { services },
    );
  });

  test("headers that an interceptor adds reach the handler", async () => {
    const workflowModules = [`${import.meta.dir}/fixtures/header-interceptor.ts`];
    await calling(
      { greet: async ({ headers }) => headers["tenant"] ?? "none" },
      async ({ start }) => expect(await (await start("execute", "greet", "")).result()).toBe("from the interceptor"),
      { workflowModules },
    );
  });

  test("links: the handler is told of the caller's event, and the caller's event of what the handler started", async () => {
    await calling({}, async ({ start }) => {
      const id = unique("order");
      const { workflowId, events } = await start("cancel", id);
      const found = await eventually(
        events,
        (list) => attributes(list, "nexusOperationStartedEventAttributes").length === 1,
      );
      expect(
        found.find((event) => event.nexusOperationStartedEventAttributes)!.links?.[0]?.workflowEvent,
      ).toMatchObject({ namespace, workflowId: id });
      const [first] = (await client.workflow.getHandle(id).fetchHistory()).events!;
      const { completionCallbacks } = first!.workflowExecutionStartedEventAttributes!;
      const links = first!.links?.length ? first!.links : completionCallbacks![0]!.links;
      expect(links?.[0]?.workflowEvent).toMatchObject({ namespace, workflowId, eventRef: { eventType: 48 } });
      await eventually(events, (list) => attributes(list, "nexusOperationCanceledEventAttributes").length === 1);
    });
  });
});

describe("failures", () => {
  const failing = async (throws: () => Error) => {
    let failure: any;
    await calling(
      {
        greet: async () => {
          throw throws();
        },
      },
      async ({ start, endpoint }) => {
        const { result, events } = await start("execute", "greet", "");
        failure = (await rejection(result())).cause;
        expect(failure).toBeInstanceOf(NexusOperationFailure);
        const scheduled = (await events()).find((event) => event.nexusOperationScheduledEventAttributes)!;
        expect(failure).toMatchObject({
          endpoint,
          service: "shop",
          operation: "greet",
          scheduledEventId: scheduled.eventId!.toNumber(),
        });
      },
    );
    return failure.cause;
  };

  test("of operations, with their causes", async () => {
    const cause = ApplicationFailure.create({ message: "why", type: "Reason", details: [1] });
    const error = await failing(() => new nexus.OperationError("failed", "no", { cause }));
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(error).toMatchObject({
      message: "no",
      type: "OperationError",
      cause: { message: "why", type: "Reason", details: [1] },
    });
  });

  test("of operations that their handlers cancel", async () => {
    let failure: any;
    await calling(
      {
        greet: async () => {
          throw new nexus.OperationError("canceled", "stopped");
        },
      },
      async ({ start }) => {
        failure = (await rejection((await start("execute", "greet", "")).result())).cause;
      },
    );
    expect(causes(failure).at(-1)).toBeInstanceOf(CancelledFailure);
    expect(causes(failure).map(({ message }) => message)).toContain("stopped");
  });

  test("of handlers, as errors of nexus-rpc", async () => {
    const error = await failing(
      () => new nexus.HandlerError("UNAUTHORIZED", "not you", { cause: ApplicationFailure.create({ message: "why" }) }),
    );
    expect(error).toBeInstanceOf(nexus.HandlerError);
    expect(error).toMatchObject({
      type: "UNAUTHORIZED",
      message: "not you",
      retryable: false,
      cause: { message: "why" },
    });
  });

  test("of an operation that the service doesn't have", async () => {
    await calling({}, async ({ start }) => {
      const { cause } = await rejection((await start("unknown")).result());
      expect(cause).toMatchObject({ operation: "toString", cause: { name: "HandlerError", type: "NOT_FOUND" } });
    });
  });

  test("timeouts: from schedule to close, from schedule to start, from start to close", async () => {
    const order: nexus.OperationHandler<Order, string> = {
      start: async () => nexus.HandlerStartOperationResult.async("never"),
      cancel: async () => {},
    };
    const greet = async ({ abortSignal }: nexus.StartOperationContext) =>
      new Promise<string>((_, reject) => abortSignal.addEventListener("abort", () => reject(abortSignal.reason)));
    await calling({ greet, order }, async ({ start }) => {
      const late = [
        await start("execute", "order", { id: "" }, { scheduleToCloseTimeout: 500 }),
        await start("execute", "greet", "", { scheduleToStartTimeout: 500 }),
        await start("execute", "order", { id: "" }, { startToCloseTimeout: 500 }),
      ];
      const failures = await Promise.all(late.map(async ({ result }) => (await rejection(result())).cause.cause));
      for (const failure of failures) expect(failure).toBeInstanceOf(TimeoutFailure);
      expect(failures.map(({ timeoutType }) => timeoutType)).toEqual([
        "SCHEDULE_TO_CLOSE",
        "SCHEDULE_TO_START",
        "START_TO_CLOSE",
      ]);
    });
  });
});

describe("cancellation", () => {
  const cancelled = { name: "NexusOperationFailure", isCancellation: true, cause: "CancelledFailure" };
  /** A handler whose cancellation ends when it is told to. */
  const slow = () => {
    const release = Promise.withResolvers<void>();
    const order: nexus.OperationHandler<Order, string> = {
      start: async () => nexus.HandlerStartOperationResult.async("token"),
      cancel: () => release.promise,
    };
    return { order, release: release.resolve };
  };
  const requested = "nexusOperationCancelRequestedEventAttributes";

  test("ABANDON: nothing is requested", async () => {
    const { order, release } = slow();
    await calling({ order }, async ({ start }) => {
      const { result, events } = await start("cancel", "", "ABANDON");
      expect(await result()).toEqual(cancelled);
      expect(attributes(await events(), requested)).toEqual([]);
    });
    release();
  });

  test("TRY_CANCEL: it is requested, and nothing waited for", async () => {
    const { order, release } = slow();
    await calling({ order }, async ({ start }) => {
      const { result, events } = await start("cancel", "", "TRY_CANCEL");
      expect(await result()).toEqual(cancelled);
      expect(attributes(await events(), requested)).toHaveLength(1);
      expect(attributes(await events(), "nexusOperationCancelRequestCompletedEventAttributes")).toEqual([]);
      release();
    });
  });

  test("WAIT_CANCELLATION_REQUESTED: the handler has taken the request, the operation may go on", async () => {
    const order: nexus.OperationHandler<Order, string> = {
      start: async () => nexus.HandlerStartOperationResult.async("token"),
      cancel: async () => {},
    };
    await calling({ order }, async ({ start }) => {
      const { result, events } = await start("cancel", "", "WAIT_CANCELLATION_REQUESTED");
      expect(await result()).toEqual(cancelled);
      expect(attributes(await events(), "nexusOperationCancelRequestCompletedEventAttributes")).toHaveLength(1);
      expect(attributes(await events(), "nexusOperationCanceledEventAttributes")).toEqual([]);
    });
  });

  test("WAIT_CANCELLATION_COMPLETED, and by default: the operation has ended", async () => {
    await calling({}, async ({ start }) => {
      for (const type of ["WAIT_CANCELLATION_COMPLETED", undefined]) {
        const id = unique("order");
        const { result, events } = await start("cancel", id, type);
        expect(await result()).toEqual(cancelled);
        expect(attributes(await events(), "nexusOperationCanceledEventAttributes")).toHaveLength(1);
        expect((await client.workflow.getHandle(id).describe()).status.name).toBe("CANCELLED");
      }
    });
  });

  test("before the operation is scheduled: it never is", async () => {
    await calling({}, async ({ start }) => {
      const { result, events } = await start("cancelEarly");
      const [before, sameTask] = await result();
      expect(before).toEqual({ name: "CancelledFailure", isCancellation: true });
      expect(sameTask).toEqual(cancelled);
      expect(attributes(await events(), "nexusOperationScheduledEventAttributes")).toEqual([]);
    });
  });
});
