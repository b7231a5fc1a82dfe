/** The handler of every route: one that is missing does not compile. */

import type { RouteKey } from "../shared/routes";
import { type AccessContext, accessHandlers } from "./access";
import type { Handlers } from "./call";
import { type SessionContext, sessionHandlers } from "./session";
import { activityHandlers } from "./temporal/activities";
import { batchHandlers } from "./temporal/batch";
import { clusterHandlers } from "./temporal/cluster";
import { fleetHandlers } from "./temporal/fleet";
import { nexusHandlers } from "./temporal/nexus";
import { scheduleHandlers } from "./temporal/schedules";
import type { Temporal } from "./temporal/temporal";
import type { Visibility } from "./temporal/visibility";
import { workflowHandlers } from "./temporal/workflows";

export interface HandlerContext extends SessionContext, AccessContext {
  temporal: Temporal;
  visibility: Visibility;
}

export function handlers(context: HandlerContext): Handlers<RouteKey> {
  const { temporal, visibility, roles } = context;
  return {
    ...sessionHandlers(context),
    ...workflowHandlers(temporal, visibility),
    ...scheduleHandlers(temporal),
    ...activityHandlers(temporal, visibility),
    ...batchHandlers(temporal),
    ...fleetHandlers(temporal, visibility),
    ...nexusHandlers(temporal, visibility),
    ...clusterHandlers(temporal, roles),
    ...accessHandlers(context),
  };
}
