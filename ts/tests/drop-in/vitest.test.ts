/** What the plugin for Vitest answers to Vite, which asks about each import. */

import { expect, test } from "bun:test";
import { realpathSync } from "node:fs";
import { counterparts } from "../../src/drop-in/table";
import { temporal } from "../../src/drop-in/vitest";

const plugin = temporal();

test("official names lead to this SDK's modules, which Bun loads itself", () => {
  const { external } = plugin.config().test.server.deps;
  const leading = [...counterparts.values()].filter(({ file }) => file !== undefined);
  expect(leading.length).toBeGreaterThan(100);
  for (const { specifier, file } of leading) {
    for (const asked of [specifier, ...(specifier.split("/").length > 2 ? [`${specifier}.js`] : [])]) {
      const found = plugin.resolveId(asked)!;
      expect([asked, found]).toEqual([asked, file!]);
      expect(realpathSync(found)).toBe(found);
      expect([asked, external.some((pattern) => pattern.test(found))]).toEqual([asked, true]);
    }
  }
});

test("inner workings are refused, and other names left to others", () => {
  expect(() => plugin.resolveId("@temporalio/worker/lib/workflow/vm")).toThrow("import public names from");
  for (const other of ["vitest", "./activities", "temporal-bun-sdk/client", "@temporalio/ai-sdk"])
    expect(plugin.resolveId(other)).toBeUndefined();
  expect(plugin.config().test.server.deps.external.some((pattern) => pattern.test("/elsewhere/src/a.ts"))).toBe(false);
});
