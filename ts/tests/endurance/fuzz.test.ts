/** The short form of `make fuzz`, and that it finds what is wrong. */
import { expect, test } from "bun:test";
import { fuzz } from "../../endurance/fuzz/fuzz";
import { mutated, randomOf } from "../../endurance/fuzz/mutate";
import { targets } from "../../endurance/fuzz/targets";

test.each(Object.keys(targets))("whatever is given to it ends as it must: %s", async (name) => {
  const { inputs, outcomes, finding } = await fuzz(name, 3, (count) => count === 300);
  expect(finding).toBeUndefined();
  expect(inputs).toBe(300);
  expect(outcomes).toBeGreaterThan(1);
});

test("an input that ends as it must not is found, and the same seed finds it again", async () => {
  const manifests = targets["manifests"]!;
  const broken = async (bytes: Uint8Array) => {
    if (bytes.includes(0xff)) throw new RangeError("out of bounds");
    return "read";
  };
  targets["manifests"] = { ...manifests, read: broken };
  try {
    const first = await fuzz("manifests", 1, (count) => count === 10_000);
    const again = await fuzz("manifests", 1, (count) => count === 10_000);
    expect(first.finding?.error).toBeInstanceOf(RangeError);
    expect(again.finding?.input).toEqual(first.finding!.input);
  } finally {
    targets["manifests"] = manifests;
  }
});

test("inputs are almost right", () => {
  const random = randomOf(5);
  const right = Buffer.from("0123456789".repeat(20));
  const changed = Array.from({ length: 200 }, () => Buffer.from(mutated([right], random)));
  expect(changed.filter((bytes) => bytes.equals(right)).length).toBeLessThan(20);
  expect(changed.filter((bytes) => bytes.subarray(0, 20).equals(right.subarray(0, 20))).length).toBeGreaterThan(100);
});
