/**
 * Writes THIRD_PARTY.md: what is linked into the bridge or needed by the package at run time, with licences.
 * With `--check` it writes nothing and fails when the file is not up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, packageFolder, root } from "./tools";

const file = join(root, "THIRD_PARTY.md");
const platforms = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

/** Lines "name | version | licence" of the crates that end up in the archive on one of the platforms. */
function crates(): string[] {
  const tree = output([
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
    "{p}|{l}",
    ...platforms.flatMap((platform) => ["--target", platform]),
  ]);
  const lines = new Set<string>();
  for (const line of tree.split("\n")) {
    const [, name, version, licence] = /^(\S+) v(\S+).*?\|(.*?)(?: \(\*\))?$/.exec(line) ?? [];
    if (name === undefined || name.startsWith("temporal-bun-")) continue;
    // Temporal's own crates name a file, which holds the MIT licence, instead of a licence.
    const known = licence || (name.startsWith("temporalio-") ? "MIT" : "");
    if (known === "")
      throw new Error(`${name} ${version} names no licence: read its sources and add it to scripts/third-party.ts`);
    lines.add(`| ${name} | ${version} | ${known} |`);
  }
  return [...lines].sort();
}

function packages(): string[] {
  const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.keys(manifest(packageFolder).dependencies ?? {}).map((name) => {
    const { version, license } = manifest(join(packageFolder, "node_modules", name));
    return `| ${name} | ${version} | ${license} |`;
  });
}

const text = `# Third-party software

Written by \`bun scripts/third-party.ts\`.

## npm packages needed at run time

| package | version | licence |
|---|---|---|
${packages().join("\n")}

## Crates linked into the bridge

| crate | version | licence |
|---|---|---|
${crates().join("\n")}

Zig's libunwind (part of LLVM, Apache-2.0 WITH LLVM-exception) and Rust's standard library (MIT OR Apache-2.0) are linked in too.
`;

if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (text !== readFileSync(file, "utf8")) {
  console.error("THIRD_PARTY.md is not up to date: run `bun scripts/third-party.ts` (or `make generate`)");
  process.exit(1);
}
