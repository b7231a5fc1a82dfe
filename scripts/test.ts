/**
 * Runs every suite, one after the other, all of them even when one fails, and ends with what failed, said again, and
 * one line that sums them up. What a suite counts is what its own runner says at its end; a suite that fails without
 * naming a failed test, or that ran no test, counts as one failure. Names on the command line pick suites: `bun
 * scripts/test.ts zig typecheck`; the name `check` picks those of `make check`, which need no build.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consoleFolder, environment, packageFolder, reportsFolder, root, usePrebuiltLibraries } from "./tools";

interface Count {
  passed: number;
  failed: number;
}

/** How a suite ended. */
interface Outcome extends Count {
  suite: string;
  output: string;
}

interface Suite {
  name: string;
  command: string[];
  cwd?: string;
  /** Whether it needs nothing that was built and takes seconds: `make check` runs it. */
  quick?: true;
  /** The suite that runs the same tests among others, so that this one only runs when it is asked for. */
  partOf?: string;
  /**
   * File of {@link reportsFolder} that keeps what ran, for the parity ledger: written by the suite itself if its
   * command names it, or its output.
   */
  report?: string;
  /**
   * Reads the counts out of the runner's output; without it the suite is one check, which passes when the command does.
   */
  count?: (output: string) => Count;
}

const suiteTimeoutMs = 40 * 60_000;

// In a command of its own, or cargo would unite its features with those of Core and compile Core again.
const checks = "temporal-bun-checks";

const bunReport = join(reportsFolder, "bun.xml");

const suites: Suite[] = [
  { name: "rustfmt", command: ["cargo", "fmt", "--all", "--check"], quick: true },
  { name: "zigfmt", command: ["zig", "fmt", "--check", "build.zig", "build", "zig-bridge"], quick: true },
  { name: "lint", command: ["bun", "scripts/lint.ts"], quick: true },
  { name: "tidy", command: ["bun", "scripts/tidy.ts"], quick: true },
  { name: "third-party", command: ["bun", "scripts/third-party.ts", "--check"] },
  { name: "proto", command: ["bun", "ts/scripts/generate-proto.ts", "--check"] },
  { name: "typecheck", command: ["bun", "run", "typecheck"], cwd: packageFolder, quick: true },
  { name: "typecheck-console", command: ["bun", "run", "typecheck"], cwd: consoleFolder, quick: true },
  { name: "unit", command: ["bun", "scripts/unit.ts"], quick: true, partOf: "bun", count: countBun },
  {
    name: "clippy",
    command: [
      "cargo",
      "clippy",
      "--release",
      "--package",
      "temporal-bun-core",
      "--package",
      "temporal-bun-rpc",
      "--all-targets",
      "--",
      "--deny",
      "warnings",
    ],
  },
  {
    name: "clippy-checks",
    command: ["cargo", "clippy", "--release", "--package", checks, "--all-targets", "--", "--deny", "warnings"],
  },
  { name: "rust", command: ["cargo", "test", "--release", "--no-fail-fast"], report: "rust.txt", count: countCargo },
  {
    name: "rust-checks",
    command: ["cargo", "test", "--release", "--no-fail-fast", "--package", checks],
    report: "rust-checks.txt",
    count: countCargo,
  },
  { name: "zig", command: ["zig", "build", "test", "--summary", "all"], report: "zig.txt", count: countZig },
  {
    name: "bun",
    command: ["bun", "run", "test", "--only-failures", "--reporter=junit", `--reporter-outfile=${bunReport}`],
    cwd: packageFolder,
    report: "bun.xml",
    count: countBun,
  },
  {
    name: "console",
    command: ["bun", "run", "test", "--only-failures"],
    cwd: consoleFolder,
    count: countBun,
  },
  { name: "docs", command: ["bun", "scripts/docs.ts"] },
  { name: "mutants", command: ["bun", "scripts/mutants.ts", "--quick"] },
  { name: "parity", command: ["bun", "ts/scripts/parity.ts", "--no-run"] },
];

function sum(output: string, pattern: RegExp): number {
  let total = 0;
  for (const match of output.matchAll(pattern)) total += Number(match[1]);
  return total;
}

// One line per test binary: "test result: ok. 12 passed; 0 failed; …".
function countCargo(output: string): Count {
  return {
    passed: sum(output, /^test result: .*?(\d+) passed/gm),
    failed: sum(output, /^test result: .*?(\d+) failed/gm),
  };
}

