/**
 * A plugin for Vitest, for projects whose code imports `@temporalio/*`: `plugins: [temporal()]` in vitest.config.ts,
 * and `bun --bun vitest`. Vite resolves imports itself and doesn't ask what a preload has put in their place.
 *
 * @module
 */

import { dirname } from "node:path";
import { counterpartOf, refusal } from "./table";

/** What Vite and Vitest need of a plugin. */
export interface VitestPlugin {
  name: string;
  enforce: "pre";
  config(): { test: { server: { deps: { external: RegExp[] } } } };
  resolveId(specifier: string): string | undefined;
}

/** Makes `@temporalio/*` mean this SDK in test files and what they import. */
export function temporal(): VitestPlugin {
  const sources = dirname(import.meta.dir);
  return {
    name: "temporal-bun-sdk",
    enforce: "pre",
    // Bun loads the SDK, not Vite: there is one of each of its classes, by whatever name it is imported.
    config: () => ({ test: { server: { deps: { external: [new RegExp(`^${RegExp.escape(sources)}/`)] } } } }),
    resolveId(specifier) {
      const counterpart = counterpartOf(specifier);
      if (counterpart !== undefined && counterpart.file === undefined) throw new Error(refusal(specifier));
      return counterpart?.file;
    },
  };
}
