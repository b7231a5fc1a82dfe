import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

test("every row of docs/parity.tsv names a test that exists", () => {
  const [header, ...rows] = readFileSync(join(root, "docs/parity.tsv"), "utf8").trim().split("\n");
  expect(header).toBe("id\tstate\ttest");
  expect(new Set(rows.map((row) => row.split("\t")[0])).size).toBe(rows.length);
  const unproven = rows.filter((row) => {
    const [, state, proof] = row.split("\t");
    const [, file, name] = /^(\S+): (.+)$/.exec(proof ?? "") ?? [];
    if (state !== "done" || file === undefined || !existsSync(join(root, file))) return true;
    // Titles stand as first arguments: `test("…", …)` or, for tables, `])("…", …)`.
    return !readFileSync(join(root, file), "utf8").replace(/\(\n\s*/g, "(").includes(`("${name}",`);
  });
  expect(unproven).toEqual([]);
});
