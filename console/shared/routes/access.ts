/** Who may do what, who did what, and what somebody has saved for themselves. */

import { z } from "zod";
import type { Action, Grant } from "../actions";
import { answers, route } from "../route";
import { duration, type Nothing, name, reason } from "../schemas";

export interface GrantRow {
  /** None for those of the configuration, which only change there. */
  id?: string;
  group?: string;
  subject?: string;
  role: string;
  namespaces: string;
}

export interface TokenRow {
  id: string;
  name: string;
  grants: Grant[];
  createdBy: string;
  created: string;
  expires: string;
}

export interface SessionRow {
  id: string;
  subject: string;
  name?: string;
  created: string;
  lastUsed: string;
  ip?: string;
  userAgent?: string;
  /** The one that asks. */
  current: boolean;
}

export interface AuditRow {
  seq: number;
  at: string;
  event: string;
  actor: string;
  via: string;
  ip?: string;
  requestId: string;
  action?: string;
  namespace?: string;
  target?: string;
  reason?: string;
  request?: unknown;
  outcome?: string;
  intent?: number;
  hash: string;
}

export interface AuditCheck {
  entries: number;
  damages: { seq: number; problem: string }[];
}

export interface SavedView {
  id: string;
  name: string;
  query: string;
  columns: string[];
}

const grant = z.object({ role: name, namespaces: name });
const auditFilter = {
  actor: z.string().optional(),
  action: z.string().optional(),
  namespace: z.string().optional(),
};

export const accessRoutes = {
  "GET /grants": route({
    action: "rbac.write",
    place: "everywhere",
    summary: "Grants and roles",
    answer: answers<{ rows: GrantRow[]; roles: Record<string, readonly Action[]> }>(),
  }),
  "POST /grants": route({
    action: "rbac.write",
    place: "everywhere",
    summary: "Give a role to a group or to a subject",
    body: grant.extend({ group: name.optional(), subject: name.optional(), reason }),
    answer: answers<{ id: string }>(),
  }),
  "DELETE /grants/:id": route({
    action: "rbac.write",
    place: "everywhere",
    summary: "Take a grant back: it holds for the next request",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "GET /tokens": route({
    action: "token.write",
    place: "everywhere",
    summary: "API tokens, without their secrets",
    answer: answers<{ rows: TokenRow[] }>(),
  }),
  "POST /tokens": route({
    action: "token.write",
    place: "everywhere",
    summary: "Make an API token, which is shown once; it can't do more than who makes it",
    body: z.object({ name, grants: z.array(grant).min(1).max(50), lifetime: duration.default("2592000s") }),
    answer: answers<{ id: string; token: string }>(),
  }),
  "DELETE /tokens/:id": route({
    action: "token.write",
    place: "everywhere",
    summary: "Revoke an API token",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "GET /sessions": route({
    action: "rbac.write",
    place: "everywhere",
    summary: "Who is logged in",
    answer: answers<{ rows: SessionRow[] }>(),
  }),
  "DELETE /sessions/:id": route({
    action: "rbac.write",
    place: "everywhere",
    summary: "End a session",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),

  "GET /audit": route({
    action: "audit.read",
    place: "everywhere",
    summary: "The audit log, the newest entry first",
    query: z.object({
      ...auditFilter,
      before: z.coerce.number<number>().int().min(1).optional(),
      limit: z.coerce.number<number>().int().min(1).max(500).default(100),
    }),
    answer: answers<{ rows: AuditRow[]; before?: number }>(),
  }),
  "GET /audit/verify": route({
    action: "audit.read",
    place: "everywhere",
    summary: "Whether the audit log is whole",
    answer: answers<AuditCheck>(),
  }),
  "GET /audit/export": route({
    action: "audit.export",
    place: "everywhere",
    audited: true,
    summary: "The audit log as it is stored, a part at a time",
    query: z.object({ from: z.coerce.number<number>().int().min(1).default(1) }),
    answer: answers<{ records: { seq: number; prev: string; hash: string; text: string }[]; next?: number }>(),
  }),

  "GET /ns/:ns/views": route({
    action: "view.write",
    summary: "The caller's saved views",
    answer: answers<{ rows: SavedView[] }>(),
  }),
  "PUT /ns/:ns/views/:id": route({
    action: "view.write",
    summary: "Save a view",
    body: z.object({ name, query: z.string().max(10_000), columns: z.array(z.string().max(200)).max(50).default([]) }),
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/views/:id": route({
    action: "view.write",
    summary: "Delete a saved view",
    answer: answers<Nothing>(),
  }),
} as const;
export type AccessRouteKey = keyof typeof accessRoutes;
