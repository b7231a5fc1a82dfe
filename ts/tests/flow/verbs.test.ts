import { expect, setDefaultTimeout, test } from "bun:test";
import { WorkflowFailedError } from "../../src/client";
import { CancelledFailure } from "../../src/common";
import * as flow from "../../src/integrations/flow";
import { rejection } from "../worker/support";
import { anything, withApp } from "./support";

setDefaultTimeout(180_000);

const order = flow.define({ id: "order", payload: anything<{ id: string; cents: number }>() }, (f) =>
  f
    .step("charge", ({ payload }) => ({ payment: `${payload.id}-paid`, at: new Date(0) }))
    .if("big", (c) => c.payload.cents > 1000)
    .step("vip", (c) => `vip after ${c.last.payment}`)
    .elseIf("mid", (c) => c.payload.cents > 100)
    .step("std", () => 3)
    .else()
    .step("basic", () => null)
    .endIf()
    .transform("after", (c) => ({ last: c.last, at: c.steps.charge.output.at, vip: c.steps.vip.output }))
    .if("never", () => false)
    .step("skipped", () => 1)
    .endIf()
    .step("end", (c) => ({ after: c.last, skipped: c.steps.skipped.output === undefined })),
);

test("steps and branches: the first arm whose condition holds, or else, or none", async () => {
  await withApp([order], async ({ run }) => {
    const at = "1970-01-01T00:00:00.000Z";
    expect(await run(order, { id: "o1", cents: 2000 })).toEqual({
      after: { last: "vip after o1-paid", at, vip: "vip after o1-paid" },
      skipped: true,
    });
    expect(await run(order, { id: "o2", cents: 200 })).toEqual({ after: { last: 3, at }, skipped: true } as any);
    expect(await run(order, { id: "o3", cents: 2 })).toEqual({ after: { last: null, at }, skipped: true } as any);
  });
});

test("each step has a key that is the same for its attempts, and no other's", async () => {
  const keys: [string, number, string][] = [];
  const keyed = flow.define({ id: "keyed", payload: anything<null>() }, (f) =>
    f
      .step(
        "flaky",
        ({ run }) => {
          keys.push([run.step, run.attempt, run.idempotencyKey]);
          if (run.attempt < 3) throw new Error(`attempt ${run.attempt}`);
        },
        { retry: { backoff: 1 } },
      )
      .forEach(
        "each",
        () => ["a", "b"],
        (b) => b.step("one", ({ run }) => keys.push([run.step, run.attempt, run.idempotencyKey])),
      ),
  );
  await withApp([keyed], async ({ start, client }) => {
    const { id, result } = await start(keyed, null);
    await result();
    const { runId } = await client.workflow.getHandle(id).describe();
    const key = (step: string) => `${id}/${runId}/${step}`;
    expect(keys.slice(0, 3)).toEqual([1, 2, 3].map((attempt) => ["flaky", attempt, key("flaky")]));
    expect(keys.slice(3).sort()).toEqual(["each[0]/one", "each[1]/one"].map((step) => [step, 1, key(step)]));
  });
});

test("branches run side by side, and races have one winner whose rivals are cancelled", async () => {
  const seen: string[] = [];
  const side = flow.define({ id: "side", payload: anything<number>() }, (f) =>
    f
      .parallel("both", {
        a: (b) => b.step("a1", (c) => c.payload + 1).step("a2", (c) => c.last * 2),
        b: (b) => b.sleep(10).step("b1", (c) => `${c.last}!`),
      })
      .race("first", {
        quick: (b) => b.step("now", (c) => c.steps.both.output.a),
        slow: (b) =>
          b.step("late", async ({ signal }) => {
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            seen.push("aborted");
            return "slow";
          }),
        sleepy: (b) => b.sleep("30d").step("later", () => seen.push("later")),
      })
      .step("end", (c) => c.last),
  );
  await withApp([side], async ({ start, events }) => {
    const { id, result } = await start(side, 5);
    expect(await result()).toEqual({ branch: "quick", output: 12 });
    // While the run goes on, not because it ends.
    const all = await events(id);
    expect(all.filter(({ activityTaskCancelRequestedEventAttributes: asked }) => asked)).toHaveLength(1);
    expect(all.filter(({ timerCanceledEventAttributes: canceled }) => canceled)).toHaveLength(1);
  });
  // Stopping the application waits for what was cancelled.
  expect(seen).toEqual(["aborted"]);
});

