/** The handler of every route: one that is missing does not compile. */

import type { RouteKey } from "../shared/routes";
import type { Handlers } from "./call";
import { type SessionContext, sessionHandlers } from "./session";
import type { Temporal } from "./temporal/temporal";
import type { Visibility } from "./temporal/visibility";
import { workflowHandlers } from "./temporal/workflows";

export interface HandlerContext extends SessionContext {
  temporal: Temporal;
  visibility: Visibility;
}

export function handlers(context: HandlerContext): Handlers<RouteKey> {
  const { temporal, visibility } = context;
  return { ...sessionHandlers(context), ...workflowHandlers(temporal, visibility) };
}
