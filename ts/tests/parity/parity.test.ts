import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readFeatures, readLedger } from "../../scripts/parity/ledger";
import { compareNames, readNames } from "../../scripts/parity/names";
import { hasName, Runs, readReport } from "../../scripts/parity/runs";
import { run } from "../support/process";

const features = readFeatures(
  "id\tgroup\tstatus\tfeature\nA1.01\tA1 Client\tGA\tconnects\nA1.02\tA1 Client\tX\tlazily\n",
);
const ledger = (...rows: string[]) => readLedger(["id\tstate\ttest", ...rows].join("\n"), features);

describe("the ledger", () => {
  test("names features and tests; what is not done has a reason instead", () => {
    expect(ledger("A1.01\tdone\tts/tests/a.test.ts: it: connects", "A1.02\tnot started\t")).toEqual([
      { id: "A1.01", state: "done", test: { file: "ts/tests/a.test.ts", name: "it: connects" } },
      { id: "A1.02", state: "not started", test: undefined },
    ]);
  });

  test.each([
    ["A9.99\tdone\ta.test.ts: x", 'there is no "A9.99"'],
    ["A1.01\tdone\t", 'the test of A1.01 is ""'],
    ["A1.01\tdone\tit connects", 'the test of A1.01 is "it connects"'],
    ["A1.01\t\ta.test.ts: x", "A1.01 has no state"],
  ])("%p is refused", (row, message) => expect(() => ledger(row)).toThrow(message));

  test("a row that comes twice is refused", () =>
    expect(() => ledger("A1.01\tlater\t", "A1.01\tlater\t")).toThrow("A1.01 comes twice"));
});

test("names of tests may have describes before them and values in them", () => {
  const candidate = { file: "", name: '"a (b)" is 3', classname: "times > parsed", outcome: "passed" } as const;
  expect(hasName(candidate, '"a (b)" is 3')).toBe(true);
  expect(hasName(candidate, "%p is %d")).toBe(true);
  expect(hasName(candidate, "times > parsed > %p is 3")).toBe(true);
  expect(hasName(candidate, "is 3")).toBe(false);
  expect(hasName(candidate, "other > %p is 3")).toBe(false);
});

describe("runs", () => {
  const root = mkdtempSync(join(tmpdir(), "parity-"));
  afterAll(() => rmSync(root, { recursive: true }));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const problem = (file: string, name: string) =>
    new Runs(root, join(root, "reports"), join(root, "ts")).problem({ file, name });

  write(
    "ts/tests/a.test.ts",
    'import { describe, test } from "bun:test";\ndescribe("d", () => { test("runs", () => {}); test.skip("sleeps", () => {}); test("breaks \\u2014 <&>", () => { throw 1; }); });',
  );
  write("ts/tests/b.test.ts", "");
  write("rust/a.rs", "#[test] fn counts() {}  #[test] fn fails() {}");
  write("zig/a.zig", 'test "adds" {}');
  write("reports/rust.txt", "test queue::tests::counts ... ok\ntest queue::tests::fails ... FAILED\n");
  beforeAll(async () => {
    // As the suite does it, from the folder of the package. One test of the file fails.
    const report = `--reporter-outfile=${join(root, "reports/bun.xml")}`;
    await run([process.execPath, "test", "tests/a.test.ts", "--reporter=junit", report], {
      cwd: join(root, "ts"),
      code: 1,
    });
    utimesSync(join(root, "ts/tests/a.test.ts"), 1, 1);
    utimesSync(join(root, "ts/tests/b.test.ts"), 1, 1);
  });

  test.each([
    ["ts/tests/a.test.ts", "runs", undefined],
    ["ts/tests/a.test.ts", "d > runs", undefined],
    ["ts/tests/a.test.ts", "sleeps", "it was skipped"],
    ["ts/tests/a.test.ts", "breaks — <&>", "it failed"],
    ["ts/tests/a.test.ts", "gone", "no test of this name ran"],
    ["ts/tests/b.test.ts", "runs", "no test of this name ran"],
    ["ts/tests/c.test.ts", "runs", "there is no such file"],
    ["rust/a.rs", "counts", undefined],
    ["rust/a.rs", "fails", "no test of this name ran and passed"],
    ["rust/a.rs", "gone", "the file has no test of this name"],
    ["zig/a.zig", "adds", "its suite left no output: run `make test SUITES=zig`"],
  ])("%s: %s", (file, name, expected) => expect(problem(file, name)).toBe(expected));

  test("a report that is older than the test proves nothing", () => {
    write("ts/tests/late.test.ts", "");
    utimesSync(join(root, "ts/tests/late.test.ts"), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    expect(problem("ts/tests/late.test.ts", "runs")).toBe("changed after the last run of the tests");
  });
});

test("a report's entities are read", () => {
  expect(readReport('<testcase name="&quot;&#10;&#x41;&amp;lt;" classname="" file="f"></testcase>')).toEqual([
    { file: "f", name: '"\nA&lt;', classname: "", outcome: "passed" },
  ]);
});

test("names are compared by kind, members included", async () => {
  const packageFolder = resolve(import.meta.dir, "../..");
  const rows = [
    "package\tsymbol\tkind\tmember\tflags",
    ...[
      "Connection\tclass",
      "Connection\tclass\tstatic lazy",
      "Connection\tclass\tclose",
      "Connection\tclass\tnonsense",
      "ConnectionOptions\tinterface",
      "ConnectionOptions\tinterface\ttls",
    ],
    ...[
      "LOCAL_TARGET\tconst",
      "LOCAL_TARGET2\tconst",
      "GrpcStatus\ttype",
      "ConnectionOptions2\tinterface",
      "isGrpcServiceError\tclass",
    ],
  ].map((row, index) => (index === 0 ? row : `@temporalio/client\t${row}`));
  const [client, other] = await compareNames(
    packageFolder,
    { "./client": "./src/client/index.ts" },
    readNames(`${rows.join("\n")}\n@temporalio/other\tX\tclass\t\t\n`),
  );
  expect(client).toEqual({
    package: "@temporalio/client",
    total: 7,
    present: 4,
    members: 4,
    presentMembers: 3,
    missing: ["LOCAL_TARGET2", "ConnectionOptions2", "isGrpcServiceError (no class)"],
    missingMembers: ["Connection.nonsense"],
  });
  expect(other).toMatchObject({ total: 1, present: 0, missing: ["X"] });
}, 180_000);
