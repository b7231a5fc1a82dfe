import type { ComputeConfigScalingGroup } from "temporal-bun-sdk/proto/temporal/api/compute/v1/config";
import type { RawJson } from "../../shared/json";
import type { FleetRouteKey, QueueRow, ScalingGroups } from "../../shared/routes/fleet";
import type { Handlers } from "../call";
import { badRequest, ProblemError } from "../problem";
import { listing } from "./listing";
import { fieldMask } from "./rpc";
import type { Temporal } from "./temporal";
import type { Visibility } from "./visibility";

const queueTypes = { workflow: "Workflow", activity: "Activity", nexus: "Nexus" } as const;

export function fleetHandlers(temporal: Temporal, visibility: Visibility): Handlers<FleetRouteKey> {
  const version = ({ d, build }: { d: string; build: string }) => ({ deploymentName: d, buildId: build });

  return {
    "GET /ns/:ns/queues": async ({ params, signal }) => {
      const namespace = params.ns;
      const [workers, runs] = await Promise.all([
        temporal.call("listWorkers", { namespace, pageSize: 1000 }, { signal }),
        visibility.list(namespace, { query: 'ExecutionStatus = "Running"', pageSize: 200 }),
      ]);
      const rows = new Map<string, QueueRow>();
      const row = (name: string) => {
        const known = rows.get(name) ?? { name, workers: 0, hasRuns: false };
        rows.set(name, known);
        return known;
      };
      for (const { taskQueue } of workers.workers ?? []) if (taskQueue) row(taskQueue).workers++;
      for (const { taskQueue } of runs.rows) if (taskQueue) row(taskQueue).hasRuns = true;
      return { rows: [...rows.values()].sort((a, b) => a.name.localeCompare(b.name)) };
    },

    "GET /ns/:ns/queues/:q": async (call) => {
      const describe = (type: string) =>
        temporal.show(
          "describeTaskQueue",
          {
            namespace: call.params.ns,
            taskQueue: { name: call.params.q },
            taskQueueType: type,
            reportStats: true,
            reportConfig: true,
          },
          call,
        );
      const [workflow, activity, nexus] = await Promise.all(Object.values(queueTypes).map(describe));
      return { workflow: workflow!, activity: activity!, nexus: nexus! };
    },

    "GET /ns/:ns/queues/:q/partitions": (call) =>
      temporal.show("listTaskQueuePartitions", { namespace: call.params.ns, taskQueue: { name: call.params.q } }, call),

    "PUT /ns/:ns/queues/:q/config": (call) => {
      const { type, queueLimit, fairnessKeyLimit, fairnessWeights = {} } = call.body;
      const weights = Object.entries(fairnessWeights);
      if (queueLimit === undefined && fairnessKeyLimit === undefined && weights.length === 0)
        throw badRequest("There is nothing to change", "Give queueLimit, fairnessKeyLimit or fairnessWeights.");
      const limit = (asked: typeof queueLimit) =>
        asked && {
          ...(asked.perSecond === null ? {} : { rateLimit: { requestsPerSecond: asked.perSecond } }),
          reason: asked.reason,
        };
      return temporal.show(
        "updateTaskQueueConfig",
        {
          namespace: call.params.ns,
          identity: call.identity,
          taskQueue: call.params.q,
          taskQueueType: type,
          updateQueueRateLimit: limit(queueLimit),
          updateFairnessKeyRateLimitDefault: limit(fairnessKeyLimit),
          setFairnessWeightOverrides: Object.fromEntries(
            weights.flatMap(([key, weight]) => (weight === null ? [] : [[key, weight] as const])),
          ),
          unsetFairnessWeightOverrides: weights.flatMap(([key, weight]) => (weight === null ? [key] : [])),
        },
        call,
      );
    },

    "GET /ns/:ns/hosts": (call) =>
      listing(call, (page) =>
        temporal.show("listWorkers", { namespace: call.params.ns, query: call.query.query, ...page }, call),
      )((answer) => answer.workers),

    "GET /ns/:ns/hosts/count": async ({ params, query, signal }) => {
      const answer = await temporal.call("countWorkers", { namespace: params.ns, query: query.query }, { signal });
      return { count: Number(answer.count ?? 0) };
    },

    "GET /ns/:ns/hosts/:key": async (call) => {
      const request = { namespace: call.params.ns, workerInstanceKey: call.params.key };
      return (await temporal.show("describeWorker", request, call)).workerInfo ?? {};
    },

    "GET /ns/:ns/deployments": (call) =>
      listing(call, (page) => temporal.show("listWorkerDeployments", { namespace: call.params.ns, ...page }, call))(
        (answer) => answer.workerDeployments,
      ),

    "POST /ns/:ns/deployments": async ({ params, body, identity, requestId }) => {
      const named = { namespace: params.ns, deploymentName: body.name };
      await temporal.call("createWorkerDeployment", { ...named, identity, requestId });
      return {};
    },

    "GET /ns/:ns/deployments/:d": (call) =>
      temporal.show("describeWorkerDeployment", { namespace: call.params.ns, deploymentName: call.params.d }, call),

    "DELETE /ns/:ns/deployments/:d": async ({ params, identity }) => {
      await temporal.call("deleteWorkerDeployment", { namespace: params.ns, deploymentName: params.d, identity });
      return {};
    },

    "POST /ns/:ns/deployments/:d/current": async ({ params, body, identity }) => {
      const { buildId, ignoreMissingTaskQueues, allowNoPollers } = body;
      await temporal.call("setWorkerDeploymentCurrentVersion", {
        namespace: params.ns,
        deploymentName: params.d,
        buildId: buildId ?? "",
        ignoreMissingTaskQueues,
        allowNoPollers,
        identity,
      });
      return {};
    },

    "POST /ns/:ns/deployments/:d/ramp": async ({ params, body, identity }) => {
      const { buildId, percentage, ignoreMissingTaskQueues, allowNoPollers } = body;
      await temporal.call("setWorkerDeploymentRampingVersion", {
        namespace: params.ns,
        deploymentName: params.d,
        buildId: buildId ?? "",
        percentage,
        ignoreMissingTaskQueues,
        allowNoPollers,
        identity,
      });
      return {};
    },

    "POST /ns/:ns/deployments/:d/manager": async ({ params, body, identity }) => {
      await temporal.call("setWorkerDeploymentManager", {
        namespace: params.ns,
        deploymentName: params.d,
        managerIdentity: body.identity ?? "",
        identity,
      });
      return {};
    },

    "POST /ns/:ns/deployments/:d/versions": async ({ params, body, identity, requestId }) => {
      await temporal.call("createWorkerDeploymentVersion", {
        namespace: params.ns,
        deploymentVersion: { deploymentName: params.d, buildId: body.buildId },
        computeConfig:
          body.scalingGroups === undefined
            ? undefined
            : { scalingGroups: await computeGroups(temporal, params.ns, body.scalingGroups) },
        identity,
        requestId,
      });
      return {};
    },

    "GET /ns/:ns/deployments/:d/:build": async (call) => {
      const request = { namespace: call.params.ns, deploymentVersion: version(call.params) };
      const withStats = { ...request, reportTaskQueueStats: true };
      return temporal.show("describeWorkerDeploymentVersion", withStats, call).catch((error: unknown) => {
        // A queue that has just become the version's has none yet, and the server has no answer at all then.
        if (!(error instanceof ProblemError) || error.problem.status !== 404) throw error;
        return temporal.show("describeWorkerDeploymentVersion", request, call);
      });
    },

    "PATCH /ns/:ns/deployments/:d/:build": async ({ params, body, identity }) => {
      await temporal.call("updateWorkerDeploymentVersionMetadata", {
        namespace: params.ns,
        deploymentVersion: version(params),
        upsertEntries: await temporal.payloads.encodeMap(body.set, params.ns),
        removeEntries: body.remove,
        identity,
      });
      return {};
    },

    "PUT /ns/:ns/deployments/:d/:build/compute": async ({ params, body, identity, requestId }) => {
      const groups = await computeGroups(temporal, params.ns, body.scalingGroups);
      await temporal.call("updateWorkerDeploymentVersionComputeConfig", {
        namespace: params.ns,
        deploymentVersion: version(params),
        computeConfigScalingGroups: Object.fromEntries(
          Object.entries(groups).map(([name, scalingGroup]) => [
            name,
            { scalingGroup, updateMask: fieldMask(Object.keys(scalingGroup)) },
          ]),
        ),
        removeComputeConfigScalingGroups: body.remove,
        identity,
        requestId,
      });
      return {};
    },

    "DELETE /ns/:ns/deployments/:d/:build": async ({ params, body, identity }) => {
      await temporal.call("deleteWorkerDeploymentVersion", {
        namespace: params.ns,
        deploymentVersion: version(params),
        skipDrainage: body.skipDrainage,
        identity,
      });
      return {};
    },
  };
}

/** Scaling groups as the server has them: details are payloads. */
async function computeGroups(
  temporal: Temporal,
  namespace: string,
  groups: ScalingGroups,
): Promise<Record<string, RawJson<ComputeConfigScalingGroup>>> {
  const withDetails = async <T extends { details?: unknown }>({ details, ...rest }: T) => {
    if (details === undefined) return rest;
    const [payload] = await temporal.payloads.encode([details], namespace);
    return { ...rest, details: payload };
  };
  const converted = Object.entries(groups).map(async ([name, { taskQueueTypes, provider, scaler }]) => {
    const group = {
      taskQueueTypes,
      provider: await withDetails(provider),
      ...(scaler === undefined ? {} : { scaler: await withDetails(scaler) }),
    };
    return [name, group] as const;
  });
  return Object.fromEntries(await Promise.all(converted));
}
