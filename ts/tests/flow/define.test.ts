import { describe, expect, test } from "bun:test";
import * as flow from "../../src/integrations/flow";
import { anything } from "./support";

/** Defines a flow by a chain whose mistakes the compiler doesn't see, or shall not. */
const define = (body: (f: any) => any, options: object = {}) =>
  flow.define({ id: "f", payload: anything<string>(), ...options }, body);
const one = () => 1;
const yes = () => true;

describe("define throws for", () => {
  const mistakes: [string, () => unknown, RegExp][] = [
    [
      "a name that stands twice",
      () => define((f) => f.step("a", one).step("a", one)),
      /flow 'f': the name 'a' stands twice/,
    ],
    [
      "a name in two branches",
      () => define((f) => f.parallel("p", { x: (b: any) => b.step("s", one), y: (b: any) => b.step("s", one) })),
      /'s' stands twice/,
    ],
    [
      "a condition with a step's name",
      () => define((f) => f.step("a", one).if("a", yes).step("b", one).endIf()),
      /twice/,
    ],
    ["a name with a dot", () => define((f) => f.step("a.b", one)), /"a\.b" is no name for a verb/],
    ["the name of an option", () => define((f) => f.step("onSuccess", one)), /'onSuccess' is the name of an option/],
    [
      "an alias that is a name",
      () => define((f) => f.step("a", one).step("b", one, { aliases: ["a"] })),
      /'a' is an alias of 'b'/,
    ],
    ["no function", () => define((f) => f.step("a")), /'a' needs a function, got undefined/],
    ["an if without endIf", () => define((f) => f.if("c", yes).step("a", one)), /the if 'c' has no endIf/],
    ["an else without if", () => define((f) => f.step("a", one).else()), /else\(\) without an open if/],
    [
      "an else after else",
      () => define((f) => f.if("c", yes).step("a", one).else().else()),
      /else\(\) without an open if/,
    ],
    ["an endIf without if", () => define((f) => f.step("a", one).endIf()), /endIf\(\) without if/],
    ["a chain that isn't returned", () => define(() => undefined), /must return the chain/],
    ["no verbs", () => define((f) => f), /it has no verbs/],
    ["a branch without verbs", () => define((f) => f.race("r", { x: (b: any) => b })), /part of 'r x' has no verbs/],
    ["no branches", () => define((f) => f.parallel("p", {})), /'p' has 0 branches/],
    ["201 branches", () => define((f) => f.parallel("p", branches(201))), /'p' has 201 branches/],
    ["a duration that is none", () => define((f) => f.sleep("soon")), /soon/],
    ["a duration of nothing", () => define((f) => f.sleep(0)), /must be more than nothing, got 0/],
    ["a time that is none", () => define((f) => f.sleepUntil("tomorrow")), /sleepUntil\("tomorrow"\) names no time/],
    ["a timeout that is none", () => define((f) => f.step("a", one, { timeout: "ages" })), /timeout of 'a'/],
    [
      "half an attempt",
      () => define((f) => f.step("a", one, { retry: { attempts: 0.5 } })),
      /attempts of 'a' must be a whole/,
    ],
    [
      "a slow local step",
      () => define((f) => f.step("a", one, { local: true, timeout: "1m" })),
      /'a' is local and has a timeout/,
    ],
    ["a local step with a queue", () => define((f) => f.step("a", one, { local: true, queue: "q" })), /'a' is local/],
    [
      "too many turns",
      () => define((f) => f.while("w", yes, (b: any) => b.step("a", one), { max: 10_001 })),
      /max of 'w'/,
    ],
    [
      "too much at a time",
      () =>
        define((f) =>
          f.forEach(
            "e",
            () => [],
            (b: any) => b.step("a", one),
            { concurrency: 1001 },
          ),
        ),
      /concurrency of 'e'/,
    ],
    [
      "batches of nothing",
      () => define((f) => f.batch("e", { items: () => [], size: 0 }, (b: any) => b.step("a", one))),
      /size of 'e'/,
    ],
    ["what is no flow", () => define((f) => f.subflow("s", { id: "x" }, one)), /subflow 's' needs a flow/],
    ["an id with a dot", () => define((f) => f.step("a", one), { id: "a.b" }), /"a\.b" is no id for a flow/],
    ["the reserved id", () => define((f) => f.step("a", one), { id: "flow" }), /"flow" is no id/],
    [
      "no schema",
      () => define((f) => f.step("a", one), { payload: {} }),
      /must be a schema that follows Standard Schema/,
    ],
    ["a plan over 64 KB", () => define(chain(3_000)), /has a plan of \d+ bytes with 3000 verbs, more than 65536/],
  ];
  test.each(mistakes)("%s", (_, make, message) => expect(make).toThrow(message));

  test("a cycle of subflows", () => {
    const inner = define((f) => f.step("a", one), { id: "a" });
    const middle = define((f) => f.subflow("down", inner, one), { id: "b" });
    expect(() => define((f) => f.subflow("down", middle, one), { id: "a" })).toThrow(
      "flow 'a': it comes to itself through its subflows: a → b → a",
    );
  });
});

