/** Which page is at which path. A page is a file in `pages/`, loaded when it is first opened. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { call } from "./api";
import { Frame } from "./parts/frame";

const root = createRootRoute({ component: Outlet });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  component: lazyRouteComponent(() => import("./pages/login"), "LoginPage"),
});

const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Frame });

const start = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: async () => {
    const { namespace } = await call("GET /me", {});
    throw redirect({ to: "/ns/$ns/workflows", params: { ns: namespace } });
  },
});

const workflows = createRoute({
  getParentRoute: () => frame,
  path: "/ns/$ns/workflows",
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    typeof search["q"] === "string" && search["q"] !== "" ? { q: search["q"] } : {},
  component: lazyRouteComponent(() => import("./pages/workflows"), "WorkflowsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, frame.addChildren([start, workflows])]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
