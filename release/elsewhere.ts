/**
 * The package's folder `elsewhere`: what Node.js, browsers and bundlers find in the place of sources that only Bun
 * runs. A module has the names of the one that it stands for, because a missing name would be the error instead, and
 * says in one sentence what to do. Under Bun it passes on the real one: tools such as Vite resolve for Node.js.
 */
import { dirname, relative } from "node:path";
import { Glob } from "bun";
import { output } from "../scripts/tools";
import packageJson from "../ts/package.json";
import type { TarFile } from "./tar";

/** The module for a source, or the pattern for a pattern of sources, both as paths in the package. */
export function elsewhere(file: string): string {
  return file.replace(/^\.\/src\//, "./elsewhere/").replace(/\.ts$/, ".js");
}

/** What `require` gets. */
export const elsewhereForRequire = "./elsewhere/require.cjs";

const sentence = `(where) => "${packageJson.name} runs on Bun ${packageJson.engines.bun.replace(">=", "")} or newer, and this is " + where +
  ": run the program with bun, as in \`bun worker.ts\`. On Node.js use the official @temporalio packages."`;

const where = `const where = globalThis.process?.versions?.node ? "Node.js " + process.versions.node : "no Bun";`;

/** @param packageFolder folder of the checkout's package */
export function elsewhereFiles(packageFolder: string): TarFile[] {
  const files = Object.values(packageJson.exports)
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => (file.includes("*") ? matching(packageFolder, file) : [file]));
  const names = namesOf(packageFolder, files);
  const text = (name: string, content: string) => ({ name, data: new TextEncoder().encode(content) });
  return [
    text(
      "elsewhere/load.js",
      `const sentence = ${sentence};\n${where}\n
/** The module under Bun; anywhere else an error that says what to do. */
export async function load(path) {
  if (globalThis.Bun === undefined) throw new Error(sentence(where));
  return import(new URL(path, import.meta.url).href);
}\n`,
    ),
    text(elsewhereForRequire.slice(2), `const sentence = ${sentence};\n${where}\nthrow new Error(sentence(where));\n`),
    ...files.map((file) => {
      const path = elsewhere(file);
      const exported = names[file]!;
      const named = exported.filter((name) => name !== "default");
      const lines = [
        `import { load } from "${relative(dirname(path), "./elsewhere/load.js").replace(/^(?!\.)/, "./")}";`,
        `const loaded = await load("../${file.slice(2)}");`,
        ...(named.length === 0 ? [] : [`export const { ${named.join(", ")} } = loaded;`]),
        ...(exported.includes("default") ? ["export default loaded.default;"] : []),
      ];
      return text(path.slice(2), `${lines.join("\n")}\n`);
    }),
  ];
}

/** The sources that a pattern stands for. */
function matching(packageFolder: string, pattern: string): string[] {
  const glob = new Glob(pattern.slice(2).replace("*", "**/*"));
  return [...glob.scanSync(packageFolder)].toSorted().map((file) => `./${file}`);
}

/** What modules export, as a process of its own sees it: one of them changes what `Worker` is. */
function namesOf(packageFolder: string, files: string[]): Record<string, string[]> {
  const program = `const names = {};
    for (const file of ${JSON.stringify(files)}) names[file] = Object.keys(await import(${JSON.stringify(packageFolder)} + file.slice(1))).sort();
    console.log(JSON.stringify(names));`;
  return JSON.parse(output([process.execPath, "-e", program]));
}
