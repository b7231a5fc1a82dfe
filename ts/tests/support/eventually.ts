const patienceMs = 60_000;

/**
 * Calls until the result is what the test waits for: of what tells nobody when it changes, such as the server's lists.
 *
 * @throws Error that says what was waited for and what there is instead, after a minute
 */
export async function eventually<T>(call: () => T | Promise<T>, done: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await call();
    if (done(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`waited a minute for ${done} to be true, but the value is still ${Bun.inspect(value)}`);
    await Bun.sleep(20);
  }
}
