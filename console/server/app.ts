/** The console's HTTP: every request gets an id, security headers, and an answer that says what is wrong. */

import { Hono } from "hono";
import { type RouteKey, routes } from "../shared/routes";
import type { Web } from "./assets";
import type { Call, Handlers } from "./call";
import type { Mode } from "./gate/callers";
import { type Gate, problemOf } from "./gate/gate";
import { securityHeaders } from "./gate/headers";
import type { Login } from "./gate/login";
import type { Oidc } from "./gate/oidc";
import { checkHost, type Hosts, isRead } from "./gate/origin";
import type { Streams } from "./live/stream";
import { notFound } from "./problem";

export interface AppOptions {
  gate: Gate;
  hosts: Hosts;
  mode: Mode;
  login: Login;
  oidc?: Oidc;
  streams: Streams;
  web: Web;
  handlers: Handlers<RouteKey>;
  /** Writes a line about a request that failed by the console's own fault. */
  log(line: string): void;
}

/** What requests have with them. */
export interface Env {
  Bindings: { ip: string | undefined };
  Variables: { requestId: string };
}

const apiPath = "/api/v1";
const accessPath = /^\/(grants|tokens|sessions)\b/;

export function createApp({ gate, hosts, mode, login, oidc, streams, web, handlers, log }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();

  app.use(async (context, next) => {
    const requestId = crypto.randomUUID();
    context.set("requestId", requestId);
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.res.headers.set(name, value);
    context.res.headers.set("x-request-id", requestId);
  });

  app.onError((error, context) => {
    const problem = problemOf(error, context.get("requestId"));
    if (problem.status === 500) log(`${problem.requestId} ${error.stack ?? error}`);
    return Response.json(problem, {
      status: problem.status,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    });
  });

  for (const [key, route] of Object.entries(routes)) {
    const [method = "", path = ""] = key.split(" ");
    const handler = handlers[key as RouteKey] as (call: Call<never>) => Promise<unknown>;
    app.on(method, apiPath + path, async (context) => {
      const answer = await gate.pass(
        route,
        {
          request: context.req.raw,
          path: context.req.path.slice(apiPath.length),
          params: context.req.param() as Record<string, string>,
          ip: context.env.ip,
          requestId: context.get("requestId"),
        },
        handler,
      );
      // Whoever has lost a right just now also loses what is open.
      if (method !== "GET" && accessPath.test(path)) await streams.recheck();
      return Response.json(answer, { headers: { "cache-control": "no-store" } });
    });
  }

  app.get(`${apiPath}/events`, async (context) => {
    // A page that is only open keeps no session alive.
    const caller = await gate.identify(context.req.raw, false);
    return streams.open(context.req.raw, caller);
  });

  // For the page for logging in, which nobody is known to yet.
  app.get("/auth/mode", (context) => {
    checkHost(context.req.raw, hosts);
    return Response.json({ mode }, { headers: { "cache-control": "no-store" } });
  });
  app.get("/auth/login", async (context) => {
    if (oidc === undefined) return context.redirect("/login");
    return oidc.begin(context.req.raw, context.get("requestId"));
  });
  app.get("/auth/callback", (context) => {
    if (oidc === undefined) throw notFound("There is no identity provider", "Log in with the token on the terminal.");
    return oidc.finish(context.req.raw, context.env.ip, context.get("requestId"));
  });
  app.post("/auth/token", (context) => login.withToken(context.req.raw, context.env.ip, context.get("requestId")));
  app.post("/auth/logout", async (context) => {
    const answer = await login.logout(context.req.raw, context.env.ip, context.get("requestId"));
    await streams.recheck();
    return answer;
  });

  app.get("/openapi.json", async (context) => {
    checkHost(context.req.raw, hosts);
    const { openApi } = await import("./openapi");
    return Response.json(openApi());
  });
  app.all(`${apiPath}/*`, async (context) => {
    await gate.identify(context.req.raw);
    throw notFound(`There is no route ${context.req.method} ${context.req.path}`, "/openapi.json has all routes.");
  });
  app.notFound((context) => {
    checkHost(context.req.raw, hosts);
    if (!isRead(context.req.raw)) throw notFound(`There is nothing at ${context.req.path}`, "See /openapi.json.");
    return web.respond(context.req.path, /\bbr\b/.test(context.req.header("accept-encoding") ?? ""));
  });
  return app;
}
