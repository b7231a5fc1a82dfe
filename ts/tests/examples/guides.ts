/**
 * The programs that guides show. A block of TypeScript that begins with `// name.ts` is that file, or goes on with it.
 * A block of `sh` is run, a `text` block after it is in what was written; `console` blocks are only shown.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export const root = join(import.meta.dir, "../../..");

interface Step {
  script: string;
  /** What must be in what it writes, line by line. */
  expected: string[];
}

export interface GuideProgram {
  /** Of the document, relative to the repository. */
  path: string;
  /** Where its files are. */
  folder: string;
  steps: Step[];
  /** Blocks of TypeScript that say no file, so that nobody compiles them, and output of nothing. */
  unchecked: string[];
}

/** Writes the files of a guide into a folder of its own below `target/guides`. */
export function writeGuide(path: string): GuideProgram {
  const folder = join(workshop, basename(path, ".md").toLowerCase());
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const program: GuideProgram = { path, folder, steps: [], unchecked: [] };
  const files = new Map<string, string>();
  const text = readFileSync(join(root, path), "utf8");
  for (const [, language, block = ""] of text.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    const [, name] = /^(?:\/\/|#) (\S+\.(?:ts|toml|json))\n/.exec(block) ?? [];
    if (name) files.set(name, (files.get(name) ?? "") + block);
    else if (language === "ts") program.unchecked.push(block);
    else if (language === "sh") program.steps.push({ script: block, expected: [] });
    else if (language === "text" && program.steps.length > 0)
      program.steps.at(-1)!.expected.push(...block.trimEnd().split("\n"));
    else if (language === "text") program.unchecked.push(block);
  }
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  return program;
}

const workshop = join(root, "target/guides");

/** Where the commands of the package are, as `bunx` finds them. */
export const commands = join(workshop, "node_modules/.bin");

/** Lets programs below `target/guides` import the package, and what it is developed with. */
export function prepareWorkshop(): string {
  rmSync(workshop, { recursive: true, force: true });
  const from = join(root, "ts/node_modules");
  const to = join(workshop, "node_modules");
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (!name.startsWith(".")) symlinkSync(join(from, name), join(to, name));
  symlinkSync(join(root, "ts"), join(to, "temporal-bun-sdk"));
  mkdirSync(commands);
  symlinkSync(join(root, "ts/src/cli/temporal-bun.ts"), join(commands, "temporal-bun"));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "ts/tsconfig.json"), "utf8"));
  writeFileSync(join(workshop, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*/*.ts"] }));
  return workshop;
}

/** The documents that have programs. */
export function guides(): string[] {
  const folder = join(root, "docs/guides");
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return [...names.map((name) => `docs/guides/${name}`).sort(), "docs/DEPLOYING.md", "docs/TESTING.md"];
}
