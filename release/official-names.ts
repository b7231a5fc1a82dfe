/**
 * The package's folder `official`, which makes one line of `paths` enough for a project that has paths of its own:
 * `"@temporalio/*": ["./node_modules/temporal-bun-sdk/official/*"]`. It has two files for each specifier of the table
 * of `src/drop-in`: declarations for compilers, and a module for Bun, which reads `paths` too.
 */

import { dirname, join, posix } from "node:path";
import configuration from "../ts/src/drop-in/tsconfig.json";
import type { TarFile } from "./tar";

/** @param source text of a module of the SDK, by its path in the package */
export function officialNames(source: (path: string) => string): TarFile[] {
  const files = new Map<string, string>();
  for (const [specifier, [declarations, module]] of Object.entries(configuration.compilerOptions.paths)) {
    const name = fileOf(specifier);
    const link = (extension: string, target: string) => {
      const path = posix.join("src/drop-in", target);
      const from = posix.relative(dirname(name), path);
      // What `export *` leaves out.
      const byDefault = /^export default /m.test(source(posix.join("src/drop-in", module!)))
        ? `export { default } from "${from}";\n`
        : "";
      files.set(`${name}.${extension}`, `export * from "${from}";\n${byDefault}`);
    };
    link("d.ts", declarations!.replace(/\.d\.ts$/, ".js"));
    link("js", module!);
  }
  return [...files].map(([name, text]) => ({ name, data: new TextEncoder().encode(text) }));
}

/** Where a specifier leads, without the extension: packages and their folders `lib` have an index. */
function fileOf(specifier: string): string {
  const [, name, ...rest] = specifier.split("/");
  const isFolder = rest.length === 0 || (rest.length === 1 && ["lib", "protos"].includes(rest[0]!));
  return join("official", name!, ...rest, ...(isFolder ? ["index"] : []));
}
