import { afterAll, describe, expect, test } from "bun:test";
import { EchoThread, EventKind, NativeError, type NativeEvent, NativeQueue } from "../../src/native";
import { library } from "../../src/native/library";

const echo = new EchoThread();
const queue = NativeQueue.open();
afterAll(() => {
  echo.stop();
  queue.close();
});

/** Bytes that are different at every place and for every length. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) + length) & 255;
  return bytes;
}

/** Resolves when `count` events of one token have come, with all of them. */
function collect(count: number, on: NativeQueue = queue): { token: number; events: Promise<NativeEvent[]> } {
  const { promise, resolve } = Promise.withResolvers<NativeEvent[]>();
  const events: NativeEvent[] = [];
  const token = on.subscribe((event) => {
    events.push(event);
    if (events.length < count) return;
    on.unsubscribe(token);
    resolve(events);
  });
  return { token, events: promise };
}

test("payloads of every size come back as they were sent", async () => {
  const edges = [0, 1, 7, 8, 9, 63, 64, 65, 1000, 4096, 16383, 16384, 16385, 65495, 65496, 65536, 1 << 20];
  for (const length of edges) {
    const sent = pattern(length);
    const event = await queue.call((token) => echo.post(queue, token, sent));
    expect(event.kind).toBe(EventKind.HOST);
    expect(event.status).toBe("OK");
    expect(event.data.length).toBe(length);
    expect(Bun.hash(event.data)).toBe(Bun.hash(sent));
  }
});

test("a thread that waits gets the events without its event loop, and hears the bell for later ones", async () => {
  const own = NativeQueue.open();
  let received = 0;
  const later = Promise.withResolvers<void>();
  const token = own.subscribe(() => {
    received++;
    if (received === 4) later.resolve();
  });
  for (let round = 1; round <= 3; round++) {
    // Posted 20 ms from now, when the thread has long been waiting.
    echo.post(own, token, pattern(64), 1, 20_000);
    own.waitAndDrain(60_000);
    expect(received).toBe(round);
  }
  own.waitAndDrain(0);
  echo.post(own, token, pattern(64));
  await later.promise;
  own.close();
  own.waitAndDrain(10_000);
  expect(received).toBe(4);
});

test("a batch whose payloads don't fit the drain buffer together arrives whole", async () => {
  const sizes = Array.from({ length: 300 }, (_, index) => (index * 977) % 20_000);
  const events = await Promise.all(sizes.map((size) => queue.call((token) => echo.post(queue, token, pattern(size)))));
  for (const [index, event] of events.entries()) {
    expect(Bun.hash(event.data)).toBe(Bun.hash(pattern(sizes[index]!)));
  }
});

test("data belongs to the receiver: later batches don't change it", async () => {
  const first = await queue.call((token) => echo.post(queue, token, pattern(64)));
  const large = await queue.call((token) => echo.post(queue, token, pattern(40_000)));
  const { token, events } = collect(500);
  echo.post(queue, token, new Uint8Array(64).fill(255), 500);
  await events;
  Bun.gc(true);
  expect(first.data).toEqual(pattern(64));
  expect(Bun.hash(large.data)).toBe(Bun.hash(pattern(40_000)));
});

test("events of one thread come in the order in which they were posted", async () => {
  const { token, events } = collect(20_000);
  echo.post(queue, token, new Uint8Array(16), 20_000);
  for (const [index, { data }] of (await events).entries()) {
    const [number] = new Float64Array(data.buffer, data.byteOffset, 1);
    if (number !== index) throw new Error(`event ${index} is number ${number}`);
  }
});

test("four threads flood the queue and nothing is lost or mixed up", async () => {
  const each = 25_000;
  const threads = Array.from({ length: 4 }, () => new EchoThread());
  const streams = threads.map((thread) => {
    const { token, events } = collect(each);
    thread.post(queue, token, new Uint8Array(64), each);
    return events;
  });
  for (const events of await Promise.all(streams)) {
    events.forEach(({ data }, index) => {
      const [number] = new Float64Array(data.buffer, data.byteOffset, 1);
      if (number !== index) throw new Error(`event ${index} is number ${number}`);
    });
  }
  for (const thread of threads) thread.stop();
}, 180_000);

