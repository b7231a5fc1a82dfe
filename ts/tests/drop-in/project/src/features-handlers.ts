import { randomUUID } from "node:crypto";
import { startWorkflow, WorkflowRunOperationHandler } from "@temporalio/nexus";
import * as nexus from "nexus-rpc";
import { greetings } from "./features-nexus";
import { greet } from "./features-workflows";

export const handlers = nexus.serviceHandler(greetings, {
  async quickly(_context, name) {
    if (name === "nobody") throw new nexus.OperationError("failed", "nobody is here");
    return `Hello, ${name}`;
  },
  slowly: new WorkflowRunOperationHandler<string, string>((context, name) =>
    startWorkflow(context, greet, { args: [name], workflowId: randomUUID() }),
  ),
});
