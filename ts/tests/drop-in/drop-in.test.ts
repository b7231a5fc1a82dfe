/** Programs that import `@temporalio/*` alone, in a folder of their own, with this SDK as the preload. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readNames } from "../../scripts/parity/names";
import { counterparts, officialPackages } from "../../src/drop-in/table";
import typeNames from "../../src/drop-in/type-names.json";
import { encodeJson } from "../../src/proto/json";
import { type PrivateServer, startServer } from "../support/server";
import { makeProject, type Project } from "./support";

/** What `src/main.ts` prints, history aside: the official SDK makes the same of it. */
const orders = {
  receipt: {
    order: "A-1",
    total: 5,
    payment: "payment of 5 in attempt 2",
    shipped: "by bicycle",
    steps: [
      "customer in a local activity",
      "paid",
      "stopped watching the parcel",
      "wrapped A-1 for the root",
      "rested",
      "timed out",
    ],
  },
  answer: "timed out",
  memo: { from: "main", seen: true },
  customer: "A-1",
  name: "COMPLETED",
  refused: "hole has a negative price",
  count: 2,
  failed: { message: "charge: NothingToCharge [0]; wrapNothing: there is nothing", type: "OrderFailed", details: [2] },
  undone: ["refund of payment of 7 in attempt 2"],
  missing: true,
  denied: 5,
  counted: [3, 2, 1],
  cancels: "cancelled by signal",
  schedule: { paused: true, action: "countdown", args: [2] },
  described: '25 bytes, "AQID", ENCODING_TYPE_JSON',
  isKeyword: true,
  attempts: 4,
  calls: [
    "start order",
    "start failing",
    "start compensate",
    "start countdown",
    "start cancels",
    "start describePayload",
  ],
  headers: [
    "charge of compensate compensate",
    "charge of failing failing",
    "charge of order order",
    "refund of compensate compensate",
    "watchParcel of order order",
  ],
  lines: ["order: customer in a local activity", "order: paid", "order: stopped watching the parcel"],
};

let server: PrivateServer;

beforeAll(async () => {
  server = await startServer({ searchAttributes: { CustomKeywordField: "Keyword" } });
});

afterAll(() => server?.stop());

describe.each(["none of the official packages installed", "official packages installed that must not be loaded"])(
  "with %s",
  (state) => {
    const isInstalled = !state.startsWith("none");
    let project: Project;

    beforeAll(() => {
      project = makeProject("preload");
      if (isInstalled) project.installOfficial();
    });

    afterAll(() => project[Symbol.dispose]());

    /** Output of a program. */
    const run = async (...words: string[]): Promise<string> =>
      (await project.run(words, { env: { ADDRESS: server.address } })).output;

    let ran: Promise<typeof orders & { history: string }> | undefined;
    /** What came out of the orders, and the history of the first one in JSON. */
    const results = () => (ran ??= run("src/main.ts", server.address, randomUUID()).then(JSON.parse));
    const recorded = async () => (await results()).history;

    test("client, worker, interceptors, sinks, converters and codecs work", async () => {
      const { history, ...rest } = await results();
      expect(rest).toEqual(orders);
      expect(JSON.parse(history).events.at(-1).eventType).toBe("EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED");
    });

    test("histories replay", async () => {
      project.write("history.json", await recorded());
      expect(await run("src/replay.ts", "history.json")).toBe("replayed\n");
      project.write("changed.json", (await recorded()).replaceAll('"name": "charge"', '"name": "pay"'));
      const { errors } = await project.run(["src/replay.ts", "changed.json"], { code: 1 });
      expect(errors).toContain("DeterminismViolationError");
    });

    test("the debug replayer runs", async () => {
      const bytes = encodeJson(
        "temporal.api.history.v1.History",
        JSON.parse(await recorded()),
      ) as Uint8Array<ArrayBuffer>;
      using debuggerServer = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: ({ url }) => (new URL(url).pathname === "/history" ? new Response(bytes) : Response.json({})),
      });
      const { output } = await project.run(["src/replay.ts"], {
        env: { TEMPORAL_DEBUGGER_PLUGIN_URL: debuggerServer.url.href },
      });
      expect(output).toBe("Replay completed successfully\n");
    });

    test("test files run, with the testing package", async () => {
      const { errors } = await project.run(["test", "./src/checks.ts", "--timeout", "60000"], {
        env: { ADDRESS: server.address },
      });
      expect(errors).toContain(" 4 pass");
    });

    test("all names are those of temporal-bun-sdk/*, in modules, require calls and threads", async () => {
      const { count, wrong } = JSON.parse(await run("src/identity.ts"));
      expect(wrong).toEqual([]);
      expect(count).toBeGreaterThan(1000);
    });

    test("the compiler finds the types", async () => {
      using project = makeProject("paths");
      if (isInstalled) project.installOfficial();
      const compiler = ["node_modules/typescript/bin/tsc", "-p", "."];
      expect(await project.run(compiler)).toEqual({ output: "", errors: "" });
      project.write("src/wrong.ts", "import { nothing } from '@temporalio/client'; export const x: number = nothing;");
      const { output } = await project.run(compiler, { code: 1 });
      expect(output).toContain("has no exported member 'nothing'");
    });
  },
);

