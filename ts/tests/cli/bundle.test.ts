import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { splitSourceMap } from "../../src/workflow-host/source-map";
import { run } from "../support/process";
import { withWorker } from "../worker/support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const program = `${import.meta.dir}/../../src/cli/temporal-bun.ts`;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "bundle project-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundle = (args: string[], code = 0) => run([process.execPath, program, "bundle", ...args], { code, cwd: folder });

writeFileSync(
  join(folder, "flows.ts"),
  `import { sleep } from "temporal-bun-sdk/workflow";

export async function sleeps(name: string): Promise<string> {
  await sleep(1);
  return name;
}

export async function tellsPlace(): Promise<string> {
  return new Error("here").stack!;
}
`,
);

test("a Worker loads what it writes, and knows the places in the sources", async () => {
  const { output, errors } = await bundle(["flows.ts", "--out", "dist/of a build/flows.js"]);
  expect(output).toMatch(/^dist\/of a build\/flows\.js {2}\d+\.\d\dKB of code, \d+\.\d\dKB of source map\n$/);
  expect(errors).toContain('workflowBundle: { codePath: "dist/of a build/flows.js" }');
  const codePath = join(folder, "dist/of a build/flows.js");
  await withWorker(
    async ({ execute }) => {
      expect(await execute("sleeps", "done")).toBe("done");
      expect(await execute("tellsPlace")).toContain(`${folder}/flows.ts:9:`);
    },
    { workflowBundle: { codePath }, workflowsPath: undefined },
  );
});

test("the Workflows are found where a Worker names them; interceptors and converters go along", async () => {
  writeFileSync(
    join(folder, "worker.ts"),
    `Worker.create({\n  workflowsPath: import.meta.resolve("./flows.ts"),\n});\n`,
  );
  writeFileSync(
    join(folder, "interceptors.ts"),
    `export const interceptors = () => ({ inbound: ["of the project"] });\n`,
  );
  writeFileSync(join(folder, "converter.ts"), `export const payloadConverter = "the project's converter";\n`);
  const flags = ["--interceptor-module", "./interceptors.ts", "--payload-converter", "./converter.ts"];
  const { output } = await bundle([...flags, "--json"]);
  const found = JSON.parse(output) as { workflows: string; file: string; bytes: number; codeBytes: number };
  const file = join(folder, "workflow-bundle.js");
  const text = readFileSync(file, "utf8");
  expect(found).toEqual({
    workflows: join(folder, "flows.ts"),
    file,
    bytes: statSync(file).size,
    codeBytes: Buffer.byteLength(splitSourceMap(text).code),
  });
  expect(text).toContain("of the project");
  expect(text).toContain("the project's converter");
});

test("mistakes are named, with what to do", async () => {
  const failing = async (args: string[], code = 1) => (await bundle(args, code)).errors;
  expect(await failing(["nowhere.ts"])).toContain(`There is no file or folder ${folder}/nowhere.ts`);
  writeFileSync(
    join(folder, "reads.ts"),
    `import { readFileSync } from "node:fs";\nexport const read = () => readFileSync("a");\n`,
  );
  expect(await failing(["reads.ts"])).toMatch(/'node:fs' .*\n.*imported by reads\.ts\n.*instead: do it in an Activity/);
  await bundle(["reads.ts", "--ignore-module", "fs"]);
  writeFileSync(join(folder, "broken.ts"), "export const a = ;\n");
  expect(await failing(["broken.ts"])).toContain("broken.ts:1:18");
  mkdirSync(join(folder, "taken.js"));
  expect(await failing(["flows.ts", "--out", "taken.js"])).toMatch(/taken\.js can't be written: .*Name another file/);
  expect(await failing(["flows.ts", "--outt", "a"], 2)).toContain("--out");
});
