import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as nexus from "nexus-rpc";
import { NexusOperationFailureError } from "../../src/client";
import {
  signalWithStartWorkflow,
  startWorkflow,
  type TemporalNexusClient,
  TemporalOperationHandler,
  TemporalOperationResult,
  type UpdatableWorkflowHandle,
  type WorkflowHandle,
  WorkflowRunOperationHandler,
} from "../../src/nexus";
import { decodeOperationToken } from "../../src/nexus/token";
import { eventually } from "../support/eventually";
import { causes, rejection } from "../worker/support";
import { type Order, shop } from "./fixtures/service";
import { add, basket, greeting, items, ship, type waiting } from "./fixtures/workflows";
import { client, namespace, operation, serving, unique } from "./support";

setDefaultTimeout(180_000);

const greet: nexus.SyncOperationHandler<string, string> = async () => "";
const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;
const activities = { pack: async (what: string) => `packed ${what}` };

/** Runs `body` beside a Worker on which `order` is this. */
function ordering<R>(
  order: nexus.OperationHandler<Order, string>,
  body: Parameters<typeof serving<typeof shop, R>>[1],
): Promise<R> {
  return serving<typeof shop, R>(nexus.serviceHandler(shop, { greet, order }), body, { workflowsPath, activities });
}

/** Runs `body` beside a Worker on which `order` starts like this. */
function temporal<R>(
  start: (
    client: TemporalNexusClient,
    input: Order,
    ctx: nexus.StartOperationContext,
  ) => Promise<TemporalOperationResult<any>>,
  body: Parameters<typeof serving<typeof shop, R>>[1],
): Promise<R> {
  return ordering(
    new TemporalOperationHandler<Order, string>({
      start: (ctx, operationClient, input) => start(operationClient, input, ctx),
    }),
    body,
  );
}

/** What the history of a workflow says of its start. */
async function startOf(workflowId: string) {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const { workflowExecutionStartedEventAttributes: attributes, links } = events![0]!;
  return { attributes: attributes!, links };
}

const failureOf = async (promise: Promise<unknown>): Promise<any> => {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(NexusOperationFailureError);
  return error.cause;
};

