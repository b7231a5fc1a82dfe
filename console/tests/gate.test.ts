import { afterAll, beforeAll, expect, test } from "bun:test";
import { api, browser, logIn, send, type TestConsole, testConsole, tokenFor, unique } from "./support";

let running: TestConsole;
beforeAll(async () => {
  running = await testConsole({ mode: "token" });
});
afterAll(() => running.stop());

test("a login token is good for one login, and the next one is printed", async () => {
  await using other = await testConsole({ mode: "token" });
  const session = await logIn(other);
  expect(await api(other, "GET", "/me", undefined, session)).toMatchObject({ subject: "terminal", via: "session" });
  const again = await send(other, "POST", "/auth/token", { token: new URL(other.url).hash.slice(1) });
  expect(again.status).toBe(401);
  const next = other.lines.find((line) => line.startsWith("The next login: "))!.slice("The next login: ".length);
  await logIn(other, next);
});

test("without a session there is nothing to see", async () => {
  const reply = await send(running, "GET", "/api/v1/me");
  expect(reply.status).toBe(401);
  expect(reply.headers.get("content-type")).toBe("application/problem+json");
  expect(reply.body).toMatchObject({ title: "You are not logged in", fix: "Log in." });
  expect(reply.body.requestId).toBe(reply.headers.get("x-request-id"));
  expect((await send(running, "GET", "/api/v1/nothing")).status).toBe(401);
});

test("a session's cookie is out of reach for scripts and other sites, and worthless after logging out", async () => {
  await using other = await testConsole({ mode: "token" });
  const login = await send(other, "POST", "/auth/token", { token: new URL(other.url).hash.slice(1) });
  const cookie = login.headers.get("set-cookie")!;
  expect(cookie).toMatch(/^tbc=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/);
  const session = browser(other, cookie.split(";")[0]!);
  await api(other, "GET", "/me", undefined, session);
  expect((await send(other, "POST", "/auth/logout", {}, session)).status).toBe(200);
  expect((await send(other, "GET", "/api/v1/me", undefined, session)).status).toBe(401);
});

test("behind https the cookie is bound to the host", async () => {
  await using other = await testConsole({ mode: "token", config: { publicUrl: "https://console.example.com" } });
  expect(other.url).toStartWith("https://console.example.com/login#");
  const login = await send({ origin: other.local }, "POST", "/auth/token", { token: new URL(other.url).hash.slice(1) });
  expect(login.headers.get("set-cookie")).toMatch(/^__Host-tbc=.*; HttpOnly; SameSite=Lax; Secure$/);
});

test("a page of another site can't act with the visitor's cookie", async () => {
  const session = await logIn(running);
  const write = (headers: Record<string, string>) =>
    send(running, "POST", "/auth/logout", {}, { ...session, ...headers });
  const foreign: Record<string, string>[] = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
  ];
  for (const headers of foreign) {
    const reply = await write(headers);
    expect([headers, reply.status]).toEqual([headers, 403]);
  }
  const { cookie } = session as { cookie: string };
  const path = "/api/v1/ns/default/workflows";
  const start = { type: "t", taskQueue: "q" };
  // Neither of the headers that browsers send.
  expect((await send(running, "POST", path, start, { cookie })).status).toBe(403);
  const headers = { ...session, "content-type": "text/plain" };
  expect((await send(running, "POST", path, start, headers)).status).toBe(415);
  const bare = await fetch(running.origin + path, {
    method: "POST",
    headers: { ...session, "content-type": "application/json" },
    body: JSON.stringify(start),
  });
  expect([bare.status, await bare.json()]).toMatchObject([403, { cause: "the header x-tbc is missing" }]);
  // Reads, too: what another site embeds or fetches.
  const read = await send(running, "GET", "/api/v1/me", undefined, { ...session, "sec-fetch-site": "cross-site" });
  expect(read.status).toBe(403);
  expect((await send(running, "GET", "/api/v1/me", undefined, session)).status).toBe(200);
});

test("requests for another host are refused, pages as well", async () => {
  for (const path of ["/", "/api/v1/me", "/index.html"]) {
    const reply = await send(running, "GET", path, undefined, { host: "rebound.example" });
    expect([path, reply.status]).toEqual([path, 403]);
  }
});

test("without logins the console listens to this machine alone", async () => {
  const { startConsole } = await import("../server/console");
  const options = {
    connection: {},
    namespace: "default",
    port: 0,
    mode: "none" as const,
    config: { store: ":memory:" },
  };
  await expect(startConsole({ ...options, host: "0.0.0.0" })).rejects.toThrow("this machine alone");
});

test("every answer has the headers that keep other sites out", async () => {
  for (const path of ["/", "/api/v1/me", "/no-such-file.js"]) {
    const { headers } = await send(running, "GET", path);
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).toContain("require-trusted-types-for 'script'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
});

test("API tokens are stored as hashes, can be revoked, and can't do more than who makes them", async () => {
  await using other = await testConsole();
  const { id, token } = await api(other, "POST", "/tokens", {
    name: "ci",
    grants: [{ role: "viewer", namespaces: "*" }],
  });
  const bearer = { authorization: `Bearer ${token}` };
  expect(await api(other, "GET", "/me", undefined, bearer)).toMatchObject({ subject: "token:ci", via: "token" });
  const list = JSON.stringify(await api(other, "GET", "/tokens"));
  expect(list).toContain(id);
  expect(list).not.toContain(token);
  await api(other, "DELETE", `/tokens/${id}`, { reason: "done" });
  expect((await send(other, "GET", "/api/v1/me", undefined, bearer)).status).toBe(401);

  await using custom = await testConsole({ config: { roles: { maker: ["token.write", "workflow.read"] } } });
  const maker = await tokenFor(custom, {}, [{ role: "maker", namespaces: "*" }]);
  const grants = [{ role: "admin", namespaces: "*" }];
  const more = await send(custom, "POST", "/api/v1/tokens", { name: "more", grants }, maker);
  expect([more.status, more.body.title]).toEqual([403, "A token can't do more than who makes it"]);
});

test("what is sent is checked, and unknown fields are refused", async () => {
  await using other = await testConsole();
  const path = `/api/v1/ns/default/workflows/${unique("w")}/latest/cancel`;
  for (const body of [{}, { reason: " " }, { reason: "why", more: 1 }]) {
    const reply = await send(other, "POST", path, body);
    expect([body, reply.status]).toEqual([body, 400]);
  }
  expect((await send(other, "GET", "/api/v1/ns/default/workflows?pagesize=1")).status).toBe(400);
  const missing = await send(other, "POST", path, { reason: "why" });
  expect([missing.status, missing.body.grpcCode]).toEqual([404, "NOT_FOUND"]);
});
