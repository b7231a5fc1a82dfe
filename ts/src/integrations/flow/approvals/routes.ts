/**
 * The page on which a person decides. A GET decides nothing, since mail programs and scanners follow links: it shows a
 * form, whose POST does.
 */
import type { Client } from "../../../client";
import { WorkflowNotFoundError } from "../../../common";
import type { Definition } from "../definition";
import { json, parseBody, Refusal, readBody } from "../http/body";
import type { Route } from "../http/server";
import { type Decision, PENDING_QUERY, type PendingApproval } from "../plan";
import { DecisionInvalid, decide } from "./decide";
import { isOverAlready, TokenRefused, type Wait, waitOf } from "./token";

/** Where the pages are. */
export const approvalsPath = "/flow/approvals/";
const largestForm = 64 * 1024;

interface ApprovalsOf {
  client: Client;
  flows: ReadonlyMap<string, Definition>;
  keys: readonly string[];
}

const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
};

/** The routes of the page. */
export function approvalRoutes(of: ApprovalsOf): Route[] {
  const path = `${approvalsPath}*`;
  return [
    { method: "GET", path, answer: (_, url) => show(of, tokenIn(url)) },
    { method: "POST", path, answer: (request, url) => receive(of, request, tokenIn(url)) },
  ];
}

function tokenIn(url: URL): string {
  return url.pathname.slice(approvalsPath.length);
}

async function show({ client, keys }: ApprovalsOf, token: string): Promise<Response> {
  try {
    const wait = waitOf(keys, token, Date.now());
    if (!(await isPending(client, wait))) throw isOverAlready();
    return page(200, wait.path, form(wait));
  } catch (error) {
    return refused(error);
  }
}

async function receive({ client, flows, keys }: ApprovalsOf, request: Request, token: string): Promise<Response> {
  const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") === true;
  try {
    const wait = waitOf(keys, token, Date.now());
    const body = parseBody(request.headers, await readBody(request, largestForm));
    const given = (typeof body === "object" && body !== null ? body : {}) as Decision;
    await decide(client, flows, wait, isForm ? fromForm(given) : given);
    if (!isForm) return json(200, { decision: given.decision });
    return page(200, wait.path, `<p>${given.decision === "approved" ? "Approved" : "Denied"}. Thank you.</p>`);
  } catch (error) {
    if (isForm) return refused(error);
    if (error instanceof TokenRefused) throw new Refusal(error.isOver ? 410 : 403, error.message);
    if (error instanceof DecisionInvalid) throw new Refusal(400, error.message);
    throw error;
  }
}

/** Fields of a form are texts: what was left empty isn't there, and what is JSON is a value. */
function fromForm({ decision, by, input }: Decision): Decision {
  const given: Decision = { decision };
  if (by) given.by = by;
  if (typeof input !== "string" || input.trim() === "") return given;
  try {
    given.input = JSON.parse(input);
  } catch {
    given.input = input;
  }
  return given;
}

async function isPending(client: Client, { workflowId, run, path }: Wait): Promise<boolean> {
  try {
    const pending = await client.workflow.getHandle(workflowId).query<PendingApproval[], []>(PENDING_QUERY);
    return pending.some((one) => one.run === run && one.path === path);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function refused(error: unknown): Response {
  if (error instanceof TokenRefused)
    return page(error.isOver ? 410 : 403, "Not possible", `<p>${escaped(error.message)}.</p>`);
  if (error instanceof DecisionInvalid || error instanceof Refusal) {
    const status = error instanceof Refusal ? error.status : 400;
    return page(status, "Not possible", `<p>${escaped(error.message)}.</p><p>Go back and try again.</p>`);
  }
  throw error;
}

function form({ flow, workflowId, until }: Wait): string {
  const end = until === undefined ? "" : `<p>Until <time>${new Date(until).toISOString()}</time>.</p>`;
  return `<p>${escaped(flow)}, run <code>${escaped(workflowId)}</code></p>${end}
<form method="post">
<label>Your name <input name="by" maxlength="200" autocomplete="name"></label>
<label>Comment or input <textarea name="input" rows="4"></textarea></label>
<button name="decision" value="approved">Approve</button>
<button name="decision" value="denied">Deny</button>
</form>`;
}

function page(status: number, title: string, content: string): Response {
  const style =
    "body{font:1rem/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}label{display:block;margin:1rem 0}input,textarea{display:block;width:100%;font:inherit}button{font:inherit;padding:.5rem 1rem}";
  const text = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head>
<body><main><h1>${escaped(title)}</h1>${content}</main></body></html>\n`;
  return new Response(text, { status, headers });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
