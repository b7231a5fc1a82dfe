/**
 * Puts defects into a copy of the working tree, one at a time, and sees that a test fails for each. One that survives
 * shows that a test is missing. Names on the command line pick defects, `--quick` those that `make test` tries; the
 * defects themselves are in mutants/.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { flow } from "./mutants/flow";
import type { Mutant } from "./mutants/mutant";
import { native } from "./mutants/native";
import { typescript } from "./mutants/typescript";
import { environment, output, packageFolder, root } from "./tools";

/** After which a test of Bun's counts as one that hangs. Others end by themselves, and compilers take their time. */
const bunLimitMs = 10 * 60_000;
const copy = mkdtempSync(join(tmpdir(), "temporal-mutants-"));
const built = join(copy, "mutant-out");
let running: Bun.Subprocess | undefined;

/** Ends what runs, with the servers and compilers that it has started. */
function stop(): void {
  if (running?.exitCode === null && running.signalCode === null) process.kill(-running.pid, "SIGKILL");
}

process.on("exit", () => {
  stop();
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** Copies what git tracks or would track, and links what is installed and built. */
function fillCopy(): void {
  const listed = output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  for (const path of listed.split("\0")) {
    if (path !== "" && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path));
  }
  for (const path of [".toolchain", "zig-out", relative(root, join(packageFolder, "node_modules"))])
    symlinkSync(join(root, path), join(copy, path));
}

/** Runs a command in the copy; undefined if it succeeds, else what it wrote. */
async function problem(command: string[], cwd = copy, env: Record<string, string> = {}): Promise<string | undefined> {
  const target = join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "mutants");
  const child = Bun.spawn(command, {
    cwd,
    // Cargo's folder is the mutants' own, or the next build of the tree itself would find an archive of theirs.
    env: { ...environment, CARGO_TARGET_DIR: target, CARGO_INCREMENTAL: "1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  running = child;
  const timer = command[0] === "bun" ? setTimeout(stop, bunLimitMs) : undefined;
  const [text, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  return code === 0 ? undefined : `${text}${errors}`;
}

/** The commands of a test: what compiles it and what it is made for, and the test itself. */
function commands({ file, test }: Mutant): { build?: string[]; check: () => Promise<string | undefined> } {
  const zig = ["zig", "build", "--prefix", built];
  if (test.startsWith("ts/")) {
    const command = ["bun", "test", "--timeout", "180000", "--bail", relative("ts", test)];
    const check = (env = {}) => problem(command, join(copy, "ts"), env);
    if (file.endsWith(".ts")) return { check };
    return { build: zig, check: () => check({ TEMPORAL_BUN_LIBRARY: join(built, "lib/libtemporal_bun_bridge.so") }) };
  }
  if (test === "zig-bridge/src") return { build: zig, check: () => problem(["zig", "build", "test"]) };
  const [, checks, name] = /^rust-core\/(checks\/)?tests\/(\w+)/.exec(test) ?? [];
  const part = test === "rust-core/src" ? ["--lib"] : ["--test", name ?? fail(`${test} is no test that can be run`)];
  const cargo = ["cargo", "test", "--release", "--package", `temporal-bun-${checks === undefined ? "core" : "checks"}`];
  return {
    build: [...cargo, "--no-run", ...part],
    check: () => problem([...cargo, ...part]),
  };
}

/** The file with the defect. */
function mutate({ name, file, text, replacement }: Mutant): string {
  const source = readFileSync(join(root, file), "utf8");
  const count = source.split(text).length - 1;
  if (count !== 1) fail(`${name}: ${file} has ${count} times, not once, the text to replace:\n${text}`);
  const mutated = source.replace(text, () => replacement);
  // Types are not checked when it runs; a file that can't be read would fail every test.
  if (file.endsWith(".ts")) new Bun.Transpiler({ loader: "ts" }).transformSync(mutated);
  return mutated;
}

/** The test that fails first, by what its runner wrote. */
function firstFailure(output: string): string {
  const line = /^\(fail\) (.+?)(?: \[.*)?$|^test (\S+) \.\.\. FAILED$|^error: '(.+)' (?:failed|terminated)/m.exec(
    output,
  );
  return line?.slice(1).find((name) => name !== undefined) ?? "the run broke off";
}

const passing = new Set<string>();

/** Puts a defect in and runs its test. Says what came of it. */
async function attempt(mutant: Mutant): Promise<string> {
  const { file, test } = mutant;
  // The test must pass without the defect, or its failure would say nothing.
  if (!passing.has(test)) {
    const { build, check } = commands({ ...mutant, file: test });
    const errors = (build && (await problem(build))) ?? (await check());
    if (errors !== undefined)
      return `NOT TRIED: ${test} fails without it: ${firstFailure(errors)}\n${errors.slice(-2_000)}`;
    passing.add(test);
  }
  const { build, check } = commands(mutant);
  writeFileSync(join(copy, file), mutate(mutant));
  try {
    const errors = build && (await problem(build));
    if (errors !== undefined) return `NOT TRIED: it doesn't compile:\n${errors}`;
    const output = await check();
    if (output === undefined) return `SURVIVED: ${test} passes`;
    // A name that isn't there would fail every test that comes by.
    const misnamed = /^ReferenceError: .+/m.exec(output);
    return misnamed === null
      ? `killed by: ${firstFailure(output)}`
      : `NOT TRIED: its replacement is wrong: ${misnamed}`;
  } finally {
    cpSync(join(root, file), join(copy, file));
  }
}

const all = [...typescript, ...flow, ...native];
// All of them, whichever are asked for: what no longer fits the sources is to be noticed when they change.
for (const mutant of all) mutate(mutant);
const wanted = process.argv.slice(2);
const chosen = all.filter(({ name, quick }) =>
  wanted[0] === "--quick" ? quick : wanted.length === 0 || wanted.includes(name),
);
if (chosen.length === 0) fail(`no mutant is called ${wanted}: choose from\n${all.map(({ name }) => name).join("\n")}`);
fillCopy();
const left: string[] = [];
for (const mutant of chosen) {
  const start = Date.now();
  const outcome = await attempt(mutant);
  if (!outcome.startsWith("killed")) left.push(mutant.name);
  console.log(`${mutant.name} (${Math.round((Date.now() - start) / 1000)} s) ${outcome}`);
}
console.log(`\n${chosen.length} mutants, ${left.length} not killed${left.map((name) => `\n  ${name}`).join("")}`);
process.exit(left.length > 0 ? 1 : 0);
