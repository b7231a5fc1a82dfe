/**
 * Checks what compilers and linters don't: who imports whom, that no module needs itself, that exports have a user,
 * that lines fit, that paths in comments and documents, and links of documents, lead somewhere, and that the Makefile
 * has each target once.
 * docs/ARCHITECTURE.md says why.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import packageJson from "../ts/package.json";
import official from "../ts/src/drop-in/tsconfig.json";
import { anchorOf, readIndex } from "./docs/guides";
import { output, root } from "./tools";

/** The rooms of ts/src. Each may import those of the rows before its own, and itself. */
const rows = [
  ["proto", "libs", "drop-in"],
  ["native"],
  ["common"],
  ["payloads", "workflow"],
  ["workflow-realm"],
  ["client"],
  ["activity", "nexus", "cloud", "workflow-host"],
  ["worker"],
  ["testing", "plugin", "envconfig"],
  ["integrations", "cli", "index.ts"],
];
/** Of the rooms before it, what Workflow code's library may import: it is loaded where there is no other. */
const workflowImports = ["proto", "common"];
const widthLimit = 120;

const listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"];
const files = output(listed).split("\n");
const isText = (path: string) => /\.(tsx?|js|cjs|rs|zig|c|h|sh|md|toml|yml)$/.test(path);
const isGenerated = (path: string) =>
  /^ts\/src\/proto\/(google|grpc|rpc|temporal|index)|\.generated\.(ts|js)$/.test(path);
const isThere = (path: string) => existsSync(join(root, path));
const text = new Map(
  files.filter((path) => isText(path) && isThere(path)).map((path) => [path, readFileSync(join(root, path), "utf8")]),
);
const sources = [...text.keys()].filter((path) => path.startsWith("ts/src/") && path.endsWith(".ts"));
const consoleSources = [...text.keys()].filter((path) => /^console\/(shared|server|web)\/.*\.tsx?$/.test(path));
const problems: string[] = [];

/** An import of another file, or a re-export: of types only, which the compiler erases, or of all that it exports. */
type Import = { from: string; to: string; typesOnly: boolean; passesAll: boolean };

