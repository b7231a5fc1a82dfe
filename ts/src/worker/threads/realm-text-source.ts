/**
 * `#workflow-realm` in a checkout: the library for Workflow code, bundled from its sources when it is needed. In the
 * npm package it is `realm-text-bundle.ts`.
 */
import { join, relative, resolve, sep } from "node:path";
import type { BunPlugin } from "bun";
import { installedSources, realmLibraryFile } from "../../common/stack-trace";
import type { RealmLibrary } from "../../workflow-host/realm";
import { BundleCache } from "../bundler/bundle-cache";
import { type BuildGraph, inputFiles } from "../bundler/bundler-plugin";

const folder = join(import.meta.dir, "../../workflow-realm");
let library: Promise<RealmLibrary> | undefined;

/** The library for Workflow code. */
export function realmLibrary(): Promise<RealmLibrary> {
  return (library ??= cachedLibrary());
}

async function cachedLibrary(): Promise<RealmLibrary> {
  const cache = new BundleCache();
  const key = `realm-${Bun.version}-3-${Bun.hash(folder).toString(36)}`;
  const startedMs = Date.now();
  const known = cache.read(key);
  if (known !== undefined) return known;
  const library = await bundleRealm();
  cache.write(key, library, startedMs);
  return library;
}

/** Stands for modules of Bun and Node.js, which aren't there in a realm. */
const replacements: BunPlugin = {
  name: "temporal-workflow-realm",
  setup(build) {
    build.onResolve({ filter: /^node:async_hooks$/ }, () => ({ path: join(folder, "async-hooks.ts") }));
    build.onResolve({ filter: /^bun:jsc$/ }, () => ({ path: join(folder, "microtasks.ts") }));
    build.onResolve({ filter: /\/message-class$/ }, () => ({ path: join(folder, "plain-messages.ts") }));
  },
};

/** Bundles the library; `release/npm-pack` does it for the package. */
export async function bundleRealm(): Promise<RealmLibrary & { inputs: string[] }> {
  const built = await Bun.build({
    entrypoints: [join(folder, "index.ts")],
    target: "browser",
    format: "cjs",
    metafile: true,
    sourcemap: "external",
    // Names stay, for stack traces.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: {
      "import.meta.url": JSON.stringify(`file://${realmLibraryFile}`),
      // As generated modules name it; see below about names of the language.
      "globalThis.Object": "Object",
    },
    plugins: [replacements],
  });
  const [body, map] = await Promise.all(built.outputs.map((output) => output.text()));
  // Names of the language become parameters: looked up on a realm's global object they are slow.
  const names =
    "AggregateError,Array,ArrayBuffer,BigInt,Boolean,DataView,Error,Function,Int32Array,Intl,JSON,Map,Math,Number,Object,Promise," +
    "Proxy,RangeError,ReferenceError,Reflect,RegExp,Set,String,Symbol,SyntaxError,TypeError,Uint8Array,WeakMap,WeakSet";
  const code = `(function(__temporalPlatform,Buffer){return (function(${names},module,exports){"use strict";
${body}
;return module.exports;})(${names},{exports:{}},{});})`;
  return {
    code,
    sourceMap: withInstalledSources(map!, installedSources),
    inputs: inputFiles(built.metafile as unknown as BuildGraph).map((path) => resolve(path)),
  };
}

/**
 * A source map of a part of this SDK for those who have installed it: without texts, which they have, and without
 * folders of the machine that it was made on.
 *
 * @param text the source map, as `Bun.build` gives it
 * @param base what stands before the paths of this SDK's sources
 */
export function withInstalledSources(text: string, base: string): string {
  const { version, sources, mappings } = JSON.parse(text) as { version: number; sources: string[]; mappings: string };
  const root = join(import.meta.dir, "../..");
  const installed = sources.map((source) => {
    const path = relative(root, resolve(source)).replaceAll(sep, "/");
    return path.startsWith("../") ? path.replace(/^(\.\.\/)+/, "") : `${base}${path}`;
  });
  // Bun refuses a map in which the texts aren't as many as the sources.
  return JSON.stringify({ version, sources: installed, sourcesContent: sources.map(() => null), mappings });
}
