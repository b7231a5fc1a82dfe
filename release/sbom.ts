/**
 * Lists of what is inside, for scanners: CycloneDX 1.6, of the archives and of the npm packages. The same contents give
 * the same bytes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder, root } from "../scripts/tools";
import { type PlatformName, packageVersion } from "../ts/src/libs/manifest";
import { mainPackage, platformPackage } from "./npm-packages";
import { releasedPlatforms } from "./platforms";

/** A part, as far as CycloneDX knows it. */
interface Component {
  type: "library";
  "bom-ref": string;
  name: string;
  version?: string;
  description?: string;
  scope?: "optional";
  hashes?: { alg: "SHA-256" | "SHA-512"; content: string }[];
  licenses?: { expression: string }[];
  purl?: string;
}

/** A crate in Cargo.lock. */
interface LockedCrate {
  name: string;
  version: string;
  checksum?: string;
  /** Names, with the version after it where there are several. */
  dependencies?: string[];
}

interface Parts {
  components: Component[];
  /** What each depends on, by references. */
  edges: Map<string, string[]>;
  /** What the whole depends on itself. */
  direct: string[];
}

/** The list of what a static archive is linked from. `linked` are the crates of its platform, as "name v1.2.3". */
export function archiveSbom(name: string, linked: ReadonlySet<string>): string {
  return format(
    name,
    `pkg:generic/${name}@${packageVersion}`,
    crates((crate) => linked.has(crate)),
  );
}

/** The list of a platform's npm package, whose bridge was linked from an archive with this list. */
export function platformSbom(platform: PlatformName, archive: string | undefined): string {
  const name = platformPackage(platform);
  const purl = `pkg:npm/${name}@${packageVersion}`;
  // What was linked from another archive than a release's may have the crates of any platform.
  if (archive === undefined)
    return format(
      name,
      purl,
      crates(() => true),
    );
  const { metadata, components, dependencies } = JSON.parse(archive) as ReturnType<typeof document>;
  const whole = metadata.component["bom-ref"];
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const direct = edges.get(whole) ?? [];
  edges.delete(whole);
  return format(name, purl, { components, edges, direct });
}

/** The list of the SDK's npm package: what is installed with it, and what is bundled into it. */
export function mainSbom(): string {
  const { dependencies } = read("package.json") as { dependencies: Record<string, string> };
  const bundled = ["bundle", "core", "protobuf-specs", "verify"].map((name) => `@sigstore/${name}`);
  const components = [
    ...[...Object.keys(dependencies), ...bundled].map(npmPackage),
    ...releasedPlatforms.map((platform): Component => {
      const name = platformPackage(platform);
      const purl = `pkg:npm/${name}@${packageVersion}`;
      return { type: "library", "bom-ref": purl, name, version: packageVersion, scope: "optional", purl };
    }),
    ...["assert", "buffer", "util"].map((name): Component => {
      const description = "bundled into the library for Workflow code; the version is Bun's";
      return { type: "library", "bom-ref": `bun:${name}`, name, description, licenses: [{ expression: "MIT" }] };
    }),
  ];
  const direct = components.map((component) => component["bom-ref"]);
  return format(mainPackage, `pkg:npm/${mainPackage}@${packageVersion}`, { components, edges: new Map(), direct });
}

const read = (path: string) => JSON.parse(readFileSync(join(packageFolder, path), "utf8"));

function npmPackage(name: string): Component {
  const { version, license } = read(`node_modules/${name}/package.json`) as { version: string; license: string };
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return { type: "library", "bom-ref": purl, name, version, licenses: [{ expression: license }], purl };
}

/** Crates of THIRD_PARTY.md, which names those of every platform, with what Cargo.lock knows of them. */
function crates(isWanted: (crate: string) => boolean): Parts {
  const lock = Bun.TOML.parse(readFileSync(join(root, "Cargo.lock"), "utf8")) as { package: LockedCrate[] };
  const licences = crateLicences();
  const isOurs = ({ name }: LockedCrate) => name === "temporal-bun-core" || name === "temporal-bun-rpc";
  const wanted = lock.package.filter(
    ({ name, version }) => licences.has(`${name} v${version}`) && isWanted(`${name} v${version}`),
  );
  const reference = ({ name, version }: LockedCrate) => `pkg:cargo/${name}@${version}`;
  const needed = ({ dependencies = [] }: LockedCrate) =>
    dependencies.flatMap((dependency) => {
      const [name, version] = dependency.split(" ");
      const found = wanted.find((crate) => crate.name === name && (version === undefined || crate.version === version));
      return found === undefined ? [] : [reference(found)];
    });
  const components = wanted.map((crate): Component => {
    const { name, version, checksum } = crate;
    const purl = reference(crate);
    return {
      ...{ type: "library", "bom-ref": purl, name, version },
      ...(checksum === undefined ? {} : { hashes: [{ alg: "SHA-256", content: checksum }] }),
      licenses: [{ expression: licences.get(`${name} v${version}`)! }],
      purl,
    };
  });
  const direct = [...new Set(lock.package.filter(isOurs).flatMap(needed))].sort();
  return { components, edges: new Map(wanted.map((crate) => [reference(crate), needed(crate)])), direct };
}

/** Licences of crates by "name v1.2.3". */
function crateLicences(): Map<string, string> {
  const text = readFileSync(join(root, "THIRD_PARTY.md"), "utf8");
  const [, table = ""] = /^## Crates linked into the bridge\n([^#]*)/m.exec(text) ?? [];
  const rows = [...table.matchAll(/^\| (\S+) \| (\d\S*) \| (.+) \|$/gm)];
  // Some still write "MIT/Apache-2.0", which SPDX doesn't know any more.
  return new Map(
    rows.map(([, name, version, licence]) => [`${name} v${version}`, licence!.replaceAll(/ ?\/ ?/g, " OR ")]),
  );
}

function document(name: string, purl: string, { components, edges, direct }: Parts) {
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        ...{ type: "library", "bom-ref": purl, name, version: packageVersion },
        ...{ licenses: [{ expression: "MIT" }], purl },
      },
    },
    components,
    dependencies: [[purl, direct] as const, ...edges].map(([ref, dependsOn]) => ({ ref, dependsOn })),
  };
}

function format(name: string, purl: string, parts: Parts): string {
  return `${JSON.stringify(document(name, purl, parts), null, 1)}\n`;
}
