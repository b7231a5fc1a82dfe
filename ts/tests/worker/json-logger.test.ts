import { describe, expect, test } from "bun:test";
import { ApplicationFailure } from "../../src/common";
import { JsonLogger, LogTimestamp } from "../../src/worker";
import { inNewProcess } from "../support/process";

/** What a logger writes for a record with these attributes. */
function written(meta: object): Record<string, unknown> {
  const lines: string[] = [];
  new JsonLogger("INFO", (line) => lines.push(line)).info("said", { ...meta });
  expect(lines).toEqual([expect.stringMatching(/^\{[^\n]*\}\n$/)]);
  return JSON.parse(lines[0]!);
}

describe("a line of JSON for each record", () => {
  test("has time, level and message, and the attributes beside them", () => {
    expect(written({ queue: "q", count: 3, [LogTimestamp]: 1_000_000_000n })).toEqual({
      time: "1970-01-01T00:00:01.000Z",
      level: "INFO",
      message: "said",
      queue: "q",
      count: 3,
    });
  });

  test("keeps its own fields when attributes have these names", () => {
    expect(written({ message: "other", level: "none" })).toMatchObject({ message: "said", level: "INFO" });
  });

  test("has errors with their causes", () => {
    const error = ApplicationFailure.create({ message: "outer", type: "T", cause: new Error("inner") });
    expect(written({ error })).toMatchObject({
      error: {
        ...{ name: "ApplicationFailure", message: "outer", type: "T", stack: expect.stringContaining("outer") },
        cause: { name: "Error", message: "inner" },
      },
    });
  });

  test.each<[string, unknown, unknown]>([
    ["a bigint", 12345678901234567890n, "12345678901234567890"],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["bytes", new Uint8Array([104, 105]), "aGk="],
    ["a map", new Map([["a", 1n]]), { a: "1" }],
    ["a set", new Set([1, 2]), [1, 2]],
    ["lines", "a\nb", "a\nb"],
  ])("has %s as JSON can hold it", (_title, value, expected) => {
    expect(written({ value })["value"]).toEqual(expected);
  });

  test("ends circles, and shows what is in two places twice", () => {
    const inner: Record<string, unknown> = { a: 1 };
    const circle: Record<string, unknown> = { inner, again: inner };
    circle["self"] = circle;
    expect(written({ circle })["circle"]).toEqual({ inner: { a: 1 }, again: { a: 1 }, self: "[circular]" });
  });

  test("is written although an attribute can't be read", () => {
    const broken = {
      get value() {
        throw new Error("no");
      },
    };
    expect(written({ broken })).toMatchObject({ message: "said", attributesFailed: "Error: no" });
  });
});

test("goes to standard error by itself, filtered by level, with Core's records where they are forwarded", async () => {
  const lines = await inNewProcess(
    `const write = process.stderr.write;
    // What goes to standard error is what this test reads.
    process.stderr.write = (text) => process.stdout.write(text);
    const logger = new sdk.JsonLogger("DEBUG");
    sdk.Runtime.install({ logger, telemetryOptions: { logging: { forward: {}, filter: { core: "DEBUG", other: "DEBUG" } } } });
    logger.trace("too low");
    await sdk.NativeConnection.connect({ address: "127.0.0.1:1", connectTimeout: "1s" }).catch(() => {});
    await sdk.Runtime.instance().shutdown();`,
  );
  const records = lines.map((line) => JSON.parse(line));
  expect(records.some(({ sdkComponent, target }) => sdkComponent === "core" && typeof target === "string")).toBe(true);
  expect(records.map(({ message }) => message)).not.toContain("too low");
});