test.each([
  ["nothing", "preload"],
  ["paths", "paths"],
  ["the official packages", "nothing"],
] as const)("tests mock official names, with %s besides the preload", async (besides, by) => {
  using project = makeProject(by);
  if (besides === "the official packages") project.installOfficial();
  project.write("src/uses.ts", `import { Client } from "@temporalio/client"; export const used = () => Client as any;`);
  project.write("src/relative.ts", "export const relative = 1;");
  project.write(
    "src/mocks.test.ts",
    `import { expect, jest, mock, test, vi } from "bun:test";
    import { Client, Connection } from "@temporalio/client"; import { relative } from "./relative"; import { used } from "./uses";
    test.each([["mock.module", mock.module], ["jest.mock", jest.mock], ["vi.mock", vi.mock]])("%s", async (name, put) => {
      await put("@temporalio/client", () => ({ Client: name }));
      expect([Client, used(), (await import("@temporalio/client")).Client, require("@temporalio/client").Client]).toEqual([name, name, name, name]);
      expect(typeof Connection.connect).toBe("function");
      await put("./relative", () => ({ relative: name }));
      expect(relative).toBe(name);
    });`,
  );
  const { errors } = await project.run(["test", "--preload", "temporal-bun-sdk/drop-in", "src/mocks.test.ts"]);
  expect(errors).toContain("3 pass");
});

test("each feature comes to what it comes to with the official SDK", async () => {
  // What the program printed with the official packages 1.24.
  const recorded = JSON.parse(readFileSync(join(import.meta.dir, "features.json"), "utf8"));
  using project = makeProject("preload");
  const { output, errors } = await project.run(["src/features.ts", server.address, `features-${randomUUID()}`]);
  expect(errors).toContain("Activity function missing is not registered on this Worker");
  expect(JSON.parse(output)).toEqual(recorded);
});

