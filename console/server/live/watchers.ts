/** How each kind of topic is watched. */

import { partsOf, type TopicData, type TopicKind } from "../../shared/events";
import type { Response, RouteKey } from "../../shared/routes";
import type { EventRow } from "../../shared/routes/workflows";
import type { Call, Handlers } from "../call";
import type { Audit } from "../gate/audit";
import { ProblemError } from "../problem";
import { eventRow, type RunKey } from "../temporal/history";
import type { Temporal } from "../temporal/temporal";
import type { Visibility } from "../temporal/visibility";
import type { Publish, Watch, Watcher } from "./hub";

interface WatchContext {
  temporal: Temporal;
  visibility: Visibility;
  handlers: Handlers<RouteKey>;
  audit: Audit;
}

/** A list that has not changed for so long is asked for less often. */
const idleAfterMs = 30_000;
const idleEveryMs = 10_000;
const listEveryMs = 2000;
const runRows = 50;
const longPollMs = 70_000;

/** What is asked for again and again by a route's handler: how often, and with which parameters. */
const polled = {
  activities: { key: "GET /ns/:ns/activities", names: ["ns", "query"], everyMs: listEveryMs },
  batch: { key: "GET /ns/:ns/batch", names: ["ns"], everyMs: listEveryMs },
  job: { key: "GET /ns/:ns/batch/:job", names: ["ns", "job"], everyMs: listEveryMs },
  deployments: { key: "GET /ns/:ns/deployments", names: ["ns"], everyMs: 10_000 },
  hosts: { key: "GET /ns/:ns/hosts", names: ["ns"], everyMs: 5000 },
  queue: { key: "GET /ns/:ns/queues/:q", names: ["ns", "q"], everyMs: 5000 },
  schedules: { key: "GET /ns/:ns/schedules", names: ["ns"], everyMs: 10_000 },
} as const satisfies Partial<Record<TopicKind, { key: RouteKey; names: readonly string[]; everyMs: number }>>;

/** Watches any topic. */
export function watching(context: WatchContext): Watch {
  return (topic, publish, signal) => {
    const [kind = "", ...parts] = partsOf(topic);
    if (kind === "workflows") return workflows(context, parts, publish, signal);
    if (kind === "run") return run(context, parts, publish, signal);
    if (kind === "audit") return repeat(() => newest(context), listEveryMs, publish, signal);
    const { key, names, everyMs } = polled[kind as keyof typeof polled];
    const values = Object.fromEntries(names.map((name, index) => [name, parts[index] ?? ""]));
    return repeat(() => ask(context, key, values, signal), everyMs, publish, signal);
  };
}

/** How many parts a topic of a kind has. */
export function partCount(kind: TopicKind): number {
  if (kind === "audit") return 0;
  if (kind === "run") return 3;
  return kind === "workflows" ? 2 : polled[kind].names.length;
}

/** Calls a handler as somebody who sees no payloads, because all who watch get the same. */
function ask(
  { handlers }: WatchContext,
  key: RouteKey,
  values: Record<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  const call = {
    params: values,
    query: { query: values["query"] ?? "", pageSize: 50 },
    body: {},
    caller: { subject: "console", via: "none", grants: [] },
    identity: "console",
    requestId: crypto.randomUUID(),
    signal,
    can: () => false,
  } as unknown as Call<never>;
  return (handlers[key] as (call: Call<never>) => Promise<Response<RouteKey>>)(call);
}

async function newest({ audit }: WatchContext): Promise<TopicData["audit"]> {
  return { rows: await audit.page(undefined, runRows) };
}

/** Asks again and again; tells what is different from the time before. */
function repeat(get: () => Promise<unknown>, everyMs: number, publish: Publish, signal: AbortSignal): Watcher {
  let latest: unknown;
  let text: string | undefined;
  let changed = performance.now();
  void (async () => {
    while (!signal.aborted) {
      try {
        const data = await get();
        if (signal.aborted) return;
        const now = JSON.stringify(data);
        latest = data;
        // After a failure it is told even if it is the same: it isn't old any more.
        if (now !== text) {
          text = now;
          changed = performance.now();
          publish.change(data);
        }
      } catch (error) {
        if (signal.aborted) return;
        text = undefined;
        publish.stale(error);
      }
      const idle = performance.now() - changed > idleAfterMs;
      await pause(idle ? Math.max(everyMs, idleEveryMs) : everyMs, signal);
    }
  })();
  return { snapshot: () => latest };
}

/** The first page every time; the counts when that has changed, and now and then: older runs end as well. */
function workflows(
  { visibility }: WatchContext,
  [namespace = "", query = ""]: string[],
  publish: Publish,
  signal: AbortSignal,
): Watcher {
  let rowsText = "";
  let count: TopicData["workflows"]["count"] | undefined;
  let counted = 0;
  const get = async (): Promise<TopicData["workflows"]> => {
    const { rows, next } = await visibility.list(namespace, { query, pageSize: 50 });
    const text = JSON.stringify(rows);
    if (count === undefined || text !== rowsText || performance.now() - counted > idleEveryMs) {
      count = await visibility.count(namespace, query, "ExecutionStatus");
      counted = performance.now();
      rowsText = text;
    }
    return { rows, more: next !== undefined, count };
  };
  return repeat(get, listEveryMs, publish, signal);
}

/** The server answers when there are new events. */
function run(
  { temporal }: WatchContext,
  [namespace = "", workflowId = "", runId = ""]: string[],
  publish: Publish,
  signal: AbortSignal,
): Watcher {
  const key: RunKey = { namespace, workflowId, runId };
  let rows: EventRow[] = [];
  let closed = false;
  let told = false;
  void (async () => {
    let nextPageToken: string | undefined;
    while (!signal.aborted && !closed) {
      try {
        const answer = await temporal.call(
          "getWorkflowExecutionHistory",
          {
            namespace,
            execution: { workflowId, runId: key.runId },
            maximumPageSize: 1000,
            waitNewEvent: true,
            nextPageToken,
          },
          { signal, ms: longPollMs },
        );
        const known = rows.at(-1)?.id ?? 0;
        const fresh = (answer.history?.events ?? []).map(eventRow).filter(({ id }) => id > known);
        nextPageToken = answer.nextPageToken || undefined;
        closed = nextPageToken === undefined;
        rows = [...rows, ...fresh].slice(-runRows);
        // While what was there before is read, a full page comes after the other: all but the end is old.
        const caughtUp = fresh.length < 1000 || closed;
        if (!caughtUp || (fresh.length === 0 && told && !closed)) continue;
        publish.change({ events: told ? fresh : rows, closed } satisfies TopicData["run"]);
        told = true;
      } catch (error) {
        if (signal.aborted) return;
        // A server that has started again may not know the token.
        nextPageToken = undefined;
        told = false;
        publish.stale(error);
        if (error instanceof ProblemError && error.problem.status === 404) return;
        await pause(listEveryMs, signal);
      }
    }
  })();
  return { snapshot: () => (told ? ({ events: rows, closed } satisfies TopicData["run"]) : undefined) };
}

/** Waits, or until it is over. Leaves nothing behind at the signal, which lives as long as the watcher. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return promise;
}
