/** What a webhook does with a request: in this order size, sender, JSON, `map`, schema, start. */
import { type Client, WorkflowFailedError } from "../../../client";
import { CancelledFailure, WorkflowNotFoundError } from "../../../common";
import type { Definition } from "../definition";
import { validate } from "../schema";
import type { Secrets } from "../secrets";
import { startFlow } from "../start";
import { json, parseBody, Refusal, readBody } from "./body";
import { awaitResponse, responseOf } from "./responses";
import { type Route, Unauthorized } from "./server";
import { isWebhook, type WebhookRequest, type WebhookTrigger } from "./webhook";

/** How long a caller waits, and how long the server may take to start a run, in milliseconds. */
const patienceMs = 25_000;
const startMs = 10_000;
/** In bytes: the server takes Workflow ids of 1,000, which begin with the flow's. */
const longestKey = 800;

/** What webhooks work with. */
interface WebhookServices {
  client: Client;
  secrets: Secrets;
  /** Task queue of flows that have none of their own. */
  taskQueue: string;
}

/**
 * The routes of all webhooks.
 *
 * @throws TypeError if two are for the same requests
 */
export function webhookRoutes(flows: Iterable<Definition>, services: WebhookServices): Route[] {
  const known = new Map<string, string>();
  return [...flows].flatMap((flow) =>
    flow.triggers.filter(isWebhook).flatMap((trigger) => {
      const requests = `${trigger.options.method} ${trigger.path}`;
      const other = known.get(requests);
      if (other !== undefined)
        throw new TypeError(
          `Webhooks of the flows '${other}' and '${flow.id}' both take ${requests}: give one another path`,
        );
      known.set(requests, flow.id);
      requireForms(trigger, services.secrets);
      return routesOf(flow, trigger, services);
    }),
  );
}

/** The secrets that were read from the environment may be of another form than those in the code, which are known. */
function requireForms({ path, options: { auth } }: WebhookTrigger<any>, secrets: Secrets): void {
  if (auth === "none" || auth.requireForm === undefined) return;
  try {
    secrets.values(auth.secrets).forEach(auth.requireForm);
  } catch (error) {
    throw new TypeError(`webhook ${path}: ${(error as Error).message}`);
  }
}

/** One starts runs, one tells of them. */
function routesOf(flow: Definition, trigger: WebhookTrigger<any>, services: WebhookServices): Route[] {
  const { path, options } = trigger;
  return [
    { method: options.method, path, answer: (request, url) => receive(flow, trigger, services, request, url) },
    { method: "GET", path, answer: (request, url) => tell(flow, trigger, services, request, url) },
  ];
}

async function receive(
  flow: Definition,
  trigger: WebhookTrigger<any>,
  services: WebhookServices,
  request: Request,
  url: URL,
): Promise<Response> {
  const { auth, map, idempotencyKey, respond, maxBytes } = trigger.options;
  const { headers } = request;
  const bytes = await readBody(request, maxBytes);
  authorize(trigger, services, headers, bytes);
  const body = parseBody(headers, bytes);
  const scheme = auth === "none" ? undefined : auth;
  const greeting = scheme?.greeting?.(body);
  if (greeting !== undefined) return json(200, greeting);
  const given: WebhookRequest = {
    body,
    headers,
    query: url.searchParams,
    deliveryId: scheme?.deliveryId?.(headers, body),
  };
  const payload = map === undefined ? body : await map(given);
  if (map !== undefined && payload === undefined) return new Response(null, { status: 204 });
  requireStorable(payload, flow, services.secrets);
  const checked = await validate(flow.payload, payload);
  if ("issues" in checked) throw new Refusal(400, "The payload isn't what is taken here", { issues: checked.issues });
  const key = keyOf(idempotencyKey === undefined ? given.deliveryId : idempotencyKey(given));
  const { client, taskQueue } = services;
  const start = { key, taskQueue: flow.queue ?? taskQueue };
  if (respond === "step") {
    const { id, response } = await awaitResponse(client, flow.id, payload, start, patienceMs);
    return response === undefined ? accepted(id) : responseOf(response);
  }
  const { id } = await client.withDeadline(Date.now() + startMs, () => startFlow(client, flow, payload, start));
  if (respond === "accepted") return accepted(id);
  return (await resultOf(client, id, patienceMs)) ?? accepted(id);
}

/** How a run is that the webhook started, for who may start one. */
async function tell(
  flow: Definition,
  trigger: WebhookTrigger<any>,
  services: WebhookServices,
  { headers }: Request,
  url: URL,
): Promise<Response> {
  const id = url.searchParams.get("run");
  if (id === null)
    throw new Refusal(405, `GET isn't possible here but with ?run=`, {}, { allow: trigger.options.method });
  authorize(trigger, services, headers, new Uint8Array());
  if (!id.startsWith(`${flow.id}/`)) throw new Refusal(404, "There is no such run");
  const { client } = services;
  const found = await client.withDeadline(Date.now() + startMs, () =>
    client.workflow
      .getHandle(id)
      .describe()
      .catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }),
  );
  if (found?.type !== flow.id) throw new Refusal(404, "There is no such run");
  const status = found.status.name;
  // That the run failed is an answer here, not a failure of the request.
  if (status !== "COMPLETED") return json(200, { id, status });
  return (await resultOf(client, id, startMs)) ?? json(200, { id, status });
}

function authorize(
  { options: { auth } }: WebhookTrigger<any>,
  { secrets }: WebhookServices,
  headers: Headers,
  body: Uint8Array,
): void {
  if (auth === "none") return;
  const why = auth.refusal({ headers, body, at: Date.now() }, secrets.values(auth.secrets));
  if (why !== undefined) throw new Unauthorized(`${auth.scheme}: ${why}`);
}

/** What comes into the history has to be JSON, without secrets. */
function requireStorable(payload: unknown, flow: Definition, secrets: Secrets): void {
  let text: string;
  try {
    text = JSON.stringify(payload) ?? "";
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal(400, "The body is nested too deeply");
    throw error;
  }
  if (secrets.isIn(text))
    throw new Error(`The payload for the flow '${flow.id}' has a secret in it: leave it out by map`);
}

function keyOf(key: unknown): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key === "string" && key !== "" && Buffer.byteLength(key) <= longestKey) return key;
  throw new Refusal(400, `The idempotency key must be a text of 1 to ${longestKey} bytes`);
}

function accepted(id: string): Response {
  // Relative to the request's address: before it there may be what a proxy or another server took away.
  return json(202, { id }, { location: `?run=${encodeURIComponent(id)}` });
}

/** The end of a run, as an answer; undefined if it hasn't ended in time. */
async function resultOf(client: Client, id: string, ms: number): Promise<Response | undefined> {
  const inTime = AbortSignal.timeout(ms);
  try {
    const output = await client.withAbortSignal(inTime, () => client.workflow.getHandle(id).result());
    return json(200, { id, status: "COMPLETED", output });
  } catch (error) {
    if (error instanceof WorkflowFailedError) {
      const status = error.cause instanceof CancelledFailure ? "CANCELLED" : "FAILED";
      return json(500, { id, status });
    }
    if (inTime.aborted) return undefined;
    throw error;
  }
}
