import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { WorkflowClientInterceptor } from "../../src/client";
import { ValueError, WorkflowNotFoundError } from "../../src/common";
import {
  FlushTimeoutError,
  type PublishInput,
  WorkflowStreamClient,
} from "../../src/integrations/workflow-streams/client";
import { causes, rejection } from "../worker/support";
import { otherClient, take, withStreams } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

/**
 * Batches that were sent, and an interceptor that notes them and fails the first few afterwards: for the client they
 * are lost.
 */
function recorded(failures = 0): { batches: PublishInput[]; interceptor: WorkflowClientInterceptor } {
  const batches: PublishInput[] = [];
  const interceptor: WorkflowClientInterceptor = {
    async signal(input, next) {
      batches.push(input.args[0] as PublishInput);
      await next(input);
      if (batches.length <= failures) throw new Error(`lost ${batches.length}`);
    },
  };
  return { batches, interceptor };
}

const never = { batchInterval: "1 hour" } as const;

test("entries wait for a flush and are sent together, in their order", () =>
  withStreams(async (fixture) => {
    const { batches, interceptor } = recorded();
    const { workflowId } = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [interceptor]), workflowId, never);
    await stream.flush();
    stream.topic("a").publish(1);
    stream.topic("b").publish(2);
    stream.topic("a").publish(3);
    expect(batches).toEqual([]);
    await Promise.all([stream.flush(), stream.flush()]);
    stream.topic("a").publish(4);
    await stream.flush();
    expect(batches.map(({ items, sequence }) => [items.map(({ topic }) => topic).join(""), sequence])).toEqual([
      ["aba", 1],
      ["a", 2],
    ]);
    expect(new Set(batches.map(({ publisher_id }) => publisher_id)).size).toBe(1);
    expect(batches[0]!.publisher_id).toMatch(/^[0-9a-f]{16}$/);
    expect((await take(stream.subscribe([], 0, { resultType: true }), 4)).map(({ data }) => data)).toEqual([
      1, 2, 3, 4,
    ]);
  }));

test("in the background they are sent after an interval, when there are enough of them, and when one is urgent", () =>
  withStreams(async (fixture) => {
    const { workflowId } = await fixture.start("stream");
    const create = (options: object) => WorkflowStreamClient.create(fixture.client, workflowId, options);
    create({ batchInterval: "10 ms" }).topic("t").publish("interval");
    const items = create({}).topic("t").subscribe(0, { pollCooldown: 1 });
    expect((await take(items, 1))[0]!.data).toBe("interval");
    const enough = create({ ...never, maxBatchSize: 2 }).topic("t");
    enough.publish("first");
    enough.publish("second");
    expect((await take(items, 2)).map(({ data }) => data)).toEqual(["first", "second"]);
    const urgent = create(never).topic("t");
    urgent.publish("not urgent");
    urgent.publish("urgent", { forceFlush: true });
    expect((await take(items, 2)).map(({ data }) => data)).toEqual(["not urgent", "urgent"]);
  }));

test("leaving the scope sends what waits; later there is only flush", () =>
  withStreams(async ({ client, start }) => {
    const { workflowId } = await start("stream");
    const stream = WorkflowStreamClient.create(client, workflowId, never);
    {
      await using scoped = stream;
      scoped.topic("t").publish(1);
    }
    expect(await stream.getOffset()).toBe(1);
    stream.topic("t").publish(2, { forceFlush: true });
    await stream.flush();
    expect(await stream.getOffset()).toBe(2);
  }));

test("a batch that may be lost is sent again and published once", () =>
  withStreams(async (fixture) => {
    const { batches, interceptor } = recorded(1);
    const { workflowId } = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [interceptor]), workflowId, never);
    stream.topic("t").publish("once");
    expect(causes(await rejection(stream.flush())).at(-1).message).toBe("lost 1");
    // What is published meanwhile gets a batch of its own.
    stream.topic("t").publish("afterwards");
    await stream.flush();
    expect(batches.map(({ sequence, items }) => [sequence, items.length])).toEqual([
      [1, 1],
      [1, 1],
      [2, 1],
    ]);
    expect((await take(stream.topic("t").subscribe(), 2)).map(({ data }) => data)).toEqual(["once", "afterwards"]);
    expect(await stream.getOffset()).toBe(2);
  }));

test("in the background, too, a batch is sent again", () =>
  withStreams(async (fixture) => {
    const { batches, interceptor } = recorded(2);
    const { workflowId } = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [interceptor]), workflowId, {
      batchInterval: 1,
    });
    stream.topic("t").publish("first");
    await take(stream.topic("t").subscribe(), 1);
    stream.topic("t").publish("second");
    await take(stream.topic("t").subscribe(1), 1);
    await stream[Symbol.asyncDispose]();
    expect(batches.map(({ sequence }) => sequence)).toEqual(expect.arrayContaining([1, 1, 1, 2]));
    expect(await stream.getOffset()).toBe(2);
  }));

