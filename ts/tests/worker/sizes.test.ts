/** Results and failures that the server refuses for their size. What it takes: 2 MiB, and 4 MiB in a request. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Context } from "../../src/activity";
import { ApplicationFailure, type PayloadCodec } from "../../src/common";
import { causes, type Fixture, rejection, taskFailure, withWorker } from "./support";

setDefaultTimeout(180_000);

const MB = 1_000_000;
const sizes = [3 * MB, 6 * MB];
/** What the server takes; a local activity's marker has more in it. */
const limits = { remote: 2_097_152, local: 2_095_152 };
const kinds = ["remote", "local"] as const;

export const activities = {
  throws: async (size: number) => {
    throw new Error("x".repeat(size));
  },
  throwsDetails: async (size: number) => {
    throw ApplicationFailure.create({
      message: "with details",
      type: "Large",
      nonRetryable: true,
      details: ["d".repeat(size)],
      cause: new Error("cause"),
    });
  },
  returns: async (size: number) => "r".repeat(size),
  heartbeats: async (size: number) => {
    Context.current().heartbeat("h".repeat(size));
    return Context.current().cancelled;
  },
};

const withSizes = (body: (fixture: Fixture) => Promise<void>, more = {}) =>
  withWorker(body, { workflowsPath: `${import.meta.dir}/fixtures/size-workflows.ts`, activities, ...more });

/** The failure of the activity itself. */
const failureOf = async (call: Promise<unknown>): Promise<any> =>
  causes(await rejection(call)).find(({ name }) => name === "ApplicationFailure");

test.each(kinds)("%s activities: a message that is too long arrives shortened", (kind) =>
  withSizes(async ({ execute }) => {
    for (const size of sizes) {
      const failure = await failureOf(execute("call", kind, "throws", size));
      expect(failure).toMatchObject({ type: "Error", nonRetryable: false });
      expect(failure.message).toStartWith("x".repeat(500_000));
      expect(failure.message).toEndWith(
        `too long to be sent: ${size} characters, of which these are the first 500000]`,
      );
      expect(failure.stack).toContain("sizes.test.ts");
    }
  }),
);

test.each(kinds)("%s activities: a failure that is too large arrives without details", (kind) =>
  withSizes(async ({ execute }) => {
    for (const size of sizes) {
      const failure = await failureOf(execute("call", kind, "throwsDetails", size));
      expect(failure).toMatchObject({ type: "Large", nonRetryable: true, details: [] });
      expect(failure.message).toStartWith("with details … [The failure of activity 'throwsDetails' has ");
      expect(failure.message).toEndWith(
        ` bytes, and the server takes ${limits[kind]}: its details and causes were left out]`,
      );
      expect(failure.stack).toContain("sizes.test.ts");
    }
  }),
);

test.each(kinds)("%s activities: a result that is too large is a failure", (kind) =>
  withSizes(async ({ execute }) => {
    for (const size of sizes) {
      const failure = await failureOf(execute("call", kind, "returns", size));
      expect(failure).toMatchObject({ type: "PayloadsTooLarge", nonRetryable: false });
      expect(failure.message).toBe(
        "[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit. The result of activity " +
          `'returns' has ${size + 36} bytes, and the server takes ${limits[kind]}: use less, or external storage.`,
      );
    }
  }),
);

test("a result and a failure that just fit", () =>
  withSizes(async ({ execute }) => {
    // What the message Payloads adds to the text is 34 bytes here.
    const largest = 2 * 1024 * 1024 - 34;
    expect(await rejection(execute("call", "remote", "returns", largest + 1))).toBeInstanceOf(Error);
    // The Workflow's own result is the same payload.
    expect((await execute("call", "remote", "returns", largest)).length).toBe(largest);
    const failure = await failureOf(execute("call", "remote", "throwsDetails", 1_500_000));
    expect(failure.details[0].length).toBe(1_500_000);
  }));

test("what a codec makes of it counts, and a failure that is left without details goes through the codec", () => {
  const flip = (data: Uint8Array) => data.map((byte) => byte ^ 255);
  const doubling: PayloadCodec = {
    encode: async (payloads) =>
      payloads.map(({ metadata, data }) => ({
        metadata: { ...metadata, half: flip(data!) },
        data: flip(data!),
      })),
    decode: async (payloads) =>
      payloads.map(({ metadata, data }) => {
        const { half, ...rest } = metadata ?? {};
        return half === undefined ? { metadata, data } : { metadata: rest, data: flip(data!) };
      }),
  };
  const dataConverter = {
    payloadCodecs: [doubling],
    failureConverterPath: `${import.meta.dir}/fixtures/hiding-failures.ts`,
  };
  return withSizes(
    async ({ client, start }) => {
      const handle = await start("call", ["remote", "throwsDetails", 1_500_000]);
      await rejection(handle.result());
      const { events } = await client.workflow.getHandle(handle.workflowId).fetchHistory();
      const { failure } = events!.find((event) => event.activityTaskFailedEventAttributes)!
        .activityTaskFailedEventAttributes!;
      expect(failure!.message).toBe("Encoded failure");
      expect(failure!.applicationFailureInfo!.details?.payloads ?? []).toEqual([]);
      const { data } = (await doubling.decode([failure!.encodedAttributes!]))[0]!;
      expect(new TextDecoder().decode(data)).toContain("The failure of activity 'throwsDetails' has 3000");
    },
    { dataConverter },
  );
});

test("heartbeat details that are too large fail the activity", () =>
  withSizes(async ({ execute }) => {
    const failure = await failureOf(execute("call", "remote", "heartbeats", 3 * MB));
    expect(failure).toMatchObject({ type: "PayloadsTooLarge" });
  }));

test("failures of Workflows, of their tasks, of queries and of updates arrive shortened", () =>
  withSizes(async ({ execute, start }) => {
    const size = 6 * MB;
    const note = `too long to be sent: ${size} characters`;
    expect((await failureOf(execute("fail", size))).message).toContain(note);
    const failing = await start("failTask", [size]);
    expect((await taskFailure(failing)).message).toContain(note);
    await failing.terminate();
    const handle = await start("answer");
    // The server itself cuts what it answers to queries.
    expect((await rejection(handle.query("rejecting", size))).message).toStartWith("qqq");
    const update = causes(await rejection(handle.executeUpdate("refusing", { args: [size] })));
    expect(update.at(-1).message).toContain(note);
    await handle.terminate();
  }));

test("an answer to a query that no server takes is a failure; others of the same task arrive", () =>
  withSizes(async ({ start, worker }) => {
    const handle = await start("answer");
    expect(((await handle.query("telling", MB)) as string).length).toBe(MB);
    const [large, small] = await Promise.allSettled([
      handle.query<string, [number]>("telling", 6 * MB),
      handle.query<string, [number]>("telling", 5),
    ]);
    expect(small).toMatchObject({ status: "fulfilled", value: "aaaaa" });
    expect((large as PromiseRejectedResult).reason.message).toStartWith(
      "[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit. The result of the query has " +
        `${6 * MB + 2} bytes, and the server takes `,
    );
    expect(worker.getState()).toBe("RUNNING");
    await handle.terminate();
  }));