const chain = (steps: number) => (f: any) => {
  for (let n = 0; n < steps; n++) f.step(`step ${n}`, one);
  return f;
};

function branches(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`b${n}`, (b: any) => b.step(`s${n}`, one)]));
}

test("a plan has what isn't a default, and is JSON", () => {
  const { plan } = define(
    (f) =>
      f
        .step("a", one, { timeout: "1m", retry: { attempts: 2, backoff: "2s" }, undo: one, queue: "gpu" })
        .transform("b", one)
        .log("hello")
        .if("c", yes)
        .action("d", one)
        .else()
        .sleep("2 days")
        .endIf()
        .cancel("enough"),
    { timeout: "1h", onFailure: one },
  );
  expect(plan).toEqual(JSON.parse(JSON.stringify(plan)));
  expect(plan).toEqual({
    format: 1,
    flow: "f",
    timeout: 3_600_000,
    onFailure: true,
    nodes: [
      { kind: "step", name: "a", timeout: 60_000, attempts: 2, backoff: 2_000, queue: "gpu", undo: true },
      { kind: "step", name: "b", local: true },
      { kind: "log", name: "b log", level: "INFO", text: "hello" },
      {
        kind: "if",
        name: "c",
        arms: [
          { name: "c", nodes: [{ kind: "action", name: "d" }] },
          { nodes: [{ kind: "sleep", name: "c else sleep", ms: 172_800_000 }] },
        ],
      },
      { kind: "cancel", name: "c cancel", reason: "enough" },
    ],
  });
});

const pictured = () =>
  define((f) =>
    f
      .step("a", one)
      .if("big", yes)
      .step("b", one)
      .else()
      .cancel("small")
      .endIf()
      .forEach(
        "each",
        () => [1],
        (b: any) => b.step("c", one),
      )
      .race("first", { x: (b: any) => b.step("d", one), y: (b: any) => b.sleep("1s") })
      .step("end", one),
  );

test("a flow is a graph", () => {
  const { nodes, edges } = pictured().graph();
  expect(nodes.map(({ id, kind }) => `${id}:${kind}`)).toEqual([
    "a:step",
    "big:if",
    "b:step",
    "big else cancel:cancel",
    "each:forEach",
    "c:step",
    "first:race",
    "d:step",
    "first y sleep:sleep",
    "end:step",
  ]);
  expect(edges.map(({ from, to, label }) => `${from} -${label ?? ""}-> ${to}`)).toEqual([
    "a --> big",
    "big -big-> b",
    "big -else-> big else cancel",
    "b --> each",
    "each -each-> c",
    "c --> each",
    "each -then-> first",
    "first -x-> d",
    "first -y-> first y sleep",
    "d --> end",
    "first y sleep --> end",
  ]);
});

test("a flow is a picture for Mermaid", () => {
  expect(define((f) => f.step("a", one).if("big", yes).sleep("1s").endIf().step("end", one)).mermaid()).toBe(
    `flowchart TD
  n0["a"]
  n1{"big"}
  n2("big sleep")
  n3["end"]
  n0 --> n1
  n1 -->|"big"| n2
  n2 --> n3
  n1 -->|"else"| n3
`,
  );
});
