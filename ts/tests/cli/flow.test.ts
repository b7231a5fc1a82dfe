import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { run } from "../support/process";

const program = resolve(import.meta.dir, "../../src/cli/temporal-bun.ts");
const flows = resolve(import.meta.dir, "../../examples/flows/flows.ts");
const command = (...words: string[]) => run([process.execPath, program, "flow", ...words]);
const refused = (code: number, ...words: string[]) => run([process.execPath, program, "flow", ...words], { code });

test("flow list", async () => {
  expect(await command("list", flows)).toEqual({
    output: "bulk     6 verbs, starts receipt\nreceipt  2 verbs\norder    5 verbs, starts receipt\n",
    errors: "",
  });
  expect(JSON.parse((await command("list", flows, "--json")).output)).toEqual([
    { id: "bulk", verbs: 6, subflows: ["receipt"] },
    { id: "receipt", verbs: 2, subflows: [] },
    { id: "order", verbs: 5, subflows: ["receipt"] },
  ]);
});

test("flow graph", async () => {
  expect((await command("graph", flows, "receipt")).output).toBe(
    'flowchart TD\n  n0["text"]\n  n1["send"]\n  n0 --> n1\n',
  );
  expect(JSON.parse((await command("graph", flows, "receipt", "--json")).output)).toEqual({
    nodes: [
      { id: "text", kind: "step" },
      { id: "send", kind: "step" },
    ],
    edges: [{ from: "text", to: "send" }],
  });
});

test("what can't be shown is said without a stack", async () => {
  const several = await refused(2, "graph", flows);
  expect(several).toEqual({
    output: "",
    errors: `${flows} has several flows, name one of them: bulk, receipt, order\n`,
  });
  const other = await refused(2, "graph", flows, "nope");
  expect(other.errors).toBe(`${flows} has no flow 'nope', but bulk, receipt, order\n`);
  const none = await refused(1, "list", program.replace("temporal-bun.ts", "failure.ts"));
  expect(none.errors).toContain("exports no flow: export what define() of temporal-bun-sdk/flow returns");
  expect((await refused(1, "list", "missing.ts")).errors).toStartWith("missing.ts can't be loaded: ");
});
