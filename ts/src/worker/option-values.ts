/**
 * A number of something.
 *
 * @param option name of the option, for the message
 * @param least lowest value that makes sense
 * @throws TypeError if the value isn't a whole number, or is lower
 */
export function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(
    `${option} must be ${least === 0 ? "a non-negative integer" : `a whole number from ${least}`}, got ${value}`,
  );
}

/** Whether an environment variable says yes: `1`, `t` or `true`, in whatever case. */
export function isSet(value: string | undefined): boolean {
  return ["1", "t", "true"].includes(value?.toLowerCase() ?? "");
}
