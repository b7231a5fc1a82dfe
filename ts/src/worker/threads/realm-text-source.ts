/**
 * `#workflow-realm` in a checkout: the library for Workflow code, bundled from its sources when it is needed. In the
 * npm package it is `realm-text-bundle.ts`.
 */
import { join, resolve } from "node:path";
import type { BunPlugin } from "bun";
import { realmLibraryFile } from "../../common/stack-trace";
import { BundleCache } from "../bundler/bundle-cache";
import { type BuildGraph, inputFiles } from "../bundler/bundler-plugin";

const folder = join(import.meta.dir, "../../workflow-realm");
let text: Promise<string> | undefined;

/** Text of a script that evaluates to a function, which makes the library: see `openRealm`. */
export function realmText(): Promise<string> {
  return (text ??= cachedText());
}

async function cachedText(): Promise<string> {
  const cache = new BundleCache();
  const key = `realm-${Bun.version}-${Bun.hash(folder).toString(36)}`;
  const startedMs = Date.now();
  const known = cache.read(key);
  if (known !== undefined) return known.code;
  const { code, inputs } = await bundleRealm();
  cache.write(key, { code, sourceMap: "" }, inputs, startedMs);
  return code;
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
export async function bundleRealm(): Promise<{ code: string; inputs: string[] }> {
  const built = await Bun.build({
    entrypoints: [join(folder, "index.ts")],
    target: "browser",
    format: "cjs",
    metafile: true,
    // Names stay, for stack traces.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { "import.meta.url": JSON.stringify(`file://${realmLibraryFile}`) },
    plugins: [replacements],
  });
  const body = await built.outputs[0]!.text();
  // Names of the language become parameters: looked up on a realm's global object they are slow.
  const names =
    "AggregateError,Array,ArrayBuffer,BigInt,Boolean,DataView,Error,Function,Int32Array,Intl,JSON,Map,Math,Number,Object,Promise," +
    "Proxy,RangeError,ReferenceError,Reflect,RegExp,Set,String,Symbol,SyntaxError,TypeError,Uint8Array,WeakMap,WeakSet";
  const code = `(function(__temporalPlatform,Buffer){return (function(${names},module,exports){"use strict";${body}
;return module.exports;})(${names},{exports:{}},{});})`;
  return { code, inputs: inputFiles(built.metafile as unknown as BuildGraph).map((path) => resolve(path)) };
}