test("loops: turns go on from the last output of the one before", async () => {
  const looping = flow.define({ id: "looping", payload: anything<number>() }, (f) =>
    f
      .step("start", () => ({ n: 0, turns: [] as number[] }))
      .while(
        "more",
        (c) => c.last.n < c.payload,
        (b) =>
          b
            .step("next", (c) => ({ n: c.last.n + 1, turns: [...c.last.turns, c.index] }))
            .if("even", (c) => c.last.n % 2 === 0)
            .transform("double", (c) => ({ ...c.steps.next.output, n: c.last.n * 2 }))
            .endIf(),
      )
      .step("end", (c) => [c.last, c.steps.more.output]),
  );
  await withApp([looping], async ({ run }) => {
    const three = { n: 5, turns: [0, 1, 2] };
    expect(await run(looping, 5)).toEqual([three, three]);
    expect(await run(looping, 0)).toEqual([0, 1].map(() => ({ n: 0, turns: [] })));
  });
});

test("a loop that its condition doesn't end fails the run", async () => {
  const endless = flow.define({ id: "endless", payload: anything<null>() }, (f) =>
    f.while(
      "on",
      () => true,
      (b) => b.transform("same", (c) => c.last),
      { max: 3 },
    ),
  );
  await withApp([endless], async ({ run }) => {
    const { cause } = await rejection(run(endless, null));
    expect([cause.type, cause.message]).toEqual([
      "TooManyTurns",
      expect.stringContaining("'on' would take more than 3 turns"),
    ]);
  });
});

test("forEach gives outputs in the order of the items, however many run at a time", async () => {
  let running = 0;
  let most = 0;
  const two = Promise.withResolvers<void>();
  const each = flow.define({ id: "each", payload: anything<number[]>() }, (f) =>
    f
      .forEach(
        "items",
        (c) => c.payload.map((n) => ({ n })),
        (b) =>
          b
            .step("one", async (c) => {
              most = Math.max(most, ++running);
              if (running === 2) two.resolve();
              // The first one of three ends after the second one has begun.
              if (c.payload.length === 3 && c.index === 0) await two.promise;
              running--;
              return c.item.n * 10;
            })
            .step("two", (c) => `${c.index}:${c.last}:${c.item.n}`),
        { concurrency: 2 },
      )
      .batch("lots", { items: (c) => c.last, size: 2 }, (b) => b.step("lot", (c) => c.item.join("+"))),
  );
  await withApp([each], async ({ run }) => {
    expect(await run(each, [3, 1, 2])).toEqual(["0:30:3+1:10:1", "2:20:2"]);
    expect(most).toBe(2);
    expect(await run(each, [])).toEqual([]);
  });
});

test("many items are done by children, each a part of them, which see what the loop sees", async () => {
  const many = flow.define({ id: "many", payload: anything<{ count: number; add: number }>() }, (f) =>
    f
      .step("large", () => "x".repeat(20_000))
      .forEach(
        "items",
        (c) => Array.from({ length: c.payload.count }, (_, n) => n),
        (b) => b.transform("one", (c) => c.item + c.payload.add + c.steps.large.output.length + c.index),
        { concurrency: 1000 },
      )
      .step("sum", (c) => c.last.reduce((sum, n) => sum + n, 0)),
  );
  await withApp([many], async ({ start, events }) => {
    const { id, result } = await start(many, { count: 450, add: 1 });
    expect(await result()).toBe(450 * 20_001 + 2 * ((450 * 449) / 2));
    const children = (await events(id)).flatMap(
      ({ startChildWorkflowExecutionInitiatedEventAttributes: started }) => started?.workflowId ?? [],
    );
    expect(children).toEqual([0, 200, 400].map((first) => `${id}/items[${first}]`));
  });
});

const inner = flow.define({ id: "inner", payload: anything<{ n: number }>() }, (f) =>
  f.step("twice", (c) => c.payload.n * 2),
);

test("subflows are children: their outputs, or their ids if the run doesn't wait", async () => {
  const outer = flow.define({ id: "outer", payload: anything<number>() }, (f) =>
    f
      .subflow("wait", inner, (c) => ({ n: c.payload }))
      .subflow("alone", inner, (c) => ({ n: c.last }), { wait: false })
      .step("end", (c) => ({ doubled: c.steps.wait.output, alone: c.last.id })),
  );
  await withApp([outer], async ({ start, client }) => {
    const { id, result } = await start(outer, 21);
    expect(await result()).toEqual({ doubled: 42, alone: `${id}/alone` });
    expect(await client.workflow.getHandle(`${id}/alone`).result()).toBe(84);
  });
});

