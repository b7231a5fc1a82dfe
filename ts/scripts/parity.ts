/**
 * Checks docs/parity.tsv against what ran: fails when a test that it names does not exist, did not run or did not pass.
 * Prints how many rows of docs/features.tsv are done, and how many of the official exported names exist here with the
 * same kind.
 *
 * `bun ts/scripts/parity.ts` reads the reports that `make test` left, and runs the tests of the ledger itself where
 * they are older than the tests. `--no-run` never runs any; `--missing` lists the rows and names that are missing;
 * `--official` only compares the names.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { reportsFolder } from "../../scripts/tools";
import { type Feature, type LedgerRow, readFeatures, readLedger } from "./parity/ledger";
import { compareNames, type PackageNames, readNames } from "./parity/names";
import { Runs } from "./parity/runs";

const packageFolder = resolve(import.meta.dir, "..");
const root = resolve(packageFolder, "..");

const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Runs the files of Bun tests that the rows name, with a report. What fails shows in the report. */
async function runTests(rows: LedgerRow[]): Promise<void> {
  const files = new Set(rows.flatMap(({ test }) => (test?.file.endsWith(".test.ts") ? [join(root, test.file)] : [])));
  if (files.size === 0) return;
  console.error(`running ${files.size} files of tests, because there is no report of them that is newer than they are`);
  mkdirSync(reportsFolder, { recursive: true });
  const command = [
    process.execPath,
    "test",
    ...files,
    "--timeout",
    "180000",
    "--reporter=junit",
    `--reporter-outfile=${join(reportsFolder, "bun.xml")}`,
  ];
  await Bun.spawn(command, { cwd: packageFolder, stdin: "ignore", stdout: "inherit", stderr: "inherit" }).exited;
}

function printFeatures(features: Feature[], ledger: LedgerRow[], missing: boolean): void {
  const done = new Set(ledger.filter((row) => row.state === "done").map((row) => row.id));
  const reasons = new Map(ledger.map((row) => [row.id, row.state]));
  console.log(`features: ${done.size} of ${features.length} rows are done`);
  for (const [group, rows] of Map.groupBy(features, (feature) => feature.group)) {
    console.log(
      `  ${String(rows.filter(({ id }) => done.has(id)).length).padStart(4)} of ${String(rows.length).padStart(3)}  ${group}`,
    );
    for (const { id, text } of missing ? rows.filter((row) => !done.has(row.id)) : [])
      console.log(`      ${id} ${reasons.get(id) ?? text}`);
  }
}

function printNames(packages: PackageNames[], missing: boolean): void {
  const sum = (count: (names: PackageNames) => number): number =>
    packages.reduce((total, names) => total + count(names), 0);
  console.log(
    `official names: ${sum((names) => names.present)} of ${sum((names) => names.total)} exist with the same kind; ` +
      `of their members, ${sum((names) => names.presentMembers)} of ${sum((names) => names.members)}`,
  );
  for (const names of packages) {
    const members = names.members === 0 ? "" : `, members ${names.presentMembers} of ${names.members}`;
    console.log(
      `  ${String(names.present).padStart(4)} of ${String(names.total).padStart(3)}  ${names.package}${members}`,
    );
    if (!missing || names.present === 0) continue;
    if (names.missing.length > 0) console.log(`      missing: ${names.missing.join(", ")}`);
    if (names.missingMembers.length > 0) console.log(`      missing members: ${names.missingMembers.join(", ")}`);
  }
}

const words = process.argv.slice(2);
const unknown = words.filter((word) => !["--no-run", "--missing", "--official"].includes(word));
if (unknown.length > 0) {
  console.error(`parity.ts doesn't know ${unknown.join(", ")}: it takes --no-run, --missing and --official`);
  process.exit(2);
}
const missing = words.includes("--missing");
let failed = false;

if (!words.includes("--official")) {
  const features = readFeatures(read("docs/features.tsv"));
  const ledger = readLedger(read("docs/parity.tsv"), features);
  let runs = new Runs(root, reportsFolder, packageFolder);
  const problems = () =>
    ledger
      .flatMap(({ id, test }) => (test === undefined ? [] : { id, test, problem: runs.problem(test) }))
      .filter((row) => row.problem !== undefined);
  let found = problems();
  if (found.length > 0 && !words.includes("--no-run") && !runs.isFresh(ledger)) {
    await runTests(ledger);
    runs = new Runs(root, reportsFolder, packageFolder);
    found = problems();
  }
  printFeatures(features, ledger, missing);
  for (const { id, test, problem } of found) console.error(`${id}: ${test.file}: ${test.name}: ${problem}`);
  if (found.length > 0) {
    console.error(`docs/parity.tsv: ${found.length} of the tests that it names prove nothing`);
    failed = true;
  }
}

const { exports } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
printNames(await compareNames(packageFolder, exports, readNames(read("ts/tests/parity/api-names.tsv"))), missing);
process.exit(failed ? 1 : 0);