function importsOf(from: string): Import[] {
  const code = text.get(from)!.replace(/\/\*[\s\S]*?\*\//g, "");
  const statement = /^(?:import|export)\s+(type\s)?([^;"']*?)(?:\sfrom\s+)?"(\.[^"]*)"/gm;
  const found: Import[] = [];
  for (const [, type, names = "", specifier = ""] of code.matchAll(statement)) {
    const to = fileOf(join(dirname(from), specifier));
    const listed = /^\{([\s\S]*)\}$/
      .exec(names.trim())?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "");
    const typesOnly = type !== undefined || (listed?.every((name) => name.trim().startsWith("type ")) ?? false);
    if (to !== undefined) found.push({ from, to, typesOnly, passesAll: names.trim() === "*" });
  }
  return found;
}

function fileOf(path: string): string | undefined {
  return [path, `${path}.ts`, `${path}.tsx`, join(path, "index.ts")].find((candidate) => text.has(candidate));
}

const imports = sources.flatMap(importsOf);
const consoleImports = consoleSources.flatMap(importsOf);
const roomOf = (path: string) => path.split("/")[2]!;

function checkOrder(): void {
  const rowOf = (path: string) => rows.findIndex((row) => row.includes(roomOf(path)));
  for (const { from, to } of imports) {
    const [room, other] = [roomOf(from), roomOf(to)];
    if (room === other || !to.startsWith("ts/src/")) continue;
    if (rowOf(from) < 0)
      problems.push(`${from}: the room ${room} stands nowhere in the order: add it to scripts/tidy.ts`);
    else if (rowOf(to) >= rowOf(from)) problems.push(`${from}: ${room} may not import ${other} (${to})`);
    else if (room === "workflow" && !workflowImports.includes(other)) {
      problems.push(`${from}: Workflow code's library may import ${workflowImports.join(" and ")}, not ${to}`);
    }
  }
}

/** The console's three folders, and the one room of its server that knows the SDK. */
function checkConsole(): void {
  const folderOf = (path: string) => path.split("/")[1]!;
  for (const { from, to, typesOnly } of consoleImports) {
    const [folder, other] = [folderOf(from), folderOf(to)];
    if (folder !== other && other !== "shared")
      problems.push(`${from}: the console's ${folder}/ may not import ${other}/ (${to})`);
    // The table of routes has its schemas with it.
    if (folder === "web" && !typesOnly && /^console\/shared\/(routes?|schemas)\b/.test(to))
      problems.push(`${from}: only types of ${to} may be imported in the browser`);
  }
  for (const path of consoleSources) {
    if (/^console\/server\/(temporal\/|main\.ts)/.test(path)) continue;
    if (/^import (?!type)[^;]* from "temporal-bun-sdk/m.test(text.get(path)!))
      problems.push(`${path}: only console/server/temporal may import the SDK; types may be imported anywhere`);
  }
}

/** Depth first; a module that is met again while its own imports are followed is part of a cycle. */
function checkCycles(): void {
  const done = new Set<string>();
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) {
      problems.push(`modules need each other: ${[...way.slice(way.indexOf(path)), path].join(" → ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const { to } of values.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  const values = Map.groupBy(
    [...imports, ...consoleImports].filter(({ typesOnly }) => !typesOnly),
    ({ from }) => from,
  );
  for (const path of [...sources, ...consoleSources]) visit(path, []);
}

/** What an entry of the package passes on is for its users; anything else is for another file, or isn't exported. */
function checkExports(): void {
  const entries = [
    ...Object.values(packageJson.exports).map((path) => join("ts", path)),
    ...Object.values(official.compilerOptions.paths).map((paths) => join("ts/src/drop-in", paths.at(-1)!)),
  ];
  const isPublic = new Set([...entries, "console/server/index.ts"].flatMap((path) => fileOf(path) ?? []));
  for (const path of isPublic) for (const { to, passesAll } of importsOf(path)) if (passesAll) isPublic.add(to);
  const words = new Map([...text].map(([path, content]) => [path, new Set(content.match(/[\w$]+/g))]));
  for (const [path, content] of text) {
    if (!/\.tsx?$/.test(path) || isPublic.has(path) || isGenerated(path)) continue;
    // What the console's server and pages share, they share by its names.
    if (!/^(ts\/src|scripts|release|console\/(?!shared\/))/.test(path)) continue;
    const declaration =
      /^export (?:declare |abstract |async )*(?:class|const|let|enum|function\*?|interface|type) (\w+)/gm;
    for (const [, name = ""] of content.matchAll(declaration)) {
      const isUsed = [...words].some(([other, known]) => other !== path && /\.tsx?$/.test(other) && known.has(name));
      if (!isUsed) problems.push(`${path}: nobody imports ${name}: don't export it, or take it out`);
    }
  }
}

/** Formatters see to code, and texts can't be broken: comments are what is left. */
function checkWidth(): void {
  for (const [path, content] of text) {
    if (!/\.(tsx?|rs|zig|c|h|sh)$/.test(path) || isGenerated(path)) continue;
    for (const [index, line] of content.split("\n").entries()) {
      if (line.length <= widthLimit || !/^\s*(\/\/|\*|\/\*|#)/.test(line) || line.includes("://")) continue;
      problems.push(`${path}:${index + 1}: ${line.length} columns, more than ${widthLimit}`);
    }
  }
}

/** Paths of this repository that comments and documents name. */
function checkPaths(): void {
  const known = new Set(
    files.flatMap((path) => path.split("/").map((_, at, parts) => parts.slice(0, at + 1).join("/"))),
  );
  const mention =
    /(?<![\w./-])(?:ts\/(?:src|tests|scripts|bench|examples)|rust-core|zig-bridge|scripts|release)\/[\w./-]*\w/g;
  for (const [path, content] of text) {
    if (path === "CHANGELOG.md" || isGenerated(path)) continue;
    const prose = path.endsWith(".md") ? content : (content.match(/^\s*(?:\/\/|\/?\*|#).*$/gm) ?? []).join("\n");
    for (const [named] of prose.matchAll(mention)) {
      if (!known.has(named) && !known.has(`ts/${named}`)) problems.push(`${path}: there is no ${named}`);
    }
  }
}

/** Links of documents to files, and to places in documents. The suite checks no others: it has no network. */
function checkLinks(): void {
  const known = new Set(files);
  const documents = [...text].filter(([path]) => path.endsWith(".md"));
  const anchors = new Map(documents.map(([path, content]) => [path, anchorsOf(content)]));
  for (const [path, content] of documents) {
    const prose = content.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      // The package's README stands beside `docs/` there.
      const folder = path === "ts/README.md" ? "." : dirname(path);
      const to = file === "" ? path : normalize(join(folder, file));
      // The site of the documents has files alone.
      const isFolder = !path.startsWith("docs/") && files.some((other) => other.startsWith(`${to}/`));
      const exists = known.has(to) || isFolder;
      if (!exists) problems.push(`${path}: the link ${target} leads to no file`);
      else if (anchor && !anchors.get(to)?.has(anchor)) problems.push(`${path}: ${target} leads to no heading`);
    }
  }
  const guides = new Set(readIndex().map((guide) => guide.path));
  for (const [path] of documents) {
    if (path.startsWith("docs/") && path !== "docs/README.md" && !guides.has(path))
      problems.push(`${path}: docs/README.md doesn't list it, so the site doesn't have it`);
  }
}

/** What the headings of a document are called in links. */
function anchorsOf(content: string): Set<string> {
  const headings = content.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm);
  return new Set([...headings].map(([, heading = ""]) => anchorOf(heading)));
}

/** Make takes the last of two rules for a target, and no rule at all for a name that is phony. */
function checkMakefile(): void {
  const makefile = readFileSync(join(root, "Makefile"), "utf8");
  const targets = [...makefile.matchAll(/^([a-z][a-z-]*):/gm)].map(([, name = ""]) => name);
  const phony = [...makefile.matchAll(/^\.PHONY: (.*)$/gm)].flatMap(([, names = ""]) => names.split(" "));
  for (const name of new Set([...targets, ...phony])) {
    const counts = [targets, phony].map((list) => list.filter((other) => other === name).length);
    if (counts.some((count) => count !== 1))
      problems.push(`Makefile: ${name} has ${counts.join(" rules and is phony ")} times`);
  }
}

for (const check of [
  checkOrder,
  checkConsole,
  checkCycles,
  checkExports,
  checkWidth,
  checkPaths,
  checkLinks,
  checkMakefile,
])
  check();
for (const problem of problems) console.error(problem);
console.error(`tidy: ${problems.length} problems in ${text.size} files`);
process.exitCode = problems.length > 0 ? 1 : 0;