test("the event loop turns while a flood is drained", async () => {
  const flood = 5_000;
  const own = NativeQueue.open();
  const done = Promise.withResolvers<void>();
  let delivered = 0;
  let atTurn: number | undefined;
  const token = own.subscribe(() => {
    if (++delivered === 1) setImmediate(() => (atTurn = delivered));
    if (delivered === flood) done.resolve();
  });
  // From this thread, so that all of it waits before the first event is delivered.
  for (let index = 0; index < flood; index++) library().temporal_bun_queue_post(own.handle, token, 0, pattern(8), 8);
  await done.promise;
  own.close();
  expect(atTurn).toBe(1_024);
});

test("the bell wakes an idle thread, again and again", async () => {
  // Every wait lets the loop go to sleep, because the echo thread only posts after a pause.
  for (let round = 0; round < 50; round++) {
    const event = await queue.call((token) => echo.post(queue, token, pattern(8), 1, 2_000));
    expect(event.data).toEqual(pattern(8));
  }
});

test("one queue serves many calls at once, each by its own token", async () => {
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
      queue.call((token) => echo.post(queue, token, new Uint8Array(new Int32Array([index]).buffer))),
    ),
  );
  for (const [index, { data }] of answers.entries()) expect(new DataView(data.buffer).getInt32(0, true)).toBe(index);
});

test("events of a token that nobody waits for are dropped", async () => {
  const { token, events } = collect(1);
  echo.post(queue, token, pattern(8), 10);
  await events;
  const event = await queue.call((next) => echo.post(queue, next, pattern(4)));
  expect(event.data).toEqual(pattern(4));
});

test("the status that a host posts arrives by name, with the host's own bytes", async () => {
  const event = await queue.call((token) => {
    library().temporal_bun_queue_post(queue.handle, token, 5, pattern(3), 3);
  });
  expect(event.status).toBe("BUSY");
  expect(event.error).toBeUndefined();
  expect(event.data).toEqual(pattern(3));
});

describe("closing", () => {
  test("rejects what is pending with CLOSED, and what comes later", async () => {
    const own = NativeQueue.open();
    const pending = own.call(() => {});
    own.close();
    own.close();
    await expect(pending).rejects.toMatchObject({ status: "CLOSED" });
    await expect(own.call(() => {})).rejects.toMatchObject({ status: "CLOSED" });
    expect(() => own.subscribe(() => {})).toThrow(NativeError);
    expect(library().temporal_bun_queue_free(own.handle)).toBe(2);
  });

  test("from outside is noticed through the bell and rejects what is pending with CLOSED", async () => {
    const own = NativeQueue.open();
    const pending = own.call(() => {});
    expect(library().temporal_bun_queue_free(own.handle)).toBe(0);
    await expect(pending).rejects.toMatchObject({ status: "CLOSED" });
    expect(own.closed).toBe(true);
  });

  test("in a handler ends the batch", async () => {
    const own = NativeQueue.open();
    const other = new EchoThread();
    let seen = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const token = own.subscribe(() => {
      seen++;
      own.close();
      resolve();
    });
    other.post(own, token, pattern(16), 500);
    await promise;
    other.stop();
    // The other queue still works, and by the time it has answered the closed one would have gone on.
    await queue.call((next) => echo.post(queue, next, pattern(1)));
    expect(seen).toBe(1);
  });

  test.skipIf(process.platform !== "linux")("leaves no descriptor behind", async () => {
    const count = () => new Bun.Glob("*").scanSync({ cwd: "/proc/self/fd", onlyFiles: false });
    const before = [...count()].length;
    for (let round = 0; round < 50; round++) {
      const own = NativeQueue.open();
      await own.call((token) => echo.post(own, token, pattern(8)));
      own.close();
    }
    // A queue that is closed before its bell is connected closes the descriptor too, a turn later.
    NativeQueue.open().close();
    await queue.call((token) => echo.post(queue, token, pattern(8), 1, 1_000));
    expect([...count()].length).toBeLessThanOrEqual(before + 1);
  });
});

test("large payloads are freed by the garbage collector", async () => {
  const round = async () => {
    for (let index = 0; index < 64; index++) await queue.call((token) => echo.post(queue, token, pattern(1 << 20)));
    Bun.gc(true);
  };
  await round();
  const before = process.memoryUsage.rss();
  for (let index = 0; index < 8; index++) await round();
  // 512 MiB went through; a leak of a tenth would show.
  expect(process.memoryUsage.rss() - before).toBeLessThan(48 * 1024 * 1024);
}, 180_000);