describe("an import", () => {
  const program = `for (const load of [(name) => import(name), async (name) => require(name)])
    for (const name of JSON.parse(process.argv[2])) await load(name).then(() => console.log("loaded " + name), (error) => console.log(error.message));`;

  test.each([
    ["@temporalio/worker/lib/workflow/vm", "import public names from '@temporalio/worker'"],
    ["@temporalio/worker/lib/workflow/vm.js", "import public names from '@temporalio/worker'"],
    ["@temporalio/core-bridge", "a native bridge of its own"],
  ])("%s that has no counterpart gives an error that says so, and what to do", async (name, advice) => {
    using project = makeProject("preload");
    project.write("program.ts", program);
    const lines = (await project.run(["program.ts", JSON.stringify([name])])).output.trim().split("\n");
    expect(lines).toEqual([expect.stringContaining(advice), expect.stringContaining(advice)]);
    for (const line of lines) expect(line).toContain(`'${name.replace(".js", "")}'`);
  });

  test("of a module that the table doesn't know is refused, if the official package is installed", async () => {
    using project = makeProject("preload");
    project.installOfficial();
    project.write("program.ts", program);
    const { output } = await project.run(["program.ts", JSON.stringify(["@temporalio/worker/lib/whatever"])]);
    const refusal = "'@temporalio/worker/lib/whatever' is part of the inner workings of the official Temporal SDK";
    expect(output.trim().split("\n")).toEqual([expect.stringContaining(refusal), expect.stringContaining(refusal)]);
  });

  test("paths in tsconfig.json alone are enough for the project's own code", async () => {
    using project = makeProject("paths");
    project.installOfficial();
    const { errors } = await project.run(["test", "./src/checks.ts", "--timeout", "60000"], {
      env: { ADDRESS: server.address },
    });
    expect(errors).toContain(" 4 pass");
    project.write("program.ts", 'import "@temporalio/worker/lib/workflow/vm";');
    expect((await project.run(["program.ts"], { code: 1 })).errors).toContain("has no counterpart in temporal-bun-sdk");
  });

  test("of a type, as decorator metadata keeps it, is undefined", async () => {
    using project = makeProject("preload");
    project.write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } }),
    );
    project.write(
      "program.ts",
      `import { Client, ConnectionOptions } from "@temporalio/client";
      import { Logger } from "@temporalio/common";
      (Reflect as any).metadata = (_key: string, types: any[]) => () => console.log(types.map(({ name }) => name).join());
      const Injectable = () => (target: any) => target;
      @Injectable()
      class Orders {
        constructor(readonly client: Client, readonly options: ConnectionOptions, readonly logger: Logger) {}
      }
      console.log(Orders.length);`,
    );
    expect((await project.run(["program.ts"])).output).toBe("Client,Object,Object\n3\n");
  });

  test("of a type: the names are those of the official packages", () => {
    const official = readNames(readFileSync(join(import.meta.dir, "../parity/api-names.tsv"), "utf8"));
    const isType = ({ kind }: { kind: string }) => kind === "type" || kind === "interface";
    for (const name of officialPackages) {
      const own = official.filter((each) => each.package === name && each.member === "");
      const values = new Set(own.filter((each) => !isType(each)).map(({ symbol }) => symbol));
      const types = own.filter((each) => isType(each) && !values.has(each.symbol)).map(({ symbol }) => symbol);
      expect([name, typeNames[name as keyof typeof typeNames] ?? []]).toEqual([name, [...new Set(types)].sort()]);
    }
  });

  test("without the preload the official names mean what they meant before", async () => {
    using project = makeProject("nothing");
    project.installOfficial();
    project.write("program.ts", program);
    const { output } = await project.run(["program.ts", JSON.stringify(["@temporalio/worker"])]);
    expect(output.trim().split("\n")).toEqual([
      "the official @temporalio/worker was loaded",
      "the official @temporalio/worker was loaded",
    ]);
  });
});

