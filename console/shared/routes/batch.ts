import type { BatchOperationInfo } from "temporal-bun-sdk/proto/temporal/api/batch/v1/message";
import type { DescribeBatchOperationResponse } from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Action } from "../actions";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { input, type Nothing, name, page, priority, reason } from "../schemas";
import { versioningOverride } from "./workflows";

const operation = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("terminate") }),
  z.object({ kind: z.literal("cancel") }),
  z.object({ kind: z.literal("delete") }),
  z.object({ kind: z.literal("signal"), name, input }),
  z.object({
    kind: z.literal("reset"),
    at: z.enum(["FirstWorkflowTask", "LastWorkflowTask"]).optional(),
    buildId: z.string().optional(),
    exclude: z.array(z.enum(["Signal", "Update", "Nexus", "CancelRequest"])).default([]),
  }),
  z.object({
    kind: z.literal("options"),
    versioningOverride: versioningOverride.optional(),
    priority: priority.optional(),
  }),
  z.object({ kind: z.literal("cancelActivities") }),
  z.object({ kind: z.literal("terminateActivities") }),
  z.object({ kind: z.literal("deleteActivities") }),
]);
export type BatchOperation = z.output<typeof operation>;

/** What somebody must be allowed to do to one, to do it to many. */
const actionOf: Record<BatchOperation["kind"], Action> = {
  terminate: "workflow.terminate",
  cancel: "workflow.cancel",
  delete: "workflow.delete",
  signal: "workflow.signal",
  reset: "workflow.reset",
  options: "workflow.options",
  cancelActivities: "activity.write",
  terminateActivities: "activity.write",
  deleteActivities: "activity.write",
};

export const batchRoutes = {
  "GET /ns/:ns/batch": route({
    action: "batch.read",
    summary: "List batch operations",
    query: z.object(page),
    answer: answers<Listing<Json<BatchOperationInfo>>>(),
  }),
  "GET /ns/:ns/batch/:job": route({
    action: "batch.read",
    summary: "How far a batch operation is",
    answer: answersWith<DescribeBatchOperationResponse>(
      "temporal.api.workflowservice.v1.DescribeBatchOperationResponse",
    ),
  }),
  "POST /ns/:ns/batch": route({
    action: "workflow.batch",
    summary: "Do something to all that a query finds, or to those that are named",
    body: z.object({
      query: z.string().max(10_000).optional(),
      executions: z
        .array(z.object({ id: name, runId: z.string().default("") }))
        .max(1000)
        .optional(),
      reason,
      operation,
      perSecond: z.number().min(0.1).max(1000).optional(),
    }),
    also: ({ operation }) => [actionOf[operation.kind]],
    answer: answers<{ jobId: string }>(),
  }),
  "POST /ns/:ns/batch/:job/stop": route({
    action: "workflow.batch",
    summary: "Stop a batch operation; what it has done stays done",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
} as const;
export type BatchRouteKey = keyof typeof batchRoutes;
