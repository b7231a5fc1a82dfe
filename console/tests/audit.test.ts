import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Audit, verifyChain } from "../server/gate/audit";
import { auditKey, signHead, verifyAudit } from "../server/gate/audit-heads";
import { SqliteStore } from "../server/store/sqlite";
import { api, send, testConsole, unique } from "./support";

let folder: string;
let path: string;
let store: SqliteStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "console-audit-"));
  path = join(folder, "console.db");
  store = new SqliteStore(path);
  await store.migrate();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const entry = (target: string) => ({ event: "login", actor: "a", via: "none", requestId: "r", target }) as const;

/** A log of ten entries, whose head is signed. Returns the key. */
async function tenEntries() {
  const audit = new Audit(store);
  for (let index = 1; index <= 10; index++) await audit.append(entry(`entry ${index}`));
  const key = auditKey(`${path}.key`);
  await signHead(store, key, await audit.head());
  expect(await verifyAudit(store, key)).toEqual({ entries: 10, damages: [] });
  return key;
}

/** Changes the database behind the console's back. */
function tamper(...statements: string[]): void {
  const db = new Database(path);
  for (const statement of statements) db.run(statement);
  db.close();
}

test("an edited entry is found", async () => {
  const key = await tenEntries();
  tamper("UPDATE audit SET text = replace(text, 'entry 5', 'entry x') WHERE seq = 5");
  expect((await verifyAudit(store, key)).damages).toEqual([{ seq: 5, problem: "its text was changed" }]);
});

test("an entry that was edited with its hash is found by the one after it", async () => {
  const key = await tenEntries();
  const db = new Database(path);
  const { prev, text } = db.query("SELECT * FROM audit WHERE seq = 5").get() as { prev: string; text: string };
  const changed = text.replace("entry 5", "entry x");
  const hash = new Bun.CryptoHasher("sha256").update(`${prev}\n${changed}`).digest("hex");
  db.query("UPDATE audit SET text = ?, hash = ? WHERE seq = 5").run(changed, hash);
  db.close();
  expect((await verifyAudit(store, key)).damages).toEqual([{ seq: 6, problem: "it does not follow the entry before" }]);
});

test("an entry that was taken out is found", async () => {
  const key = await tenEntries();
  tamper("DELETE FROM audit WHERE seq = 5");
  expect((await verifyAudit(store, key)).damages).toEqual([
    { seq: 6, problem: "entries 5 to 5 are missing" },
    { seq: 6, problem: "it does not follow the entry before" },
  ]);
});

test("entries in another order are found", async () => {
  const key = await tenEntries();
  tamper(
    "UPDATE audit SET seq = -1 WHERE seq = 5",
    "UPDATE audit SET seq = 5 WHERE seq = 6",
    "UPDATE audit SET seq = 6 WHERE seq = -1",
  );
  const problems = (await verifyAudit(store, key)).damages.map(({ problem }) => problem);
  expect(problems).toContain("it stood at another place");
});

test("a log whose end was cut off, or written anew, is found by its signed head", async () => {
  const key = await tenEntries();
  tamper("DELETE FROM audit WHERE seq > 7");
  // The chain by itself is whole.
  expect((await verifyChain(store)).damages).toEqual([]);
  expect((await verifyAudit(store, key)).damages).toMatchObject([
    { seq: 10, problem: expect.stringContaining("the log was cut") },
  ]);
  const audit = new Audit(store);
  for (let index = 8; index <= 12; index++) await audit.append(entry(`forged ${index}`));
  expect((await verifyChain(store)).damages).toEqual([]);
  expect((await verifyAudit(store, key)).damages).toMatchObject([
    { seq: 10, problem: expect.stringContaining("another entry") },
  ]);
  expect((await verifyAudit(store, auditKey(undefined))).damages).toContainEqual({
    seq: 10,
    problem: "the signature of this head is not by this console's key",
  });
});

test("several writers make one unbroken chain", async () => {
  const others = [new SqliteStore(path), new SqliteStore(path)];
  const audits = [store, ...others].map((each) => new Audit(each));
  await Promise.all(
    audits.flatMap((audit) => Array.from({ length: 50 }, (_, index) => audit.append(entry(`${index}`)))),
  );
  for (const other of others) await other.close();
  expect(await verifyChain(store)).toMatchObject({ entries: 150, damages: [] });
});

test("an action is in the log with its intent, reason and outcome, and without what was sent to the workflow", async () => {
  await using running = await testConsole();
  const workflowId = unique("audited");
  const secret = unique("secret");
  await api(running, "POST", "/ns/default/workflows", { workflowId, type: "t", taskQueue: "q", input: [secret] });
  await api(running, "POST", `/ns/default/workflows/${workflowId}/latest/terminate`, { reason: "no longer wanted" });
  await send(running, "POST", `/api/v1/ns/default/workflows/${workflowId}/latest/signal`, { name: "late" });
  const { rows } = await api(running, "GET", "/audit?limit=6");
  expect(rows).toMatchObject([
    { event: "outcome", action: "workflow.signal", outcome: expect.stringContaining("already completed") },
    { event: "intent", action: "workflow.signal" },
    { event: "outcome", action: "workflow.terminate", outcome: "done", intent: rows[3].seq },
    { event: "intent", action: "workflow.terminate", reason: "no longer wanted", actor: "local", namespace: "default" },
    { event: "outcome", action: "workflow.start", outcome: "done" },
    { event: "intent", action: "workflow.start", request: { workflowId } },
  ]);
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(await api(running, "GET", "/audit/verify")).toMatchObject({ damages: [] });
  const { rows: found } = await api(running, "GET", "/audit?action=workflow.terminate&limit=2");
  expect(found.map(({ event }: { event: string }) => event)).toEqual(["outcome", "intent"]);
});

test("what can't be written to the log is not done", async () => {
  await using running = await testConsole({ config: { store: path } });
  const workflowId = unique("unaudited");
  const start = () => send(running, "POST", "/api/v1/ns/default/workflows", { workflowId, type: "t", taskQueue: "q" });
  tamper("ALTER TABLE audit RENAME TO hidden");
  const refused = await start();
  expect([refused.status, refused.body.title]).toEqual([503, "It was not done"]);
  expect((await send(running, "GET", `/api/v1/ns/default/workflows/${workflowId}/latest`)).status).toBe(404);
  tamper("ALTER TABLE hidden RENAME TO audit");
  expect((await start()).status).toBe(200);
});
