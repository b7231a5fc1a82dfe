/** `app.fetch`: finds the route of a request, answers it, and knows how many are in hand. */
import { isGrpcServiceError } from "../../../client";
import type { MetricCounter } from "../../../common";
import { Runtime } from "../../../worker";
import { FlowRefusedError } from "../control/refused";
import { json, Refusal } from "./body";

/** Something that answers requests. */
export interface Route {
  readonly method: string;
  /** The whole path, or the beginning of one and `*` for the rest. */
  readonly path: string;
  answer(request: Request, url: URL): Promise<Response> | Response;
}

/** What a request of an unknown sender throws. Why is for log and metric: its sender isn't told. */
export class Unauthorized extends Error {}

const retryLater = { "retry-after": "5" };

/** Answers the requests of an application. */
export class HttpServer {
  readonly #routes: readonly Route[];
  readonly #mask: (text: string) => string;
  readonly #requests: MetricCounter;
  /** Requests in hand. */
  readonly #inHand = new Set<Promise<Response>>();
  #isDraining = false;

  /**
   * @param routes the first one that fits answers
   * @param mask takes the secrets out of what is logged
   */
  constructor(routes: readonly Route[], mask: (text: string) => string) {
    this.#routes = routes;
    this.#mask = mask;
    this.#requests = Runtime.instance().metricMeter.createCounter(
      "temporal_bun_flow_http_requests",
      undefined,
      "Requests to an application of flows, by path, status and reason of refusal",
    );
  }

  async fetch(request: Request): Promise<Response> {
    const answer = this.#answer(request);
    this.#inHand.add(answer);
    try {
      return await answer;
    } finally {
      this.#inHand.delete(answer);
    }
  }

  /** Takes no more requests, and waits for those in hand. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.allSettled(this.#inHand);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const found = this.#routes.filter(({ path }) => matches(path, url.pathname));
    const path = found[0]?.path ?? "unknown";
    let response: Response;
    const labels: Record<string, string> = { path };
    try {
      response = await this.#route(found, request, url);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      response = answerTo(error, reason);
      if (error instanceof Unauthorized) labels["reason"] = reason;
      if (response.status >= 500 || error instanceof Unauthorized) {
        const { status } = response;
        Runtime.instance().logger.warn("A request was refused", {
          path,
          method: request.method,
          status,
          reason: this.#mask(reason),
        });
      }
    }
    // Whoever sends a body that isn't read is told before it has sent all of it.
    if (request.body !== null && !request.bodyUsed) void request.body.cancel().catch(() => undefined);
    this.#requests.add(1, { ...labels, status: String(response.status) });
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  #route(found: readonly Route[], request: Request, url: URL): Promise<Response> | Response {
    if (found.length === 0) throw new Refusal(404, "There is nothing at this address");
    if (this.#isDraining) throw new Refusal(503, "This process is ending, try again", {}, retryLater);
    const route = found.find(
      ({ method }) => method === request.method || (method === "GET" && request.method === "HEAD"),
    );
    if (route !== undefined) return route.answer(request, url);
    const allowed = found.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : method));
    const allow = [...new Set([...allowed, "OPTIONS"])].join(", ");
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
    throw new Refusal(405, `${request.method} isn't possible here, only ${allow}`, {}, { allow });
  }
}

function matches(path: string, pathname: string): boolean {
  return path.endsWith("*") ? pathname.startsWith(path.slice(0, -1)) : path === pathname;
}

function answerTo(error: unknown, message: string): Response {
  if (error instanceof Refusal) return json(error.status, { error: message, ...error.details }, error.headers);
  if (error instanceof FlowRefusedError) {
    const seconds = Math.max(Math.ceil((error.retryAt.getTime() - Date.now()) / 1_000), 1);
    return json(429, { error: "There are too many requests, try again later" }, { "retry-after": String(seconds) });
  }
  if (error instanceof Unauthorized) return json(401, { error: "Not authorized" });
  if (isServerAway(error)) return json(503, { error: "Not possible at the moment, try again" }, retryLater);
  return json(500, { error: "This request failed" });
}

/** Whether a call failed because Temporal's server can't be reached or doesn't answer. */
function isServerAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause)) return [1, 4, 8, 14].includes(cause.code);
  return false;
}
