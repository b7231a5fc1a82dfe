import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the `package.json` says that a folder belongs to; undefined if there is none. */
export function packageOf(folder: string): Record<string, unknown> | undefined {
  for (; ; folder = dirname(folder)) {
    try {
      return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    } catch (error) {
      // One that can't be read as JSON is the bundler's to complain about.
      if (error instanceof SyntaxError || dirname(folder) === folder) return undefined;
    }
  }
}
