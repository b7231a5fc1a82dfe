/** Requests that mean harm, and what isn't there when it is needed. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import * as flow from "../../../src/integrations/flow";
import { readBody } from "../../../src/integrations/flow/http/body";
import { NativeConnection } from "../../../src/worker";
import { eventually } from "../../support/eventually";
import { startServer } from "../../support/server";
import { anything, withApp } from "../support";

const bearer = { authorization: "Bearer token" };

function echo(options: Partial<flow.WebhookOptions<any>> = {}) {
  const auth = flow.auth.bearer({ token: "token" });
  const triggers = [flow.webhook("/in", { auth, respond: "result", maxBytes: 1000, ...options })];
  return flow.define({ id: `echo-${randomUUID()}`, payload: anything<any>(), triggers }, (f) =>
    f.transform("echo", ({ payload }) => payload),
  );
}

/** Sends bytes, and returns all that comes back until the connection ends. */
async function raw(port: number, ...parts: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (bytes) => (text += bytes));
  socket.on("error", () => undefined);
  for (const part of parts) socket.write(part);
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

/** An application in both kinds of servers. */
async function served(body: (port: number, app: flow.App) => Promise<void>, of = echo()): Promise<void> {
  await withApp(
    [of],
    async ({ app }) => {
      await body(Number(app.url!.port), app);
      const server = createServer(flow.toNodeHandler(app));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        await body((server.address() as AddressInfo).port, app);
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
    { http: { port: 0, hostname: "127.0.0.1" } },
  );
}

const head = "Host: x\r\nConnection: close\r\n";
const authorized = `${head}Authorization: Bearer token\r\n`;

describe("from the wire", () => {
  test.each([
    ["two slashes", "//in", 404],
    ["an encoded slash", "/%2fin", 404],
    ["an encoded letter", "/i%6e", 404],
    ["a slash at the end", "/in/", 404],
    ["a path that goes up and comes back, without a token", "/x/../in", 401],
    ["a path that leads to another host", "//elsewhere/in", 404],
    ["a path with a null", "/in%00", 404],
    ["a path in other letters", "/IN", 404],
  ])("%s", async (_, path, status) => {
    await served(async (port) => {
      const answer = await raw(port, `POST ${path} HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n{}`);
      // Some servers leave the path as it is written, which is no path of the application either.
      expect([`HTTP/1.1 ${status}`, "HTTP/1.1 404"]).toContain(answer.slice(0, 12));
    });
  });

  test("methods that nobody uses get an answer, and the server lives on", async () => {
    await served(async (port) => {
      for (const method of ["TRACE", "PROPFIND", "DELETE", "PATCH"]) {
        const answer = await raw(port, `${method} /in HTTP/1.1\r\n${authorized}\r\n`);
        expect([method, answer.slice(0, 12)]).toEqual([method, expect.stringMatching(/^HTTP\/1.1 40[05]$/)]);
      }
      const options = await fetch(`http://127.0.0.1:${port}/in`, { method: "OPTIONS" });
      expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, GET, HEAD, OPTIONS"]);
      expect((await fetch(`http://127.0.0.1:${port}/flow/health`)).status).toBe(200);
    });
  });

  test("a token that stands twice isn't one", async () => {
    await served(async (port) => {
      const answer = await raw(
        port,
        `POST /in HTTP/1.1\r\n${authorized}Authorization: Bearer token\r\nContent-Length: 2\r\n\r\n{}`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 40[01]/);
    });
  });

  test("a header of a megabyte is refused, and the server lives on", async () => {
    await served(async (port) => {
      const answer = await raw(port, `POST /in HTTP/1.1\r\n${head}X-Wide: ${"x".repeat(1_000_000)}\r\n\r\n`);
      expect(answer).not.toMatch(/^HTTP\/1.1 2/);
      expect((await fetch(`http://127.0.0.1:${port}/flow/health`)).status).toBe(200);
    });
  });

  test("a body in chunks whose length nobody says is answered 413 once it is too long", async () => {
    await served(async (port) => {
      const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
      const answer = await raw(
        port,
        `POST /in HTTP/1.1\r\n${authorized}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 413/);
    });
  });

  test("a caller that goes away in the middle of its body hinders nobody, and not the end of the application", async () => {
    await served(async (port) => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`POST /in HTTP/1.1\r\n${authorized}Content-Length: 500\r\n\r\n{`);
      // The server has it in hand once it has answered what came later.
      expect((await fetch(`http://127.0.0.1:${port}/flow/health`)).status).toBe(200);
      socket.destroy();
      const answer = await fetch(`http://127.0.0.1:${port}/in`, { method: "POST", headers: bearer, body: "1" });
      expect(answer.status).toBe(200);
    });
  });
});

test("a body that never ends is answered 408", async () => {
  let isCancelled = false;
  const endless = new ReadableStream({ cancel: () => void (isCancelled = true) });
  const request = new Request("http://app/in", { method: "POST", body: endless });
  await expect(readBody(request, 1000, 20)).rejects.toMatchObject({ status: 408 });
  expect(isCancelled).toBe(true);
});

test("keys that other objects would take as theirs are fields like others", async () => {
  await withApp([echo()], async ({ app }) => {
    const send = (body: string, headers = {}) =>
      app.fetch(new Request("http://app/in", { method: "POST", headers: { ...bearer, ...headers }, body }));
    const text = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toString":1}';
    expect(await (await send(text)).text()).toContain(`"output":${text}`);
    const form = await send("__proto__=x&constructor=y", { "content-type": "application/x-www-form-urlencoded" });
    expect(await form.text()).toContain('"output":{"__proto__":"x","constructor":"y"}');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

test("a body that is nested too deeply is the sender's fault", async () => {
  await withApp([echo({ maxBytes: 1024 * 1024 })], async ({ app }) => {
    const body = "[".repeat(500_000) + "]".repeat(500_000);
    const answer = await app.fetch(new Request("http://app/in", { method: "POST", headers: bearer, body }));
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('"error":"The body is')] as any);
  });
});

describe("while Temporal's server is away", () => {
  test.each(["accepted", "result", "step"] as const)(
    "%s is answered 503, and the same request later starts the run",
    async (respond) => {
      const server = await startServer();
      const connection = await NativeConnection.connect({ address: server.address });
      const triggers = [flow.webhook("/in", { auth: "none", respond, idempotencyKey: () => "k" })];
      const of = flow.define({ id: `away-${randomUUID()}`, payload: anything<any>(), triggers }, (f) =>
        f.respond({ status: 201, body: "there" }),
      );
      const app = flow.app({ flows: [of], connection, taskQueue: "away" });
      const send = () => app.fetch(new Request("http://app/in", { method: "POST", body: "1" }));
      await app.start();
      try {
        await server.stop();
        const away = await send();
        expect([away.status, away.headers.get("retry-after"), await away.text()]).toEqual([
          503,
          "5",
          '{"error":"Not possible at the moment, try again"}',
        ]);
        await server.start();
        const { accepted, result, step } = { accepted: 202, result: 200, step: 201 };
        const later = await eventually(send, ({ status }) => status !== 503);
        expect(later.status).toBe({ accepted, result, step }[respond]);
      } finally {
        await app.stop();
        await connection.close();
        await server.stop();
      }
    },
    180_000,
  );
});
