/**
 * What the compiler must accept and refuse of flows: see `tests/client/types.test.ts`. The functions are never called,
 * and what a mistake would throw is beside the point.
 */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as flow from "../../src/integrations/flow";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<_ extends true>(): void {}

declare function schema<Input, Output = Input>(): flow.StandardSchema<Input, Output>;
interface Stripe {
  charge(id: string, cents: number): Promise<{ payment: string; at: Date }>;
}

function chains() {
  const stripe = flow.service({
    id: "stripe",
    config: schema<{ key: string; tries?: number }, { key: string; tries: number }>(),
    create: ({ key, tries }): Stripe => ({
      charge: async (id) => ({ payment: `${key}${tries}${id}`, at: new Date() }),
    }),
  });
  stripe.withConfig({ key: flow.secret("KEY") });
  // @ts-expect-error: a number is no key
  stripe.withConfig({ key: 1 });
  // @ts-expect-error: there is nothing to configure
  flow.service({ id: "plain", create: () => ({}) }).withConfig({ key: "" });

  const mail = flow.define({ id: "mail", payload: schema<{ to: string; n?: number }>() }, (f) =>
    f.step("send", async (c) => ({ id: c.payload.to, n: c.payload.n ?? 0 })),
  );
  const order = flow.define(
    {
      id: "order",
      payload: schema<{ id: string; cents: unknown; note?: string }, { id: string; cents: number; on: Date }>(),
      services: { stripe },
      onFailure: (c, error) => {
        same<Same<typeof c.payload, { id: string; cents: number; on: string }>>();
        same<Same<typeof error.message, string>>();
      },
    },
    (f) =>
      f
        .step("charge", async ({ payload, services }) => services.stripe.charge(payload.id, payload.cents), {
          undo: (c, output) => {
            same<Same<typeof output, { payment: string; at: string }>>();
            same<Same<typeof c.services.stripe, Stripe>>();
          },
        })
        .if("big", (c) => c.steps.charge.output.payment.length > 3)
        .step("vip", async (c) => ({ vip: true as const, was: c.last.payment }))
        .elseIf("mid", (c) => c.payload.cents > 10)
        .step("std", () => 3)
        .else()
        .step("basic", () => "x", { onError: (c, error) => ({ why: error.message, at: c.last.at }) })
        .endIf()
        .step("after", (c) => {
          same<Same<typeof c.steps.vip.output, { vip: true; was: string } | undefined>>();
          same<Same<typeof c.last, { vip: true; was: string } | number | string | { why: string; at: string }>>();
          return c.steps.charge.output.at;
        })
        .parallel("both", {
          a: (b) => b.step("p1", () => 1),
          b: (b) => b.step("p2", (c) => c.steps.after.output),
        })
        .race("first", {
          now: (b) => b.step("quick", () => ({ cents: 1 })),
          late: (b) => b.sleep("3d").step("expire", () => "late"),
        })
        .forEach(
          "each",
          (c) => [1, 2, c.payload.cents],
          (b) => b.step("square", (c) => c.item * c.item).step("text", (c) => `${c.last}${c.index}`),
        )
        .batch("lots", { items: () => [new Date()], size: 3 }, (b) => b.step("lot", (c) => c.item.map((i) => i.length)))
        .step("start", () => ({ page: 0, found: [] as string[] }))
        .while(
          "more",
          (c) => c.last.page < 3 && c.index < 7,
          (b) => b.step("page", (c) => ({ page: c.last.page + 1, found: [...c.last.found, "x"] })),
        )
        .subflow("mail", mail, (c) => ({ to: c.payload.id }))
        .subflow("alone", mail, (c) => ({ to: c.payload.id }), { wait: false })
        .action("note", (c) => c.last.id)
        .step("end", (c) => {
          same<Same<typeof c.steps.both.output, { a: number; b: string }>>();
          same<Same<typeof c.steps.each.output, string[]>>();
          same<Same<typeof c.steps.lots.output, number[][]>>();
          same<Same<typeof c.steps.more.output, { page: number; found: string[] }>>();
          same<Same<typeof c.steps.mail.output, { id: string; n: number }>>();
          same<Same<typeof c.last, { id: string }>>();
          // @ts-expect-error: an action has no output
          void c.steps.note;
          // @ts-expect-error: steps of a branch that runs beside others are its own
          void c.steps.p1;
          // @ts-expect-error: there are no items outside of loops
          void c.item.length;
          const won = c.steps.first.output;
          if (won.branch === "now") same<Same<typeof won.output, { cents: number }>>();
          else same<Same<typeof won.output, string>>();
          return { ok: true };
        }),
  );
  same<Same<flow.InputOf<typeof order>["note"], string | undefined>>();
  same<Same<flow.OutputOf<typeof order>, { ok: boolean }>>();
  same<Same<(typeof order)["id"], "order">>();
  // @ts-expect-error: the payload of another flow
  flow.define({ id: "x", payload: schema<string>() }, (f) => f.subflow("mail", mail, () => ({ to: 1 })));
}

