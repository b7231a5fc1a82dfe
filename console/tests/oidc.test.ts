import { expect, test } from "bun:test";
import { freePort } from "../../ts/tests/support/server";
import type { ConsoleConfig } from "../server/config";
import { Sessions } from "../server/gate/sessions";
import { SqliteStore } from "../server/store/sqlite";
import { client, fakeProvider, realProvider } from "./identity-provider";
import { api, browser, send, type TestConsole, testConsole, unique } from "./support";

/** Follows redirects with cookies, as a browser does. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Opens an address. Returns where it ends: an answer without a redirect, or the first that leads to `until`. */
  async open(url: string, until?: string): Promise<{ url: string; response: Response }> {
    for (let step = 0; step < 20; step++) {
      const { host } = new URL(url);
      const jar = this.#cookies.get(host) ?? new Map<string, string>();
      this.#cookies.set(host, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, { redirect: "manual", headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      const location = response.headers.get("location");
      if (location === null) return { url, response };
      url = new URL(location, url).href;
      if (until !== undefined && url.includes(until)) return { url, response };
    }
    throw new Error(`too many redirects, at last to ${url}`);
  }

  /** Another one with the same cookies. */
  copy(): Browser {
    const copy = new Browser();
    for (const [host, jar] of this.#cookies) copy.#cookies.set(host, new Map(jar));
    return copy;
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(new URL(origin).host)?.get(name);
  }
}

/** A console whose port is known before it is started, because the provider has to know it. */
async function oidcConsole(issuer: string, port: number, grants: ConsoleConfig["grants"]): Promise<TestConsole> {
  return testConsole({
    mode: "oidc",
    port,
    config: {
      publicUrl: `http://127.0.0.1:${port}`,
      oidc: { issuer, clientId: client.id, clientSecret: client.secret },
      grants,
    },
  });
}

const sessionOf = (running: TestConsole, visitor: Browser) =>
  browser(running, `tbc=${visitor.cookie(running.origin, "tbc")}`);

test("groups of the provider become roles, and who has no grant does not get in", async () => {
  const port = await freePort();
  let person = "ada";
  const people = {
    ada: { name: "Ada", groups: ["ops", "everybody"] },
    bob: { name: "Bob", groups: ["everybody"] },
    eve: { name: "Eve", groups: ["strangers"] },
  };
  const provider = await realProvider(`http://127.0.0.1:${port}/auth/callback`, people, () => person);
  await using running = await oidcConsole(provider.issuer, port, [
    { group: "ops", role: "operator", namespaces: "default" },
    { group: "everybody", role: "viewer", namespaces: "*" },
    { subject: "ada", role: "auditor", namespaces: "*" },
  ]);
  const enter = async (name: string) => {
    person = name;
    const visitor = new Browser();
    const end = await visitor.open(`${running.origin}/auth/login?to=/ns/default/workflows`);
    return { visitor, end };
  };

  const ada = await enter("ada");
  expect(ada.end.url).toBe(`${running.origin}/ns/default/workflows`);
  const adas = sessionOf(running, ada.visitor);
  expect(await api(running, "GET", "/me", undefined, adas)).toMatchObject({
    subject: "ada",
    name: "Ada",
    grants: [{ role: "operator" }, { role: "viewer" }, { role: "auditor" }],
  });
  const workflowId = unique("oidc");
  await api(running, "POST", "/ns/default/workflows", { workflowId, type: "t", taskQueue: "q" }, adas);

  const bobs = sessionOf(running, (await enter("bob")).visitor);
  const cancel = (headers: Record<string, string>) =>
    send(
      running,
      "POST",
      `/api/v1/ns/default/workflows/${workflowId}/latest/cancel`,
      { reason: "not needed" },
      headers,
    );
  expect((await cancel(bobs)).body).toMatchObject({ status: 403, action: "workflow.cancel" });
  expect((await cancel(adas)).status).toBe(200);
  const { rows } = await api(running, "GET", "/audit?action=workflow.cancel", undefined, adas);
  expect(rows).toMatchObject([
    { event: "outcome", actor: "ada", outcome: "done" },
    { event: "intent", actor: "ada", reason: "not needed" },
    { event: "refused", actor: "bob" },
  ]);

  const eve = await enter("eve");
  expect(eve.end.url).toContain("/login?failed=no-grant");
  expect(eve.visitor.cookie(running.origin, "tbc")).toBeUndefined();
  await provider.stop();
});

