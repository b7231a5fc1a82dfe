/**
 * The one table of what stands for the official packages: `paths` of tsconfig.json beside this file. Each has two: the
 * declarations in the npm package, which only compilers take, and the sources, which compilers take in a checkout.
 */

import { join } from "node:path";
import configuration from "./tsconfig.json";

const unavailable = join(import.meta.dir, "unavailable.ts");

/** What an import of the official SDK leads to. */
export interface Counterpart {
  /** What was asked for, as the table has it, e.g. "@temporalio/common/lib/time". */
  specifier: string;
  /**
   * Absolute path of the module in its place; undefined if there is none, because it is an inner part of the official
   * SDK.
   */
  file: string | undefined;
}

/** The table: each specifier of the official SDK that this one knows, with its counterpart. */
export const counterparts: ReadonlyMap<string, Counterpart> = new Map(
  Object.entries(configuration.compilerOptions.paths).map(([specifier, targets]) => {
    const file = join(import.meta.dir, targets.at(-1)!);
    return [specifier, { specifier, file: file === unavailable ? undefined : file }];
  }),
);

/** The official packages in the table, e.g. "@temporalio/client". */
export const officialPackages: readonly string[] = [
  ...new Set([...counterparts.keys()].map((specifier) => specifier.split("/", 2).join("/"))),
];

/**
 * What an import means.
 *
 * @param specifier what stands in the import statement; files may have their extension, as Node's modules need it
 * @returns `undefined` if it isn't in one of the official packages that the table knows
 */
export function counterpartOf(specifier: string): Counterpart | undefined {
  const known = counterparts.get(specifier) ?? counterparts.get(specifier.replace(/\.js$/, ""));
  if (known !== undefined) return known;
  const inside = officialPackages.some((name) => specifier.startsWith(`${name}/`));
  return inside ? { specifier, file: undefined } : undefined;
}

/**
 * What a file of an installed official package is called in imports.
 *
 * @param path absolute path of a file
 * @returns for example "@temporalio/common/lib/time"; `undefined` for all other files, those of other packages of
 * `@temporalio` included
 */
export function officialSpecifierOf(path: string): string | undefined {
  const match = /.*[\\/]node_modules[\\/](@temporalio[\\/].*?)(?:\.js)?$/.exec(path);
  const specifier = match?.[1]?.replaceAll("\\", "/");
  return specifier !== undefined && officialPackages.some((name) => specifier.startsWith(`${name}/`))
    ? specifier
    : undefined;
}

/** Why an import has no counterpart, and what to do about it. */
export function refusal(specifier: string): string {
  const name = specifier.split("/", 2).join("/");
  const advice =
    name === "@temporalio/core-bridge"
      ? "temporal-bun-sdk has a native bridge of its own"
      : `import public names from '${name}'`;
  return `'${specifier}' is part of the inner workings of the official Temporal SDK and has no counterpart in temporal-bun-sdk: ${advice}. See node_modules/temporal-bun-sdk/docs/DROP-IN.md`;
}
