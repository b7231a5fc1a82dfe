import { allows, type Roles } from "../../shared/actions";
import type { ClusterRouteKey, NamespaceRow } from "../../shared/routes/cluster";
import type { Call, Handlers } from "../call";
import { badRequest, ProblemError } from "../problem";
import { listing } from "./listing";
import { short } from "./names";
import type { RpcResponse } from "./rpc";
import type { Temporal } from "./temporal";

export function clusterHandlers(temporal: Temporal, roles: Roles): Handlers<ClusterRouteKey> {
  return {
    "GET /capabilities": async (call) => {
      const [system, cluster, health] = await Promise.all([
        temporal.show("getSystemInfo", {}, call),
        temporal.show("getClusterInfo", {}, call),
        temporal.health(),
      ]);
      return { address: temporal.address, health, system, cluster };
    },

    "GET /clusters": (call) =>
      listing(call, (page) => temporal.show("listClusters", page, call))((answer) => answer.clusters),

    "PUT /clusters": async ({ body }) => {
      await temporal.call("addOrUpdateRemoteCluster", {
        frontendAddress: body.frontendAddress,
        frontendHttpAddress: body.frontendHttpAddress,
        enableRemoteClusterConnection: body.enableConnection,
        enableReplication: body.enableReplication,
      });
      return {};
    },

    "DELETE /clusters/:name": async ({ params }) => {
      await temporal.call("removeRemoteCluster", { clusterName: params.name });
      return {};
    },

    "GET /namespaces": async ({ caller, signal }) => {
      const mayRead = (namespace: string) => allows(roles, caller.grants, "namespace.read", { namespace });
      const all = await allNamespaces(temporal, caller, signal);
      return { rows: all.map(namespaceRow).filter(({ name }) => mayRead(name)) };
    },

    "POST /namespaces": async ({ body }) => {
      await temporal.call("registerNamespace", {
        namespace: body.name,
        description: body.description,
        ownerEmail: body.ownerEmail,
        workflowExecutionRetentionPeriod: body.retention,
        data: body.data,
        isGlobalNamespace: body.isGlobal,
      });
      return {};
    },

    "GET /namespaces/:ns": (call) => temporal.show("describeNamespace", { namespace: call.params.ns }, call),

    "PATCH /namespaces/:ns": (call) => {
      const { description, ownerEmail, data, retention } = call.body;
      return temporal.show(
        "updateNamespace",
        {
          namespace: call.params.ns,
          updateInfo: { description, ownerEmail, data },
          config: retention === undefined ? undefined : { workflowExecutionRetentionTtl: retention },
        },
        call,
      );
    },

    "POST /namespaces/:ns/deprecate": async ({ params }) => {
      await temporal.call("deprecateNamespace", { namespace: params.ns });
      return {};
    },

    "DELETE /namespaces/:ns": async ({ params, body }) => {
      if (body.confirm !== params.ns)
        throw badRequest(`"${body.confirm}" is not the name of the namespace`, `Confirm with "${params.ns}".`);
      await temporal.call("deleteNamespace", { namespace: params.ns });
      return {};
    },

    "GET /ns/:ns/search-attributes": async ({ params, signal }) => {
      const answer = await temporal.call("listSearchAttributes", { namespace: params.ns }, { signal });
      const named = (types: Record<string, string> = {}) =>
        Object.fromEntries(Object.entries(types).map(([name, type]) => [name, short(type, "INDEXED_VALUE_TYPE")]));
      return { custom: named(answer.customAttributes), system: named(answer.systemAttributes) };
    },

    "POST /ns/:ns/search-attributes": async ({ params, body }) => {
      await temporal.call("addSearchAttributes", {
        namespace: params.ns,
        searchAttributes: { [body.name]: body.type },
      });
      return {};
    },

    "DELETE /ns/:ns/search-attributes/:name": async ({ params }) => {
      await temporal.call("removeSearchAttributes", { namespace: params.ns, searchAttributes: [params.name] });
      return {};
    },
  };
}

type Described = RpcResponse<"describeNamespace">;

/** All namespaces; where the console may not list them, those that grants name without a pattern. */
async function allNamespaces(
  temporal: Temporal,
  { grants }: Call<"GET /namespaces">["caller"],
  signal: AbortSignal,
): Promise<Described[]> {
  const found: Described[] = [];
  let nextPageToken: string | undefined;
  try {
    do {
      const page = await temporal.call("listNamespaces", { pageSize: 200, nextPageToken }, { signal });
      found.push(...(page.namespaces ?? []));
      nextPageToken = page.nextPageToken || undefined;
    } while (nextPageToken !== undefined);
    return found;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.grpcCode !== "PERMISSION_DENIED") throw error;
    const names = new Set(grants.map(({ namespaces }) => namespaces).filter((pattern) => !pattern.includes("*")));
    return Promise.all([...names].map((namespace) => temporal.call("describeNamespace", { namespace }, { signal })));
  }
}

function namespaceRow({ namespaceInfo: info, config }: Described): NamespaceRow {
  return {
    name: info?.name ?? "",
    id: info?.id ?? "",
    state: short(info?.state, "NAMESPACE_STATE"),
    description: info?.description ?? "",
    retention: config?.workflowExecutionRetentionTtl ?? "",
  };
}
