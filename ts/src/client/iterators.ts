/** Helpers for asynchronous iteration. */

/**
 * Maps a sequence with up to `concurrency` calls at a time, in order. Calls run ahead of the consumer by no more than
 * that, and none is begun after the consumer stops.
 */
export async function* mapConcurrently<A, B>(
  source: AsyncIterable<A>,
  map: (value: A) => Promise<B>,
  concurrency: number,
): AsyncGenerator<B> {
  const pending: Promise<B>[] = [];
  for await (const value of source) {
    const mapped = map(value);
    // Its rejection is reported when its turn comes; until then it must not count as unhandled.
    mapped.catch(() => {});
    pending.push(mapped);
    if (pending.length >= concurrency) yield pending.shift()!;
  }
  while (pending.length > 0) yield pending.shift()!;
}
