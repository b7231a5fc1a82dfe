/** Packs the npm packages; see `release/npm-pack --help`. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { output, root } from "../scripts/tools";
import { templatePaths } from "../ts/src/cli/init/templates";
import { installedSources } from "../ts/src/common/stack-trace";
import { isPlatformName, licencesFile, type PlatformName, packageVersion, sbomFile } from "../ts/src/libs/manifest";
import { bundleParts } from "../ts/src/worker/bundler/bundler";
import { bundleRealm, withInstalledSources } from "../ts/src/worker/threads/realm-text-source";
import { sourceMapComment } from "../ts/src/workflow-host/source-map";
import { fail, run, thisPlatform } from "./command";
import { elsewhereFiles } from "./elsewhere";
import {
  bridgeFileName,
  createManifest,
  createPackage,
  mainManifest,
  mainPackage,
  platformManifest,
  platformPackage,
  type SourceManifest,
  tarballName,
} from "./npm-packages";
import { officialNames } from "./official-names";
import { platforms, releasedPlatforms } from "./platforms";
import { mainSbom, platformSbom } from "./sbom";
import { type TarFile, tar } from "./tar";

const help = `Packs npm packages as they are published. Packing the same again gives the same bytes.

  release/npm-pack [options] [package]...

  A package is "main" (${mainPackage}), "create" (${createPackage}), or a platform: ${releasedPlatforms.join(", ")}.
  Default: main, create and this machine's platform.

  --library <file>     put this bridge into the platform's package, instead of one that is linked from the prebuilt archive
  --version <version>  fail unless the checkout has this version
  --repository <url>   address of the repository, such as https://<host>/<owner>/<name>; what is published with provenance must name it
  --output <folder>    where the .tgz files go (default: target/npm)
  --fast               compress for speed and not for size

The paths of the .tgz files are printed on stdout.`;

interface Options {
  packages: string[];
  library: string | undefined;
  repository: string | undefined;
  output: string;
  fast: boolean;
}

const packageFolder = join(root, "ts");
const threadBundle = "src/worker/threads/workflow-thread.bundle.js";
const flowBundle = "src/integrations/flow/flow-workflows.bundle.js";
const realmBundle = "src/worker/threads/workflow-realm.bundle.js";
/** Entries for checkouts, which have no use in the package. */
const checkoutOnly = [
  "src/integrations/flow/workflow-source.ts",
  "src/worker/threads/workflow-thread-source.ts",
  "src/worker/threads/realm-text-source.ts",
];

const text = (content: string) => new TextEncoder().encode(content);
const json = (value: object) => text(`${JSON.stringify(value, null, 2)}\n`);
const fromRoot = (name: string): TarFile => ({ name, data: readFileSync(join(root, name)) });

/**
 * The SDK: sources that Bun runs, declarations for compilers, what `init` makes projects of, the workflow thread in one
 * file, official names.
 */
async function mainFiles(folder: string, repository: string | undefined): Promise<TarFile[]> {
  const manifest = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as SourceManifest;
  const realm = await bundleRealm();
  return [
    { name: "package.json", data: json(mainManifest(manifest, repository)) },
    ...["LICENSE", "THIRD_PARTY.md"].map(fromRoot),
    { name: sbomFile, data: text(mainSbom()) },
    // What errors and the README point to, and what these point to in turn.
    ...tracked(root, "docs").map((file) => withOuterLinks(file, repository)),
    { name: "README.md", data: text(readme(repository)) },
    ...sources(),
    ...templatePaths.map((name) => ({ name, data: readFileSync(join(packageFolder, name)) })),
    ...elsewhereFiles(packageFolder),
    { name: threadBundle, data: await bundleThread() },
    { name: flowBundle, data: await bundleFlows() },
    { name: realmBundle, data: text(realm.code) },
    { name: `${realmBundle}.map`, data: text(realm.sourceMap) },
    ...declarations(folder),
    // What `extends` finds by the package's name where `exports` are not read: TypeScript before 5, ts-node 10. It
    // extends nothing itself, because Bun follows one file alone.
    {
      name: "drop-in/tsconfig.json",
      data: json({ compilerOptions: { paths: { "@temporalio/*": ["../official/*"] } } }),
    },
    ...officialNames((path) => readFileSync(join(packageFolder, path), "utf8")),
  ];
}