test("sleeps last as long as they say, by the server's clock", async () => {
  const day = 86_400_000;
  const sleepy = flow.define({ id: "sleepy", payload: anything<{ ms: number; until: number }>() }, (f) =>
    f
      .sleep("20 ms")
      .sleep((c) => c.payload.ms)
      .sleepUntil(new Date(0))
      .race("first", {
        never: (b) => b.sleepUntil((c) => c.payload.until),
        now: (b) => b.step("now", () => 1),
      }),
  );
  await withApp([sleepy], async ({ start, events }) => {
    const { id, result } = await start(sleepy, { ms: 30, until: Date.now() + day });
    expect(await result()).toEqual({ branch: "now", output: 1 });
    const timers = (await events(id)).flatMap(
      ({ timerStartedEventAttributes: timer }) => timer?.startToFireTimeout ?? [],
    );
    const ms = timers.map(({ seconds, nanos }) => Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6);
    expect(ms.slice(0, 3)).toEqual([20, 30, 1]);
    expect(ms[3]).toBeGreaterThan(day - 3_600_000);
    expect(ms[3]).toBeLessThanOrEqual(day);
  });
});

test("actions run beside the steps, the run waits for them, and their failures change nothing", async () => {
  const done: string[] = [];
  const noted = Promise.withResolvers<void>();
  const acting = flow.define({ id: "acting", payload: anything<null>() }, (f) =>
    f
      .step("one", () => 1)
      .action("slow", async () => {
        await noted.promise;
        done.push("slow");
      })
      .action("bad", () => Promise.reject(new Error("bad")), { retry: { attempts: 1 } })
      .step("two", (c) => {
        done.push(`two after ${c.last}`);
        noted.resolve();
        return "end";
      }),
  );
  await withApp([acting], async ({ run }) => expect(await run(acting, null)).toBe("end"));
  expect(done).toEqual(["two after 1", "slow"]);
});

test("logs have texts, and texts that functions give", async () => {
  const logging = flow.define({ id: "logging", payload: anything<string>() }, (f) =>
    f
      .log("begins")
      .log((c) => `given ${c.payload}`, "DEBUG")
      .step("end", (c) => c.last),
  );
  await withApp([logging], async ({ start, events, app }) => {
    const { id, result } = await start(logging, "text");
    expect(await result()).toBe("text");
    // Only what a function gives is in the history, as the marker of its local activity.
    const markers = (await events(id)).filter(({ markerRecordedEventAttributes: marker }) => marker !== undefined);
    expect(markers).toHaveLength(2);
    expect((await app.inspect(id)).progress.path).toEqual(["log", "log log", "end"]);
  });
});

test.each(["verb", "handler", "client"])("a run is cancelled by a %s, and undone in reverse order", async (who) => {
  const undone: unknown[] = [];
  const undo = (c: flow.UndoContext<unknown, unknown>, output: unknown) => undone.push([c.run.step, output, c.item]);
  const cancelled = flow.define({ id: "cancelled", payload: anything<string>() }, (f) =>
    f
      .step("first", () => "a", { undo })
      .step("second", () => "b", { undo, local: true })
      .forEach(
        "each",
        () => ["x", "y"],
        (b) => b.step("item", (c) => c.index, { undo }),
        { concurrency: 1 },
      )
      .step("third", (c) => (c.payload === "handler" ? c.cancel("enough") : 1), { undo })
      .if("verb", (c) => c.payload === "verb")
      .cancel("enough")
      .endIf()
      .sleep("30d")
      .step("never", () => undone.push("never")),
  );
  await withApp([cancelled], async ({ start, app }) => {
    const { id, result } = await start(cancelled, who);
    if (who === "client") await app.cancelRun(id);
    const error = await rejection(result());
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect((await app.inspect(id)).status).toBe("CANCELLED");
  });
  const both = [
    ["each[1]/item.undo", 1, "y"],
    ["each[0]/item.undo", 0, "x"],
    ["second.undo", "b", undefined],
    ["first.undo", "a", undefined],
  ];
  if (who === "verb") expect(undone).toEqual([["third.undo", 1, undefined], ...both]);
  else if (who === "handler") expect(undone).toEqual(both);
  // Whatever had finished when the request came.
  else expect([["third.undo", 1, undefined], ...both].slice(5 - undone.length)).toEqual(undone as any);
});
