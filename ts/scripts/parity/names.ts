/** Which of the official SDK's exported names this SDK has too, as the TypeScript compiler sees them. */

import { join } from "node:path";
import {
  API,
  type Checker,
  type Program,
  SymbolFlags,
  type Symbol as TypeScriptSymbol,
} from "typescript/unstable/async";

/** A row of api-names.tsv: an exported name, or a member of one. */
export interface OfficialName {
  /** The official package, e.g. "@temporalio/client". */
  package: string;
  symbol: string;
  /** class, function, const, interface, type, enum or other. */
  kind: string;
  /** Name of the member, "static" before it for those of the class itself; empty for the exported name itself. */
  member: string;
  /** "[DEPRECATED]", "[experimental]", "[internal]" or empty. */
  flags: string;
}

/** How far this SDK has the names of one official package. */
export interface PackageNames {
  package: string;
  /** Exported names: how many there are officially, and how many exist here with the same kind. */
  total: number;
  present: number;
  /** The same for members of the names that exist here. */
  members: number;
  presentMembers: number;
  /** Names that are missing or of another kind, and members "Name.member" of those that exist. */
  missing: string[];
  missingMembers: string[];
}

/** Reads api-names.tsv. */
export function readNames(text: string): OfficialName[] {
  const [header, ...lines] = text.split("\n");
  if (header !== "package\tsymbol\tkind\tmember\tflags") throw new Error(`api-names.tsv begins with "${header}"`);
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", symbol = "", kind = "", member = "", flags = ""] = line.split("\t");
      return { package: name, symbol, kind, member, flags };
    });
}

const TYPES = SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Enum;
const VALUES = SymbolFlags.Variable | SymbolFlags.Function;

/**
 * What a symbol must be to stand for an official name: any of these flags. Functions may be constants and the other way
 * round; a class is also a constant.
 */
const KINDS: Record<string, SymbolFlags> = {
  class: SymbolFlags.Class,
  enum: SymbolFlags.Enum,
  interface: TYPES,
  type: TYPES,
  function: VALUES,
  const: VALUES | SymbolFlags.Class,
  other: TYPES | VALUES | SymbolFlags.Namespace,
};

/** Whether a symbol with these flags is of an official kind. */
export function isOfKind(flags: SymbolFlags, kind: string): boolean {
  const wanted = KINDS[kind];
  if (wanted === undefined) throw new Error(`api-names.tsv has a kind "${kind}" that is not known`);
  return (flags & wanted) !== 0;
}

/** The members of a symbol, as api-names.tsv writes them. */
async function membersOf(checker: Checker, symbol: TypeScriptSymbol): Promise<Set<string>> {
  // With the type parameters, which the official list counts as members.
  const names = new Set<string>();
  for (const member of (await symbol.getMembers()).values()) names.add(member.name);
  if ((symbol.flags & TYPES) !== 0) {
    for (const property of await checker.getPropertiesOfType(await checker.getDeclaredTypeOfSymbol(symbol)))
      names.add(property.name);
  }
  const value =
    (symbol.flags & (SymbolFlags.Class | SymbolFlags.Variable | SymbolFlags.Enum)) !== 0
      ? await checker.getTypeOfSymbol(symbol)
      : undefined;
  for (const property of value ? await checker.getPropertiesOfType(value) : []) {
    names.add(property.name).add(`static ${property.name}`);
  }
  return names;
}

async function exportsOf(program: Program, checker: Checker, file: string): Promise<Map<string, TypeScriptSymbol>> {
  const source = await program.getSourceFile(file);
  const module = source && (await checker.getSymbolAtLocation(source));
  if (!module) throw new Error(`${file}, which ts/package.json exports, is no module of the TypeScript project`);
  const found = new Map<string, TypeScriptSymbol>();
  for (const symbol of await checker.getExportsOfModule(module)) {
    found.set(symbol.name, (symbol.flags & SymbolFlags.Alias) !== 0 ? await checker.getAliasedSymbol(symbol) : symbol);
  }
  return found;
}

/** Entries that aren't named like their official packages. */
const entryNames: Record<string, string> = {
  "@temporalio/interceptors-opentelemetry": "./opentelemetry",
  "@temporalio/interceptors-opentelemetry-v2": "./opentelemetry-v2",
};

/**
 * Compares the official names with what the package's entries export: "@temporalio/client" with "./client" and so on.
 * Packages without an entry here count as missing.
 */
export async function compareNames(
  packageFolder: string,
  entries: Record<string, string>,
  official: OfficialName[],
): Promise<PackageNames[]> {
  const api = new API({ cwd: packageFolder });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [join(packageFolder, "tsconfig.json")] });
    const [project] = snapshot.getProjects();
    if (!project) throw new Error(`there is no TypeScript project in ${packageFolder}`);
    const results: PackageNames[] = [];
    for (const [name, rows] of Map.groupBy(official, (row) => row.package)) {
      const entry = entries[entryNames[name] ?? name.replace("@temporalio/", "./")];
      const ours =
        entry === undefined
          ? new Map<string, TypeScriptSymbol>()
          : await exportsOf(project.program, project.checker, join(packageFolder, entry));
      results.push(await comparePackage(project.checker, name, rows, ours));
    }
    return results;
  } finally {
    await api.close();
  }
}

async function comparePackage(
  checker: Checker,
  name: string,
  rows: OfficialName[],
  ours: Map<string, TypeScriptSymbol>,
): Promise<PackageNames> {
  const result: PackageNames = {
    package: name,
    total: 0,
    present: 0,
    members: 0,
    presentMembers: 0,
    missing: [],
    missingMembers: [],
  };
  for (const [symbolName, group] of Map.groupBy(rows, (row) => row.symbol)) {
    const symbol = ours.get(symbolName);
    const row = group.find((candidate) => candidate.member === "");
    result.total += 1;
    if (symbol === undefined || !isOfKind(symbol.flags, row?.kind ?? "other")) {
      result.missing.push(symbol === undefined ? symbolName : `${symbolName} (no ${row?.kind})`);
      continue;
    }
    result.present += 1;
    // Names that begin with # or _ are private, @ is a symbol's.
    const members = group.filter((candidate) => /^(static )?[a-z]/i.test(candidate.member));
    if (members.length === 0) continue;
    const known = await membersOf(checker, symbol);
    for (const { member } of members) {
      result.members += 1;
      if (known.has(member)) result.presentMembers += 1;
      else result.missingMembers.push(`${symbolName}.${member}`);
    }
  }
  return result;
}
