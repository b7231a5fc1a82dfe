import type { Roles } from "../shared/actions";
import type { SessionRouteKey } from "../shared/routes/session";
import type { Handlers } from "./call";

export interface SessionContext {
  roles: Roles;
  /** The namespace that the console was started with. */
  namespace: string;
}

export function sessionHandlers({ roles, namespace }: SessionContext): Handlers<SessionRouteKey> {
  return {
    "GET /me": async ({ caller }) => ({
      subject: caller.subject,
      name: caller.name,
      via: caller.via,
      grants: [...caller.grants],
      roles: Object.fromEntries(caller.grants.map(({ role }) => [role, roles[role] ?? []])),
      namespace,
      canLogOut: caller.via === "session",
    }),
  };
}
