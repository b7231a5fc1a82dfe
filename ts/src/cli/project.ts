/** What `doctor` looks at in the folder of a project. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const preload = "temporal-bun-sdk/drop-in";

/**
 * Where a bunfig.toml names the drop-in's preload although Bun doesn't read it there: in TOML a line belongs to the
 * section above it.
 *
 * @returns the names of the sections; empty if there is none, or no such file
 */
export function misplacedPreloads(folder: string): string[] {
  const path = join(folder, "bunfig.toml");
  if (!existsSync(path)) return [];
  const names = (value: unknown) => [value].flat().includes(preload);
  // [test] has a preload of its own.
  return Object.entries(Bun.TOML.parse(readFileSync(path, "utf8")))
    .filter(([section, value]) => section !== "test" && typeof value === "object" && !Array.isArray(value))
    .filter(([, value]) => names((value as { preload?: unknown }).preload))
    .map(([section]) => section);
}
