/**
 * Rows of the tables on threads whose code is from the packed npm package: the library for Workflow code as it is in
 * there, and its sources made smaller as those of workflow threads are. `HOSTILE_TABLES=whole` has all rows, a part
 * of them otherwise.
 */
import { afterAll, beforeAll } from "bun:test";
import { join } from "node:path";
import { mainPackage } from "../../../../release/npm-packages";
import { install, nativePackage, registryWith } from "../../packaging/support";
import type { Registry } from "../../support/registry";
import { testTables, whole } from "./matrix";

let registry: Registry;
let thread: string;

beforeAll(async () => {
  registry = await registryWith(mainPackage, nativePackage);
  const { folder } = await install(registry);
  thread = join(folder, "thread.js");
  const sources = join(folder, "node_modules", mainPackage, "src");
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../thread.ts")],
    outdir: folder,
    target: "bun",
    // As release/npm-pack does it.
    minify: { whitespace: true, syntax: true, identifiers: false },
    plugins: [
      {
        name: "packed",
        setup(build) {
          build.onResolve({ filter: /^[.][.]\/[.][.]\/src\// }, ({ path }) => ({
            path: `${join(sources, path.slice("../../src/".length)).replace(/realm-text-source$/, "realm-text-bundle")}.ts`,
          }));
        },
      },
    ],
  });
  if (!built.success) throw new AggregateError(built.logs);
}, 180_000);

afterAll(async () => registry?.[Symbol.asyncDispose]());

const packed = { script: () => thread, oneOf: whole ? 1 : 4 };
testTables({ ...packed, title: "packed, in memory", options: {}, seed: 23 });
testTables({ ...packed, title: "packed, replayed before each activation", options: {}, seed: 42, replays: true });
testTables({
  ...packed,
  title: "packed, each in a realm of its own",
  options: { reuseRealm: false },
  seed: 4,
  oneOf: whole ? 1 : 20,
});
