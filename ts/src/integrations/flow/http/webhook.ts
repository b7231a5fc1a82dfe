/** Webhooks: requests that start runs. */
import type { Trigger } from "../trigger";
import type { Auth } from "./auth";

/** Largest body, in bytes, where a webhook says nothing else. */
const defaultMaxBytes = 1024 * 1024;
const methods = ["POST", "PUT", "PATCH"] as const;
const answers = ["accepted", "result", "step"] as const;

/** A request as `map` and `idempotencyKey` see it. */
export interface WebhookRequest {
  /** The body: JSON as a value, a form as an object of texts. */
  readonly body: any;
  readonly headers: Headers;
  readonly query: URLSearchParams;
  /** What the sender calls the delivery, if its way of signing has that. */
  readonly deliveryId: string | undefined;
}

/** Options of {@link webhook}. `I` is what the flow takes. */
export interface WebhookOptions<I> {
  /** How the sender is known: one of `auth`, or `"none"` for whoever can reach the address. */
  auth: Auth | "none";
  /** Default `"POST"`. */
  method?: (typeof methods)[number];
  /** The payload of the run; undefined to start none, which is answered 204. Default: the body. */
  map?: (request: WebhookRequest) => I | undefined | Promise<I | undefined>;
  /**
   * What makes a request a repetition of another, which starts nothing. At most 800 bytes. Default: the delivery's
   * id, if the way of signing has one.
   */
  idempotencyKey?: (request: WebhookRequest) => string | undefined;
  /**
   * When the request is answered: `"accepted"` once the run is started, `"result"` with the run's output, `"step"` by
   * the flow's `respond`. Those that take longer than 25 seconds are answered 202, with the address to ask again.
   * Default `"accepted"`.
   */
  respond?: (typeof answers)[number];
  /** Largest body in bytes. Default 1 MiB. */
  maxBytes?: number;
}

/** A webhook of a flow. */
export interface WebhookTrigger<I> extends Trigger<I> {
  readonly kind: "webhook";
  readonly path: string;
  readonly options: WebhookOptions<I> & { method: string; respond: string; maxBytes: number };
}

/**
 * Starts a run for each request to a path of the application.
 *
 * @param path begins with `/`, and is the whole path: `/github`
 * @throws TypeError if `auth` is missing, or another option makes no sense
 */
export function webhook<I = any>(path: string, options: WebhookOptions<I>): WebhookTrigger<I> {
  const fail = (why: string): never => {
    throw new TypeError(`webhook ${JSON.stringify(path)}: ${why}`);
  };
  const { auth, method = "POST", respond = "accepted", maxBytes = defaultMaxBytes } = options ?? {};
  if (typeof path !== "string" || !/^(\/[\w.~@:-]+)+$/.test(path) || /\/\.{1,2}(\/|$)/.test(path))
    fail("the path must begin with '/' and have letters, digits and '-._~@:' between slashes");
  if (path === "/flow" || path.startsWith("/flow/")) fail("paths that begin with /flow/ belong to the application");
  if (auth !== "none" && typeof auth?.refusal !== "function")
    fail('auth is missing: use one of auth.github, auth.hmac, auth.bearer … or, to let everybody in, "none"');
  if (!methods.includes(method)) fail(`method must be one of ${methods.join(", ")}, got ${JSON.stringify(method)}`);
  if (!answers.includes(respond)) fail(`respond must be one of ${answers.join(", ")}, got ${JSON.stringify(respond)}`);
  if (!Number.isInteger(maxBytes) || maxBytes < 1) fail(`maxBytes must be a whole number from 1, got ${maxBytes}`);
  return { kind: "webhook", path, options: { ...options, method, respond, maxBytes } };
}

/** Whether a trigger is a webhook. */
export function isWebhook(trigger: Trigger): trigger is WebhookTrigger<any> {
  return trigger.kind === "webhook";
}
