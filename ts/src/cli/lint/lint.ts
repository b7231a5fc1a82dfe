import { shorten } from "../../worker/bundler/bundler-plugin";
import { Failure } from "../failure";
import { changedFiles } from "../git";
import type { Output } from "../output";
import { findEntries } from "../workflow-code";
import { check, type LintFinding } from "./check";

/** Options of the command. */
export interface LintFlags {
  changed?: boolean;
  ignoreModule?: string[];
  json?: boolean;
}

/** Looks for faults in Workflow code and prints them. Throws an empty {@link Failure} if there are any. */
export async function lint(paths: string[], flags: LintFlags, output: Output): Promise<void> {
  const ignored = flags.ignoreModule ?? [];
  const found = findEntries(paths.length === 0 ? ["."] : paths);
  if (found.length === 0) {
    throw new Failure(
      `There is no Workflow code in ${paths.length === 0 ? process.cwd() : paths.join(", ")}: no file imports ` +
        "'temporal-bun-sdk/workflow' or is the workflowsPath of a Worker.\n" +
        "Name the file that exports the Workflows: `temporal-bun lint src/my-workflows.ts`.",
    );
  }
  let entries = found;
  let result = await check(entries, ignored);
  if (flags.changed) {
    const changed = changedFiles();
    const isChanged = (file: string) => changed.has(file);
    const { reach } = result;
    entries = found.filter((entry) => [...(reach.get(entry) ?? [entry])].some(isChanged));
    result = entries.length > 0 ? await check(entries, ignored) : { findings: [], files: new Set(), reach: new Map() };
  }
  const findings = result.findings.map(forActivities).sort(byPlace);
  if (flags.json) {
    const shown = findings.map((found) => ({ ...found, file: shorten(found.file), chain: found.chain.map(shorten) }));
    const document = { entries: entries.map(shorten), files: result.files.size, findings: shown };
    output.result(`${JSON.stringify(document, undefined, 2)}\n`);
  } else {
    for (const found of findings) output.result(textOf(found, output));
    output.problem(`${summaryOf(findings.length, result.files.size, entries.length)}\n`);
  }
  if (findings.length > 0) throw new Failure("");
}

/** What is found behind the import of an Activity is the fault of that import. */
function forActivities(found: LintFinding): LintFinding {
  const at = found.chain.findIndex((file, index) => index > 0 && /activit/i.test(shorten(file)));
  if (at < 0) return found;
  const instead = `import Activities with \`import type\` in ${shorten(found.chain[at - 1]!)}, and call them through proxyActivities()`;
  return { ...found, instead };
}

function byPlace(a: LintFinding, b: LintFinding): number {
  return (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line || a.column - b.column;
}

function textOf({ file, line, column, message, instead, chain }: LintFinding, output: Output): string {
  const advice = instead === "" ? "" : `: ${instead}`;
  const lines = [`${output.style("bold", `${shorten(file)}:${line}:${column}`)}  ${message}${advice}`];
  if (chain.length > 1) lines.push(output.style("dim", `  imported by ${chain.map(shorten).join(" → ")}`));
  return `${lines.join("\n")}\n`;
}

function summaryOf(findings: number, files: number, entries: number): string {
  if (entries === 0) return "No Workflow code has changed since the last commit.";
  const count = (number: number, name: string, plural = `${name}s`) => `${number} ${number === 1 ? name : plural}`;
  return `${count(findings, "finding")} in ${count(files, "file")}, from ${count(entries, "entry", "entries")}`;
}
