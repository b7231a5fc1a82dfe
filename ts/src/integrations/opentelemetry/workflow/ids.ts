import type { IdGenerator } from "@opentelemetry/sdk-trace-base";

/**
 * Makes ids of one draw for each hexadecimal digit.
 *
 * @param source gives what to draw from, a function that returns numbers in [0, 1)
 */
export function idGenerator(source: () => () => number): IdGenerator {
  const id = (digits: number): string => {
    const random = source();
    let text = "";
    for (let index = 0; index < digits; index++) text += Math.floor(random() * 16).toString(16);
    // Zero stands for no id.
    return /^0+$/.test(text) ? `${text.slice(1)}1` : text;
  };
  return { generateTraceId: () => id(32), generateSpanId: () => id(16) };
}
