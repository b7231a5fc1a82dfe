/** Servers that an application is mounted in: the body that they pass on is signed, and JSON would change it. */
import { expect, test } from "bun:test";
import { createHmac, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Elysia } from "elysia";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as flow from "../../../src/integrations/flow";
import { anything, withApp } from "../support";

const body = '{ "big": 12345678901234567890, "b":1,  "a":"\\u00e9", "n": 1.0 }\n';
const headers = {
  "content-type": "application/json",
  "x-sig": createHmac("sha256", "key").update(body).digest("hex"),
};

/** Serves an application. Returns its address, and what ends it. */
type Serve = (app: flow.App) => Promise<{ port: number; close: () => Promise<unknown> }>;

async function listening(server: Server): Promise<{ port: number; close: () => Promise<unknown> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}

function web(fetch: (request: Request) => Response | Promise<Response>): ReturnType<Serve> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  return Promise.resolve({ port: server.port!, close: () => server.stop() });
}

const servers: [string, Serve][] = [
  ["Bun.serve", ({ fetch }) => web(fetch)],
  ["Hono", ({ fetch }) => web(new Hono().all("/in", (context) => fetch(context.req.raw)).fetch)],
  ["Elysia", ({ fetch }) => web(new Elysia().mount(fetch).fetch)],
  ["node:http", (app) => listening(createServer(flow.toNodeHandler(app)))],
  ["Express", (app) => listening(createServer(express().all("/in", flow.toNodeHandler(app)).use(express.json())))],
  [
    "Express that keeps the bytes",
    (app) => {
      const verify = (request: object, _: unknown, bytes: Buffer) => void Object.assign(request, { rawBody: bytes });
      return listening(createServer(express().use(express.json({ verify })).all("/in", flow.toNodeHandler(app))));
    },
  ],
  [
    "Fastify",
    async (app) => {
      const handle = flow.toNodeHandler(app);
      const server = fastify();
      server.removeAllContentTypeParsers();
      server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
      server.all("/in", async (request, reply) => {
        reply.hijack();
        await handle(request.raw, reply.raw);
      });
      await server.listen({ port: 0, host: "127.0.0.1" });
      return { port: (server.server.address() as AddressInfo).port, close: () => server.close() };
    },
  ],
];

const triggers = [
  flow.webhook("/in", { auth: flow.auth.hmac({ secret: "key", header: "x-sig" }), respond: "result", maxBytes: 100 }),
];
const echo = flow.define({ id: `echo-${randomUUID()}`, payload: anything<any>(), triggers }, (f) =>
  f.transform("echo", ({ payload }) => payload),
);

test.each(servers)("%s", async (_, serve) => {
  await withApp([echo], async ({ app }) => {
    const { port, close } = await serve(app);
    try {
      const send = (text: string) => fetch(`http://127.0.0.1:${port}/in`, { method: "POST", headers, body: text });
      const right = await send(body);
      expect([right.status, await right.json()]).toMatchObject([200, { output: { a: "é", b: 1, n: 1 } }]);
      expect((await send(JSON.stringify(JSON.parse(body)))).status).toBe(401);
      expect((await send(`{"x":"${"x".repeat(101)}"}`)).status).toBe(413);
      expect((await fetch(`http://127.0.0.1:${port}/in`)).status).toBe(405);
    } finally {
      await close();
    }
  });
});

test.each<[string, Serve]>([
  ["Express", (app) => listening(createServer(express().use("/hooks", flow.toNodeHandler(app))))],
  ["Elysia", ({ fetch }) => web(new Elysia().mount("/hooks", fetch).fetch)],
])("mounted in %s below a path, it is found where its answers say", async (_, serve) => {
  const later = [flow.webhook("/in", { auth: "none" })];
  const of = flow.define({ id: `later-${randomUUID()}`, payload: anything<any>(), triggers: later }, (f) =>
    f.transform("echo", ({ payload }) => payload),
  );
  await withApp([of], async ({ app, client }) => {
    const { port, close } = await serve(app);
    try {
      const address = `http://127.0.0.1:${port}/hooks/in`;
      const accepted = await fetch(address, { method: "POST", body: "7" });
      const { id } = (await accepted.json()) as { id: string };
      await client.workflow.getHandle(id).result();
      const told = await fetch(new URL(accepted.headers.get("location")!, address));
      expect(await told.json()).toEqual({ id, status: "COMPLETED", output: 7 });
    } finally {
      await close();
    }
  });
});

test("a body that was read before is an error that says what to do, and not a refused signature", async () => {
  const app = { fetch: async () => new Response() };
  const request = Object.assign(Object.create({}), { method: "POST", url: "/", rawHeaders: [], readableEnded: true });
  await expect(flow.toNodeHandler(app)(request, {} as any)).rejects.toThrow("mount it before what parses bodies");
});