describe("bundles of workflow code", () => {
  const program = `import { bundleWorkflowCode } from "temporal-bun-sdk/worker";
    const { code } = await bundleWorkflowCode(JSON.parse(process.argv[2])).catch((error) => ({ code: error.message }));
    console.log(code);`;
  const bundle = async (workflows: string, options: object = {}, isInstalled = true) => {
    using project = makeProject("nothing");
    if (isInstalled) project.installOfficial();
    project.write("program.ts", program);
    project.write("workflows.ts", workflows.replaceAll("FOLDER", project.folder));
    const words = JSON.stringify({ workflowsPath: join(project.folder, "workflows.ts"), ...options }).replaceAll(
      "FOLDER",
      project.folder,
    );
    const { output } = await project.run(["program.ts", words]);
    return output.replace(/^\/\/# sourceMappingURL=.*/m, "");
  };

  test.each([
    'import { sleep } from "@temporalio/workflow"; export const run = () => sleep(1);',
    'import { sleep } from "@temporalio/workflow/lib/workflow"; export const run = () => sleep(1);',
    'import { sleep } from "@temporalio/workflow/lib/workflow.js"; export const run = () => sleep(1);',
    'import { sleep } from "FOLDER/node_modules/@temporalio/workflow/lib/index.js"; export const run = () => sleep(1);',
    'import { isRecord } from "@temporalio/common/lib/type-helpers"; export const run = () => isRecord(1);',
    'import { msToNumber } from "@temporalio/common/lib/time"; export const run = () => msToNumber(1);',
  ])("never have official modules in them, installed or not: %s", async (workflows) => {
    const code = await bundle(workflows);
    expect(code).not.toContain("was loaded");
    if (!workflows.includes("FOLDER")) expect(await bundle(workflows, {}, false)).toBe(code);
    expect(code).toMatch(/require\("temporal-bun-sdk\/(workflow|common)/);
  });

  test.each([
    ["@temporalio/testing/lib/assert-to-failure-interceptor", false],
    ["@temporalio/testing/lib/assert-to-failure-interceptor", true],
    ["FOLDER/node_modules/@temporalio/testing/lib/assert-to-failure-interceptor.js", true],
  ])("have this SDK's interceptors by the official name: %s, installed: %p", async (module, isInstalled) => {
    const code = await bundle("export const run = () => 1;", { workflowInterceptorModules: [module] }, isInstalled);
    expect(code).not.toContain("was loaded");
    expect(code).toContain("AssertionError");
  });

  test.each(["@temporalio/client", "@temporalio/cloud", "@temporalio/workflow/lib/global-attributes"])(
    "refuse %s",
    async (module) => {
      const message = await bundle(`import * as module from "${module}"; export const run = () => module;`);
      expect(message).toContain("is importing the following disallowed modules");
      expect(message).toContain(`'${module}'`);
    },
  );

  test("refuse interceptors that are inner workings of the official SDK", async () => {
    const message = await bundle("export const run = () => 1;", {
      workflowInterceptorModules: ["@temporalio/worker/lib/workflow-codec-runner"],
    });
    expect(message).toContain("'@temporalio/worker/lib/workflow-codec-runner' is part of the inner workings");
  });
});

describe("the table", () => {
  test("leads to modules that exist", async () => {
    for (const { specifier, file } of counterparts.values()) {
      if (file !== undefined) expect(await Bun.file(file).exists(), specifier).toBe(true);
    }
  });

  test("makes every value of the official packages reachable that is there", async () => {
    /** Names that this SDK doesn't have: see the rows of docs/parity.tsv. */
    const missing = [
      "@temporalio/client InternalConnectionLikeSymbol",
      "@temporalio/worker MetricsBuffer",
      "@temporalio/worker ResourceBasedController",
    ];
    const names = readNames(readFileSync(join(import.meta.dir, "../parity/api-names.tsv"), "utf8"));
    const values = names.filter(
      ({ kind, member, package: name }) =>
        member === "" && ["class", "const", "enum", "function"].includes(kind) && officialPackages.includes(name),
    );
    const program = `const found = {};
      for (const name of JSON.parse(process.argv[2])) found[name] = Object.keys(await import(name));
      console.log(JSON.stringify(found));`;
    using project = makeProject("preload");
    project.write("program.ts", program);
    const packages = [...new Set(values.map((row) => row.package))];
    const found = JSON.parse((await project.run(["program.ts", JSON.stringify(packages)])).output) as Record<
      string,
      string[]
    >;
    const lacking = values
      .filter((row) => !found[row.package]?.includes(row.symbol))
      .map((row) => `${row.package} ${row.symbol}`);
    expect(values.length).toBeGreaterThan(250);
    expect(lacking.filter((name) => !missing.includes(name))).toEqual([]);
  });
});