describe("an operation that is a Workflow", () => {
  test("ends with its result; request id, links and callback are the Workflow's, and the token names it", async () => {
    const contexts: nexus.StartOperationContext[] = [];
    const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id }) => {
      contexts.push(ctx);
      return startWorkflow(ctx, greeting, { workflowId: id, args: ["Ann"], memo: { from: "nexus" } });
    });
    await ordering(order, async ({ service, taskQueue }) => {
      const id = unique("workflow");
      const started = await service.startOperation("order", { id }, operation());
      expect(await started.result()).toBe("hello Ann");
      const [ctx] = contexts;
      const { attributes, links } = await startOf(id);
      expect(attributes.taskQueue?.name).toBe(taskQueue);
      const { completionCallbacks } = attributes;
      expect(completionCallbacks).toHaveLength(1);
      const { url, header } = completionCallbacks![0]!.nexus!;
      expect(url).toBe(ctx!.callbackUrl!);
      expect(decodeOperationToken(header!["nexus-operation-token"]!)).toEqual({
        kind: "workflowRun",
        namespace,
        workflowId: id,
      });
      expect(header).toMatchObject(ctx!.callbackHeaders!);
      const nexusOperation = { namespace, operationId: started.operationId, runId: started.runId };
      expect(links?.length ? links : completionCallbacks![0]!.links).toEqual([{ nexusOperation }]);
      const [outbound] = ctx!.outboundLinks;
      expect(outbound!.url.pathname).toBe(
        `/namespaces/${namespace}/workflows/${id}/${attributes.originalExecutionRunId}/history`,
      );
    });
  });

  test("a request that is made again finds the Workflow that it started", async () => {
    let attempts = 0;
    const order = new WorkflowRunOperationHandler<Order, string[]>(async (ctx, { id }) => {
      const handle = await startWorkflow(ctx, basket, { workflowId: id });
      if (attempts++ === 0) throw new Error("lost on the way");
      return handle;
    });
    await ordering(order as never, async ({ service }) => {
      const id = unique("workflow");
      const started = await service.startOperation("order", { id }, operation());
      const { attempt } = await eventually(
        () => started.describe(),
        ({ state }) => state === "STARTED",
      );
      expect([attempt, attempts]).toEqual([2, 2]);
      await client.workflow.getHandle<typeof basket>(id).executeUpdate(ship, { args: ["Rome"] });
      expect(await started.result()).toEqual([] as never);
    });
  });

  test("cancelling it cancels the Workflow; a Workflow that fails fails it", async () => {
    const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id, command }) =>
      startWorkflow<() => Promise<string>>(ctx, command!, { workflowId: id }),
    );
    await ordering(order, async ({ service }) => {
      const started = await service.startOperation(
        "order",
        { id: unique("workflow"), command: "waiting" satisfies typeof waiting.name },
        operation(),
      );
      await eventually(
        () => started.describe(),
        ({ state }) => state === "STARTED",
      );
      await started.cancel();
      expect(await failureOf(started.result())).toMatchObject({ name: "CancelledFailure" });
      const id = unique("workflow");
      const failing = await service.startOperation("order", { id, command: "waiting" }, operation());
      await eventually(
        () => failing.describe(),
        ({ state }) => state === "STARTED",
      );
      await client.workflow.getHandle(id).terminate("enough");
      expect(
        causes(await failureOf(failing.result()))
          .map((error) => error.message)
          .join(),
      ).toContain("terminated");
    });
  });

  test("cancelling with the token of something else is refused", async () => {
    const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id }) =>
      startWorkflow(ctx, greeting, { workflowId: id, args: [""] }),
    );
    const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const cancel = (token: string) => order.cancel({} as nexus.CancelOperationContext, token);
    for (const token of ["", "x", of({ t: 2, ns: "n", aid: "a", rid: "r" })])
      expect(await rejection(cancel(token))).toMatchObject({ type: "BAD_REQUEST" });
  });

  test("several operations may share a Workflow, where its id permits it", async () => {
    const order = new WorkflowRunOperationHandler<Order, string[]>((ctx, { id }) =>
      startWorkflow(ctx, basket, { workflowId: id, workflowIdConflictPolicy: "USE_EXISTING" }),
    );
    await ordering(order as never, async ({ service }) => {
      const id = unique("workflow");
      const both = [
        await service.startOperation("order", { id }, operation()),
        await service.startOperation("order", { id }, operation()),
      ];
      for (const started of both) {
        await eventually(
          () => started.describe(),
          ({ state }) => state === "STARTED",
        );
      }
      const handle = client.workflow.getHandle<typeof basket>(id);
      await handle.signal(add, "book");
      await handle.executeUpdate(ship, { args: ["Rome"] });
      expect(await Promise.all(both.map((started) => started.result()))).toEqual([["book"], ["book"]] as never);
    });
  });
});

