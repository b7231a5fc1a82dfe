/**
 * Modules that exist only inside the bundler, and say by name what another one exports, so that the bundler knows the
 * names: it names those that aren't there, with their place, where the code itself would get `undefined`.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileOfShared } from "../../workflow-realm/modules";

const sourceRoot = join(import.meta.dir, "../..");

/**
 * Passes on what a shared module exports. Undefined where its sources aren't there, in an application that was bundled.
 */
export async function sharedModule(name: string): Promise<string | undefined> {
  const file = fileOfShared(name);
  if (file === undefined) return undefined;
  try {
    const names = Object.keys((await import(join(sourceRoot, file))) as object);
    return `export { ${[...names, "default"].join(", ")} } from ${JSON.stringify(name)};`;
  } catch {
    return undefined;
  }
}

/**
 * A JSON file as `import` gives it: `Bun.build` leaves out members whose names are no identifiers, and takes arrays for
 * modules. Undefined if the specifier leads to no JSON, or to none that can be read, about which the bundler complains.
 */
export function jsonModule(specifier: string, importer: string): { file: string; contents: string } | undefined {
  if (!specifier.endsWith(".json")) return undefined;
  try {
    const file = Bun.resolveSync(specifier, dirname(importer));
    const value = JSON.parse(readFileSync(file, "utf8")) as unknown;
    const lines = [`const value = require(${JSON.stringify(file)});`, "export default value;"];
    if (typeof value !== "object" || value === null || Array.isArray(value))
      lines.push("export const __esModule = true;");
    else
      for (const [index, key] of Object.keys(value).entries()) {
        if (key === "default") continue;
        lines.push(`const member${index} = value[${JSON.stringify(key)}];`);
        lines.push(`export { member${index} as ${JSON.stringify(key)} };`);
      }
    return { file, contents: lines.join("\n") };
  } catch {
    return undefined;
  }
}
