/** Code that looks for functions of the other side, whose constructor would evaluate text outside of the realm. */

/**
 * Gives what `process` and `Bun` are to code that the constructors of a value's class make, and those of its
 * superclasses; nothing where they are undefined.
 */
export function constructors(expression: string, before = ""): string {
  return `${before}
    const out = [];
    for (let value = ${expression}, depth = 0; value !== null && value !== undefined && depth < 8; depth++) {
      try { out.push(value.constructor?.constructor?.("return typeof process + typeof Bun")()); } catch (error) { out.push(error.name); }
      value = Object.getPrototypeOf(value);
    }
    return out.filter((found) => found !== undefined && found !== "undefinedundefined");`;
}

/** The same for what an expression throws, or rejects with. */
export function thrown(expression: string): string {
  return constructors(
    "caught",
    `let caught;
    try { const value = ${expression}; await waitFor(() => value); return "nothing thrown"; } catch (error) { caught = error; }`,
  );
}
