/** Which page is at which path. A page is a file in `pages/`, loaded when it is first opened. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { Frame } from "./parts/frame";
import { ProblemBox } from "./parts/problem-box";

const text = (search: Record<string, unknown>, name: string) =>
  typeof search[name] === "string" && search[name] !== "" ? { [name]: search[name] as string } : {};
const filtered = (search: Record<string, unknown>): { q?: string } => text(search, "q");

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => <p>There is no such page.</p>,
  errorComponent: ({ error }) => <ProblemBox error={error instanceof Error ? error : new Error(String(error))} />,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { to?: string; failed?: string; request?: string } => ({
    ...text(search, "to"),
    ...text(search, "failed"),
    ...text(search, "request"),
  }),
  component: lazyRouteComponent(() => import("./pages/login"), "LoginPage"),
});

const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Frame });

const overview = createRoute({
  getParentRoute: () => frame,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/overview"), "OverviewPage"),
});

const doctor = createRoute({
  getParentRoute: () => frame,
  path: "/doctor",
  component: lazyRouteComponent(() => import("./pages/doctor"), "DoctorPage"),
});

const workflows = createRoute({
  getParentRoute: () => frame,
  path: "/ns/$ns/workflows",
  validateSearch: filtered,
  component: lazyRouteComponent(() => import("./pages/workflows"), "WorkflowsPage"),
});

const run = createRoute({
  getParentRoute: () => frame,
  path: "/ns/$ns/workflows/$id/$run",
  validateSearch: (search: Record<string, unknown>): { tab?: string } => text(search, "tab"),
  component: lazyRouteComponent(() => import("./pages/run"), "RunPage"),
});

const kind = createRoute({
  getParentRoute: () => frame,
  path: "/ns/$ns/$kind",
  validateSearch: filtered,
  component: lazyRouteComponent(() => import("./pages/resource"), "ResourcePage"),
});

const item = createRoute({
  getParentRoute: () => frame,
  path: "/ns/$ns/$kind/$item",
  component: lazyRouteComponent(() => import("./pages/resource"), "ItemPage"),
});

const globalKind = createRoute({
  getParentRoute: () => frame,
  path: "/all/$kind",
  validateSearch: filtered,
  component: lazyRouteComponent(() => import("./pages/resource"), "ResourcePage"),
});

const globalItem = createRoute({
  getParentRoute: () => frame,
  path: "/all/$kind/$item",
  component: lazyRouteComponent(() => import("./pages/resource"), "ItemPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    frame.addChildren([overview, doctor, workflows, run, kind, item, globalKind, globalItem]),
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
