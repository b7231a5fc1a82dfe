import type { EndpointSpec } from "temporal-bun-sdk/proto/temporal/api/nexus/v1/message";
import type { RawJson } from "../../shared/json";
import type { EndpointBody, NexusRouteKey } from "../../shared/routes/nexus";
import type { Handlers } from "../call";
import { listing } from "./listing";
import type { Temporal } from "./temporal";
import { countOf, type Visibility } from "./visibility";

export function nexusHandlers(temporal: Temporal, visibility: Visibility): Handlers<NexusRouteKey> {
  return {
    "GET /nexus/endpoints": (call) =>
      listing(call, (page) => temporal.show("listNexusEndpoints", page, call))((answer) => answer.endpoints),

    "GET /nexus/endpoints/:id": async (call) =>
      (await temporal.show("getNexusEndpoint", { id: call.params.id }, call)).endpoint ?? {},

    "POST /nexus/endpoints": async (call) => {
      const spec = await specOf(temporal, call.body);
      return (await temporal.show("createNexusEndpoint", { spec }, call)).endpoint ?? {};
    },

    "PUT /nexus/endpoints/:id": async (call) => {
      const spec = await specOf(temporal, call.body);
      const request = { id: call.params.id, version: call.body.version, spec };
      return (await temporal.show("updateNexusEndpoint", request, call)).endpoint ?? {};
    },

    "DELETE /nexus/endpoints/:id": async ({ params, body }) => {
      await temporal.call("deleteNexusEndpoint", { id: params.id, version: body.version });
      return {};
    },

    "GET /ns/:ns/nexus/operations": async (call) => {
      await visibility.turn(call.params.ns);
      return listing(call, (page) =>
        temporal.show(
          "listNexusOperationExecutions",
          { namespace: call.params.ns, query: call.query.query, ...page },
          call,
        ),
      )((answer) => answer.operations);
    },

    "GET /ns/:ns/nexus/operations/count": async ({ params, query, signal }) => {
      await visibility.turn(params.ns);
      const request = { namespace: params.ns, query: query.query };
      return countOf(await temporal.call("countNexusOperationExecutions", request, { signal }));
    },

    "POST /ns/:ns/nexus/operations": async ({ params, body, identity, requestId }) => {
      const { operationId = crypto.randomUUID(), endpoint, service, operation, scheduleToCloseTimeout } = body;
      const [input] = await temporal.payloads.encode([body.input], params.ns);
      const { runId = "" } = await temporal.call("startNexusOperationExecution", {
        namespace: params.ns,
        operationId,
        endpoint,
        service,
        operation,
        input,
        scheduleToCloseTimeout,
        identity,
        requestId,
      });
      return { operationId, runId };
    },

    "GET /ns/:ns/nexus/operations/:id": (call) =>
      temporal.show(
        "describeNexusOperationExecution",
        {
          namespace: call.params.ns,
          operationId: call.params.id,
          runId: call.query.runId,
          includeInput: true,
          includeOutcome: true,
        },
        call,
      ),

    "POST /ns/:ns/nexus/operations/:id/cancel": async ({ params, body, identity, requestId }) => {
      const named = { namespace: params.ns, operationId: params.id, ...body };
      await temporal.call("requestCancelNexusOperationExecution", { ...named, identity, requestId });
      return {};
    },

    "POST /ns/:ns/nexus/operations/:id/terminate": async ({ params, body, identity, requestId }) => {
      const named = { namespace: params.ns, operationId: params.id, ...body };
      await temporal.call("terminateNexusOperationExecution", { ...named, identity, requestId });
      return {};
    },

    "DELETE /ns/:ns/nexus/operations/:id": async ({ params, body }) => {
      const named = { namespace: params.ns, operationId: params.id, runId: body.runId };
      await temporal.call("deleteNexusOperationExecution", named);
      return {};
    },
  };
}

async function specOf(temporal: Temporal, { name, description, target }: EndpointBody): Promise<RawJson<EndpointSpec>> {
  // Endpoints are of all namespaces, so no codec of one of them can be meant.
  const [payload] = await temporal.payloads.encode([description], "");
  return {
    name,
    description: description === undefined ? undefined : payload,
    target:
      "url" in target
        ? { external: { url: target.url } }
        : { worker: { namespace: target.namespace, taskQueue: target.taskQueue } },
  };
}