function mistakes() {
  const x = { id: "x", payload: schema<string>() } as const;
  flow.define(x, (f) =>
    f
      .step("a", () => 1)
      // @ts-expect-error: the same name twice
      .step("a", () => 2),
  );
  flow.define(x, (f) =>
    f
      .step("a", () => 1)
      // @ts-expect-error: the same name twice, for a condition
      .if("a", () => true)
      .step("b", () => 1)
      .endIf(),
  );
  // @ts-expect-error: endIf without if
  flow.define(x, (f) => f.endIf());
  // @ts-expect-error: elseIf without if
  flow.define(x, (f) => f.elseIf("c", () => true));
  const open = (f: flow.Block<string, {}, {}, string, {}, {}, []>) => f.if("c", () => true).step("s", () => 1);
  const otherwise = (f: flow.Block<string, {}, {}, string, {}, {}, []>) =>
    open(f)
      .else()
      .step("t", () => 1);
  flow.define(x, (f) => otherwise(f).endIf());
  // @ts-expect-error: else twice
  flow.define(x, (f) => otherwise(f).else().endIf());
  // @ts-expect-error: elseIf after else
  flow.define(x, (f) => otherwise(f).elseIf("d", () => true));
  // @ts-expect-error: no such step
  flow.define(x, (f) => f.step("a", (c) => c.steps.nope));
  // @ts-expect-error: a step of another arm
  const other = (c: Parameters<Parameters<ReturnType<typeof otherwise>["step"]>[1]>[0]) => c.steps.s;
  // @ts-expect-error: if without endIf
  flow.define(x, (f) => open(f));
  // @ts-expect-error: if without endIf in a branch
  flow.define(x, (f) => f.parallel("both", { a: (b) => open(b) }));
  flow.define(x, (f) =>
    f
      .step("one", () => 1)
      .while(
        "w",
        () => true,
        // @ts-expect-error: a turn ends with another type than it begins with
        (b) => b.step("two", () => "x"),
      ),
  );
  // @ts-expect-error: no duration
  flow.define(x, (f) => f.sleep("soon"));
  return other;
}

test("the compiler keeps the promises above", () => {
  expect([chains, mistakes].map(({ length }) => length)).toEqual([0, 0]);
});

/** A program with a flow of so many steps and branches, each of which uses the step before. */
function program(steps: number, ifs: number): string {
  const verbs = Array.from({ length: steps }, (_, n) => {
    const step = `.step("s${n}", (c) => ({ v${n}: c.payload.n${n > 0 ? ` + c.steps.s${n - 1}.output.v${n - 1}` : ""} }))`;
    if (n % Math.floor(steps / ifs) !== 0) return step;
    return `${step}
      .if("if${n}", (c) => c.last.v${n} > 1).step("a${n}", (c) => c.last.v${n})
      .elseIf("e${n}", () => true).step("b${n}", () => "x").else().step("d${n}", () => null)
      .endIf().step("m${n}", (c) => c.last)`;
  });
  return `import * as flow from ${JSON.stringify(resolve(import.meta.dir, "../../src/integrations/flow"))};
    declare const payload: flow.StandardSchema<{ n: number }>;
    export const large = flow.define({ id: "large", payload }, (f) => f${verbs.join("\n")});`;
}

test.each([
  [100, 20, 1_000_000],
  [300, 60, 3_000_000],
])(
  "%d steps and %d ifs cost the compiler fewer than %d instantiations",
  async (steps, ifs, limit) => {
    const folder = mkdtempSync(join(import.meta.dir, "../../node_modules/.flow-types-"));
    try {
      writeFileSync(join(folder, "large.ts"), program(steps, ifs));
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          extends: resolve(import.meta.dir, "../../tsconfig.json"),
          include: ["large.ts"],
          exclude: [],
        }),
      );
      const compiler = Bun.spawn(
        [resolve(import.meta.dir, "../../node_modules/.bin/tsc"), "-p", folder, "--noEmit", "--extendedDiagnostics"],
        { stdout: "pipe", stderr: "inherit" },
      );
      const output = await new Response(compiler.stdout).text();
      expect(output).not.toContain("error TS");
      expect(await compiler.exited).toBe(0);
      expect(Number(/Instantiations: +(\d+)/.exec(output)?.[1])).toBeLessThan(limit);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  180_000,
);
