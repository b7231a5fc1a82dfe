import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf, readIndex, unanswered } from "../../../scripts/docs/guides";
import { explained, explains, messages } from "./error-messages";

const root = join(import.meta.dir, "../../..");

/** The blocks of TypeScript in a document. */
function blocks(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);
}

const example = (file: string) => readFileSync(join(root, "ts/examples", file), "utf8");

test("the README shows the hello example as it is", () => {
  const [first, ...others] = blocks("README.md");
  expect(example("hello/welcome.ts")).toEndWith(`\n${first}`);
  expect(others).toEqual(["hello/workflows.ts", "hello/hello.ts"].map(example));
});

/** The cells of the rows of a table in the README whose first cell is one of names. */
function rows(names: Set<string>): string[][] {
  const lines = readFileSync(join(root, "README.md"), "utf8").match(/^\| .*$/gm) ?? [];
  return lines.map((line) => line.split("|").map((cell) => cell.trim())).filter((cells) => names.has(cells[1]!));
}

test("the README's figures are those of one run of make bench", () => {
  const printed = readFileSync(join(root, "docs/bench.txt"), "utf8").split("\n");
  let group = "";
  const measured = new Map<string, string[]>();
  for (const line of printed.slice(1, printed.indexOf(""))) {
    const [name = "", ...figures] = line.trim().split(/ {2,}/);
    if (!line.startsWith(" ")) group = name;
    const unit = figures.at(-1);
    measured.set(
      line.startsWith(" ") ? `${group}, ${name}` : name,
      figures.slice(0, -1).map((figure) => `${figure} ${unit}`),
    );
  }
  // A row below another one counts by both names.
  measured.set("start + result, latency p50", measured.get("start + result, CPU of the client, latency p50")!);
  const shown = rows(new Set(measured.keys()));
  expect(shown.length).toBe(7);
  for (const [, name = "", ...cells] of shown) expect(cells.slice(0, 3)).toEqual(measured.get(name)!);
});

test("the package's README has the same figures", () => {
  const [[, , ours, node, bun] = []] = rows(new Set(["CPU per one-activity workflow"]));
  const figure = (cell = "") => cell.replace(" ms", "");
  expect(readFileSync(join(root, "ts/README.md"), "utf8")).toContain(
    `costs ${ours} of CPU, with the official SDK ${figure(bun)} on Bun and ${figure(node)} on Node.js`,
  );
});

test("the README says how many features are there", () => {
  const [, ...all] = readFileSync(join(root, "docs/parity.tsv"), "utf8").trim().split("\n");
  // Those of other letters are there in addition.
  const states = all.filter((line) => /^[A-H]\d/.test(line));
  const done = states.filter((line) => line.split("\t")[1] === "done").length;
  const [[, , cell] = []] = rows(new Set(["features of the official SDK's list"]));
  expect(cell).toStartWith(`${done} of ${states.length} `);
});

test("the README's versions are those that are pinned", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  expect(readme).toContain(`by Core ${/CORE_VERSION: &CStr = c"([^"]+)"/.exec(read("rust-core/src/abi.rs"))?.[1]}.`);
  expect(readme).toContain(`| Bun | ${JSON.parse(read("ts/package.json")).engines.bun.slice(2)} or newer |`);
  expect(readme).toContain(`Bun ${/^bun_version=(.*)$/m.exec(read("scripts/toolchain.sh"))?.[1]} or newer`);
});

test("the changelog begins with the version that all files name", () => {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const { version } = JSON.parse(read("ts/package.json"));
  expect(/^## (\S+?),/m.exec(read("CHANGELOG.md"))?.[1]).toBe(version);
  expect(/^version = "(.*)"$/m.exec(read("Cargo.toml"))?.[1]).toBe(version);
  expect(/\.version = "(.*)"/.exec(read("build.zig.zon"))?.[1]).toBe(version);
});

test("the README's pictures show what the demo prints", () => {
  const picture = (name: string) => readFileSync(join(root, "docs/images", name), "utf8");
  expect(picture("session.svg")).toContain("status: waiting for shipment");
  expect(picture("timeline.svg")).toContain("workflow execution completed");
});

test("docs/OPENTELEMETRY.md shows the example as it is", () => {
  const shown = blocks("docs/OPENTELEMETRY.md");
  for (const file of ["workflows.ts", "tracing.ts"]) expect(shown).toContain(example(`opentelemetry/${file}`));
});

test("docs/TROUBLESHOOTING.md has every message that the sources make, and no other", () => {
  const patterns = explained();
  const made = messages();
  const isExplained = ({ text }: { text: string }) => patterns.some((pattern) => explains(pattern, text));
  expect(made.filter((message) => !isExplained(message))).toEqual([]);
  expect(patterns.filter((pattern) => !made.some(({ text }) => explains(pattern, text)))).toEqual([]);
});

test("the package's README shows the hello example as it is", () => {
  expect(blocks("ts/README.md")).toEqual(["hello/workflows.ts", "hello/hello.ts"].map(example));
});

test("the search answers what newcomers ask", () => {
  const questions = readFileSync(join(root, "docs/questions.tsv"), "utf8").trim().split("\n").slice(1);
  expect(questions.length).toBeGreaterThanOrEqual(40);
  // `make docs` asks the same of the site, which has the API reference too.
  expect(unanswered(readIndex().flatMap((guide) => entriesOf(guide, guide.path)))).toEqual([]);
});

test("docs/KUBERNETES.md shows the module of the orders example as it is", () => {
  expect(blocks("docs/KUBERNETES.md")).toEqual([example("orders/deployed.ts")]);
});
