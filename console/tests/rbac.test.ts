/**
 * Every route × every role × a namespace that the grant has and one that it hasn't × cookie and token. `rbac.tsv` says
 * who may do what, apart from the code that decides it; a route that isn't there fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sessions } from "../server/gate/sessions";
import { Tokens } from "../server/gate/tokens";
import { SqliteStore } from "../server/store/sqlite";
import { builtInRoles, type Grant, matchesNamespace } from "../shared/actions";
import { routes } from "../shared/routes";
import { browser, send, type TestConsole, testConsole } from "./support";

interface Row {
  key: string;
  roles: string[];
  place: "namespace" | "somewhere" | "everywhere";
}

const table: Row[] = (await Bun.file(join(import.meta.dir, "rbac.tsv")).text())
  .trim()
  .split("\n")
  .map((line) => {
    const [key = "", roles = "", place = ""] = line.split("\t");
    return { key, roles: roles.split(" "), place: place as Row["place"] };
  });

const roleNames = Object.keys(builtInRoles);
const folder = mkdtempSync(join(tmpdir(), "console-rbac-"));
const path = join(folder, "console.db");
let running: TestConsole;
let store: SqliteStore;
/** Headers by "<role> <namespaces> <cookie or token>". */
const callers = new Map<string, Record<string, string>>();

beforeAll(async () => {
  const namespaces = roleNames.flatMap((role) => [ownOf(role), "*"].map((pattern) => ({ role, namespaces: pattern })));
  const groupOf = ({ role, namespaces }: Grant) => `${role} ${namespaces}`;
  running = await testConsole({
    mode: "oidc",
    config: {
      store: path,
      // Never asked: the sessions are there already.
      oidc: { issuer: "https://issuer.invalid", clientId: "console" },
      publicUrl: "http://127.0.0.1",
      grants: namespaces.map((grant) => ({ group: groupOf(grant), ...grant })),
    },
  });
  store = new SqliteStore(path);
  const [sessions, tokens] = [new Sessions(store, "oidc"), new Tokens(store)];
  for (const grant of namespaces) {
    const group = groupOf(grant);
    const secret = await sessions.create({ subject: group, groups: [group] }, {});
    callers.set(`${group} cookie`, browser({ origin: "http://127.0.0.1" }, `tbc=${secret}`));
    const now = Date.now();
    const record = { name: group, grants: [grant], createdBy: "test", created: now, expires: now + 3600_000 };
    const { token } = await tokens.create(record);
    callers.set(`${group} token`, { authorization: `Bearer ${token}` });
  }
});
afterAll(async () => {
  await running.stop();
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Each role has namespaces of its own, so that nobody waits for another's turn in lists. */
const ownOf = (role: string) => `own-${role}`;

test("the table has every route, and no other", () => {
  expect(table.map(({ key }) => key).sort()).toEqual(Object.keys(routes).sort());
});

/** Whether the gate let a request through: what comes then is the handler's, or that nothing was sent. */
async function passes(key: string, namespace: string, headers: Record<string, string>): Promise<boolean> {
  const [method = "", pattern = ""] = key.split(" ");
  const filled = pattern.replaceAll(/:(\w+)/g, (_, name: string) => (name === "ns" ? namespace : "none"));
  const { status, body } = await send({ origin: running.local }, method, `/api/v1${filled}`, {}, headers);
  if (status === 401) throw new Error(`${key}: not logged in`);
  return !(status === 403 && body.title === "You may not do this");
}

describe.each(roleNames)("%s", (role) => {
  test.each(["cookie", "token"])("by %s", async (kind) => {
    const own = callers.get(`${role} ${ownOf(role)} ${kind}`)!;
    const all = callers.get(`${role} * ${kind}`)!;
    const wrong: string[] = [];
    for (const { key, roles, place } of table) {
      const may = roles.includes(role);
      const expected = { own: may && place !== "everywhere", foreign: may && place === "somewhere", all: may };
      const got = {
        own: await passes(key, ownOf(role), own),
        foreign: await passes(key, `foreign-${role}`, own),
        all: await passes(key, `any-${role}`, all),
      };
      for (const at of ["own", "foreign", "all"] as const)
        if (got[at] !== expected[at]) wrong.push(`${key} (${at}): ${got[at] ? "let through" : "refused"}`);
    }
    expect(wrong).toEqual([]);
  });
});

test("a pattern stands for whole names", () => {
  for (const [pattern, names, others] of [
    ["orders", ["orders"], ["orders-2", "my-orders", ""]],
    ["orders-*", ["orders-", "orders-eu"], ["orders", "my-orders-eu"]],
    ["*-eu", ["orders-eu"], ["orders-eu-2"]],
    ["a.b", ["a.b"], ["axb"]],
    ["*", ["anything", ""], []],
  ] as const) {
    for (const name of names) expect([pattern, name, matchesNamespace(pattern, name)]).toEqual([pattern, name, true]);
    for (const name of others) expect([pattern, name, matchesNamespace(pattern, name)]).toEqual([pattern, name, false]);
  }
});

test("actions that only a body asks for need their grant as well", async () => {
  const developer = callers.get(`developer ${ownOf("developer")} token`)!;
  const at = { origin: running.local };
  const [starter, operator] = [`/api/v1/ns/${ownOf("developer")}/workflows`, `/api/v1/ns/${ownOf("operator")}/batch`];
  const body = { type: "t", taskQueue: "q", signal: { name: "s" } };
  const own = await send(at, "POST", starter, body, developer);
  expect([own.status, own.body.grpcCode]).toEqual([404, "NOT_FOUND"]);
  const batch = (kind: string) => ({ query: "WorkflowType = 't'", reason: "test", operation: { kind } });
  const headers = callers.get(`operator ${ownOf("operator")} token`)!;
  const deletion = await send(at, "POST", operator, batch("delete"), headers);
  expect([deletion.status, deletion.body.action]).toEqual([403, "workflow.delete"]);
  const termination = await send(at, "POST", operator, batch("terminate"), headers);
  expect([termination.status, termination.body.grpcCode]).toEqual([404, "NOT_FOUND"]);
});

test("a grant that is taken back holds for the next request", async () => {
  const secret = await new Sessions(store, "oidc").create({ subject: "newcomer", groups: [] }, {});
  const newcomer = browser({ origin: "http://127.0.0.1" }, `tbc=${secret}`);
  const at = { origin: running.local };
  const me = () => send(at, "GET", "/api/v1/me", undefined, newcomer);
  expect((await me()).status).toBe(401);
  const admin = callers.get("admin * token")!;
  const grant = { subject: "newcomer", role: "viewer", namespaces: "team-*", reason: "test" };
  const { body } = await send(at, "POST", "/api/v1/grants", grant, admin);
  expect((await me()).body.grants).toEqual([{ role: "viewer", namespaces: "team-*" }]);
  await send(at, "DELETE", `/api/v1/grants/${body.id}`, { reason: "test" }, admin);
  expect((await me()).status).toBe(401);
});
