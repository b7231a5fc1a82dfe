import { expect, test } from "bun:test";
import { join } from "node:path";
import { loadedBy } from "../../../scripts/imports";

const source = join(import.meta.dir, "../../src");

test("importing the client loads no service's messages, and nothing that is slow to load", () => {
  const loaded = loadedBy(join(source, "client/index.ts"));
  expect(loaded).toContain(join(source, "client/connection/connection.ts"));
  // The messages of services are most of the SDK's code: the first call loads them.
  expect(
    [...loaded].filter((file) =>
      /\/proto\/rpc\/(?!names\.ts)|service\/v1\/request_response|\/history\/v1\//.test(file),
    ),
  ).toEqual([]);
  expect(
    [...loaded].filter((file) => ["node:net", "node:http", "node:http2", "node:tls", "node:crypto"].includes(file)),
  ).toEqual([]);
});
