/**
 * The generated file src/proto/index.ts: all messages and enumerations in the namespaces that `@temporalio/proto` has
 * them in. Made from the modules and fields.json, which `generate-proto.ts` makes before.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

/** A message or an enumeration, with what is declared inside it. */
interface Declaration {
  name: string;
  /** Its name in the module, e.g. "Payload_ExternalPayloadDetails". */
  exported: string;
  /** The text of the members, for an enumeration. */
  members: string | undefined;
  inner: Declaration[];
}

/** The namespace of a module: that of its .proto file. */
function namespaceOf(path: string): string {
  const folders = path.split("/").slice(0, -1);
  const [, , core, ...inCore] = folders;
  return core === "core" ? ["coresdk", ...inCore].join(".") : folders.join(".");
}

function declarationsOf(path: string, text: string, known: Set<string>): Declaration[] {
  const namespace = namespaceOf(path);
  const byName = new Map<string, Declaration>();
  const outer: Declaration[] = [];
  const found = [...text.matchAll(/^export (?:const (\w+): MessageFns<|enum (\w+) \{\n([\s\S]*?)\n\})/gm)].map(
    ([, message, enumeration, members]) => ({ exported: (message ?? enumeration)!, members }),
  );
  // Those inside others come before them in the modules.
  for (const { exported, members } of found.sort(
    (a, b) => a.exported.split("_").length - b.exported.split("_").length,
  )) {
    const parts = exported.split("_");
    // Entries of maps are no messages of their own.
    if (!known.has(`${namespace}.${parts.join(".")}`)) continue;
    const declaration = { name: parts.at(-1)!, exported, members, inner: [] };
    byName.set(exported, declaration);
    (byName.get(parts.slice(0, -1).join("_"))?.inner ?? outer).push(declaration);
  }
  return outer;
}

/** The value that stands for a declaration. */
function valueOf({ exported, members, inner }: Declaration, module: string, indent: string): string {
  if (members !== undefined) {
    const numbers = [...members.matchAll(/^ {2}(\w+) = (-?\d+),/gm)].filter(([, name]) => name !== "UNRECOGNIZED");
    return `enumeration({ ${numbers.map(([, name, number]) => `${name}: ${number}`).join(", ")} } as const)`;
  }
  const own = `${module}_("${exported}")`;
  if (inner.length === 0) return own;
  const values = inner.map(
    (declaration) => `${indent}  ${declaration.name}: ${valueOf(declaration, module, `${indent}  `)},`,
  );
  return `Object.assign(${own}, {\n${values.join("\n")}\n${indent}})`;
}

/** The types of a declaration. */
function typesOf({ name, exported, members, inner }: Declaration, module: string, indent: string): string[] {
  const lines = [`${indent}export type ${name} = ${module}.${exported};`];
  if (members === undefined) lines.push(`${indent}export type I${name} = ${module}.${exported};`);
  if (inner.length > 0) {
    lines.push(
      `${indent}export namespace ${name} {`,
      ...inner.flatMap((declaration) => typesOf(declaration, module, `${indent}  `)),
      `${indent}}`,
    );
  }
  return lines;
}

/** The text of index.ts for the modules in a folder. */
export function namespaces(folder: string): string {
  const fields = JSON.parse(readFileSync(join(folder, "fields.json"), "utf8")) as { messages: object; enums: object };
  const full = (name: string): string => (name.startsWith(".") ? `temporal.api${name}` : name);
  const known = new Set([...Object.keys(fields.messages), ...Object.keys(fields.enums)].map(full));
  const modules: string[] = [];
  const blocks: string[] = [];
  const roots = new Set<string>();
  for (const path of [...new Glob("{google,grpc,temporal}/**/*.ts").scanSync(folder)].sort()) {
    const declarations = declarationsOf(path, readFileSync(join(folder, path), "utf8"), known);
    // Bun can't compile a namespace whose name is a keyword: temporal.api.export, of files that Temporal Cloud writes.
    if (declarations.length === 0 || namespaceOf(path).includes(".export.")) continue;
    const file = `./${path.slice(0, -3)}`;
    const module = path.slice(0, -3).replaceAll("/", "_");
    modules.push(
      `import type * as ${module} from "${file}";`,
      `const ${module}_ = messages<typeof ${module}>("${namespaceOf(path)}", () => require("${file}"));`,
    );
    const lines = declarations.flatMap((declaration) => [
      `  export const ${declaration.name} = ${valueOf(declaration, module, "  ")};`,
      ...typesOf(declaration, module, "  "),
    ]);
    roots.add(namespaceOf(path).split(".", 1)[0]!);
    blocks.push(`export namespace ${namespaceOf(path)} {\n${lines.join("\n")}\n}`);
  }
  const imports = modules.filter((line) => line.startsWith("import"));
  // Enumerations stand in this file, so a module that has nothing else is not loaded.
  const loaders = modules.filter((line) => {
    const name = /^const (\w+) /.exec(line)?.[1];
    return name !== undefined && blocks.some((block) => block.includes(`${name}("`));
  });
  return `// @generated by scripts/proto-namespaces.ts. Do not edit.

/**
 * All messages and enumerations of the server's API, of Temporal Cloud's and of Core, in the namespaces of
 * \`@temporalio/proto\`.
 *
 * @module
 */

${imports.join("\n")}
import { enumeration, messages } from "./reflection";

${loaders.join("\n")}

${blocks.join("\n\n")}

export default { ${[...roots].sort().join(", ")} };
`;
}
