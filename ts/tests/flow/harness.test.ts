import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as flow from "../../src/integrations/flow";
import { TestWorkflowEnvironment } from "../../src/testing";
import { temporalCli } from "../support/server";
import "../worker/support";
import { anything, schema } from "./support";

setDefaultTimeout(180_000);

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: "existing-path", path: temporalCli() } },
  });
});
afterAll(() => env?.teardown());

const mailer = flow.service({
  id: "mailer",
  config: anything<{ host: string }>(),
  create: (): { send(to: string): string; count(): number } => {
    throw new Error("must be mocked");
  },
});

const mail = flow.define({ id: "mail", payload: anything<string>(), services: { mailer }, queue: "elsewhere" }, (f) =>
  f
    .if("inside", (c) => c.payload.endsWith(".com"))
    .step("send", (c) => c.services.mailer.send(c.payload), { queue: "another" })
    .endIf(),
);

const order = flow.define({ id: "order", payload: anything<{ cents: number }>(), queue: "elsewhere" }, (f) =>
  f
    .step("charge", () => Promise.reject<{ id: string }>(new Error("must be mocked")))
    .if("big", (c) => c.payload.cents > 1000)
    .sleep("30 days")
    .elseIf("mid", (c) => c.payload.cents > 100)
    .cancel("too middling")
    .endIf()
    .forEach(
      "mails",
      () => ["a@x.com", "b@x.org"],
      (b) => b.subflow("mail", mail, (c) => c.item),
      { concurrency: 1 },
    )
    .step("end", (c) => ({ id: c.steps.charge.output.id, mails: c.last }), { undo: () => 1 }),
);

const begin = () => order.test(env).mockStep("charge", () => ({ id: "mocked" }));

test("what no test took yet is all that there is", () => {
  expect(flow.coverage([mail])).toEqual([
    { flow: "mail", arm: "inside" },
    { flow: "mail", arm: "else of inside" },
  ]);
});

test("a run with mocks: its output, its steps and its path; time is skipped, and arms are noted", async () => {
  const sent: string[] = [];
  const result = await begin()
    .payload({ cents: 5000 })
    .mockService(mailer, { send: (to) => `${sent.push(to)}. to ${to}` })
    .run();
  const output = { id: "mocked", mails: ["1. to a@x.com", "b@x.org"] };
  expect(result).toEqual({
    status: "COMPLETED",
    output,
    steps: { charge: { id: "mocked" }, mails: output.mails, end: output },
    path: ["charge", "big", "big sleep", "mails", "mails[0]/mail", "mails[1]/mail", "end"],
  });
  expect(sent).toEqual(["a@x.com"]);
  expect(flow.coverage([order, mail])).toEqual([
    { flow: "order", arm: "mid" },
    { flow: "order", arm: "else of big" },
  ]);
});

test("runs that are cancelled or fail", async () => {
  const cancelled = await begin().payload({ cents: 500 }).mockService(mailer, {}).run();
  expect(cancelled).toMatchObject({ status: "CANCELLED", path: ["charge", "big", "mid cancel"] });
  const failed = await begin()
    .payload({ cents: 1 })
    .mockStep("mails", () => "no list")
    .mockService(mailer, {})
    .run();
  expect(failed).toMatchObject({
    status: "FAILED",
    steps: { charge: { id: "mocked" } },
    error: { message: `The function of 'mails' must return an array of items, got "no list"` },
  });
  expect(flow.coverage([order])).toEqual([]);
});

test("what there is not can't be mocked, and what must be is named", async () => {
  expect(() => begin().mockStep("refund", () => 1)).toThrow("The flow 'order' has no 'refund' to mock");
  await expect(begin().payload({ cents: 1 }).run()).rejects.toThrow(
    "The service 'mailer' needs a configuration: mock it with mockService()",
  );
});

describe("a flow that waits", () => {
  const paid = flow.event("paid", { payload: anything<{ order: string; cents: number }>(), key: ({ order }) => order });
  const stop = flow.event("stop", { payload: anything<string>() });
  const told: string[] = [];
  const inner = flow.define({ id: "innerWait", payload: anything<string>() }, (f) => f.waitForEvent("stopped", stop));
  const waiting = flow.define({ id: "waiting", payload: anything<string>() }, (f) =>
    f
      .waitForEvent("paid", [paid, stop], { match: ({ payload }) => payload, timeout: "3 days" })
      .waitForEvent("again", paid, { match: ({ payload }) => payload, timeout: "3 days" })
      .forEach(
        "asks",
        () => [1, 2, 3],
        (b) =>
          b.humanInTheLoop("ask", {
            input: schema<number>((value) => {
              if (typeof value !== "number") throw new Error("no number");
              return value + 1;
            }),
            timeout: "3 days",
            notify: (_, { token }) => void told.push(token),
          }),
        { concurrency: 1 },
      )
      .if("inside", ({ payload }) => payload === "inner")
      .subflow("inner", inner, () => "")
      .pause("hold")
      .endIf()
      .transform("end", ({ steps }) => [
        steps.paid.output,
        steps.again.output,
        steps.asks.output,
        steps.inner.output ?? null,
        steps.hold.output,
      ]),
  );

  test("gets events that are emitted, once for each run, and decisions; time is skipped where there are none", async () => {
    const happened = { event: "paid", payload: { order: "a", cents: 1 } };
    const nothing = await waiting
      .test(env)
      .payload("a")
      .mockStep("ask.notify", () => {})
      .run();
    const denied = { decision: "denied" };
    expect(nothing).toMatchObject({ status: "COMPLETED", output: [null, null, [denied, denied, denied], null, null] });
    expect(nothing.path).toEqual([
      "paid",
      "again",
      "asks",
      "asks[0]/ask",
      "asks[1]/ask",
      "asks[2]/ask",
      "inside",
      "end",
    ]);
    const all = waiting
      .test(env)
      .payload("a")
      .emit(paid, { order: "other", cents: 0 })
      .emit(paid, { order: "a", cents: 1 })
      .emit(paid, { order: "a", cents: 2 })
      .approve("ask", 6)
      .deny("ask")
      .approve("hold");
    const [first, second] = [await all.run(), await all.run()];
    expect(first.output).toEqual([
      happened,
      { order: "a", cents: 2 },
      [{ decision: "approved", input: 7 }, denied, denied],
      null,
      null,
    ] as never);
    expect(second.output).toEqual(first.output!);
    expect(told.length).toBe(6);
    const inside = await waiting
      .test(env)
      .payload("inner")
      .mockStep("ask.notify", () => {})
      .emit(stop, "enough")
      .approve("hold", { n: 1 })
      .run();
    expect(inside.output).toEqual([
      { event: "stop", payload: "enough" },
      null,
      [denied, denied, denied],
      "enough",
      { input: { n: 1 } },
    ] as never);
  });

  test("refuses what it doesn't wait for", async () => {
    const other = flow.event("other", { payload: anything<string>() });
    expect(() => waiting.test(env).emit(other, "x")).toThrow("The flow 'waiting' doesn't wait for 'other'");
    expect(() => waiting.test(env).approve("paid")).toThrow("has no 'paid' that can be approved");
    expect(() => waiting.test(env).deny("hold")).toThrow("has no 'hold' that can be denied");
    const wrong = waiting.test(env).payload("a").approve("ask", "x");
    await expect(wrong.run()).rejects.toThrow("The input isn't what is asked for");
  });
});