/**
 * The package's own README. Its links lead to the guides in the package, or, where there is a repository, to those of
 * the version there: npm's site shows files of neither.
 */
function readme(repository: string | undefined): string {
  const content = readFileSync(join(packageFolder, "README.md"), "utf8");
  if (repository === undefined) return content;
  return content.replaceAll(/\]\((docs\/[^)]+)\)/g, `](${repository}/blob/v${packageVersion}/$1)`);
}

/** A guide whose links to what isn't packed lead to the version in the repository or, without one, are words alone. */
function withOuterLinks({ name, data }: TarFile, repository: string | undefined): TarFile {
  if (!name.endsWith(".md")) return { name, data };
  const content = new TextDecoder().decode(data);
  const packed = content.replaceAll(
    /\[([^\]]+)\]\(([^):#\s]+)(#[^)\s]*)?\)/g,
    (link, words: string, target: string) => {
      const path = join(dirname(name), target);
      if (path.startsWith("docs/") || ["LICENSE", "README.md", "THIRD_PARTY.md"].includes(path)) return link;
      return repository === undefined ? words : `[${words}](${repository}/blob/v${packageVersion}/${path})`;
    },
  );
  return { name, data: text(packed) };
}

/** What git has or would take of a folder, so that nothing goes along that happens to lie there. */
function tracked(base: string, folder: string): TarFile[] {
  const listed = output(["git", "-C", base, "ls-files", "--cached", "--others", "--exclude-standard", "--", folder]);
  return listed
    .split("\n")
    .filter((name) => existsSync(join(base, name)))
    .map((name) => ({ name, data: readFileSync(join(base, name)) }));
}

function sources(): TarFile[] {
  return tracked(packageFolder, "src")
    .filter(({ name }) => !checkoutOnly.includes(name))
    .map(({ name, data }) => ({ name, data: isGenerated(name) ? withoutTypes(data) : data }));
}

/** Whether a source is one of the generated modules for messages, which are a third of the package. */
function isGenerated(name: string): boolean {
  return name.startsWith("src/proto/") && readFileSync(join(packageFolder, name), "utf8").startsWith("// @generated");
}

/** A module without types and comments, which its declarations have. */
function withoutTypes(source: Uint8Array): Uint8Array {
  const transpiler = new Bun.Transpiler({
    loader: "ts",
    target: "bun",
    minifyWhitespace: true,
    trimUnusedImports: true,
  });
  return text(`${transpiler.transformSync(source)}\n`);
}

async function bundleThread(): Promise<Uint8Array> {
  const built = await Bun.build({
    entrypoints: [join(packageFolder, "src/worker/threads/workflow-thread.ts")],
    target: "bun",
    // Names stay, for stack traces.
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: "external",
  });
  const [code, map] = await Promise.all(built.outputs.map((output) => output.text()));
  // The map is inside of it, because applications take along the one file.
  const bare = code!.replace(/\n\/\/# debugId=.*\s*$/, "");
  return text(`${bare}${sourceMapComment(withInstalledSources(map!, "../../"))}\n`);
}

/** The Workflow of flows, as a Worker bundles Workflows. */
async function bundleFlows(): Promise<Uint8Array> {
  const workflowsPath = join(packageFolder, "src/integrations/flow/workflow/index.ts");
  const { code, sourceMap } = await bundleParts({ workflowsPath });
  return text(`${code}${sourceMapComment(withInstalledSources(sourceMap, installedSources))}\n`);
}

function declarations(folder: string): TarFile[] {
  const config = join(folder, "tsconfig.json");
  const types = join(folder, "types");
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(packageFolder, "tsconfig.json"),
      compilerOptions: {
        ...{
          noEmit: false,
          declaration: true,
          declarationMap: true,
          emitDeclarationOnly: true,
          rootDir: packageFolder,
          outDir: types,
        },
        typeRoots: [join(packageFolder, "node_modules/@types")],
      },
      include: [join(packageFolder, "src")],
    }),
  );
  run([join(packageFolder, "node_modules/.bin/tsc"), "--project", config]);
  const made = join(types, "src");
  const names = readdirSync(made, { recursive: true, encoding: "utf8" });
  const content = (name: string) => readFileSync(join(made, name), "utf8");
  return [
    ...names
      .filter((name) => name.endsWith(".d.ts"))
      .map((name) => ({ name: `types/${name}`, data: text(withFileNames(content(name), dirname(join(made, name)))) })),
    ...names
      // Those of generated modules would lead to lines that are not there.
      .filter((name) => name.endsWith(".d.ts.map") && !isGenerated(join("src", name.replace(/\.d\.ts\.map$/, ".ts"))))
      .map((name) => ({ name: `types/${name}`, data: text(withPackedSource(content(name), name)) })),
  ];
}

