/**
 * Every route of the API, by method and path below `/api/v1`. Server and web take their types from here: the server has
 * a handler for each, the web calls them by these keys. Only types may be imported from here into web/: zod is large.
 */

import type { z } from "zod";
import type { Answer, Method, ParameterNames } from "./route";
import { accessRoutes } from "./routes/access";
import { activityRoutes } from "./routes/activities";
import { batchRoutes } from "./routes/batch";
import { clusterRoutes } from "./routes/cluster";
import { fleetRoutes } from "./routes/fleet";
import { nexusRoutes } from "./routes/nexus";
import { scheduleRoutes } from "./routes/schedules";
import { sessionRoutes } from "./routes/session";
import { workflowRoutes } from "./routes/workflows";

export const routes = {
  ...sessionRoutes,
  ...workflowRoutes,
  ...scheduleRoutes,
  ...activityRoutes,
  ...batchRoutes,
  ...fleetRoutes,
  ...nexusRoutes,
  ...clusterRoutes,
  ...accessRoutes,
} as const;

export type Routes = typeof routes;
/** For example "GET /ns/:ns/workflows". */
export type RouteKey = keyof Routes;

type Path<Key> = Key extends `${Method} ${infer Path}` ? Path : never;
type Of<Key extends RouteKey, Property extends string> = Routes[Key] extends { [P in Property]?: infer Value }
  ? Exclude<Value, undefined>
  : never;
type Schema<Key extends RouteKey, Property extends string, Side extends "input" | "output"> =
  Of<Key, Property> extends infer Type extends z.ZodObject
    ? string extends keyof Type["shape"]
      ? Record<string, never>
      : Side extends "input"
        ? z.input<Type>
        : z.output<Type>
    : Record<string, never>;

/** The parameters in a route's path. */
export type Parameters<Key extends RouteKey> = { [Name in ParameterNames<Path<Key>>]: string };
/** What a caller writes, before defaults. */
export type QueryInput<Key extends RouteKey> = Schema<Key, "query", "input">;
export type BodyInput<Key extends RouteKey> = Schema<Key, "body", "input">;
/** What a handler gets. */
export type Query<Key extends RouteKey> = Schema<Key, "query", "output">;
export type Body<Key extends RouteKey> = Schema<Key, "body", "output">;
/** What the route answers with. */
export type Response<Key extends RouteKey> = Routes[Key]["answer"] extends Answer<infer T> ? T : never;
