/** What the routes about access, the audit log and saved views do. They ask the store, not the Temporal server. */

import type { KeyObject } from "node:crypto";
import { type Action, allows, type Grant, type Roles } from "../shared/actions";
import type { AccessRouteKey, AuditRow, SavedView } from "../shared/routes/access";
import type { Caller, Handlers } from "./call";
import type { Audit, StoredEntry } from "./gate/audit";
import { verifyAudit } from "./gate/audit-heads";
import type { Grants } from "./gate/grants";
import type { Sessions } from "./gate/sessions";
import type { Tokens } from "./gate/tokens";
import { badRequest, notFound, ProblemError } from "./problem";
import type { Store } from "./store/store";

export interface AccessContext {
  roles: Roles;
  store: Store;
  audit: Audit;
  auditKey: KeyObject;
  grants: Grants;
  sessions: Sessions;
  tokens: Tokens;
}

/** So many entries of the audit log are looked through for a page of what matches a filter. */
const scanned = 5000;
const exportPage = 1000;
const longestToken = 366 * 86_400;

export function accessHandlers(context: AccessContext): Handlers<AccessRouteKey> {
  const { roles, store, audit, auditKey, grants, sessions, tokens } = context;
  const mustExist = (role: string) => {
    if (roles[role] === undefined)
      throw badRequest(`There is no role "${role}"`, `Take one of ${Object.keys(roles).join(", ")}.`);
  };
  const gone = (found: boolean, what: string) => {
    if (!found) throw notFound(`There is no ${what} with this id`, "Reload the page: somebody may have taken it away.");
    return {};
  };

  return {
    "GET /grants": async () => {
      const stored = await grants.list();
      return { rows: [...grants.configured, ...stored.map(({ id, body }) => ({ id, ...body }))], roles };
    },

    "POST /grants": async ({ body }) => {
      const { group, subject, role, namespaces } = body;
      if ((group === undefined) === (subject === undefined))
        throw badRequest("A grant names either a group or a subject", "Leave one of them out.");
      mustExist(role);
      return { id: await grants.add({ group, subject, role, namespaces }) };
    },

    "DELETE /grants/:id": async ({ params }) => gone(await grants.remove(params.id), "grant"),

    "GET /tokens": async () => ({
      rows: (await tokens.list()).map(({ id, body }) => ({
        ...body,
        id,
        created: new Date(body.created).toISOString(),
        expires: new Date(body.expires).toISOString(),
      })),
    }),

    "POST /tokens": async ({ body, caller }) => {
      for (const grant of body.grants) {
        mustExist(grant.role);
        refuseMore(roles, caller, grant);
      }
      const seconds = Number.parseFloat(body.lifetime);
      if (seconds <= 0 || seconds > longestToken)
        throw badRequest(`A lifetime of ${body.lifetime} is not possible`, "Take more than 0 and at most 366d.");
      const now = Date.now();
      const expires = now + seconds * 1000;
      return tokens.create({ name: body.name, grants: body.grants, createdBy: caller.subject, created: now, expires });
    },

    "DELETE /tokens/:id": async ({ params }) => gone(await tokens.revoke(params.id), "token"),

    "GET /sessions": async ({ caller }) => ({
      rows: (await sessions.list()).map(({ id, body }) => ({
        id,
        subject: body.subject,
        name: body.name,
        ip: body.ip,
        userAgent: body.userAgent,
        created: new Date(body.created).toISOString(),
        lastUsed: new Date(body.lastUsed).toISOString(),
        current: id === caller.credential,
      })),
    }),

    "DELETE /sessions/:id": async ({ params }) => gone(await sessions.end(params.id), "session"),

    "GET /audit": async ({ query }) => {
      const { before, limit, ...wanted } = query;
      const rows: AuditRow[] = [];
      let next = before;
      for (let seen = 0; seen < scanned && rows.length < limit; ) {
        const page = await audit.page(next, Math.min(500, limit));
        if (page.length === 0) return { rows };
        for (const entry of page) {
          if (rows.length === limit) break;
          next = entry.seq;
          if (matches(entry, wanted)) rows.push(entry);
        }
        seen += page.length;
      }
      return next === undefined || next <= 1 ? { rows } : { rows, before: next };
    },

    "GET /audit/verify": async () => verifyAudit(store, auditKey),

    "GET /audit/export": async ({ query }) => {
      const records = await store.read({ from: query.from, limit: exportPage });
      return records.length < exportPage ? { records } : { records, next: records.at(-1)!.seq + 1 };
    },

    "GET /ns/:ns/views": async ({ params, caller }) => {
      const { items } = await store.list<SavedView>("view", { k1: params.ns, k2: caller.subject, limit: 200 });
      return { rows: items.map(({ body }) => body) };
    },

    "PUT /ns/:ns/views/:id": async ({ params, body, caller }) => {
      const id = viewId(params, caller);
      const known = await store.get("view", id);
      const view: SavedView = { id: params.id, ...body };
      await store.put({ kind: "view", id, rev: known?.rev ?? 0, k1: params.ns, k2: caller.subject, body: view });
      return {};
    },

    "DELETE /ns/:ns/views/:id": async ({ params, caller }) =>
      gone(await store.delete("view", viewId(params, caller)), "saved view"),
  };
}

// Everybody has views of their own, whatever ids others take.
const viewId = ({ ns, id }: { ns: string; id: string }, { subject }: Caller) => JSON.stringify([ns, subject, id]);

function matches(entry: StoredEntry, wanted: { actor?: string; action?: string; namespace?: string }): boolean {
  return (Object.keys(wanted) as (keyof typeof wanted)[]).every(
    (field) => wanted[field] === undefined || wanted[field] === "" || entry[field] === wanted[field],
  );
}

/** A token that could do more than who makes it would be a way around the grants. */
function refuseMore(roles: Roles, { grants }: Caller, { role, namespaces }: Grant): void {
  const lacks = (action: Action) => {
    // Where the pattern is one, only a grant of the same pattern or of all is surely as wide.
    const wide = grants.filter((own) => own.namespaces === "*" || own.namespaces === namespaces);
    if (!namespaces.includes("*")) return !allows(roles, grants, action, { namespace: namespaces });
    return !wide.some((own) => roles[own.role]?.includes(action));
  };
  const missing = (roles[role] ?? []).find(lacks);
  if (missing === undefined) return;
  throw new ProblemError({
    title: "A token can't do more than who makes it",
    status: 403,
    cause: `You have no grant of ${missing} in "${namespaces}"`,
    fix: "Take a role or namespaces that you have yourself.",
    action: missing,
  });
}