test("a state is good for one login, in the browser that began it", async () => {
  const provider = await fakeProvider();
  await using running = await oidcConsole(provider.issuer, await freePort(), [
    { group: "ops", role: "viewer", namespaces: "*" },
  ]);
  const visitor = new Browser();
  const callback = await visitor.open(`${running.origin}/auth/login`, "/auth/callback");
  const stranger = new Browser();
  expect((await stranger.open(callback.url)).url).toContain("/login?failed=state");
  // With an attempt of its own, and so with a cookie.
  await stranger.open(`${running.origin}/auth/login`, "/auth/callback");
  expect((await stranger.open(callback.url)).url).toContain("/login?failed=state");
  const thief = visitor.copy();
  expect((await visitor.open(callback.url)).url).toBe(`${running.origin}/`);
  expect((await visitor.open(callback.url)).url).toContain("/login?failed=state");
  // With all cookies that the visitor had before.
  expect((await thief.open(callback.url)).url).toContain("/login?failed=state");
  await provider.stop();
});

test("ID tokens for others, of others, of another login or too old are refused", async () => {
  const provider = await fakeProvider();
  await using running = await oidcConsole(provider.issuer, await freePort(), [
    { group: "ops", role: "viewer", namespaces: "*" },
  ]);
  const seconds = Math.floor(Date.now() / 1000);
  for (const claims of [
    { aud: "another client" },
    { iss: "https://issuer.invalid" },
    { nonce: "another login's" },
    { exp: seconds - 3600, iat: seconds - 7200 },
  ]) {
    provider.said.claims = claims;
    const visitor = new Browser();
    const end = await visitor.open(`${running.origin}/auth/login`);
    expect([claims, end.url]).toEqual([claims, expect.stringContaining("/login?failed=refused")]);
    expect(visitor.cookie(running.origin, "tbc")).toBeUndefined();
  }
  provider.said.claims = {};
  await provider.rotate();
  expect((await new Browser().open(`${running.origin}/auth/login`)).url).toBe(`${running.origin}/`);
  await provider.stop();
});

test("a provider that is away is said, and the next login finds it again", async () => {
  const port = await freePort();
  const consolePort = await freePort();
  await using running = await oidcConsole(`http://127.0.0.1:${port}`, consolePort, [
    { subject: "ada", role: "viewer", namespaces: "*" },
  ]);
  const login = () => new Browser().open(`${running.origin}/auth/login`);
  expect((await login()).url).toContain("/login?failed=provider");
  const provider = await fakeProvider(port);
  expect((await login()).url).toBe(`${running.origin}/`);
  await provider.stop();
});

test("after logging in, nobody is sent to another site", async () => {
  const provider = await fakeProvider();
  await using running = await oidcConsole(provider.issuer, await freePort(), [
    { group: "ops", role: "viewer", namespaces: "*" },
  ]);
  for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:0"]) {
    const { url } = await new Browser().open(`${running.origin}/auth/login?to=${encodeURIComponent(to)}`);
    expect([to, new URL(url).origin]).toEqual([to, running.origin]);
  }
  await provider.stop();
});

test("sessions end after 8 hours without use, and after 24 hours", async () => {
  const store = new SqliteStore(":memory:");
  await store.migrate();
  let now = 0;
  const sessions = new Sessions(store, "oidc", () => now);
  const hour = 3600_000;
  const idle = await sessions.create({ subject: "a", groups: [] }, {});
  now = 7.9 * hour;
  expect(await sessions.find(idle)).toBeDefined();
  now = 15.8 * hour;
  // A page that is only open is no use of it.
  expect(await sessions.find(idle, false)).toBeDefined();
  now = 16 * hour;
  expect(await sessions.find(idle)).toBeUndefined();
  now = 0;
  const busy = await sessions.create({ subject: "a", groups: [] }, {});
  for (now = 0; now <= 24 * hour; now += 4 * hour) expect(await sessions.find(busy)).toBeDefined();
  now = 24.1 * hour;
  expect(await sessions.find(busy)).toBeUndefined();
  await store.close();
});
