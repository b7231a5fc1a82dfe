/** Where a request comes from: which host it was for, and which page made it. */

import { ProblemError } from "../problem";

const forbidden = (title: string, cause: string, fix: string) => new ProblemError({ title, status: 403, cause, fix });

/** The names that requests may be for. */
export interface Hosts {
  /** With the port where there is one: "127.0.0.1:8300". */
  names: ReadonlySet<string>;
  /** Origins of the console's own pages. */
  origins: ReadonlySet<string>;
}

/** Refuses requests for other hosts: a page elsewhere may have given its own name this address. */
export function checkHost(request: Request, { names }: Hosts): void {
  const host = request.headers.get("host") ?? "";
  if (names.has(host.toLowerCase())) return;
  throw forbidden(
    "The console is not known by this name",
    `The request is for the host "${host}"`,
    "Open the console by the address that it printed, or add the name to `hosts` in console.config.ts.",
  );
}

/** Whether a request only asks. */
export const isRead = ({ method }: Request): boolean => method === "GET" || method === "HEAD";

/** Refuses requests that a page of another site makes with the visitor's cookie. */
export function checkSite(request: Request, { origins }: Hosts, strict: boolean): void {
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  if (site !== null && site !== "same-origin" && !(isRead(request) && site === "none"))
    throw crossSite(`Sec-Fetch-Site is "${site}"`);
  if (origin !== null && !origins.has(origin)) throw crossSite(`Origin is "${origin}"`);
  if (isRead(request)) return;
  if (strict && site === null && origin === null) throw crossSite("neither Sec-Fetch-Site nor Origin is there");
  if (request.headers.get("x-tbc") === null) throw crossSite("the header x-tbc is missing");
}

const crossSite = (cause: string) =>
  forbidden(
    "The request does not come from the console's own pages",
    cause,
    "Programs use an API token: `Authorization: Bearer tbc_…`.",
  );

/** Refuses bodies that are not JSON: a form of another site could send those without being asked. */
export function checkJson(request: Request): void {
  const type = request.headers.get("content-type") ?? "";
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new ProblemError({
    title: "The body is not JSON",
    status: 415,
    cause: `Content-Type is "${type}"`,
    fix: "Send JSON, with `Content-Type: application/json`.",
  });
}
