/** `app.fetch` for servers of Node's kind: Express, Fastify, `node:http`. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** What answers requests as the Web has them. */
interface Fetches {
  fetch(request: Request): Promise<Response>;
}

/**
 * Makes a handler for `node:http`, and what builds on it, of an application. It needs the body as it arrived: mount it
 * before what parses bodies, or keep their bytes as `request.rawBody`.
 */
export function toNodeHandler(app: Fetches): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const answer = await app.fetch(requestOf(request));
    response.statusCode = answer.status;
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
}

function requestOf(request: IncomingMessage & { rawBody?: Uint8Array }): Request {
  const { method = "GET", rawBody, url = "/" } = request;
  const headers = new Headers();
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    headers.append(request.rawHeaders[at]!, request.rawHeaders[at + 1]!);
  // Its path alone matters, and what a host says of itself isn't to be trusted.
  const address = new URL(`http://localhost${url.startsWith("/") ? url : `/${url}`}`);
  if (method === "GET" || method === "HEAD") return new Request(address, { method, headers });
  if (rawBody === undefined && request.readableEnded) {
    throw new Error(
      "The body has been read before this handler got the request: mount it before what parses bodies, or keep their bytes as request.rawBody",
    );
  }
  const body = rawBody ?? streamOf(request);
  return new Request(address, { method, headers, body: body as BodyInit, duplex: "half" } as RequestInit);
}

function streamOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array);
    },
    cancel: async () => {
      await chunks.return?.();
    },
  });
}
