/** What every store must do. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "../server/store/sqlite";
import { ConflictError, everything } from "../server/store/store";

let folder: string;
let path: string;
let store: SqliteStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "console-store-"));
  path = join(folder, "console.db");
  store = new SqliteStore(path);
  await store.migrate();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const doc = (id: string, rev: number, body: unknown = {}, k1 = "", k2 = "") => ({
  kind: "test",
  id,
  rev,
  k1,
  k2,
  body,
});

test("a document is written if nobody has changed it meanwhile", async () => {
  expect(await store.put(doc("a", 0, { n: 1 }))).toBe(1);
  await expect(store.put(doc("a", 0, { n: 2 }))).rejects.toBeInstanceOf(ConflictError);
  expect(await store.put(doc("a", 1, { n: 3 }))).toBe(2);
  await expect(store.put(doc("a", 1, { n: 4 }))).rejects.toBeInstanceOf(ConflictError);
  await expect(store.put(doc("b", 1, {}))).rejects.toBeInstanceOf(ConflictError);
  expect(await store.get("test", "a")).toEqual(doc("a", 2, { n: 3 }));
  expect(await store.delete("test", "a")).toBe(true);
  expect(await store.delete("test", "a")).toBe(false);
  expect(await store.get("test", "a")).toBeUndefined();
});

test("lists go by id, by keys and by pages", async () => {
  for (let index = 0; index < 25; index++)
    await store.put(doc(String(index).padStart(2, "0"), 0, index, index % 2 === 0 ? "even" : "odd", `${index % 5}`));
  await store.put({ ...doc("00", 0), kind: "other" });
  const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
  const first = await store.list("test", { limit: 10 });
  expect([ids(first)[0], ids(first).length, first.next]).toEqual(["00", 10, "09"]);
  const last = await store.list("test", { limit: 10, cursor: "19" });
  expect([ids(last), last.next]).toEqual([["20", "21", "22", "23", "24"], undefined]);
  expect(ids(await store.list("test", { k1: "odd", k2: "3" }))).toEqual(["03", "13", "23"]);
  expect(await everything(store, "test")).toHaveLength(25);
});

test("an entry's number is given once", async () => {
  const record = (seq: number) => ({ seq, prev: "p", hash: "h", text: `${seq}` });
  for (const seq of [1, 2, 3]) await store.append(record(seq));
  await expect(store.append(record(2))).rejects.toBeInstanceOf(ConflictError);
  expect(await store.read({ from: 2, limit: 10 })).toEqual([record(2), record(3)]);
  expect(await store.read({ limit: 2 })).toEqual([record(3), record(2)]);
  expect(await store.read({ before: 3, limit: 10 })).toEqual([record(2), record(1)]);
});

test("a lease is somebody's until it is over", async () => {
  expect(await store.lease("job", "a", 60_000)).toBe(true);
  expect(await store.lease("job", "b", 60_000)).toBe(false);
  expect(await store.lease("job", "a", -1)).toBe(true);
  expect(await store.lease("job", "b", 60_000)).toBe(true);
});

test("migrating again changes nothing; a schema that is newer, or another one, is refused", async () => {
  expect(await store.migrate()).toEqual([]);
  expect(await store.health()).toMatchObject({ ok: true, schema: 1 });
  const db = new Database(path);
  db.run("UPDATE schema_migration SET checksum = 'another' WHERE version = 1");
  await expect(store.migrate()).rejects.toThrow("is not the one that this console has");
  db.run("INSERT INTO schema_migration VALUES (999, 'from the future', '', 0)");
  db.run("DELETE FROM schema_migration WHERE version = 1");
  await expect(store.migrate()).rejects.toThrow("too old for");
  db.close();
});

test("a backup has everything", async () => {
  await store.put(doc("a", 0, { kept: true }));
  const copy = join(folder, "copy.db");
  await store.backup(copy);
  const restored = new SqliteStore(copy);
  expect(await restored.get("test", "a")).toMatchObject({ body: { kept: true } });
  await restored.close();
});
