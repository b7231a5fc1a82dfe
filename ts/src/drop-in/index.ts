/**
 * Makes `@temporalio/*` mean this SDK, for all code of the process: `preload = ["temporal-bun-sdk/drop-in"]` in
 * bunfig.toml, or `bun --preload temporal-bun-sdk/drop-in`. It doesn't matter whether the official packages are
 * installed. See docs/DROP-IN.md.
 *
 * Modules are loaded when they are first imported, and are the same ones that `temporal-bun-sdk/*` leads to, so classes
 * and symbols agree. Bun's runtime plugins are not asked about bare specifiers, and a preload isn't loaded in Workers:
 * so each specifier of the table is a module of its own, and `Worker` is told to load this one.
 *
 * @module
 */

import { createRequire, syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { plugin } from "bun";
import { counterpartOf, counterparts, officialPackages, officialSpecifierOf, refusal } from "./table";
import typeNamesOfPackages from "./type-names.json";

type WorkerClass = new (url: string | URL, options?: { preload?: string | string[] }) => object;

const require = createRequire(import.meta.url);
const typeNames: Record<string, string[] | undefined> = typeNamesOfPackages;
const sources = pathToFileURL(dirname(import.meta.dir)).href;
const names = officialPackages.map((name) => name.replace("@temporalio/", "")).join("|");

plugin({
  name: "temporal-bun-sdk/drop-in",
  setup(build) {
    for (const { specifier, file } of counterparts.values()) {
      const load = () => {
        if (file === undefined) throw new Error(refusal(specifier));
        const module = require(file) as Record<string, unknown>;
        const path = JSON.stringify(file);
        // The default is what Node gives for packages like the official ones, which are CommonJS. From these a name
        // that is a type alone can be imported, as code with decorator metadata does; it is undefined. A module and
        // no object: what a test puts in a name's place is then seen by those who have imported it before.
        const types = (typeNames[specifier] ?? []).filter((name) => !(name in module));
        const contents = [
          `export * from ${path};`,
          `import * as all from ${path};`,
          "export default all;",
          ...types.map((name) => `export const ${name} = undefined;`),
        ].join("\n");
        return { contents, loader: "js" as const };
      };
      build.module(specifier, load);
      if (specifier.split("/").length > 2) build.module(`${specifier}.js`, load);
    }
    // What is not in the table would bring a second SDK into the process, whose classes and symbols are not ours.
    build.onLoad(
      { filter: new RegExp(`[\\\\/]node_modules[\\\\/]@temporalio[\\\\/](?:${names})[\\\\/]`) },
      ({ path }) => {
        throw new Error(refusal(officialSpecifierOf(path) ?? path));
      },
    );
  },
});

/** The same class, whose instances load this module before their own. */
function withPreload<Class extends WorkerClass>(worker: Class): Class {
  return new Proxy(worker, {
    construct(target, given: ConstructorParameters<WorkerClass>, newTarget) {
      const [url, options] = given;
      // Threads of this SDK load no modules of the user; workflow code comes bundled.
      if (String(url).startsWith(`${sources}/`)) return Reflect.construct(target, given, newTarget);
      return Reflect.construct(
        target,
        [url, { ...options, preload: [import.meta.path, ...[options?.preload ?? []].flat()] }],
        newTarget,
      );
    },
  });
}

/**
 * Has tests mock the module that an official name leads to. Left to themselves they mock what the name is resolved to
 * without this preload, by `paths` or in `node_modules`, which nobody loads.
 */
function mockCounterparts(): void {
  const { jest, mock, vi } = require("bun:test") as typeof import("bun:test");
  const mockModule = mock.module;
  // A call in the place of this one, as strict code makes it when it returns the outcome: relative names are those of
  // the test file, which is looked for in the stack.
  const mockCounterpart: typeof mockModule = (specifier, factory) =>
    mockModule(counterpartOf(specifier)?.file ?? specifier, factory);
  Object.assign(mock, { module: mockCounterpart });
  Object.assign(jest, { mock: mockCounterpart });
  Object.assign(vi, { mock: mockCounterpart });
}

mockCounterparts();
globalThis.Worker = withPreload(globalThis.Worker);
const threads = require("node:worker_threads") as { Worker: WorkerClass };
threads.Worker = withPreload(threads.Worker);
syncBuiltinESMExports();
