/**
 * Makes the site of the documentation in `target/docs`: the guides and an API reference from the doc comments, with a
 * search over both. It opens from disk. A link that leads nowhere, in a comment, a guide or a page, is an error, and so
 * is a question of docs/questions.tsv that the search doesn't answer.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../ts/package.json" with { type: "json" };
import { entriesOf, readIndex, unanswered } from "./docs/guides";
import { linkProblems } from "./docs/pages";
import type { Entry } from "./docs/search";
import { packageFolder, root, run } from "./tools";

/** As much of TypeDoc as is used: its own types are there only when it is installed. */
interface Reflection {
  name: string;
  kind: number;
  children?: Reflection[];
  documents?: Reflection[];
  signatures?: Reflection[];
  comment?: { summary: { text: string }[] };
  frontmatter: Record<string, unknown>;
}

interface Router {
  hasUrl(reflection: Reflection): boolean;
  getFullUrl(reflection: Reflection): string;
}

interface TypeDoc {
  Application: {
    bootstrap(options: object): Promise<{
      converter: { on(event: string, listener: (context: unknown, reflection: Reflection) => void): void };
      logger: { errorCount: number; warningCount: number };
      renderer: { router: Router; on(event: string, listener: () => void): void };
      convert(): Promise<Reflection | undefined>;
      validate(project: Reflection): void;
      generateDocs(project: Reflection, folder: string): Promise<void>;
    }>;
  };
  RendererEvent: { END: string };
  Converter: { EVENT_CREATE_DECLARATION: string; EVENT_CREATE_DOCUMENT: string };
  ReflectionKind: { Module: number; Reference: number; Constructor: number; singularString(kind: number): string };
}

const site = join(root, "target/docs");

/** What programs import, with its file. Messages of protobuf have no comments; what "." has is in its own entries. */
const entries = Object.entries(packageJson.exports).flatMap(([name, path]) =>
  path.endsWith(".ts") && !name.startsWith("./proto") && name !== "."
    ? [{ specifier: `${packageJson.name}${name.slice(1)}`, path }]
    : [],
);

/** What TypeDoc names the module of an entry. */
const moduleName = (path: string) => path.replace(/^\.\/src\//, "").replace(/(?:\/index)?\.ts$/, "");
const specifiers = new Map(entries.map(({ specifier, path }) => [moduleName(path), specifier]));

await run(["scripts/toolchain.sh", "docs"]);
const started = Date.now();
const { Application, Converter, ReflectionKind, RendererEvent } = (await import(
  join(root, ".toolchain/docs/node_modules/typedoc/dist/index.js")
)) as TypeDoc;

const guides = readIndex();
const searchBox = join(root, "target/search-box.js");
const built = await Bun.build({
  entrypoints: [join(root, "scripts/docs/search-box.ts")],
  format: "iife",
  minify: true,
});
await Bun.write(searchBox, built.outputs[0]!);

const files = entries.map(({ path }) => join(packageFolder, path));
// The package's own one names the tests too, which need not be read.
const tsconfig = join(root, "target/docs-tsconfig.json");
await Bun.write(
  tsconfig,
  JSON.stringify({
    extends: join(packageFolder, "tsconfig.json"),
    compilerOptions: { typeRoots: [join(packageFolder, "node_modules/@types")] },
    files,
    include: [],
  }),
);

const app = await Application.bootstrap({
  name: "Temporal for Bun",
  entryPoints: files,
  tsconfig,
  // The suite `typecheck` has checked it, by the compiler that the project uses.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  readme: join(root, "README.md"),
  projectDocuments: guides.map(({ path }) => join(root, path)),
  highlightLanguages: ["ts", "typescript", "sh", "json", "toml", "yaml", "docker", "c", "console"],
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
  includeHierarchySummary: false,
  navigation: { includeGroups: true },
  groupOrder: [...new Set(guides.map(({ group }) => group)), "*"],
  sort: ["kind", "instance-first", "alphabetical-ignoring-documents"],
  customJs: searchBox,
  githubPages: false,
  hideGenerator: true,
  logLevel: "Warn",
});
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
  if (reflection.kind === ReflectionKind.Module) reflection.name = specifiers.get(reflection.name) ?? reflection.name;
});
let next = 0;
app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
  const guide = guides[next++]!;
  document.name = guide.title;
  document.frontmatter["group"] = guide.group;
});
const project = await app.convert();
if (project === undefined) throw new Error("TypeDoc could not read the sources: what it says is above");
app.validate(project);
let router: Router | undefined;
// It is there only while pages are written.
app.renderer.on(RendererEvent.END, () => {
  router = app.renderer.router;
});
rmSync(site, { recursive: true, force: true });
await app.generateDocs(project, site);

const found: Entry[] = [];
for (const [at, document] of (project.documents ?? []).entries())
  found.push(...entriesOf(guides[at]!, router!.getFullUrl(document)));
addNames(project);
writeFileSync(join(site, "assets/search.js"), `window.docsEntries = ${JSON.stringify(found)};\n`);

/** What a module, class or interface has, as entries of the search. */
function addNames(parent: Reflection): void {
  for (const child of parent.children ?? []) {
    // References are what another entry exports too.
    if (!router!.hasUrl(child) || child.kind === ReflectionKind.Reference) continue;
    if (child.kind === ReflectionKind.Constructor) continue;
    const { comment } = child.signatures?.[0] ?? child;
    found.push({
      title: parent === project ? child.name : `${parent.name} ${child.name}`,
      text: comment?.summary.map(({ text }) => text).join("") ?? "",
      url: router!.getFullUrl(child),
      kind: ReflectionKind.singularString(child.kind).toLowerCase(),
    });
    addNames(child);
  }
}

const problems = [
  ...linkProblems(
    site,
    found.map(({ url }) => url),
  ),
  ...unanswered(found),
];
for (const problem of problems) console.error(problem);
const { errorCount, warningCount } = app.logger;
const seconds = ((Date.now() - started) / 1000).toFixed(1);
console.error(
  `docs: ${found.length} entries, ${problems.length} broken links or unanswered questions and ${errorCount + warningCount} of TypeDoc's complaints ` +
    `in ${seconds} s: ${join(site, "index.html")}`,
);
process.exit(problems.length + errorCount + warningCount > 0 ? 1 : 0);
