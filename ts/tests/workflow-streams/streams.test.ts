import { expect, setDefaultTimeout, test } from "bun:test";
import { type Client, WorkflowContinuedAsNewError, WorkflowUpdateFailedError } from "../../src/client";
import { WorkflowNotFoundError } from "../../src/common";
import { WorkflowStreamClient } from "../../src/integrations/workflow-streams/client";
import {
  decodeBase64,
  decodePayloadProto,
  decodePayloadWire,
  encodeBase64,
  encodePayloadProto,
  encodePayloadWire,
  workflowStreamPollUpdate,
  workflowStreamPublishSignal,
} from "../../src/integrations/workflow-streams/workflow";
import { bundleWorkflowCode, ForbiddenModuleError } from "../../src/worker";
import { ruleForSpecifier } from "../../src/worker/bundler/module-rules";
import { eventually } from "../support/eventually";
import { rejection } from "../worker/support";
import { end, hold, publish, release, renew, state, truncate } from "./fixtures/workflows";
import { otherClient, streamWorkflows, take, withStreams } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const cooldown = { pollCooldown: 1 };

test("a Workflow publishes, and subscribers get the topics that they ask for", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    await handle.executeUpdate(publish, { args: ["a", 1, 2] });
    await handle.executeUpdate(publish, { args: ["b", { three: 3 }] });
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    expect(await stream.getOffset()).toBe(3);
    expect(await take(stream.topic<number>("a").subscribe(), 2)).toEqual([
      { topic: "a", data: 1, offset: 0 },
      { topic: "a", data: 2, offset: 1 },
    ]);
    expect(await take(stream.subscribe(["b"], 0, { resultType: true }), 1)).toEqual([
      { topic: "b", data: { three: 3 }, offset: 2 },
    ]);
    expect((await take(stream.subscribe(), 3)).map(({ offset }) => offset)).toEqual([0, 1, 2]);
    // An entry that others wait for comes to them alone.
    const waiting = take(stream.topic("c").subscribe(3, cooldown), 1);
    await handle.executeUpdate(publish, { args: ["b", "not for c"] });
    await handle.executeUpdate(publish, { args: ["c", "for c"] });
    expect(await waiting).toEqual([{ topic: "c", data: "for c", offset: 4 }]);
    expect(stream.topic("a")).toBe(stream.topic("a"));
    await handle.terminate();
  }));

test("values of all kinds have the payloads of the default converter", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("kinds");
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    const values = await take(stream.topic("kinds").subscribe(), 5);
    expect(values.map(({ data }) => data)).toEqual([
      { nested: [1, "two", null] },
      new Uint8Array([1, 2, 255]),
      undefined,
      [3],
      { metadata: {} },
    ]);
    const payloads = await take(stream.subscribe("kinds"), 5);
    const encodings = payloads.map(({ data }) => new TextDecoder().decode(data.metadata!["encoding"]!));
    expect(encodings).toEqual(["json/plain", "binary/plain", "binary/null", "json/plain", "json/plain"]);
    await handle.terminate();
  }));

test("a subscription ends when the Workflow does, and fails for one that isn't there", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    await handle.executeUpdate(publish, { args: ["a", 1] });
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    const items = stream.topic("a").subscribe(0, cooldown);
    await take(items, 1);
    const next = items.next();
    await handle.signal(end);
    expect(await next).toEqual({ value: undefined, done: true });
    await handle.result();
    // Nobody listens any more, but the query and the end of the stream are still known.
    expect(await stream.getOffset()).toBe(1);
    expect(await stream.subscribe().next()).toEqual({ value: undefined, done: true });
    const missing = WorkflowStreamClient.create(client, "there-is-no-such-workflow");
    expect(await rejection(missing.subscribe().next())).toBeInstanceOf(WorkflowNotFoundError);
  }));