/** A declaration's map that leads to the source in the package, so that editors go to what was written. */
function withPackedSource(map: string, name: string): string {
  const source = join("src", name.replace(/\.d\.ts\.map$/, ".ts"));
  return JSON.stringify({ ...JSON.parse(map), sources: [relative(join("types", dirname(name)), source)] });
}

/** Declarations whose relative imports name files, as `moduleResolution` nodenext wants them. */
function withFileNames(declarations: string, folder: string): string {
  return declarations.replaceAll(
    /((?:from|import) ?\(?)"(\.{1,2}\/[^"]*|\.{1,2})"/g,
    (_, before: string, specifier: string) => {
      const name = [specifier, `${specifier}/index`].find((candidate) => existsSync(join(folder, `${candidate}.d.ts`)));
      return `${before}"${name === undefined ? specifier : `${name}.js`}"`;
    },
  );
}

const entry = (library: string) => `import { resolve } from "node:path";
// As a file, so that who bundles or compiles an application takes it along.
import file from "./${library}" with { type: "file" };

/** Absolute path of the library. */
export const library = resolve(import.meta.dir, file);
`;

/** A platform's package: the bridge, and a module that says where it is. */
function platformFiles(platform: PlatformName, folder: string, { library, repository }: Options): TarFile[] {
  const name = bridgeFileName(platform);
  const linked =
    library === undefined
      ? link(platform, folder)
      : { library: resolve(library), licences: join(root, "THIRD_PARTY.md"), sbom: undefined };
  if (!existsSync(linked.library))
    throw new Error(
      `${linked.library} does not exist: name the ${name} that \`zig build\` made, or leave out --library`,
    );
  return [
    { name: "package.json", data: json(platformManifest(platform, repository)) },
    fromRoot("LICENSE"),
    {
      name: "README.md",
      data: text(`The native library of \`${mainPackage}\` for ${platform}, which that package installs.\n`),
    },
    { name: "THIRD_PARTY.md", data: readFileSync(linked.licences) },
    { name: sbomFile, data: text(platformSbom(platform, linked.sbom)) },
    { name: "index.js", data: text(entry(name)) },
    { name, data: readFileSync(linked.library) },
  ];
}

/**
 * Links the bridge from the prebuilt archive, without symbol table. The archive also has the list of what is in it and
 * its licences.
 */
