import { expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../../package.json";
import { ruleForFile, ruleForSpecifier } from "../../src/worker/bundler/module-rules";

const rules = Object.keys(packageJson.exports)
  .filter((entry) => !entry.includes("*"))
  .map((entry) => ({ entry, rule: ruleForSpecifier(`temporal-bun-sdk${entry.slice(1)}`) }));
const entriesOf = (...kinds: string[]) =>
  rules.filter(({ rule }) => kinds.includes(rule.kind)).map(({ entry }) => entry);

test("each export is shared by all runs, goes into the bundle, or is refused", () => {
  expect(entriesOf("shared").sort()).toEqual(["./common", "./common/encoding", "./common/time", "./workflow"]);
  expect(entriesOf("file").sort()).toEqual([
    "./common/protobufs",
    "./flow/workflow",
    "./opentelemetry",
    "./opentelemetry-v2",
    "./opentelemetry-v2/workflow",
    "./opentelemetry-v2/workflow-interceptors",
    "./opentelemetry/workflow",
    "./opentelemetry/workflow-interceptors",
    "./plugin",
    "./proto",
    "./proto/json",
    "./workflow-streams/workflow",
  ]);
  // Whatever is added is refused until somebody has thought about it.
  expect(entriesOf("forbidden")).toHaveLength(rules.length - 16);
});

test("a message goes into the bundle from the file that Bun finds, whatever others find", () => {
  const specifier = "temporal-bun-sdk/proto/temporal/api/common/v1/message";
  expect(ruleForSpecifier(specifier)).toEqual({
    kind: "file",
    path: join(import.meta.dir, "../../src/proto/temporal/api/common/v1/message.ts"),
  });
  expect(ruleForSpecifier("temporal-bun-sdk/proto/temporal/nothing").kind).toBe("bundled");
});

test("a file of the SDK that the table doesn't name is refused", () => {
  const source = `${import.meta.dir}/../../src`;
  for (const file of [
    "native/index.ts",
    "payloads/payload-pipeline.ts",
    "some-new-room/index.ts",
    "commonplace/a.ts",
  ]) {
    expect([file, ruleForFile(`${source}/${file}`).kind]).toEqual([file, "forbidden"]);
  }
  expect(ruleForFile(`${source}/common/errors.ts`)).toEqual({ kind: "shared", name: "temporal-bun-sdk/common" });
  expect(ruleForFile(`${source}/common/time.ts`)).toEqual({ kind: "shared", name: "temporal-bun-sdk/common/time" });
  expect(ruleForFile(`${import.meta.dir}/modules.test.ts`).kind).toBe("bundled");
});