test("a subscription doesn't take a server that fails for the end of its Workflow", () =>
  withStreams(async (fixture) => {
    const handle = await fixture.start("stream");
    await handle.executeUpdate(publish, { args: ["a", 1] });
    const failing = { describe: () => Promise.reject(new Error("the server is too busy")) };
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [failing]), handle.workflowId);
    const items = stream.topic("a").subscribe(0, cooldown);
    await take(items, 1);
    const next = rejection(items.next());
    await handle.signal(end);
    expect((await next).message).toBe("the server is too busy");
  }));

test("a Workflow without a stream rejects polls", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("plain");
    expect(await rejection(WorkflowStreamClient.create(client, handle.workflowId).subscribe().next())).toBeInstanceOf(
      WorkflowUpdateFailedError,
    );
    await handle.terminate();
  }));

test("entries that are discarded are left out of subscriptions", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    await handle.executeUpdate(publish, { args: ["a", 0, 1, 2] });
    await handle.executeUpdate(truncate, { args: [2] });
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    expect(await take(stream.topic("a").subscribe(1), 1)).toEqual([{ topic: "a", data: 2, offset: 2 }]);
    expect(await stream.getOffset()).toBe(3);
    // While a poll waits, what it waits for may come and go.
    const waiting = await handle.startUpdate(workflowStreamPollUpdate, {
      args: [{ topics: [], from_offset: 3 }],
      waitForStage: "ACCEPTED",
    });
    await handle.executeUpdate(truncate, { args: [5, "come", "and gone"] });
    expect((await rejection(waiting.result())).cause.type).toBe("TruncatedOffset");
    for (const offset of [6, 1.5]) {
      const { cause } = await rejection(handle.executeUpdate(truncate, { args: [offset] }));
      expect(cause).toMatchObject({ type: "TruncateOutOfRange", nonRetryable: true });
    }
    // What is no longer there can be discarded again.
    await handle.executeUpdate(truncate, { args: [1] });
    expect(await handle.query(state)).toEqual({
      log: [],
      base_offset: 5,
      publisher_sequences: {},
      publisher_last_seen: {},
    });
    await handle.terminate();
  }));

test("a subscription goes on when the Workflow continues as new", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    const numbers = stream.topic<number>("numbers");
    numbers.publish(1);
    await stream.flush();
    await handle.executeUpdate(truncate, { args: [1] });
    numbers.publish(2);
    await stream.flush();
    const items = numbers.subscribe(0, cooldown);
    expect(await take(items, 1)).toEqual([{ topic: "numbers", data: 2, offset: 1 }]);
    const next = take(items, 1);
    // A handle of the whole chain: that of the first run would not reach the second.
    const chain = client.workflow.getHandle(handle.workflowId);
    await chain.signal(renew, 60_000);
    numbers.publish(3);
    await stream.flush();
    expect(await next).toEqual([{ topic: "numbers", data: 3, offset: 2 }]);
    const { log, base_offset, publisher_sequences } = await chain.query(state);
    expect(log.map(({ data, offset }) => [decodePayloadWire(data).data, offset])).toEqual([
      [new TextEncoder().encode("2"), 0],
      [new TextEncoder().encode("3"), 0],
    ]);
    expect(base_offset).toBe(1);
    expect(Object.values(publisher_sequences)).toEqual([3]);
    await chain.signal(end);
    expect(await items.next()).toEqual({ value: undefined, done: true });
  }));

test("before a Workflow continues as new, waiting polls are answered and further ones go to the next run", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    const chain = client.workflow.getHandle(handle.workflowId);
    const poll = { args: [{ topics: [], from_offset: 0 }], waitForStage: "ACCEPTED" } as const;
    const waiting = await chain.startUpdate(workflowStreamPollUpdate, poll as any);
    // The run is only left when this has ended.
    const held = await chain.startUpdate(hold, { waitForStage: "ACCEPTED" });
    await chain.signal(renew, 60_000);
    expect(await waiting.result()).toEqual({ items: [], next_offset: 0, more_ready: false });
    expect(
      (await rejection(chain.executeUpdate(workflowStreamPollUpdate, { args: poll.args as any }))).cause,
    ).toMatchObject({ type: "StreamDraining", nonRetryable: true });
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    const next = take(stream.topic("t").subscribe(0, cooldown), 1);
    await chain.signal(release);
    await held.result();
    stream.topic("t").publish("in the next run");
    await stream.flush();
    expect((await next)[0]!.data).toBe("in the next run");
    await chain.terminate();
  }));

