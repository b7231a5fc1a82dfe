/** Task queues, workers and their deployments. */

import type { WorkerInfo, WorkerListInfo } from "temporal-bun-sdk/proto/temporal/api/worker/v1/message";
import type {
  DescribeTaskQueueResponse,
  DescribeWorkerDeploymentResponse,
  DescribeWorkerDeploymentVersionResponse,
  ListTaskQueuePartitionsResponse,
  ListWorkerDeploymentsResponse_WorkerDeploymentSummary,
  UpdateTaskQueueConfigResponse,
} from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { filter, type Nothing, name, page, reason, values } from "../schemas";

/** A task queue that something is known of: the server has no list of them. */
export interface QueueRow {
  name: string;
  /** Workers that have sent a heartbeat lately. */
  workers: number;
  /** Whether one of the running workflows that were looked at is on it. */
  hasRuns: boolean;
}

export interface QueueDescription {
  workflow: Json<DescribeTaskQueueResponse>;
  activity: Json<DescribeTaskQueueResponse>;
  nexus: Json<DescribeTaskQueueResponse>;
}

const limit = z.object({
  /** None: no limit. 0 stops the queue. */
  perSecond: z.number().min(0).nullable(),
  reason,
});

/** Names to groups of workers that the server starts by itself. */
const scalingGroups = z.record(
  z.string(),
  z.object({
    taskQueueTypes: z.array(z.enum(["Workflow", "Activity", "Nexus"])).default([]),
    provider: z.object({ type: name, details: values.optional(), nexusEndpoint: z.string().optional() }),
    scaler: z.object({ type: name, details: values.optional() }).optional(),
  }),
);
export type ScalingGroups = z.output<typeof scalingGroups>;

const destructive = z.object({ reason });
const move = {
  /** None: workers without a version. */
  buildId: z.string().nullable(),
  ignoreMissingTaskQueues: z.boolean().default(false),
  allowNoPollers: z.boolean().default(false),
  reason,
};

export const fleetRoutes = {
  "GET /ns/:ns/queues": route({
    action: "queue.read",
    summary: "Task queues of workers, and of the newest running workflows",
    answer: answers<{ rows: QueueRow[] }>(),
  }),
  "GET /ns/:ns/queues/:q": route({
    action: "queue.read",
    summary: "Pollers, backlog and configuration of a task queue",
    answer: answers<QueueDescription>(),
  }),
  "GET /ns/:ns/queues/:q/partitions": route({
    action: "queue.read",
    summary: "Partitions of a task queue",
    answer: answersWith<ListTaskQueuePartitionsResponse>(
      "temporal.api.workflowservice.v1.ListTaskQueuePartitionsResponse",
    ),
  }),
  "PUT /ns/:ns/queues/:q/config": route({
    action: "queue.limit",
    summary: "Limit a task queue, or weigh its fairness keys",
    body: z.object({
      type: z.enum(["Workflow", "Activity", "Nexus"]),
      queueLimit: limit.optional(),
      fairnessKeyLimit: limit.optional(),
      /** None takes a weight away. */
      fairnessWeights: z.record(z.string(), z.number().positive().nullable()).optional(),
    }),
    answer: answersWith<UpdateTaskQueueConfigResponse>("temporal.api.workflowservice.v1.UpdateTaskQueueConfigResponse"),
  }),

  "GET /ns/:ns/hosts": route({
    action: "worker.read",
    summary: "List workers that send heartbeats",
    query: filter.extend(page),
    answer: answers<Listing<Json<WorkerListInfo>>>(),
  }),
  "GET /ns/:ns/hosts/count": route({
    action: "worker.read",
    summary: "Count workers that send heartbeats",
    query: filter,
    answer: answers<{ count: number }>(),
  }),
  "GET /ns/:ns/hosts/:key": route({
    action: "worker.read",
    summary: "What a worker said last: slots, pollers, cache",
    answer: answersWith<WorkerInfo>("temporal.api.worker.v1.WorkerInfo"),
  }),

  "GET /ns/:ns/deployments": route({
    action: "deployment.read",
    summary: "List worker deployments",
    query: z.object(page),
    answer: answers<Listing<Json<ListWorkerDeploymentsResponse_WorkerDeploymentSummary>>>(),
  }),
  "POST /ns/:ns/deployments": route({
    action: "deployment.write",
    summary: "Create a worker deployment",
    body: z.object({ name }),
    answer: answers<Nothing>(),
  }),
  "GET /ns/:ns/deployments/:d": route({
    action: "deployment.read",
    summary: "Describe a worker deployment",
    answer: answersWith<DescribeWorkerDeploymentResponse>(
      "temporal.api.workflowservice.v1.DescribeWorkerDeploymentResponse",
    ),
  }),
  "DELETE /ns/:ns/deployments/:d": route({
    action: "deployment.write",
    summary: "Delete a worker deployment without versions",
    body: destructive,
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/deployments/:d/current": route({
    action: "deployment.write",
    summary: "Set the current version",
    body: z.object(move),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/deployments/:d/ramp": route({
    action: "deployment.write",
    summary: "Ramp a version up, or with 0 % end the ramp",
    body: z.object({ ...move, percentage: z.number().min(0).max(100) }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/deployments/:d/manager": route({
    action: "deployment.write",
    summary: "Set who may change the deployment; none: everybody",
    body: z.object({ identity: z.string().nullable(), reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/deployments/:d/versions": route({
    action: "deployment.write",
    summary: "Create a version",
    body: z.object({ buildId: name, scalingGroups: scalingGroups.optional() }),
    answer: answers<Nothing>(),
  }),
  "GET /ns/:ns/deployments/:d/:build": route({
    action: "deployment.read",
    summary: "Describe a version, with its task queues",
    answer: answersWith<DescribeWorkerDeploymentVersionResponse>(
      "temporal.api.workflowservice.v1.DescribeWorkerDeploymentVersionResponse",
    ),
  }),
  "PATCH /ns/:ns/deployments/:d/:build": route({
    action: "deployment.write",
    summary: "Change a version's metadata",
    body: z.object({ set: values.default({}), remove: z.array(z.string()).default([]) }),
    answer: answers<Nothing>(),
  }),
  "PUT /ns/:ns/deployments/:d/:build/compute": route({
    action: "deployment.write",
    summary: "Change where the server starts workers of a version",
    body: z.object({ scalingGroups: scalingGroups.default({}), remove: z.array(z.string()).default([]) }),
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/deployments/:d/:build": route({
    action: "deployment.write",
    summary: "Delete a version",
    body: destructive.extend({ skipDrainage: z.boolean().default(false) }),
    answer: answers<Nothing>(),
  }),
} as const;
export type FleetRouteKey = keyof typeof fleetRoutes;
