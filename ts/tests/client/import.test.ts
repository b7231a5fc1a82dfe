import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const source = join(import.meta.dir, "../../src");
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The modules that importing one loads at once: not those of `import()`, nor those of which only types are used. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.endsWith(".ts")) return seen;
  for (const { path, kind } of transpiler.scan(readFileSync(file, "utf8")).imports) {
    if (kind !== "import-statement") continue;
    if (path.startsWith(".")) loadedBy(Bun.resolveSync(path, dirname(file)), seen);
    else seen.add(path);
  }
  return seen;
}

test("importing the client loads no service's messages, and nothing that is slow to load", () => {
  const loaded = loadedBy(join(source, "client/index.ts"));
  expect(loaded).toContain(join(source, "client/connection/connection.ts"));
  // The messages of services are most of the SDK's code: the first call loads them.
  expect(
    [...loaded].filter((file) => /\/proto\/rpc\/|service\/v1\/request_response|\/history\/v1\//.test(file)),
  ).toEqual([]);
  expect(
    [...loaded].filter((file) => ["node:net", "node:http", "node:http2", "node:tls", "node:crypto"].includes(file)),
  ).toEqual([]);
});