test("nothing is lost or comes twice while runs continue as new all the time", () =>
  withStreams(async ({ start, client }) => {
    const { workflowId, firstExecutionRunId } = await start("rolling", [{ entries: 24, each: 3 }]);
    const read = WorkflowStreamClient.create(client, workflowId).topic<number>("t").subscribe(0, cooldown);
    const reading = take(read, 24);
    await using stream = WorkflowStreamClient.create(client, workflowId, { batchInterval: 1 });
    let runId = firstExecutionRunId;
    for (let value = 0; value < 24; value++) {
      // A run continues as new after three entries, while the next ones come; on a busy machine all could come first.
      if (value > 0 && value % 6 === 0) runId = await nextRun(client, workflowId, runId);
      stream.topic("t").publish(value);
      await stream.flush();
    }
    expect((await reading).map(({ data, offset }) => [data, offset])).toEqual(
      Array.from({ length: 24 }, (_, index) => [index, index]),
    );
    await client.workflow.getHandle(workflowId).terminate();
  }));

/** Waits until a run continues as new, and returns the ID of the next one. */
async function nextRun(client: Client, workflowId: string, runId: string): Promise<string> {
  const error = await rejection(client.workflow.getHandle(workflowId, runId, { followRuns: false }).result());
  expect(error).toBeInstanceOf(WorkflowContinuedAsNewError);
  return error.newExecutionRunId;
}

test("a batch that comes twice is published once, in the next run too while its publisher is remembered", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    const chain = client.workflow.getHandle(handle.workflowId);
    const stream = WorkflowStreamClient.create(client, handle.workflowId);
    const batch = (sequence: number, publisher_id = "p") => {
      const data = encodePayloadWire({
        metadata: { encoding: new TextEncoder().encode("json/plain") },
        data: new TextEncoder().encode(`${sequence}`),
      });
      return chain.signal(workflowStreamPublishSignal, { items: [{ topic: "t", data }], publisher_id, sequence });
    };
    await batch(1);
    await batch(1);
    await batch(1, "constructor");
    await batch(3);
    await batch(2);
    expect(await stream.getOffset()).toBe(3);
    const before = (await chain.describe()).runId;
    await chain.signal(renew, 60_000);
    await eventually(
      async () => (await chain.describe()).runId,
      (runId) => runId !== before,
    );
    await batch(3);
    expect(await stream.getOffset()).toBe(3);
    // Without a publisher's id every batch counts.
    await batch(1, "");
    await batch(1, "");
    expect(await stream.getOffset()).toBe(5);
    expect((await chain.query(state, 0)).publisher_sequences).toEqual({});
    expect((await chain.query(state)).publisher_sequences).toEqual({ p: 3, constructor: 1 });
    await chain.terminate();
  }));

test("more than a megabyte comes in several results", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    const text = "x".repeat(300_000);
    for (const letter of ["a", "b", "c", "d"]) await handle.executeUpdate(publish, { args: ["large", letter + text] });
    const poll = (from_offset: number) =>
      handle.executeUpdate(workflowStreamPollUpdate, { args: [{ topics: [], from_offset }] });
    const first = await poll(0);
    expect([first.items.length, first.next_offset, first.more_ready]).toEqual([2, 2, true]);
    const second = await poll(first.next_offset);
    expect([second.items.length, second.next_offset, second.more_ready]).toEqual([2, 4, false]);
    const items = await take(
      WorkflowStreamClient.create(client, handle.workflowId).topic<string>("large").subscribe(),
      4,
    );
    expect(items.map(({ data }) => data.slice(0, 1)).join("")).toBe("abcd");
    await handle.terminate();
  }));

