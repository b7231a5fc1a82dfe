/** What ran: the reports that the test runners leave, read for the tests that the ledger names. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LedgerRow, NamedTest } from "./ledger";

/** How a test of a report ended. */
export type Outcome = "passed" | "failed" | "skipped";

/** A test of a JUnit report. */
export interface TestCase {
  /** As in the report: from the folder in which the runner was started. */
  file: string;
  name: string;
  /** Names of the `describe`s around it. */
  classname: string;
  outcome: Outcome;
}

/** Output of the suites that leave no JUnit report, by the end of their tests' file names. */
const OUTPUTS: Record<string, string[]> = { rs: ["rust.txt", "rust-checks.txt"], zig: ["zig.txt"] };

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
}

/** Reads the tests out of a JUnit report of `bun test`. */
export function readReport(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  for (const [, text = "", end, content = ""] of xml.matchAll(
    /<testcase\b((?:\s+[\w:-]+="[^"]*")*)\s*(?:(\/>)|>(.*?)<\/testcase>)/gs,
  )) {
    const attributes = Object.fromEntries(
      [...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescape(value!)]),
    );
    const outcome =
      end !== undefined
        ? "passed"
        : /<(failure|error)\b/.test(content)
          ? "failed"
          : /<skipped\b/.test(content)
            ? "skipped"
            : "passed";
    cases.push({
      file: attributes["file"] ?? "",
      name: attributes["name"] ?? "",
      classname: attributes["classname"] ?? "",
      outcome,
    });
  }
  return cases;
}

/**
 * Whether a test has the name: itself, after the `describe`s around it, or, for those of `test.each`, with its values
 * filled in.
 */
export function hasName(candidate: TestCase, name: string): boolean {
  const pattern = name
    .split(/%[psdifjo#%]/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const expression = new RegExp(`^${pattern}$`, "s");
  return expression.test(candidate.name) || expression.test(`${candidate.classname} > ${candidate.name}`);
}

/** Reads the folder of reports and says for each test whether it ran. */
export class Runs {
  readonly #report: string;
  readonly #cases: TestCase[];

  /**
   * `root` is the folder of the repository, `folder` that of the reports, `packageFolder` where `bun test` was started.
   */
  constructor(
    readonly root: string,
    readonly folder: string,
    readonly packageFolder: string,
  ) {
    this.#report = join(folder, "bun.xml");
    this.#cases = existsSync(this.#report) ? readReport(readFileSync(this.#report, "utf8")) : [];
  }

  /** Whether there is a report of Bun's tests that is newer than all their files in the ledger. */
  isFresh(rows: readonly LedgerRow[]): boolean {
    if (!existsSync(this.#report)) return false;
    const written = statSync(this.#report).mtimeMs;
    return rows.every(
      ({ test }) =>
        test === undefined ||
        !existsSync(join(this.root, test.file)) ||
        statSync(join(this.root, test.file)).mtimeMs <= written,
    );
  }

  /** Why the test does not count as one that ran and passed; undefined if it does. */
  problem({ file, name }: NamedTest): string | undefined {
    const path = join(this.root, file);
    if (!existsSync(path)) return "there is no such file";
    const extension = file.split(".").at(-1)!;
    if (file.endsWith(".test.ts")) return this.#problemOfBunTest(path, name);
    if (extension in OUTPUTS) return this.#problemOfOther(path, name, extension);
    return "no file of tests: it must end in .test.ts, .rs or .zig";
  }

  #problemOfBunTest(path: string, name: string): string | undefined {
    if (!existsSync(this.#report)) return "there is no report of `bun test`";
    if (statSync(path).mtimeMs > statSync(this.#report).mtimeMs) return "changed after the last run of the tests";
    const found = this.#cases.filter(
      (candidate) => join(this.packageFolder, candidate.file) === path && hasName(candidate, name),
    );
    if (found.length === 0) return "no test of this name ran";
    const bad = found.find((candidate) => candidate.outcome !== "passed");
    return bad && `it ${bad.outcome === "skipped" ? "was skipped" : "failed"}`;
  }

  #problemOfOther(path: string, name: string, extension: string): string | undefined {
    const source = readFileSync(path, "utf8");
    const declaration = extension === "rs" ? `fn ${name}(` : `test "${name}"`;
    if (!source.includes(declaration)) return "the file has no test of this name";
    const outputs = OUTPUTS[extension]!.map((output) => join(this.folder, output)).filter((output) =>
      existsSync(output),
    );
    if (outputs.length === 0)
      return `its suite left no output: run \`make test SUITES=${extension === "rs" ? "rust" : "zig"}\``;
    const output = outputs.map((each) => readFileSync(each, "utf8")).join("\n");
    // Cargo names its tests; Zig only counts them.
    const ran =
      extension === "rs"
        ? new RegExp(`^test (?:\\S+::)?${name} \\.\\.\\. ok$`, "m").test(output)
        : /(\d+)\/\1 tests passed/.test(output);
    return ran ? undefined : "no test of this name ran and passed";
  }
}