// "Build Summary: 5/5 steps succeeded; 23/24 tests passed; 1 failed".
function countZig(output: string): Count {
  const match = /^Build Summary: .*?(\d+)\/(\d+) tests passed/m.exec(output);
  return { passed: Number(match?.[1] ?? 0), failed: match ? Number(match[2]) - Number(match[1]) : 0 };
}

// " 12 pass" and " 1 fail", each on a line of its own.
function countBun(output: string): Count {
  return { passed: sum(output, /^ (\d+) pass$/gm), failed: sum(output, /^ (\d+) fail$/gm) };
}

/** Prints, and waits until it is printed: into a slow pipe, `console.log` overtakes what streams still hold. */
const print = (text: string | Uint8Array) =>
  new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));

/**
 * The lines of a failed suite's output that tell why: those before each failed test of Bun, cargo's report of its
 * failures, or the last ones.
 */
function reasons(output: string): string {
  const lines = output.split("\n");
  const most = 40;
  const ends = lines.flatMap((line, index) => (line.startsWith("(fail)") ? [index] : []));
  if (ends.length > 0)
    return ends
      .map((end, index) => lines.slice(Math.max(end - most, (ends[index - 1] ?? -1) + 1), end + 1).join("\n"))
      .join("\n");
  const reports = [...output.matchAll(/^failures:\n.*?^test result: FAILED.*?$/gms)];
  if (reports.length > 0) return reports.map(([report]) => report).join("\n");
  return lines.slice(-most).join("\n").trimEnd();
}

/** Runs one suite, showing its output as it comes. */
async function runSuite(suite: Suite): Promise<Outcome> {
  const start = Date.now();
  await print(`\n== ${suite.name}: ${suite.command.join(" ")}\n`);
  const report = suite.report && join(reportsFolder, suite.report);
  // An old one would speak for a suite that breaks off.
  if (report !== undefined) rmSync(report, { force: true });
  const child = Bun.spawn(suite.command, {
    cwd: suite.cwd ?? root,
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: suiteTimeoutMs,
  });
  let output = "";
  const show = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      await print(chunk);
    }
  };
  await Promise.all([show(child.stdout), show(child.stderr)]);
  const code = await child.exited;
  if (report !== undefined && report !== bunReport) writeFileSync(report, output);
  const count = suite.count?.(output) ?? { passed: code === 0 ? 1 : 0, failed: 0 };
  if (count.failed === 0 && (code !== 0 || count.passed === 0)) count.failed = 1;
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  await print(`== ${suite.name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s\n`);
  return { suite: suite.name, output, ...count };
}

mkdirSync(reportsFolder, { recursive: true });
const words = process.argv.slice(2);
const isCheck = words.length === 1 && words[0] === "check";
const names = isCheck ? [] : words;
const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  const known = suites.map((suite) => `"${suite.name}"`).join(", ");
  console.error(`no suite is called ${unknown.join(", ")}: choose from ${known}, or "check" alone`);
  process.exit(2);
}
function isWanted({ name, quick, partOf }: Suite): boolean {
  if (names.length > 0) return names.includes(name);
  return isCheck ? quick === true : partOf === undefined;
}
// With prebuilt libraries a machine needs no Rust; then everything is tested that does not ask cargo.
const asksCargo = ({ command, name }: Suite) => command[0] === "cargo" || ["third-party", "proto"].includes(name);
const withoutCargo = names.length === 0 && usePrebuiltLibraries && Bun.which("cargo") === null;
const leftOut = suites.filter((suite) => isWanted(suite) && withoutCargo && asksCargo(suite));
const chosen = suites.filter((suite) => isWanted(suite) && !leftOut.includes(suite));
const outcomes: Outcome[] = [];
for (const suite of chosen) outcomes.push(await runSuite(suite));
for (const { suite, output } of outcomes.filter(({ failed }) => failed > 0))
  await print(`\n== what failed in ${suite}\n${reasons(output)}\n`);
if (leftOut.length > 0)
  await print(`\ncargo is not installed: left out ${leftOut.map(({ name }) => name).join(", ")}\n`);
if (chosen.some(({ name }) => name === "rust") && Bun.which("valgrind") === null)
  await print("\nvalgrind is not installed: the C programs ran, but without it (Debian: apt install valgrind)\n");
const total = (count: keyof Count) => outcomes.reduce((sum, outcome) => sum + outcome[count], 0);
await print(`\n${total("passed")} passed, ${total("failed")} failed\n`);
process.exitCode = total("failed") === 0 ? 0 : 1;