function link(platform: PlatformName, folder: string): { library: string; licences: string; sbom: string } {
  const archive = output([
    "bun",
    "release/download-temporal-libs.ts",
    "download",
    packageVersion,
    "--platform",
    platform,
  ]);
  const target =
    platform === thisPlatform && platform.startsWith("macos") ? [] : [`-Dtarget=${platforms[platform].zigTarget}`];
  const prefix = join(folder, platform);
  run(["zig", "build", "-Dprebuilt=true", "-Dno-fallback", "--prefix", prefix, ...target], {
    TEMPORAL_LIBS_VERSION: packageVersion,
  });
  return {
    library: join(prefix, "lib", bridgeFileName(platform)),
    licences: join(archive, licencesFile),
    sbom: readFileSync(join(archive, sbomFile), "utf8"),
  };
}

const create = `#!/usr/bin/env bun
// As \`temporal-bun init\`, with the words that come after the name.
process.argv.splice(2, 0, "init");
await import(new URL("cli/temporal-bun.ts", import.meta.resolve("${mainPackage}")).href);
`;

const createReadme = `Makes a project with [${mainPackage}](https://www.npmjs.com/package/${mainPackage}): a Workflow, an activity, a Worker, a
client, and their test.

\`\`\`sh
bun create ${mainPackage} my-app
\`\`\`

\`--help\` says what else it takes.
`;

/** What `bun create` runs. */
function createFiles(repository: string | undefined): TarFile[] {
  return [
    { name: "package.json", data: json(createManifest(repository)) },
    fromRoot("LICENSE"),
    { name: "README.md", data: text(createReadme) },
    { name: "create.js", data: text(create) },
  ];
}

/** Writes a package's archive and returns its path. */
function write(name: string, files: TarFile[], options: Options): string {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const packed = tar(sorted.map((file) => ({ ...file, name: `package/${file.name}` })));
  const compressed = Bun.gzipSync(packed as Uint8Array<ArrayBuffer>, {
    level: options.fast ? 1 : 12,
    library: "libdeflate",
  });
  const path = join(options.output, tarballName(name));
  mkdirSync(options.output, { recursive: true });
  // In one step, so that an interrupted run leaves no half file under a good name.
  writeFileSync(`${path}.part`, compressed);
  renameSync(`${path}.part`, path);
  console.error(
    `${tarballName(name)}: ${files.length} files, ${(compressed.length / 1e6).toFixed(1)} MB, ${(packed.length / 1e6).toFixed(1)} MB unpacked`,
  );
  return path;
}

async function pack(options: Options): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "temporal-npm-pack-"));
  try {
    const paths: string[] = [];
    for (const name of options.packages) {
      if (isPlatformName(name)) paths.push(write(platformPackage(name), platformFiles(name, folder, options), options));
      else if (name === "create") paths.push(write(createPackage, createFiles(options.repository), options));
      else paths.push(write(mainPackage, await mainFiles(folder, options.repository), options));
    }
    return paths;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      library: { type: "string" },
      version: { type: "string" },
      repository: { type: "string" },
      output: { type: "string", default: join(root, "target/npm") },
      fast: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const known = ["main", "create", ...releasedPlatforms] as string[];
  const packages = positionals.length > 0 ? [...new Set(positionals)] : ["main", "create", thisPlatform];
  const unknown = packages.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${known.join(", ")}`);
  const { version, repository, library } = values;
  if (version !== undefined && version !== packageVersion) {
    throw new Error(
      `--version is ${version}, but this checkout has version ${packageVersion}: check out the right commit, or change the version in it`,
    );
  }
  if (repository !== undefined && !/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`--repository is ${repository}, but must look like https://<host>/<owner>/<name>`);
  }
  if (library !== undefined && packages.filter(isPlatformName).length !== 1)
    throw new Error("--library is for one platform: name it");
  return { packages, library, repository, output: resolve(values.output), fast: values.fast };
}

try {
  for (const path of await pack(readOptions())) console.log(path);
} catch (error) {
  fail(`release/npm-pack: ${error instanceof Error ? error.message : error}`);
}
