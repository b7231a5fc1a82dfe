import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { ApplicationFailure } from "../../src/common";
import * as flow from "../../src/integrations/flow";
import { DefaultLogger, type LogEntry } from "../../src/worker";
import { eventually } from "../support/eventually";
import { rejection } from "../worker/support";
import { anything, historyText, schema, withApp } from "./support";

setDefaultTimeout(180_000);

const hidden = 'top "secret" value';
const variables = ["FLOW_TEST_KEY", "FLOW_TEST_OTHER"];

afterEach(() => {
  for (const variable of variables) delete process.env[variable];
});

interface Config {
  key: string;
  nested: { other: string };
}

const vault = flow.service({
  id: "vault",
  config: schema<Config>((given) => {
    if (!given.key.startsWith("top")) throw new Error(`no key: ${given.key}`);
    return given;
  }),
  create: ({ key, nested }) => ({ open: () => key, other: () => nested.other }),
});
const configured = vault.withConfig({
  key: flow.secret("FLOW_TEST_KEY"),
  nested: { other: flow.secret("FLOW_TEST_OTHER") },
});

const other = flow.define({ id: "other", payload: anything<{ key: string }>() }, (f) => f.step("never", () => 1));

const guarded = flow.define({ id: "guarded", payload: anything<string>(), services: { safe: vault } }, (f) =>
  f
    .step("log", (c) =>
      c.log.warn(`opened with ${c.services.safe.open()}`, { attribute: { key: c.services.safe.open() } }),
    )
    .step("act", async (c) => {
      const key = c.services.safe.open();
      switch (c.payload) {
        case "return":
          return { deep: [key] };
        case "throw":
          throw ApplicationFailure.create({
            message: `refused ${key}`,
            type: "Refused",
            nonRetryable: true,
            details: [{ key }],
            cause: new Error(`because of ${c.services.safe.other()}`),
          });
        case "cancel":
          return c.cancel(`no use: ${key}`);
        case "trigger":
          return c.trigger(other, { key });
        default:
          c.heartbeat({ key });
          return "done";
      }
    }),
);

test("all variables of secrets that aren't set are named at once, before anything starts", () => {
  process.env["FLOW_TEST_OTHER"] = "";
  const make = () =>
    flow.app({ flows: [guarded], services: [configured], connection: undefined as any, taskQueue: "q" });
  expect(make).toThrow(
    "These environment variables aren't set: FLOW_TEST_KEY (for the service 'vault'), FLOW_TEST_OTHER (for the service 'vault')",
  );
  const without = () => flow.app({ flows: [guarded], connection: undefined as any, taskQueue: "q" });
  expect(without).toThrow("the service 'vault' has no configuration");
});

test("a configuration that the schema refuses stops the start, and shows no secret", async () => {
  process.env["FLOW_TEST_KEY"] = "wrong-one";
  process.env["FLOW_TEST_OTHER"] = "other";
  const error = await rejection(withApp([guarded], async () => {}, { services: [configured] }));
  expect(error.message).toBe("configuration of the service 'vault': given: no key: ***");
});

test("secrets are in no history, no failure and no log", async () => {
  process.env["FLOW_TEST_KEY"] = hidden;
  process.env["FLOW_TEST_OTHER"] = "the-other-secret";
  const failures: Record<string, any> = {};
  const written: string[] = [];
  const entries: LogEntry[] = [];
  const logger = new DefaultLogger("TRACE", (entry) => entries.push(entry));
  await withApp(
    [guarded],
    async ({ start, events }) => {
      for (const what of ["fine", "return", "throw", "cancel", "trigger"]) {
        const { id, result } = await start(guarded, what);
        failures[what] = await result().catch((error) => error);
        const text = historyText(await events(id));
        expect(text).toContain("guarded.log");
        expect(text).toContain(what);
        written.push(text);
      }
    },
    {
      services: [configured],
      worker: {
        interceptors: {
          activity: [
            (ctx) => {
              ctx.log = logger;
              return {};
            },
          ],
        },
      },
    },
  );
  expect(failures["fine"]).toBe("done");
  expect(failures["return"].cause.cause).toMatchObject({
    type: "SecretInOutput",
    message: "The result of 'act' has a secret in it",
  });
  expect(failures["trigger"].cause.cause).toMatchObject({ type: "SecretInOutput" });
  expect(failures["throw"].cause.cause).toMatchObject({
    type: "Refused",
    message: "refused ***",
    details: [{ key: "***" }],
    cause: { message: "because of ***" },
  });
  const logged = Bun.inspect(entries, { depth: 20 });
  expect(logged).toContain("opened with ***");
  written.push(logged);
  expect(written).toHaveLength(6);
  for (const text of written) {
    for (const secret of [hidden, JSON.stringify(hidden).slice(1, -1), "the-other-secret"])
      expect(text.includes(secret) ? `${secret} in ${text.slice(text.indexOf(secret) - 200).slice(0, 400)}` : "").toBe(
        "",
      );
  }
});

test("while a service fails its breaker delays runs, and fails none", async () => {
  let down = true;
  const calls: string[] = [];
  const bank = flow.service({
    id: "bank",
    breaker: { failures: 2, cooldown: "200ms" },
    create: () => ({
      pay(id: string) {
        calls.push(id);
        if (down) throw new Error("the bank is down");
        return `paid ${id}`;
      },
    }),
  });
  const paying = flow.define({ id: "paying", payload: anything<string>(), services: { bank } }, (f) =>
    // One failure more than the breaker lets happen would fail the run.
    f.step("pay", (c) => c.services.bank.pay(c.payload), { retry: { attempts: 2, backoff: 1 } }),
  );
  await withApp([paying], async ({ start, app, events }) => {
    const first = await start(paying, "a");
    await eventually(
      async () => (await app.inspect(first.id)).progress.running,
      (running) =>
        running.some(({ waiting }) => waiting?.startsWith("The service 'bank' fails: its calls are held back until")),
    );
    const second = await start(paying, "b");
    down = false;
    expect(await Promise.all([first.result(), second.result()])).toEqual(["paid a", "paid b"]);
    const types = (await events(first.id)).flatMap(
      ({ activityTaskFailedEventAttributes: failed }) => failed?.failure?.applicationFailureInfo?.type ?? [],
    );
    expect(types.length).toBeGreaterThan(0);
    expect(new Set(types)).toEqual(new Set(["CircuitOpen"]));
  });
  expect(calls.slice(0, 2)).toEqual(["a", "a"]);
});

test("an error that makes no sense to repeat doesn't open a breaker", async () => {
  let calls = 0;
  const shop = flow.service({
    id: "shop",
    breaker: { failures: 1, cooldown: "1h" },
    create: () => ({
      buy() {
        calls++;
        throw ApplicationFailure.nonRetryable("sold out", "SoldOut");
      },
    }),
  });
  const buying = flow.define({ id: "buying", payload: anything<null>(), services: { shop } }, (f) =>
    f.step("buy", (c) => c.services.shop.buy()),
  );
  await withApp([buying], async ({ run }) => {
    for (const _ of [1, 2]) expect((await rejection(run(buying, null))).cause.cause.type).toBe("SoldOut");
  });
  expect(calls).toBe(2);
});
