/** The rows of the tables as Workflow code. */
import type { Leftover } from "./rows";

/** Names of the Workflows of a row. */
export const hostileName = (table: string, index: number) => `${table}${index}`;
export const lookName = (index: number) => `look${index}`;

/** What all Workflows of a bundle share. */
const head = `
  const { sleep } = workflow;
  const state = { count: 0, map: new Map(), shared: new AsyncLocalStorage(), lastIndex: /a/g };
  const textOf = (error) => { try { return error.name + ": " + error.message; } catch { return "an error that throws"; } };
  const attempt = (fn) => { try { return fn(); } catch (error) { return textOf(error); } };
  const waitFor = async (fn) => { try { return await fn(); } catch (error) { return textOf(error); } };
  const constant = () => [
    [3, 1, 2].map((x) => x * 2).sort().join(),
    [...new Map([[1, [2]]])],
    JSON.stringify({ a: [1, { b: "2" }], c: new Date(0) }),
    String(new TypeError("x")),
    new Error("y").stack.includes("\\n"),
    "a-b".replace(/-/g, "+").split("+"),
    new URL("http://a.b/c?d=1").searchParams.get("d"),
    [...new TextEncoder().encode("ü")],
    structuredClone({ a: new Date(5) }).a.getTime(),
    common.ApplicationFailure.create({ message: "m" }).message,
    new common.ApplicationFailure("x") instanceof Error,
    (() => { const found = []; for (const key in { own: 1 }) found.push(key); for (const key in [1]) found.push(key); return found; })(),
    (() => { const controller = new AbortController(); controller.abort("r"); return controller.signal.reason; })(),
    Buffer.from("hi").toString("hex"),
    common.defaultPayloadConverter.fromPayload(common.defaultPayloadConverter.toPayload({ a: 1 })),
    typeof process + typeof Bun + typeof leak,
    Math.random() < 1,
    Date.now() > 1_000_000_000_000,
    workflow.uuid4().length,
    workflow.patched("innocent"),
    Object.keys(workflow.workflowInfo()).length > 10,
  ];
  /** Uses what Workflows use, around a timer. */
  exports.innocent = async () => {
    const first = constant();
    await sleep(1000);
    const [one, two] = await Promise.all([1, Promise.resolve(2)]);
    const rest = [];
    for await (const x of (async function* () { yield one; yield two; })()) rest.push(x);
    return [JSON.stringify(first) === JSON.stringify(constant()), ...constant(), rest];
  };
`;

/**
 * Text of a CommonJS module with the Workflows of all rows: `leftover0` and so on. Where `require` isn't there,
 * `workflow` and `common` must be.
 */
export function workflowsOf(
  leftovers: readonly Leftover[],
  others: Readonly<Record<string, readonly { code: string }[]>>,
): string {
  const parts = [head];
  for (const [index, { act, look }] of leftovers.entries()) {
    parts.push(`
      exports.${hostileName("leftover", index)} = async function () {
        const look = async () => { try { return ${look}; } catch (error) { return textOf(error); } };
        let acted = "done";
        try { ${act}; } catch (error) { acted = textOf(error); }
        const first = await look();
        await sleep(1000);
        return [acted, first, await look()];
      };
      exports.${lookName(index)} = async function () {
        const look = async () => { try { return ${look}; } catch (error) { return textOf(error); } };
        const first = await look();
        await sleep(1000);
        return [first, await look()];
      };`);
  }
  for (const [table, rows] of Object.entries(others)) {
    for (const [index, { code }] of rows.entries())
      parts.push(`exports.${hostileName(table, index)} = async function (...given) { ${code} };`);
  }
  return parts.join("\n");
}