describe("TemporalOperationHandler", () => {
  test("a result at once", async () => {
    await temporal(
      async (_client, { id }) => TemporalOperationResult.sync(`${id}!`),
      async ({ service }) => expect(await service.executeOperation("order", { id: "x" }, operation())).toBe("x!"),
    );
  });

  test("a Workflow", async () => {
    await temporal(
      (operations, { id }) => operations.startWorkflow(greeting, { workflowId: id, args: ["Bob"] }),
      async ({ service }) => {
        const started = await service.startOperation("order", { id: unique("workflow") }, operation());
        expect(await started.result()).toBe("hello Bob");
      },
    );
  });

  test("an update: its result, its failure, and its link", async () => {
    const links: nexus.Link[][] = [];
    await temporal(
      async (operations, { id, command }, ctx) => {
        links.push(ctx.outboundLinks);
        return operations.getWorkflowHandle<typeof basket>(id).update(ship, { args: [command!] });
      },
      async ({ service, taskQueue }) => {
        const start = async () => {
          const workflowId = unique("workflow");
          await client.workflow.start(basket, { workflowId, taskQueue });
          await client.workflow.getHandle(workflowId).signal(add, "book");
          return workflowId;
        };
        for (const address of ["slowly", "Rome"]) {
          const id = await start();
          expect(await service.executeOperation("order", { id, command: address }, operation())).toBe(
            `book to ${address}`,
          );
          const path = `/namespaces/${namespace}/workflows/${id}/`;
          expect(links.pop()!.map(({ url }) => url.pathname.startsWith(path))).toEqual([true]);
        }
        const id = await start();
        const failed = await failureOf(service.executeOperation("order", { id, command: "nowhere" }, operation()));
        expect(failed).toMatchObject({ name: "ApplicationFailure", type: "OperationError" });
        expect(causes(failed).map((error) => error.message)).toContain("no such address");
        await client.workflow.getHandle(id).terminate();
      },
    );
  });

  test("a standalone activity, typed or not; cancelling the operation asks for its cancellation", async () => {
    await temporal(
      async (operations, { id, command }) => {
        if (command === "typed")
          return operations
            .typedActivity<typeof activities>()
            .startActivity("pack", { id, args: ["typed"], startToCloseTimeout: "10s" });
        return operations.startActivity("pack", {
          id,
          args: ["book"],
          scheduleToCloseTimeout: "1 minute",
          ...(command === "elsewhere" ? { taskQueue: id } : {}),
        });
      },
      async ({ service }) => {
        expect(await service.executeOperation("order", { id: unique("activity") }, operation())).toBe("packed book");
        expect(await service.executeOperation("order", { id: unique("activity"), command: "typed" }, operation())).toBe(
          "packed typed",
        );
        const started = await service.startOperation(
          "order",
          { id: unique("activity"), command: "elsewhere" },
          operation(),
        );
        const { operationToken } = await eventually(
          () => started.describe(),
          ({ state }) => state === "STARTED",
        );
        expect(decodeOperationToken(operationToken!)).toMatchObject({ kind: "activity", namespace });
        await started.cancel();
        expect(causes(await failureOf(started.result())).map((error) => error.name)).toContain("CancelledFailure");
      },
    );
  });

  test("signals and queries, with a start where needed: linked, and not what the operation waits for", async () => {
    let handle: UpdatableWorkflowHandle<string[]> | undefined;
    const outbound: string[] = [];
    await temporal(
      async (operations, { id, command }, ctx) => {
        const options = { workflowId: id, signal: add, signalArgs: [command!] as [string] };
        if (command === "helper") {
          const helped: WorkflowHandle<string[]> = await signalWithStartWorkflow<typeof basket, [string]>(
            ctx,
            basket,
            options,
          );
          expect(helped.runId).toMatch(/^[0-9a-f-]{36}$/);
          await helped.signal(add, "more");
        } else {
          await operations.signalWithStartWorkflow<typeof basket, [string]>(basket, options);
        }
        handle = operations.getWorkflowHandle<typeof basket>(id);
        const collected = await handle.query(items);
        outbound.push(
          ...ctx.outboundLinks.map(({ url, type }) => `${type.split(".").at(-1)} ${url.searchParams.get("eventType")}`),
        );
        return TemporalOperationResult.sync(collected.join());
      },
      async ({ service }) => {
        const id = unique("workflow");
        expect(await service.executeOperation("order", { id, command: "first" }, operation())).toBe("first");
        expect(await service.executeOperation("order", { id, command: "helper" }, operation())).toBe(
          "first,helper,more",
        );
        expect(handle).toMatchObject({ workflowId: id, runId: undefined });
        expect(outbound.filter((link) => link === "WorkflowEvent WorkflowExecutionSignaled")).toHaveLength(3);
        const { events } = await client.workflow.getHandle(id).fetchHistory();
        const signals = events!.filter((event) => event.workflowExecutionSignaledEventAttributes !== undefined);
        expect(signals.map(({ links }) => links?.[0]?.nexusOperation?.namespace)).toEqual([
          namespace,
          namespace,
          namespace,
        ]);
        await client.workflow.getHandle(id).terminate();
      },
    );
  });

  test("one thing backs an operation; what couldn't be started doesn't", async () => {
    let second: unknown;
    await temporal(
      async (operations, { id }) => {
        expect(await rejection(operations.startWorkflow(greeting, { workflowId: "", args: [""] }))).toBeInstanceOf(
          TypeError,
        );
        const started = await operations.startWorkflow(greeting, { workflowId: id, args: ["Eve"] });
        second = await rejection(operations.startActivity("pack", { id, startToCloseTimeout: "1s" }));
        return started;
      },
      async ({ service }) =>
        expect(await service.executeOperation("order", { id: unique("workflow") }, operation())).toBe("hello Eve"),
    );
    expect(second).toMatchObject({
      name: "HandlerError",
      type: "BAD_REQUEST",
      message: expect.stringContaining("Only one async operation can be started per operation handler invocation. "),
    });
  });

  test("an update of a Workflow that backs the operation itself, and one that nobody could be told of, are refused", async () => {
    const refused: any[] = [];
    await temporal(
      async (operations, { id }, ctx) => {
        const silent = { ...ctx, callbackUrl: undefined };
        const handle = (await startWorkflow(silent, basket, { workflowId: id })) as UpdatableWorkflowHandle<string[]>;
        refused.push(await rejection(handle.update(ship, { args: ["x"] })));
        const updating = new TemporalOperationHandler<Order, string>({
          start: (_ctx, other) => other.getWorkflowHandle(id).update(ship, { args: ["x"] }),
        });
        refused.push(await rejection(updating.start(silent, { id })));
        await operations.client.workflow.getHandle(id).terminate();
        return TemporalOperationResult.sync("refused");
      },
      async ({ service }) =>
        expect(await service.executeOperation("order", { id: unique("workflow") }, operation())).toBe("refused"),
    );
    expect(refused.map(({ type, message }) => [type, message])).toEqual([
      [
        "BAD_REQUEST",
        expect.stringContaining("Only one async operation can be started per operation handler invocation, and "),
      ],
      ["BAD_REQUEST", expect.stringContaining("callback URL")],
    ]);
  });

  test("a start handler that returns something else fails the request", async () => {
    const handler = new TemporalOperationHandler<Order, string>({ start: async () => "text" as never });
    expect(await rejection(handler.start({} as nexus.StartOperationContext, { id: "" }))).toBeInstanceOf(TypeError);
  });

  test("cancellation: by default what can be done, and what the handler says instead", async () => {
    const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const context = {} as nexus.CancelOperationContext;
    const start = async () => TemporalOperationResult.sync("");
    const update = of({ t: 3, ns: "n", wid: "w", rid: "r", uid: "u" });
    expect(await rejection(new TemporalOperationHandler({ start }).cancel(context, update))).toMatchObject({
      type: "NOT_IMPLEMENTED",
    });
    expect(await rejection(new TemporalOperationHandler({ start }).cancel(context, "x"))).toMatchObject({
      type: "BAD_REQUEST",
    });
    const seen: unknown[] = [];
    const record = async (...args: unknown[]) => void seen.push(args);
    const custom = new TemporalOperationHandler({
      start,
      cancelWorkflowRun: record,
      cancelWorkflowUpdate: record,
      cancelActivity: record,
    });
    await custom.cancel(context, of({ t: 1, ns: "n", wid: "w" }));
    await custom.cancel(context, update);
    await custom.cancel(context, of({ t: 3, ns: "n", wid: "w", uid: "u" }));
    await custom.cancel(context, of({ t: 2, ns: "n", aid: "a", rid: "r" }));
    expect(seen).toEqual([
      [context, { workflowId: "w" }],
      [context, { workflowId: "w", runId: "r", updateId: "u" }],
      [context, { workflowId: "w", runId: "", updateId: "u" }],
      [context, { activityId: "a", runId: "r" }],
    ]);
  });
});
