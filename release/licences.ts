/**
 * The licences of everything in an archive: the table of THIRD_PARTY.md, and the texts that come with the crates'
 * sources.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { output, root } from "../scripts/tools";

interface Metadata {
  packages: { name: string; version: string; manifest_path: string; source: string | null }[];
}

/** The crates that are linked for `rustTarget`, as "name v1.2.3". */
export function linkedCrates(rustTarget: string): Set<string> {
  const names = output([
    "cargo",
    "tree",
    "--locked",
    "--package",
    "temporal-bun-core",
    "--edges",
    "normal,no-proc-macro",
    "--prefix",
    "none",
    "--format",
    "{p}",
    "--target",
    rustTarget,
  ]);
  return new Set([...names.matchAll(/^(\S+ v\S+)/gm)].map((match) => match[1]!));
}

/** THIRD_PARTY.md with the licence texts of the linked crates after it. Crates with the same text share one copy. */
export function licences(rustTarget: string, linked: ReadonlySet<string>): string {
  const { packages } = JSON.parse(
    // Cargo has to have every crate that it names: not those of other platforms.
    output(["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", rustTarget]),
  ) as Metadata;
  const crates = packages.filter(({ name, version, source }) => source !== null && linked.has(`${name} v${version}`));
  const cratesOfText = new Map<string, string[]>();
  for (const { name, version, manifest_path } of crates.sort((a, b) =>
    compare(`${a.name} ${a.version}`, `${b.name} ${b.version}`),
  )) {
    for (const text of textsIn(dirname(manifest_path))) {
      const sharing = cratesOfText.get(text) ?? [];
      if (!sharing.includes(`${name} ${version}`)) sharing.push(`${name} ${version}`);
      cratesOfText.set(text, sharing);
    }
  }
  const sections = [...cratesOfText].map(([text, sharing]) => `### ${sharing.join(", ")}\n\n~~~\n${text}\n~~~\n`);
  return `${readFileSync(join(root, "THIRD_PARTY.md"), "utf8")}\n## Licence texts\n\n${sections.join("\n")}`;
}

function textsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(
      (name) => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(name) && statSync(join(folder, name)).isFile(),
    )
    .sort(compare)
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim())
    .filter((text) => text !== "");
}

// Not localeCompare, whose order depends on the machine.
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
