/**
 * The one way to every route: host → session or token → grant → what was sent → audit of the intent → handler → audit
 * of the outcome. What can't be written to the audit log is not done.
 */

import type { z } from "zod";
import { type Action, allows, type Place, type Roles } from "../../shared/actions";
import type { Problem } from "../../shared/problem";
import type { Route } from "../../shared/route";
import type { Call, Caller } from "../call";
import { badRequest, ProblemError } from "../problem";
import type { Audit, AuditEntry } from "./audit";
import type { Callers } from "./callers";
import { checkHost, checkJson, checkSite, type Hosts, isRead } from "./origin";
import { withoutSecrets } from "./secrets";

/** One request for a route. */
interface Incoming {
  request: Request;
  /** Path below `/api/v1`. */
  path: string;
  params: Record<string, string>;
  ip?: string;
  requestId: string;
}

type AnyRoute = Route<any, any, unknown>;
type AnyHandler = (call: Call<never>) => Promise<unknown>;

interface GateOptions {
  hosts: Hosts;
  roles: Roles;
  callers: Callers;
  audit: Audit;
}

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Lets a request through to a handler. Returns what the handler answers.
   *
   * @throws ProblemError if it may not, or is not right
   */
  async pass(route: AnyRoute, incoming: Incoming, handler: AnyHandler): Promise<unknown> {
    const { request, params } = incoming;
    const caller = await this.identify(request);
    const namespace = params["ns"];
    const place: Place = namespace === undefined ? (route.place ?? "everywhere") : { namespace };
    const isAction = !isRead(request) || route.audited === true;
    const entry = { ...this.#entry(caller, incoming), action: route.action, namespace };
    await this.#demand(caller, route.action, place, isAction, entry);

    const query = parse(route.query, Object.fromEntries(new URL(request.url).searchParams), "query");
    const body = isRead(request) ? {} : parse(route.body, await readJson(request), "body");
    for (const action of route.also?.(body) ?? []) await this.#demand(caller, action, place, isAction, entry);

    const call = {
      params,
      query,
      body,
      caller,
      identity: `console:${caller.subject}`,
      requestId: incoming.requestId,
      signal: request.signal,
      can: (action: Action) => allows(this.#options.roles, caller.grants, action, place),
    } as unknown as Call<never>;
    return isAction ? this.#audited(entry, body, () => handler(call)) : handler(call);
  }

  /**
   * Who makes a request that is for this host and from the console's own pages.
   *
   * @param use whether it counts as use of a session
   * @throws ProblemError if nobody is known, or a page of another site made it
   */
  async identify(request: Request, use = true): Promise<Caller> {
    const { hosts, callers } = this.#options;
    checkHost(request, hosts);
    // A token isn't sent by a browser on its own account.
    if (request.headers.get("authorization") === null) checkSite(request, hosts, callers.mode !== "none");
    return callers.of(request, use);
  }

  /**
   * Who makes a request of a page of another origin that the configuration allows.
   *
   * @throws ProblemError if nobody is known
   */
  async identifyForeign(request: Request): Promise<Caller> {
    checkHost(request, this.#options.hosts);
    return this.#options.callers.of(request);
  }

  /**
   * Refuses who may not do something.
   *
   * @throws ProblemError 403
   */
  demand(caller: Caller, action: Action, place: Place): void {
    if (this.allows(caller, action, place)) return;
    const where =
      typeof place === "object"
        ? `in the namespace "${place.namespace}"`
        : place === "everywhere"
          ? "in all namespaces"
          : "in any namespace";
    throw new ProblemError({
      title: "You may not do this",
      status: 403,
      cause: `${caller.subject} has no grant of ${action} ${where}`,
      fix: "Ask an admin of the console for a role that has this action.",
      action,
    });
  }

  /** Whether a caller may do something at a place. */
  allows(caller: Caller, action: Action, place: Place): boolean {
    return allows(this.#options.roles, caller.grants, action, place);
  }

  async #demand(caller: Caller, action: Action, place: Place, audited: boolean, entry: Entry): Promise<void> {
    if (audited && !this.allows(caller, action, place)) await this.#write({ ...entry, event: "refused", action });
    this.demand(caller, action, place);
  }

  async #audited(entry: Entry, body: Record<string, unknown>, act: () => Promise<unknown>): Promise<unknown> {
    const reason = typeof body["reason"] === "string" ? body["reason"] : undefined;
    const intent = await this.#write({ ...entry, event: "intent", reason, request: withoutSecrets(body) });
    let answer: unknown;
    try {
      answer = await act();
    } catch (error) {
      const outcome = error instanceof Error ? error.message : String(error);
      await this.#write({ ...entry, event: "outcome", intent, outcome: outcome.slice(0, 2000) });
      throw error;
    }
    await this.#write({ ...entry, event: "outcome", intent, outcome: "done" });
    return answer;
  }

  #entry(caller: Caller, { ip, requestId, request, path }: Incoming): Entry {
    return { actor: caller.subject, via: caller.via, ip, requestId, target: `${request.method} ${path}` };
  }

  async #write(entry: AuditEntry): Promise<number> {
    try {
      return await this.#options.audit.append(entry);
    } catch (error) {
      throw new ProblemError({
        title: entry.event === "outcome" ? "The audit log does not have how it ended" : "It was not done",
        status: 503,
        cause: `The audit log can't be written: ${error instanceof Error ? error.message : String(error)}`,
        fix: "Look at the console's store. Nothing is done that can't be written down.",
      });
    }
  }
}

type Entry = Omit<AuditEntry, "event">;

/** The body of a request that must be JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text === "" && request.body === null) return {};
  checkJson(request);
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`The body can't be read as JSON: ${(error as Error).message}`, "Send JSON.");
  }
}

/** Checks what was sent; a route without a schema takes nothing. */
function parse(schema: z.ZodObject | undefined, value: unknown, part: "query" | "body"): Record<string, unknown> {
  if (schema === undefined) return {};
  const result = schema.strict().safeParse(value);
  if (result.success) return result.data;
  const causes = result.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  throw badRequest(`In the ${part}: ${causes.join("; ")}`, "Correct what the cause names; /openapi.json has the form.");
}

/** An error as what the API answers. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof ProblemError) return { ...error.problem, requestId };
  return {
    title: "The console has failed",
    status: 500,
    cause: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    fix: "This is a fault of the console. Its output has more under the request's id.",
    requestId,
  };
}
