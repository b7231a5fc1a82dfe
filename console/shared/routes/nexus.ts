import type { Endpoint, NexusOperationExecutionListInfo } from "temporal-bun-sdk/proto/temporal/api/nexus/v1/message";
import type { DescribeNexusOperationExecutionResponse } from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { duration, filter, type Nothing, name, page, reason } from "../schemas";
import type { Count } from "./workflows";

const endpoint = z.object({
  name,
  description: z.string().optional(),
  target: z.union([z.object({ namespace: name, taskQueue: name }), z.object({ url: z.url() })]),
});
export type EndpointBody = z.output<typeof endpoint>;

const end = z.object({ runId: z.string().optional(), reason });

export const nexusRoutes = {
  "GET /nexus/endpoints": route({
    action: "nexus.read",
    place: "somewhere",
    summary: "List Nexus endpoints",
    query: z.object(page),
    answer: answers<Listing<Json<Endpoint>>>(),
  }),
  "GET /nexus/endpoints/:id": route({
    action: "nexus.read",
    place: "somewhere",
    summary: "One Nexus endpoint",
    answer: answersWith<Endpoint>("temporal.api.nexus.v1.Endpoint"),
  }),
  "POST /nexus/endpoints": route({
    action: "nexus.write",
    place: "everywhere",
    summary: "Create a Nexus endpoint",
    body: endpoint,
    answer: answersWith<Endpoint>("temporal.api.nexus.v1.Endpoint"),
  }),
  "PUT /nexus/endpoints/:id": route({
    action: "nexus.write",
    place: "everywhere",
    summary: "Change a Nexus endpoint",
    body: endpoint.extend({ version: z.string().regex(/^\d+$/) }),
    answer: answersWith<Endpoint>("temporal.api.nexus.v1.Endpoint"),
  }),
  "DELETE /nexus/endpoints/:id": route({
    action: "nexus.write",
    place: "everywhere",
    summary: "Delete a Nexus endpoint",
    body: z.object({ version: z.string().regex(/^\d+$/), reason }),
    answer: answers<Nothing>(),
  }),

  "GET /ns/:ns/nexus/operations": route({
    action: "nexus.read",
    summary: "List standalone Nexus operations",
    query: filter.extend(page),
    answer: answers<Listing<Json<NexusOperationExecutionListInfo>>>(),
  }),
  "GET /ns/:ns/nexus/operations/count": route({
    action: "nexus.read",
    summary: "Count standalone Nexus operations",
    query: filter,
    answer: answers<Count>(),
  }),
  "POST /ns/:ns/nexus/operations": route({
    action: "activity.write",
    summary: "Start a standalone Nexus operation",
    body: z.object({
      operationId: z.string().max(1000).optional(),
      endpoint: name,
      service: name,
      operation: name,
      input: z.unknown(),
      scheduleToCloseTimeout: duration.optional(),
    }),
    answer: answers<{ operationId: string; runId: string }>(),
  }),
  "GET /ns/:ns/nexus/operations/:id": route({
    action: "nexus.read",
    summary: "Describe a standalone Nexus operation, with its outcome if it has one",
    query: z.object({ runId: z.string().optional() }),
    answer: answersWith<DescribeNexusOperationExecutionResponse>(
      "temporal.api.workflowservice.v1.DescribeNexusOperationExecutionResponse",
    ),
  }),
  "POST /ns/:ns/nexus/operations/:id/cancel": route({
    action: "activity.write",
    summary: "Ask a standalone Nexus operation to cancel",
    body: end,
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/nexus/operations/:id/terminate": route({
    action: "activity.write",
    summary: "End a standalone Nexus operation at once",
    body: end,
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/nexus/operations/:id": route({
    action: "activity.write",
    summary: "Delete a standalone Nexus operation",
    body: end,
    answer: answers<Nothing>(),
  }),
} as const;
export type NexusRouteKey = keyof typeof nexusRoutes;