test("malformed batches and polls do the Workflow no harm", () =>
  withStreams(async ({ start, client }) => {
    const handle = await start("stream");
    const good = { topic: "t", data: encodePayloadWire({ metadata: {}, data: new Uint8Array([1]) }) };
    for (const items of [
      [good, { topic: "t", data: "!" }],
      [{ topic: 1, data: good.data }],
      [good, null],
      "none",
      undefined,
      [{ topic: "t", data: "/////w==" }],
    ]) {
      await handle.signal("__temporal_workflow_stream_publish", { items, publisher_id: "p", sequence: 1 });
    }
    await handle.signal("__temporal_workflow_stream_publish");
    for (const input of [
      undefined,
      { topics: [], from_offset: "0" },
      { topics: "t", from_offset: 0 },
      { topics: [1], from_offset: 0 },
    ]) {
      const { cause } = await rejection(handle.executeUpdate("__temporal_workflow_stream_poll", { args: [input] }));
      expect(cause.type).toBe("InvalidPoll");
    }
    await handle.signal(workflowStreamPublishSignal, { items: [good], publisher_id: "p", sequence: 1 });
    expect(await WorkflowStreamClient.create(client, handle.workflowId).getOffset()).toBe(1);
    const { events } = await handle.fetchHistory();
    expect(events!.filter(({ workflowTaskFailedEventAttributes: failed }) => failed !== undefined)).toEqual([]);
    await handle.terminate();
  }));

test("codecs are for the envelope: an entry is encoded once on its way", () =>
  withStreams(async (fixture) => {
    // Encodes by hand what the Worker, which has no codec, then sees in its history.
    const seen: number[] = [];
    const counting = {
      encode: async (payloads: any[]) => (seen.push(payloads.length), payloads),
      decode: async (payloads: any[]) => payloads,
    };
    const handle = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(
      otherClient(fixture, { dataConverter: { payloadCodecs: [counting] } }),
      handle.workflowId,
    );
    for (const value of [1, 2, 3]) stream.topic("t").publish(value);
    await stream.flush();
    expect(seen).toEqual([1]);
    expect(await stream.getOffset()).toBe(3);
    await handle.terminate();
  }));

test("Workflow code can't import the client of streams, and has its own side in the bundle", async () => {
  const error = await rejection(bundleWorkflowCode({ workflowsPath: `${import.meta.dir}/fixtures/activities.ts` }));
  expect(error).toBeInstanceOf(ForbiddenModuleError);
  expect(error.message).toContain("workflow-streams/client");
  const { code } = await bundleWorkflowCode({ workflowsPath: streamWorkflows });
  // With the library of the thread, in which the run is known.
  expect(code).toContain("__temporal_workflow_stream_publish");
  expect(code).toContain('require("temporal-bun-sdk/workflow")');
  expect(ruleForSpecifier("@temporalio/workflow-streams/workflow").kind).toBe("file");
  expect(ruleForSpecifier("@temporalio/workflow-streams/client").kind).toBe("forbidden");
});

test("payloads in base64", () => {
  const payload = {
    metadata: { encoding: new Uint8Array([1]), other: new Uint8Array(0) },
    data: new Uint8Array([2, 3]),
  };
  expect(decodePayloadWire(encodePayloadWire(payload))).toEqual(payload);
  expect(decodePayloadProto(encodePayloadProto({ metadata: {}, data: new Uint8Array(0) }))).toEqual({
    metadata: {},
    data: new Uint8Array(0),
  });
  expect(encodeBase64(new Uint8Array([0, 255, 16, 3]))).toBe("AP8QAw==");
  for (const text of ["AP8QAw==", "AP8QAw"]) expect([...decodeBase64(text)]).toEqual([0, 255, 16, 3]);
  for (const text of ["A", "A===", "AP8Q-w==", "AP=8"]) expect(() => decodeBase64(text)).toThrow(TypeError);
});
