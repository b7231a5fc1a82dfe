/** What can be done, and who may do it. A route names its action, and a grant gives a role's actions in namespaces. */

const reads = [
  "self.read",
  "view.write",
  "activity.read",
  "batch.read",
  "cluster.read",
  "deployment.read",
  "namespace.read",
  "nexus.read",
  "queue.read",
  "schedule.read",
  "worker.read",
  "workflow.read",
] as const;

const development = ["payload.read", "workflow.query", "workflow.signal", "workflow.start", "workflow.update"] as const;

const operation = [
  "activity.write",
  "deployment.write",
  "queue.limit",
  "schedule.write",
  "workflow.batch",
  "workflow.cancel",
  "workflow.options",
  "workflow.pause",
  "workflow.reset",
  "workflow.terminate",
] as const;

const administration = [
  "cluster.write",
  "namespace.write",
  "nexus.write",
  "rbac.write",
  "searchattr.write",
  "token.write",
  "workflow.delete",
] as const;

const auditing = ["audit.export", "audit.read"] as const;

/** Every action there is. */
export const actions = [...reads, ...development, ...operation, ...administration, ...auditing] as const;
export type Action = (typeof actions)[number];

/** The roles that are always there. `console.config.ts` adds others, as lists of actions. */
export const builtInRoles = {
  viewer: [...reads],
  developer: [...reads, ...development],
  operator: [...reads, ...development, ...operation],
  admin: [...reads, ...development, ...operation, ...administration],
  auditor: ["self.read", ...auditing],
} as const satisfies Record<string, readonly Action[]>;
export type BuiltInRole = keyof typeof builtInRoles;

/** Names of roles to the actions of each. */
export type Roles = Readonly<Record<string, readonly Action[]>>;

/** A role in the namespaces that a pattern names; `*` stands for any number of characters. */
export interface Grant {
  role: string;
  namespaces: string;
}

/** Whether a namespace is one of those that a pattern names. */
export function matchesNamespace(pattern: string, namespace: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(namespace);
}

/**
 * Where an action is done: in a namespace, somewhere (what any grant of the action allows), or everywhere (what
 * concerns all namespaces, so that only a grant for `*` allows it).
 */
export type Place = { namespace: string } | "somewhere" | "everywhere";

/** Whether one of the grants allows an action at a place. */
export function allows(roles: Roles, grants: readonly Grant[], action: Action, place: Place): boolean {
  return grants.some((grant) => {
    if (!roles[grant.role]?.includes(action)) return false;
    if (place === "somewhere") return true;
    return place === "everywhere" ? grant.namespaces === "*" : matchesNamespace(grant.namespaces, place.namespace);
  });
}
