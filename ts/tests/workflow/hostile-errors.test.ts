/** Errors that can't be converted, and log records that can't be read. */
import { beforeAll, describe, expect, test } from "bun:test";
import { resultOf, TestThread, update } from "./support";

const unconvertible = "Failed to convert an error of the workflow";
/** Errors whose fields are code that throws or says something else every time, with what others hear of them. */
const errors: Record<string, [error: string, message: string]> = {
  "with a message that throws": ["having(new Error(), 'message', () => { throw new Error('y'); })", unconvertible],
  "with a message that changes": [
    "having(new Error(), 'message', () => (read++ === 0 ? 'first' : Symbol()))",
    unconvertible,
  ],
  "with a stack that throws": ["having(new Error(), 'stack', () => { throw new Error('y'); })", unconvertible],
  "with details that have no payload": ["ApplicationFailure.create({ details: [10n] })", unconvertible],
};

const code = `
  const { condition, defineQuery, defineUpdate, log, setHandler, sleep } = require("temporal-bun-sdk/workflow");
  const { ApplicationFailure } = require("temporal-bun-sdk/common");
  const having = (error, field, get) => Object.defineProperty(error, field, { get });
  let read = 0;
  const errors = [${Object.values(errors).map(([error]) => `() => ${error}`)}];
  exports.answers = async () => {
    setHandler(defineQuery("ask"), (number) => { throw errors[number](); });
    const validator = (number) => { throw errors[number](); };
    setHandler(defineUpdate("change"), () => 1, { validator });
    await sleep(1000);
    return "went on";
  };
  const unreadable = [{ get a() { throw new Error("getter"); } }, new Proxy({}, { ownKeys() { throw new Error("trap"); } }),
    { get error() { throw new Error("error"); } }];
  exports.logs = async () => {
    for (const attributes of unreadable) log.info("unreadable", attributes);
    log.info({ toString() { throw new Error("text"); } });
    await sleep(1000);
    return "went on";
  };`;

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.withCode(code);
});

describe.each(Object.entries(errors).map(([name, [, message]], number) => ({ name, message, number })))(
  "an error $name",
  ({ message, number }) => {
    test("is the answer to a query, and the Workflow goes on", async () => {
      const run = thread.run("answers");
      await run.start();
      const { commands } = await run.query("ask", number);
      expect(commands).toHaveLength(1);
      expect(commands[0]!.respondToQuery).toMatchObject({
        queryId: "q",
        failed: { message },
      });
      expect(resultOf(await run.activate({ fireTimer: { seq: 1 } }))).toBe("went on");
    });

    test("rejects an update, and the Workflow goes on", async () => {
      const run = thread.run("answers");
      await run.start();
      const { commands } = await run.activate(update("change", "u", number));
      expect(commands).toHaveLength(1);
      expect(commands[0]!.updateResponse?.rejected?.message).toBe(message);
      expect(resultOf(await run.activate({ fireTimer: { seq: 1 } }))).toBe("went on");
    });
  },
);

test("what is logged throws nothing at the Workflow, which does the same on replay, where nothing is logged", async () => {
  for (const replaying of [false, true]) {
    const run = thread.run("logs");
    run.replaying = replaying;
    const { kinds, logs = [] } = await run.start();
    expect(kinds).toEqual(["startTimer"]);
    const records = logs
      .filter(({ level }) => level === "INFO")
      .map(({ message, attributes }) => [message, attributes]);
    expect(records).toMatchObject(
      replaying
        ? []
        : [
            ["unreadable", { a: "[Throws Error: getter]" }],
            ["unreadable", { attributes: "[Throws Error: trap]" }],
            ["unreadable", { error: "[Throws Error: error]" }],
            ['{"toString":"[Function toString]"}', {}],
          ],
    );
    await run.evict();
  }
});
