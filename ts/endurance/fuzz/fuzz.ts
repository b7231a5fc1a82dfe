import { mutated, randomOf } from "./mutate";
import { targets } from "./targets";

/** What came of a target. */
export interface Fuzzed {
  name: string;
  inputs: number;
  /** How many ways to end were seen. */
  outcomes: number;
  /** The first input that did what it must not, and what that was. */
  finding: { input: Uint8Array; error: unknown } | undefined;
}

/**
 * Reads inputs that are almost right until `isOver`, or one does what it must not. Those that end in a way that hasn't
 * been seen are changed further.
 */
export async function fuzz(name: string, seed: number, isOver: (inputs: number) => boolean): Promise<Fuzzed> {
  const { corpus, read } = targets[name]!;
  const random = randomOf(seed);
  const inputs = await corpus();
  const seen = new Set<string>();
  for (let count = 0; ; count++) {
    const input = count < inputs.length && seen.size < inputs.length ? inputs[count]! : mutated(inputs, random);
    const fuzzed = { name, inputs: count, outcomes: seen.size };
    if (isOver(count)) return { ...fuzzed, finding: undefined };
    try {
      // Values in messages are no other way to end.
      const outcome = (await read(input)).replaceAll(/\d+|"[^"]*"|'[^']*'|\S{20,}/g, "…").slice(0, 80);
      if (!seen.has(outcome) && seen.size < 500) inputs.push(input);
      seen.add(outcome);
    } catch (error) {
      return { ...fuzzed, inputs: count + 1, finding: { input, error } };
    }
  }
}