test("a batch that can't be sent in time is dropped, and whoever flushes gets to know", () =>
  withStreams(async (fixture) => {
    const { batches, interceptor } = recorded(1);
    const { workflowId } = await fixture.start("stream");
    const client = otherClient(fixture, {}, [interceptor]);
    const stream = WorkflowStreamClient.create(client, workflowId, { ...never, maxRetryDuration: 0 });
    stream.topic("t").publish("dropped, although it arrived");
    expect(await rejection(stream.flush())).not.toBeInstanceOf(FlushTimeoutError);
    const error = await rejection(stream.flush());
    expect(error).toBeInstanceOf(FlushTimeoutError);
    expect(error.message).toContain("maxRetryDuration");
    // The next one has a number of its own, or the stream would take it for the one that it has.
    stream.topic("t").publish("kept");
    await stream.flush();
    expect(batches.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await stream.getOffset()).toBe(2);
  }));

test("a batch that is dropped in the background is reported when the scope is left", () =>
  withStreams(async (fixture) => {
    const lost = Promise.withResolvers<void>();
    const interceptor: WorkflowClientInterceptor = {
      signal: async () => {
        lost.resolve();
        throw new Error("lost");
      },
    };
    const { workflowId } = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [interceptor]), workflowId, {
      batchInterval: 1,
      maxRetryDuration: 0,
    });
    stream.topic("t").publish("dropped");
    await lost.promise;
    expect(await rejection(stream[Symbol.asyncDispose]())).toBeInstanceOf(FlushTimeoutError);
  }));

test("more than the server takes in one signal is sent in several", () =>
  withStreams(async (fixture) => {
    const { batches, interceptor } = recorded();
    const { workflowId } = await fixture.start("stream");
    const stream = WorkflowStreamClient.create(otherClient(fixture, {}, [interceptor]), workflowId, never);
    const topic = stream.topic<string>("t");
    for (let index = 0; index < 6; index++) topic.publish(`${index}${"x".repeat(600_000)}`);
    await stream.flush();
    expect(batches.map(({ sequence, items }) => [sequence, items.length])).toEqual(
      [1, 2, 3, 4, 5, 6].map((sequence) => [sequence, 1]),
    );
    expect((await take(topic.subscribe(), 6)).map(({ data }) => data[0]).join("")).toBe("012345");
  }));

test("a value without a payload is refused where it is published", () =>
  withStreams(async ({ client, start }) => {
    const { workflowId } = await start("stream");
    const stream = WorkflowStreamClient.create(client, workflowId, never);
    stream.topic("t").publish("good");
    expect(() => stream.topic("t").publish(() => undefined)).toThrow(ValueError);
    await stream.flush();
    expect(await stream.getOffset()).toBe(1);
    expect(await rejection(missing(client).flush())).toBeInstanceOf(WorkflowNotFoundError);
  }));

function missing(client: Parameters<typeof WorkflowStreamClient.create>[0]): WorkflowStreamClient {
  const stream = WorkflowStreamClient.create(client, "there-is-no-such-workflow", never);
  stream.topic("t").publish(1);
  return stream;
}

test("activities publish to the stream of their Workflow", () =>
  withStreams(async ({ client, start, taskQueue }) => {
    const { workflowId } = await start("withActivity");
    const items = await take(WorkflowStreamClient.create(client, workflowId).topic<number>("numbers").subscribe(), 3);
    expect(items.map(({ data }) => data)).toEqual([1, 2, 3]);
    const standalone = client.activity.execute("publishFromStandaloneActivity", {
      id: randomUUID(),
      taskQueue,
      startToCloseTimeout: "1 minute",
      retry: { maximumAttempts: 1 },
    });
    expect(causes(await rejection(standalone)).at(-1).message).toContain(
      "No Workflow scheduled the activity 'publishFromStandaloneActivity'",
    );
  }));

test("a handle alone: values go through the default converter, and a run is the end", () =>
  withStreams(async (fixture) => {
    const handle = await fixture.start("stream");
    const { runId } = await handle.describe();
    const stream = new WorkflowStreamClient(fixture.client.workflow.getHandle(handle.workflowId, runId), never);
    stream.topic("t").publish({ value: 1 });
    await stream.flush();
    const items = stream.topic("t").subscribe(0, { pollCooldown: 1 });
    expect((await take(items, 1))[0]!.data).toEqual({ value: 1 });
    await handle.signal("end");
    expect(await items.next()).toEqual({ value: undefined, done: true });
  }));
