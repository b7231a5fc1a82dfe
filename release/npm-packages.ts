/** The npm packages of a version: the SDK, the bridge for each released platform, and what makes projects. */
import packageJson from "../ts/package.json";
import { type PlatformName, packageVersion } from "../ts/src/libs/manifest";
import { elsewhere, elsewhereForRequire } from "./elsewhere";
import { platforms, releasedPlatforms } from "./platforms";

/** The package that people install. */
export const mainPackage = "temporal-bun-sdk";

/** What `bun create` and `npm create` run for the name of {@link mainPackage}. */
export const createPackage = `create-${mainPackage}`;

/** The package with a platform's bridge, which {@link mainPackage} has as an optional dependency. */
export function platformPackage(platform: PlatformName): string {
  return `${mainPackage}-${platform}`;
}

/** Every package, in the order in which they have to be published: one that depends on others comes after them. */
export const publishedPackages: string[] = [...releasedPlatforms.map(platformPackage), mainPackage, createPackage];

/** Name of a package's archive. */
export function tarballName(name: string): string {
  return `${name}-${packageVersion}.tgz`;
}

/** File name of the bridge for a platform. */
export function bridgeFileName(platform: PlatformName): string {
  return `libtemporal_bun_bridge.${platform.startsWith("macos") ? "dylib" : "so"}`;
}

/** What package managers compare with the machine that they install on. */
export function machine(platform: PlatformName): { os: string[]; cpu: string[]; libc?: string[] } {
  const [system, processor] = platform.split("-") as [string, string];
  const { minimumGlibc } = platforms[platform];
  return {
    os: [system === "macos" ? "darwin" : system],
    cpu: [processor],
    ...(minimumGlibc === null ? {} : { libc: ["glibc"] }),
  };
}

/**
 * The `package.json` of a platform's package. `repository` is the address of the repository on its host, if it has one.
 */
export function platformManifest(platform: PlatformName, repository: string | undefined): object {
  return {
    name: platformPackage(platform),
    version: packageVersion,
    description: `The native library of ${mainPackage} for ${platform}.`,
    license: "MIT",
    ...repositoryFields(repository),
    type: "module",
    ...machine(platform),
    exports: { ".": "./index.js", "./package.json": "./package.json" },
  };
}

/** The `package.json` of {@link createPackage}. */
export function createManifest(repository: string | undefined): object {
  return {
    name: createPackage,
    version: packageVersion,
    description: `Makes a project with ${mainPackage}: \`bun create ${mainPackage} my-app\`.`,
    license: "MIT",
    ...repositoryFields(repository),
    type: "module",
    engines: packageJson.engines,
    bin: { [createPackage]: "./create.js" },
    dependencies: { [mainPackage]: packageVersion },
  };
}

/** What `package.json` of the checkout says that is for the package too. */
export interface SourceManifest {
  name: string;
  version: string;
  exports: Record<string, string>;
  private?: boolean;
  scripts?: Record<string, string>;
  devDependencies?: Record<string, string>;
  [field: string]: unknown;
}

/**
 * The `package.json` of the SDK's package, out of the checkout's. The platform packages become dependencies only here:
 * in a checkout, whose version may not be published yet, `bun install` would ask for them in vain.
 */
export function mainManifest(source: SourceManifest, repository: string | undefined): object {
  const { private: _private, scripts: _scripts, devDependencies: _development, exports: entries, ...rest } = source;
  return {
    ...rest,
    ...repositoryFields(repository),
    // For compilers that don't read `exports`.
    types: declarations("./src/index.ts"),
    exports: Object.fromEntries(Object.entries(entries).map(([entry, file]) => [entry, target(file)])),
    imports: {
      "#flow-workflows": "./src/integrations/flow/workflow-bundle.ts",
      "#workflow-realm": "./src/worker/threads/realm-text-bundle.ts",
      "#workflow-thread": "./src/worker/threads/workflow-thread-bundle.ts",
    },
    optionalDependencies: Object.fromEntries(
      releasedPlatforms.map((platform) => [platformPackage(platform), packageVersion]),
    ),
  };
}

/**
 * Where an entry leads. A consumer's compiler gets declarations: it would check sources by the consumer's rules,
 * stricter ones than those they are written by. Who isn't Bun can't run sources.
 */
function target(file: string): string | Record<string, string> {
  if (!file.endsWith(".ts")) return file;
  return { types: declarations(file), bun: file, require: elsewhereForRequire, default: elsewhere(file) };
}

function declarations(file: string): string {
  return file.replace(/^\.\/src\//, "./types/").replace(/\.ts$/, ".d.ts");
}

/** Where people find the project. One setting, because it has to be the same in all packages. */
function repositoryFields(repository: string | undefined): object {
  if (repository === undefined) return {};
  return {
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    repository: { type: "git", url: `git+${repository}.git` },
  };
}
