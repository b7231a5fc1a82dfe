import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as flow from "../../src/integrations/flow";
import { TestWorkflowEnvironment } from "../../src/testing";
import { temporalCli } from "../support/server";
import "../worker/support";
import { anything } from "./support";

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
