import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

/** The blocks of TypeScript in a document. */
function blocks(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);
}

const example = (file: string) => readFileSync(join(root, "ts/examples", file), "utf8");

test("the README shows the hello example as it is", () => {
  expect(blocks("README.md")).toEqual(["hello/workflows.ts", "hello/hello.ts"].map(example));
});

test("docs/OPENTELEMETRY.md shows the example as it is", () => {
  const shown = blocks("docs/OPENTELEMETRY.md");
  for (const file of ["workflows.ts", "tracing.ts"]) expect(shown).toContain(example(`opentelemetry/${file}`));
});

test("docs/KUBERNETES.md shows the module of the orders example as it is", () => {
  expect(blocks("docs/KUBERNETES.md")).toEqual([example("orders/deployed.ts")]);
});
