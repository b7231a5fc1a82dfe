import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import type { Payload, PayloadCodec, SerializationContext } from "../../src/common";
import { GracefulShutdownPeriodExpiredError } from "../../src/worker";
import { eventually } from "../support/eventually";
import { causes, makeWorker, rejection, taskFailure, testConnection, withWorker } from "../worker/support";

const text = (payload: Payload) => new TextDecoder().decode(payload.data);
const same = async (payloads: Payload[]) => payloads;

/** A codec that passes on what it gets, after `hook` was called for each payload. */
function hooked(
  hook: (what: "encode" | "decode", text: string, context?: SerializationContext) => unknown,
): PayloadCodec {
  const all = async (what: "encode" | "decode", payloads: Payload[], context?: SerializationContext) => {
    for (const payload of payloads) await hook(what, text(payload), context);
    return payloads;
  };
  return {
    encode: (payloads, context) => all("encode", payloads, context),
    decode: (payloads, context) => all("decode", payloads, context),
  };
}

async function client(): Promise<Client> {
  const { connection, namespace } = await testConnection();
  return new Client({ connection, namespace });
}

describe("a codec that throws", () => {
  test.each(["decode", "encode"] as const)(
    "while a workflow's payloads are %sd fails the task, which is tried again",
    async (direction) => {
      let failures = 0;
      const codec = hooked((what, value, context) => {
        const wanted = direction === "decode" ? '"input"' : '"Hello, input!"';
        if (what === direction && value.includes(wanted) && context?.type === "workflow" && failures++ === 0)
          throw new Error("no key");
      });
      await withWorker(
        async ({ start }) => {
          const handle = await start("greeting", ["input"]);
          expect((await taskFailure(handle)).message).toBe("no key");
          expect(await handle.result()).toContain("input");
          expect(failures).toBeGreaterThan(1);
        },
        { dataConverter: { payloadCodecs: [codec] } },
      );
    },
  );

  test("while an activity's arguments are decoded fails the attempt, which is tried again", async () => {
    let failures = 0;
    const codec = hooked((what, _value, context) => {
      if (what === "decode" && context?.type === "activity" && failures++ === 0) throw new Error("no key");
    });
    await withWorker(
      async ({ execute }) => {
        expect(await execute("greeting", "input")).toContain("input");
        expect(failures).toBeGreaterThan(1);
      },
      { dataConverter: { payloadCodecs: [codec] } },
    );
  });

  test("while an activity's failure is encoded lets the failure through without what it would have hidden", async () => {
    const codec = hooked((what, value, context) => {
      if (what === "encode" && context?.type === "activity" && value.includes("stack_trace")) throw new Error("no key");
    });
    const failureConverterPath = `${import.meta.dir}/fixtures/encoding-failures.ts`;
    await withWorker(
      async ({ start }) => {
        const error = await rejection((await start("callOnce", ["unknownActivity"])).result());
        const messages = causes(error).map(({ message }) => message as string);
        expect(messages.at(-1)).toContain("the Worker's log says what it was and why");
        expect(causes(error).at(-1).type).toBe("FailureConversionError");
        expect(messages.join()).not.toContain("no key");
      },
      { dataConverter: { payloadCodecs: [codec], failureConverterPath } },
    );
  });
});

test("a codec that makes several payloads of one is named where only one fits", async () => {
  const codec = {
    encode: async (payloads: Payload[]) => payloads.flatMap((payload) => [payload, payload]),
    decode: same,
  };
  await withWorker(
    async ({ start }) => {
      const handle = await start("identity");
      expect((await taskFailure(handle)).message).toContain("PayloadCodec.encode made 2 payloads of one");
      await handle.terminate();
    },
    { dataConverter: { payloadCodecs: [codec] } },
  );
});

test("while a codec works on one run, others on the same thread go on", async () => {
  const reached = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const codec = hooked(async (what, value) => {
    if (what !== "decode" || value !== '"slow"') return;
    reached.resolve();
    await release.promise;
  });
  await withWorker(
    async ({ worker, start, execute }) => {
      const slow = await start("callLocal", ["greet", "slow"]);
      await reached.promise;
      expect(await execute("callLocal", "greet", "fast")).toContain("fast");
      // That of the fast one follows its result: it is removed from memory.
      await eventually(
        async () => worker.getStatus().numInFlightWorkflowActivations,
        (count) => count === 1,
      );
      release.resolve();
      expect(await slow.result()).toContain("slow");
    },
    { dataConverter: { payloadCodecs: [codec] }, workflowThreadPoolSize: 1 },
  );
});

test("a codec that never answers doesn't keep a Worker from being forced to stop", async () => {
  const reached = Promise.withResolvers<void>();
  const codec = hooked((what) => {
    if (what !== "decode") return undefined;
    reached.resolve();
    return new Promise(() => {});
  });
  const { worker, taskQueue } = await makeWorker({ dataConverter: { payloadCodecs: [codec] }, shutdownForceTime: 100 });
  const running = worker.run();
  const handle = await (await client()).workflow.start("greeting", {
    taskQueue,
    workflowId: randomUUID(),
    args: ["input"],
  });
  await reached.promise;
  worker.shutdown();
  expect(await rejection(running)).toBeInstanceOf(GracefulShutdownPeriodExpiredError);
  await handle.terminate();
});
