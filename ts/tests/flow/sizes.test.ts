import { expect, setDefaultTimeout, test } from "bun:test";
import * as flow from "../../src/integrations/flow";
import { NativeConnection } from "../../src/worker";
import { startServer } from "../support/server";
import { anything, historyText, withApp } from "./support";

setDefaultTimeout(180_000);

const large = "x".repeat(20_000);

const referring = flow.define({ id: "referring", payload: anything<string>() }, (f) =>
  f
    .step("large", () => ({ text: large, at: new Date(0) }))
    .step("small", () => "small")
    .step("hold", (c) => c.steps.large.output.text.length)
    .if("long", (c) => c.steps.large.output.text.length === 20_000 && c.payload === "given")
    .step("use", (c) => {
      // Each handler has its own copy.
      c.steps.large.output.text = "changed";
      return [c.steps.small.output, c.last, c.payload];
    })
    .endIf()
    .step("end", (c) => [c.steps.large.output.text.length, c.steps.large.output.at, c.last]),
);

test("outputs over 16 KB aren't repeated in the history, and steps have them all the same", async () => {
  await withApp([referring], async ({ start, events }) => {
    const { id, result } = await start(referring, "given");
    expect(await result()).toEqual([20_000, "1970-01-01T00:00:00.000Z", ["small", 20_000, "given"]]);
    expect(historyText(await events(id)).split(large)).toHaveLength(2);
  });
});

test("a Worker that hasn't run the step asks the run for its output", async () => {
  const started = Promise.withResolvers<void>();
  const define = (hold: (signal: AbortSignal) => unknown) =>
    flow.define({ id: "moved", payload: anything<string>() }, (f) =>
      f
        .step("large", () => large)
        .step("hold", (c) => hold(c.signal), { retry: { backoff: 1 } })
        .step("end", (c) => c.steps.large.output.length + c.payload.length),
    );
  const before = define((signal) => {
    started.resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const taskQueue = `moved-${crypto.randomUUID()}`;
  const options = { taskQueue };
  const id = await withApp(
    [before],
    async ({ start }) => {
      const run = await start(before, "x".repeat(30_000));
      await started.promise;
      return run.id;
    },
    options,
  );
  await withApp(
    [define(() => 1)],
    async ({ client }) => expect(await client.workflow.getHandle(id).result()).toBe(50_000),
    options,
  );
});

test("the history of steps grows by as much for each", async () => {
  const sizes: number[] = [];
  for (const count of [20, 40, 80]) {
    const chain = flow.define({ id: "chain", payload: anything<null>() }, (f: any) => {
      for (let n = 0; n < count; n++) f.step(`step${n}`, () => ({ text: "x".repeat(2_000) }));
      return f;
    });
    sizes.push(
      await withApp([chain as flow.AnyFlow], async ({ start, client }) => {
        const { id, result } = await start(chain as flow.AnyFlow, null);
        await result();
        return Number((await client.workflow.getHandle(id).describe()).historySize);
      }),
    );
  }
  const [twenty, forty, eighty] = sizes as [number, number, number];
  expect((eighty - forty) / (forty - twenty)).toBeLessThan(2.2);
});

test("a run continues as new between its verbs, inside of branches and loops, and keeps what it knows", async () => {
  // The server suggests it after very few events.
  const server = await startServer({ dynamicConfig: { "limit.historyCount.suggestContinueAsNew": 12 } });
  const connection = await NativeConnection.connect({ address: server.address });
  const undone: unknown[] = [];
  const undo = (c: { run: { step: string } }, output: unknown) => undone.push(`${c.run.step} ${output}`);
  const long = flow.define({ id: "long", payload: anything<{ turns: number; fail: boolean }>(), timeout: "1h" }, (f) =>
    f
      .step("first", () => ({ large }), { undo: () => undone.push("first") })
      .action("beside", () => 1)
      .if("yes", () => true)
      .step("start", () => ({ n: 0, seen: [] as string[] }))
      .while(
        "turns",
        (c) => c.last.n < c.payload.turns,
        (b) =>
          b
            .forEach(
              "items",
              () => ["a", "b", "c"],
              (i) => i.step("one", (c) => `${c.item}${c.index}`).step("two", (c) => `${c.last}!`, { undo }),
              { concurrency: 1 },
            )
            .parallel("both", {
              x: (x) => x.step("x", () => 1).step("x2", () => 1),
              y: (y) => y.step("y", (c) => c.last.join()),
            })
            .step("turn", (c) => ({
              n: c.index + 1,
              seen: [...c.steps.turns.output.seen, c.steps.both.output.y],
            })),
      )
      .endIf()
      .step(
        "end",
        (c) => {
          if (c.payload.fail) throw new Error("at the end");
          return [c.steps.first.output.large.length, c.steps.turns.output, c.last];
        },
        { retry: { attempts: 1 } },
      ),
  );
  try {
    await withApp(
      [long],
      async ({ start, client }) => {
        const { id, result } = await start(long, { turns: 3, fail: false });
        const all = { n: 3, seen: ["a0!,b1!,c2!", "a0!,b1!,c2!", "a0!,b1!,c2!"] };
        expect(await result()).toEqual([20_000, all, all]);
        const runs = await Array.fromAsync(client.workflow.list({ query: `WorkflowId = "${id}"` }));
        expect(runs.length).toBeGreaterThan(5);
        const failing = await start(long, { turns: 1, fail: true });
        await failing.result().catch(() => {});
        expect(undone).toEqual([
          "turns[0]/items[2]/two.undo c2!",
          "turns[0]/items[1]/two.undo b1!",
          "turns[0]/items[0]/two.undo a0!",
          "first",
        ]);
      },
      { connection, namespace: server.namespace },
    );
  } finally {
    await connection.close();
    await server.stop();
  }
});
