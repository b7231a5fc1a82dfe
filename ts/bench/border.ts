/**
 * Measures the border between native code and JavaScript by itself, against the echo service: no server, no Temporal.
 * `bun bench/border.ts` prints the figures.
 */
import { EchoThread, echoClock, NativeQueue } from "../src/native";
import { library } from "../src/native/library";

/** What crossing the border costs. */
export interface BorderResults {
  /** An FFI call that does nothing but check one number, in nanoseconds. */
  emptyCallNs: number;
  /**
   * From just before a native thread posts an event to its JavaScript handler, one event per millisecond, in
   * microseconds.
   */
  bellP50Us: number;
  bellP99Us: number;
  /** Draining one event of 64 bytes and handing it to its handler, by how many waited in the queue, in nanoseconds. */
  drainNs: Record<"1" | "16" | "64", number>;
}

const payloadSize = 64;

/** Takes about four seconds. */
export async function measureBorder(): Promise<BorderResults> {
  const queue = NativeQueue.open();
  const emptyCallNs = measureEmptyCall();
  // First the flood, which also warms up the handlers, then the paced bell.
  const drainNs = {
    "64": measureDrain(queue, 64),
    "16": measureDrain(queue, 16),
    "1": measureDrain(queue, 1),
  };
  const bell = await measureBell(queue);
  queue.close();
  return { emptyCallNs, bellP50Us: percentile(bell, 0.5), bellP99Us: percentile(bell, 0.99), drainNs };
}

function measureEmptyCall(): number {
  const { temporal_bun_bytes_free: refuse } = library();
  const calls = 5_000_000;
  return median(5, () => {
    const start = Bun.nanoseconds();
    for (let call = 0; call < calls; call++) refuse(-1);
    return (Bun.nanoseconds() - start) / calls;
  });
}

function measureDrain(queue: NativeQueue, batch: number): number {
  const native = library();
  const payload = new Uint8Array(payloadSize);
  let received = 0;
  const token = queue.subscribe(({ data }) => {
    received += data.length;
  });
  const events = 64_000;
  const perEvent = median(9, () => {
    let spent = 0;
    received = 0;
    for (let posted = 0; posted < events; posted += batch) {
      for (let index = 0; index < batch; index++) {
        native.temporal_bun_queue_post(queue.handle, token, 0, payload, payload.length);
      }
      const start = Bun.nanoseconds();
      queue.drain();
      spent += Bun.nanoseconds() - start;
    }
    if (received !== events * payloadSize) throw new Error(`${received} bytes came of ${events * payloadSize}`);
    return spent / events;
  });
  queue.unsubscribe(token);
  return perEvent;
}

async function measureBell(queue: NativeQueue): Promise<number[]> {
  const echo = new EchoThread();
  const warmUp = 200;
  const events = 2_000;
  const latencies: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const token = queue.subscribe(({ data }) => {
    const now = echoClock();
    const stamp = new DataView(data.buffer, data.byteOffset);
    const number = stamp.getFloat64(0, true);
    if (number >= warmUp) latencies.push((now - stamp.getFloat64(8, true)) / 1_000);
    if (number === warmUp + events - 1) resolve();
  });
  echo.post(queue, token, new Uint8Array(payloadSize), warmUp + events, 1_000);
  await promise;
  queue.unsubscribe(token);
  echo.stop();
  return latencies.toSorted((left, right) => left - right);
}

function median(rounds: number, measure: () => number): number {
  measure(); // for the compiler
  return percentile(
    Array.from({ length: rounds }, measure).toSorted((left, right) => left - right),
    0.5,
  );
}

function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

if (import.meta.main) {
  const { emptyCallNs, bellP50Us, bellP99Us, drainNs } = await measureBorder();
  console.log(`empty call          ${emptyCallNs.toFixed(1)} ns`);
  console.log(`bell, paced at 1 ms ${bellP50Us.toFixed(1)} us p50, ${bellP99Us.toFixed(1)} us p99`);
  for (const [batch, cost] of Object.entries(drainNs)) {
    console.log(`drain, batch of ${batch.padEnd(3)} ${cost.toFixed(0)} ns per event`);
  }
}
