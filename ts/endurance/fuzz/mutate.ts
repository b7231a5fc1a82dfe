/** Inputs that are almost right. The same seed gives the same ones. */

/** Numbers from 0 to below 1, by a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What parsers get wrong most: limits of numbers, lengths that lie, paths that lead out, controls. */
const pieces = [
  ...[
    "\u0000",
    "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u0001",
    "\u007f",
    "\u0080",
    "\r\n",
    "\u001b[2J",
  ],
  ...["-1", "0", "1e999", "9007199254740993", "18446744073709551616", "null", "true", "{}", "[]", '""', "\\u0000"],
  ...["../", "/etc/passwd", "__proto__", "constructor", "%2e%2e%2f", "😀", "\u00c0\u00ae"],
].map((text) => Buffer.from(text, "latin1"));

/** One of `corpus` with a few changes. */
export function mutated(corpus: readonly Uint8Array[], random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
  let bytes = Buffer.from(pick(corpus));
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length + 1);
    const length = below(Math.min(64, bytes.length - at + 1));
    const replacement = [
      () => Buffer.from([below(256)]),
      () => Buffer.alloc(0),
      () => pick(pieces),
      () => bytes.subarray(at, at + length),
      () => {
        const other = pick(corpus);
        const from = below(other.length + 1);
        return Buffer.from(other.subarray(from, from + below(256)));
      },
      () => Buffer.from([bytes[at]! ^ (1 << below(8))]),
    ][below(6)]!();
    // Sometimes in the place of what is there, sometimes before it; sometimes the rest is cut off.
    const until = random() < 0.5 ? at + Math.max(length, 1) : at;
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      replacement,
      random() < 0.02 ? Buffer.alloc(0) : bytes.subarray(until),
    ]);
  }
  return new Uint8Array(bytes);
}
