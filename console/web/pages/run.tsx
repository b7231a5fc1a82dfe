import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { topicOf } from "../../shared/events";
import type { EventRow } from "../../shared/routes/workflows";
import { call } from "../api";
import { useLive } from "../live";
import { ActionButton } from "../parts/action";
import { FreshnessBar } from "../parts/freshness";
import { ProblemBox } from "../parts/problem-box";
import { Status } from "../parts/status";
import { lasting, Time } from "../parts/time";
import { acts, always, ask } from "./run/acts";
import { History } from "./run/history";
import { Pending } from "./run/pending";
import { Timeline } from "./run/timeline";

const route = getRouteApi("/frame/ns/$ns/workflows/$id/$run");
const tabs = ["history", "timeline", "pending", "relations", "queries"] as const;

/** One run: how it is, what has happened, and what can be done to it. */
export function RunPage() {
  const params = route.useParams();
  const { ns, id, run } = params;
  const { tab = "history" } = route.useSearch();
  const queries = useQueryClient();
  const described = useQuery({
    queryKey: ["run", ns, id, run],
    queryFn: ({ signal }) => call("GET /ns/:ns/workflows/:id/:run", { params, signal }),
    // Attempts of activities are no events.
    refetchInterval: ({ state }) =>
      state.error !== null ? 3_000 : state.data?.workflowExecutionInfo?.closeTime ? false : 5_000,
  });
  // `latest` in the address is one run, which the events, what comes and what is done are of.
  const actual = run === "latest" ? described.data?.workflowExecutionInfo?.execution?.runId : run;
  const shown = { ns, id, run: actual ?? run };
  const key = ["history", ns, id, actual];
  const history = useInfiniteQuery({
    queryKey: key,
    enabled: actual !== undefined,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call("GET /ns/:ns/workflows/:id/:run/history", { params: shown, query: { next: pageParam }, signal }),
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => (state.error === null ? false : 3_000),
  });
  const events = history.data?.pages.flatMap((page) => page.events) ?? [];
  const reload = () => void queries.invalidateQueries({ queryKey: key });
  // What came while the history was on its way.
  const early = useRef<readonly EventRow[]>(undefined);
  const take = (pushed: readonly EventRow[]) => {
    // Not what this page was drawn with: it may have been loaded since.
    const known = queries.getQueryData<typeof history.data>(key);
    const [first, ...others] = known?.pages ?? [];
    early.current = first === undefined ? pushed : undefined;
    if (known === undefined || first === undefined) return;
    const newest = first.events[0]?.id ?? 0;
    const fresh = pushed.filter((event) => event.id > newest).toSorted((a, b) => b.id - a.id);
    if (fresh.length === 0) return;
    void queries.invalidateQueries({ queryKey: ["run", ns, id, run] });
    if (fresh.at(-1)!.id !== newest + 1) return reload();
    queries.setQueryData(key, { ...known, pages: [{ ...first, events: [...fresh, ...first.events] }, ...others] });
  };
  useEffect(() => {
    if (history.isSuccess && early.current !== undefined) take(early.current);
  });
  const freshness = useLive(
    actual === undefined ? [] : [topicOf("run", ns, id, actual)],
    (change) => {
      if (change.kind === "run") take(change.data.events);
    },
    reload,
  );
  if (described.error && described.data === undefined)
    return <ProblemBox error={described.error} retry={() => described.refetch()} />;
  const info = described.data?.workflowExecutionInfo;
  if (info === undefined) return <p>Loading …</p>;
  const status = statusName(info.status);
  const isOpen = status === "Running" || status === "Paused";
  const end = info.closeTime === undefined ? Date.now() : Date.parse(info.closeTime);
  const facts: [string, ReactNode][] = [
    ["Type", info.type?.name],
    ["Run", actual],
    [
      "Task queue",
      <Link key="queue" to="/ns/$ns/$kind/$item" params={{ ns, kind: "queues", item: info.taskQueue ?? "" }}>
        {info.taskQueue}
      </Link>,
    ],
    ["Start", <Time key="start" value={info.startTime} />],
    [isOpen ? "Runs for" : "Took", info.startTime && lasting(end - Date.parse(info.startTime))],
    ["Events", info.historyLength],
    ["Bytes of history", Number(info.historySizeBytes ?? 0).toLocaleString()],
  ];
  return (
    <>
      <div className="title">
        <h1>{id}</h1>
        <Status value={status} />
      </div>
      <FreshnessBar freshness={freshness} />
      <dl className="facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <fieldset className="buttons" aria-label="What can be done">
        {[...(isOpen ? acts : []), ...always].map((act) => (
          <ActionButton key={act.label} act={act} params={shown} onDone={() => void described.refetch()} />
        ))}
      </fieldset>
      <nav className="tabs" aria-label="Parts of the run">
        {tabs.map((name) => (
          <Link
            key={name}
            to="/ns/$ns/workflows/$id/$run"
            params={params}
            search={{ tab: name }}
            aria-current={name === tab ? "page" : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <div className={freshness.problem === undefined ? "" : "stale"}>
        {history.error && events.length === 0 && (
          <ProblemBox error={history.error} retry={() => void history.refetch()} />
        )}
        {tab === "history" && (
          <History
            params={shown}
            events={events}
            hasMore={history.hasNextPage}
            loadMore={() => {
              if (!history.isFetchingNextPage) void history.fetchNextPage();
            }}
          />
        )}
        {tab === "timeline" && (
          <Timeline events={events} hasMore={history.hasNextPage} loadMore={() => void history.fetchNextPage()} />
        )}
        {tab === "pending" && <Pending shown={shown} described={described.data} />}
        {tab === "relations" && <Relations params={shown} />}
        {tab === "queries" && (
          <>
            <p>A Worker of the workflow answers. Queries change nothing.</p>
            <ActionButton act={ask} params={shown} />
          </>
        )}
      </div>
    </>
  );
}

/** `WORKFLOW_EXECUTION_STATUS_TIMED_OUT` as "TimedOut". */
function statusName(status: string | undefined): string {
  const words = (status ?? "").replace("WORKFLOW_EXECUTION_STATUS_", "").toLowerCase().split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function Relations({ params }: { params: { ns: string; id: string; run: string } }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["relations", params],
    queryFn: ({ signal }) => call("GET /ns/:ns/workflows/:id/:run/relations", { params, signal }),
    refetchInterval: 5_000,
  });
  if (error && data === undefined) return <ProblemBox error={error} retry={() => refetch()} />;
  if (data === undefined) return <p>Loading …</p>;
  const { root, parent, children, more } = data;
  const of = ({ workflowId, runId, type, status }: (typeof children)[number]) => (
    <li key={runId}>
      {status && <Status value={status} />}{" "}
      <Link to="/ns/$ns/workflows/$id/$run" params={{ ns: params.ns, id: workflowId, run: runId || "latest" }}>
        {workflowId}
      </Link>{" "}
      <span className="quiet">{type}</span>
    </li>
  );
  if (root === undefined && parent === undefined && children.length === 0)
    return <p>No workflow has started it, and it has started none.</p>;
  return (
    <>
      {root && root.runId !== parent?.runId && (
        <>
          <h2>Root</h2>
          <ul className="plain">{of(root)}</ul>
        </>
      )}
      {parent && (
        <>
          <h2>Parent</h2>
          <ul className="plain">{of(parent)}</ul>
        </>
      )}
      {children.length > 0 && (
        <>
          <h2>Children</h2>
          <ul className="plain">{children.map(of)}</ul>
          {more && <p>These are the first 200.</p>}
        </>
      )}
    </>
  );
}
