import type { UnsafeRandomSource } from "../interfaces";
import type { RandomSource } from "./alea";

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Makes a version 4 UUID out of four draws.
 *
 * @param random where the draws come from
 */
export function uuid4From(random: RandomSource): string {
  const first = (random() * 0x100000000) >>> 0;
  const second = (((random() * 0x100000000) >>> 0) & 0xffff0fff) | 0x4000;
  const third = (((random() * 0x100000000) >>> 0) & 0x3fffffff) | 0x80000000;
  const fourth = (random() * 0x100000000) >>> 0;
  return `${pair(first >>> 16)}${pair(first)}-${pair(second >>> 16)}-${pair(second)}-${pair(third >>> 16)}-${pair(third)}${pair(fourth >>> 16)}${pair(fourth)}`;
}

function pair(bits: number): string {
  return hex[(bits >>> 8) & 0xff]! + hex[bits & 0xff]!;
}

/**
 * Fills an array with random bytes, one draw each.
 *
 * @param random where the draws come from
 * @param bytes the array to fill
 * @returns `bytes`
 */
export function fillFrom(random: RandomSource, bytes: Uint8Array): Uint8Array {
  for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor(random() * 0x100);
  return bytes;
}

/**
 * Makes the source of `workflowInfo().unsafe`. As in the official SDK JSON leaves it out, like the function beside it.
 *
 * @param random where the draws come from
 */
export function unsafeSource(random: RandomSource): UnsafeRandomSource {
  const source = { random, uuid4: () => uuid4From(random), fillRandom: (bytes: Uint8Array) => fillFrom(random, bytes) };
  return Object.assign(source, { toJSON: () => undefined });
}
