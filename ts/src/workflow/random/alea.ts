/** Draws the next number in [0, 1). */
export type RandomSource = () => number;

const twoTo32 = 0x100000000;
const perTwoTo32 = 2.3283064365386963e-10;

/**
 * Johannes Baagøe's Alea generator (2010), seeded with bytes. The same algorithm and the same seed bytes as in the
 * other SDKs for JavaScript, so that a history recorded with one replays with another.
 *
 * @param seed the seed, one number from 0 to 255 per byte
 */
export function alea(seed: ArrayLike<number>): RandomSource {
  const hash = mash();
  const space = [32];
  let first = hash(space);
  let second = hash(space);
  let third = hash(space);
  first = wrap(first - hash(seed));
  second = wrap(second - hash(seed));
  third = wrap(third - hash(seed));
  let carry = 1;
  return () => {
    const sum = 2091639 * first + carry * perTwoTo32;
    first = second;
    second = third;
    carry = sum | 0;
    third = sum - carry;
    return third;
  };
}

function wrap(value: number): number {
  return value < 0 ? value + 1 : value;
}

/** The hash that spreads the seed over Alea's state; it carries its state from call to call. */
function mash(): (data: ArrayLike<number>) => number {
  let state = 0xefc8249d;
  return (data) => {
    for (let index = 0; index < data.length; index++) {
      state += data[index]!;
      let product = 0.02519603282416938 * state;
      state = product >>> 0;
      product -= state;
      product *= state;
      state = product >>> 0;
      product -= state;
      state += product * twoTo32;
    }
    return (state >>> 0) * perTwoTo32;
  };
}
