/** Asks until the answer is the one that is waited for, for at most a minute. */
export async function until<T>(what: string, ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (fits(answer)) return answer;
  }
  throw new Error(`waited a minute for ${what}`);
}
