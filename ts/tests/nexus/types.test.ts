import { expect, test } from "bun:test";
import * as nexus from "nexus-rpc";
import type { Client } from "../../src/client";
import {
  startWorkflow,
  type TemporalNexusClient,
  TemporalOperationHandler,
  type TemporalOperationResult,
  WorkflowRunOperationHandler,
} from "../../src/nexus";
import type { WorkerOptions } from "../../src/worker";
import { createNexusServiceClient } from "../../src/workflow";
import { shop } from "./fixtures/service";
import { basket, greeting, ship } from "./fixtures/workflows";

// Only the compiler looks into these functions: a line that it should refuse and doesn't, or the other way round, fails
// the typecheck.
const unused = (code: (ctx: nexus.StartOperationContext, client: TemporalNexusClient) => Promise<unknown>) =>
  code.length;

test("types: of handlers that a Workflow backs", () => {
  const looks = unused(async (ctx) => {
    const options = { workflowId: "" };
    new WorkflowRunOperationHandler<string, string>((context, name) =>
      startWorkflow(context, greeting, { ...options, args: [name] }),
    );
    new WorkflowRunOperationHandler<string, number>((context, name) =>
      // @ts-expect-error: the Workflow's result is a text
      startWorkflow(context, greeting, { ...options, args: [name] }),
    );
    new WorkflowRunOperationHandler<string, string>((_ctx, name) =>
      // @ts-expect-error: a handle of the client is not linked to the operation
      (null as unknown as Client).workflow.start(greeting, { ...options, taskQueue: "", args: [name] }),
    );
    // @ts-expect-error: the argument is missing
    await startWorkflow(ctx, greeting, options);
    const started = await startWorkflow(ctx, basket, options);
    await started.signal("any");
    // @ts-expect-error: what backs the operation itself has no updates
    await started.update(ship, { args: ["x"] });
  });
  expect(looks).toBe(1);
});

test("types: of handlers that anything of Temporal's backs", () => {
  const looks = unused(async (_ctx, client) => {
    new TemporalOperationHandler<string, string>({
      start: (_context, own, name) => own.startWorkflow(greeting, { workflowId: "", args: [name] }),
    });
    new TemporalOperationHandler<string, number>({
      // @ts-expect-error: the Workflow's result is a text
      start: (_context, own, name) => own.startWorkflow(greeting, { workflowId: "", args: [name] }),
    });
    // @ts-expect-error: a result must be made
    new TemporalOperationHandler<string, string>({ start: async () => "text" });
    const handle = client.getWorkflowHandle<typeof basket>("");
    const updated: TemporalOperationResult<string> = await handle.update(ship, { args: ["x"] });
    // @ts-expect-error: the argument is missing
    await handle.update(ship);
    // @ts-expect-error: the argument is a text
    await handle.update(ship, { args: [1] });
    const typed = client.typedActivity<{ pack(what: string): Promise<number> }>();
    const packed: TemporalOperationResult<number> = await typed.startActivity("pack", { id: "", args: ["x"] });
    // @ts-expect-error: there is no such activity
    await typed.startActivity("unpack", { id: "", args: ["x"] });
    // @ts-expect-error: the argument is a text
    await typed.startActivity("pack", { id: "", args: [1] });
    void [updated, packed];
  });
  expect(looks).toBe(2);
});

test("types: of calls from Workflows, and of a Worker's services", () => {
  const looks = unused(async () => {
    const client = createNexusServiceClient({ endpoint: "", service: shop });
    const greeted: string = await client.executeOperation("greet", "Ann");
    const handle = await client.startOperation(shop.operations.order, { id: "" }, { cancellationType: "ABANDON" });
    const ordered: string = await handle.result();
    // @ts-expect-error: there is no such operation
    await client.executeOperation("dance", "Ann");
    // @ts-expect-error: the input is a text
    await client.executeOperation("greet", 1);
    // @ts-expect-error: the result is a text
    const wrong: number = await client.executeOperation("greet", "Ann");
    // @ts-expect-error: there is no such type of cancellation
    await client.executeOperation("greet", "Ann", { cancellationType: "PERHAPS" });
    // @ts-expect-error: a handler is missing
    nexus.serviceHandler(shop, { greet: async () => "" });
    // @ts-expect-error: a definition has no handlers
    const options: Partial<WorkerOptions> = { nexusServices: [shop] };
    void [greeted, ordered, wrong, options];
  });
  expect(looks).toBe(0);
});
