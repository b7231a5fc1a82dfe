/** Bodies of requests: read up to a limit, and understood. */

/** A request that can't be taken, as its sender is told. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** More for the answer. */
    readonly details: object = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** How long a body may take to arrive, in milliseconds. */
const bodyMs = 30_000;

/**
 * Reads a body, and no byte more than allowed.
 *
 * @throws Refusal if it is larger, encoded, ends early, or takes too long
 */
export async function readBody({ headers, body }: Request, maxBytes: number, ms = bodyMs): Promise<Uint8Array> {
  const tooLarge = () => new Refusal(413, `The body is larger than ${maxBytes} bytes`);
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new Refusal(415, `Bodies with Content-Encoding '${encoding}' aren't taken`);
  if (Number(headers.get("content-length")) > maxBytes) throw tooLarge();
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // A read that waits ends by it.
    cancel();
  }, ms);
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Refusal(400, "The body ended early");
      });
      if (isLate) throw new Refusal(408, `The body took longer than ${ms / 1000} s`);
      if (done) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      bytes += value.length;
      if (bytes > maxBytes) {
        cancel();
        throw tooLarge();
      }
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What a body means: a form is an object of texts, everything else is JSON. @throws Refusal if it is neither */
export function parseBody(headers: Headers, bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  if (headers.get("content-type")?.toLowerCase().startsWith("application/x-www-form-urlencoded"))
    return Object.fromEntries(new URLSearchParams(text));
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `The body isn't JSON: ${(error as Error).message}`);
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "The body isn't UTF-8");
  }
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store", ...headers } });
}
