import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { topicOf } from "../../shared/events";
import type { Count, WorkflowList, WorkflowRow } from "../../shared/routes/workflows";
import { call } from "../api";
import { useLive } from "../live";
import { ActionButton } from "../parts/action";
import { Filter } from "../parts/filter";
import { FreshnessBar } from "../parts/freshness";
import { ProblemBox } from "../parts/problem-box";
import { Status } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { lasting, Time } from "../parts/time";
import { batchActs, startAct } from "./workflows-acts";

const route = getRouteApi("/frame/ns/$ns/workflows");

/** Workflows, the newest first, as they are now. */
export function WorkflowsPage() {
  const { ns } = route.useParams();
  const { q: query = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const [count, setCount] = useState<Count>();
  const [waiting, setWaiting] = useState<WorkflowList>();
  const [isHeld, setHeld] = useState(false);
  const [chosen, setChosen] = useState<ReadonlyMap<string, WorkflowRow>>(new Map());
  const queryKey = ["workflows", ns, query];
  const list = useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call("GET /ns/:ns/workflows", { params: { ns }, query: { query, next: pageParam }, signal }),
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => (state.error === null ? false : 3_000),
  });
  const rows = rowsOf(list.data);
  const show = (first: WorkflowList) => {
    setWaiting(undefined);
    queries.setQueryData(queryKey, (data: typeof list.data) => withFirst(data, first.rows));
  };
  const freshness = useLive(
    [topicOf("workflows", ns, query)],
    (change) => {
      if (change.kind !== "workflows") return;
      setCount(change.data.count);
      const known = new Set(rows.map(({ runId }) => runId));
      const isNew = change.data.rows.some(({ runId }) => !known.has(runId));
      // Nothing moves away under the pointer.
      if (isHeld && isNew && rows.length > 0) {
        setWaiting(change.data);
        queries.setQueryData(queryKey, (data: typeof list.data) => updated(data, change.data.rows));
      } else show(change.data);
    },
    () => void list.refetch(),
  );
  const known = new Set(rows.map(({ runId }) => runId));
  const news = waiting?.rows.filter(({ runId }) => !known.has(runId)).length ?? 0;
  const toggle = (row: WorkflowRow) => {
    const next = new Map(chosen);
    if (!next.delete(row.runId)) next.set(row.runId, row);
    setChosen(next);
  };
  const columns: Column<WorkflowRow>[] = [
    {
      title: "✓",
      cell: (row) => (
        <input
          type="checkbox"
          aria-label={`Choose ${row.workflowId}`}
          checked={chosen.has(row.runId)}
          onChange={() => toggle(row)}
        />
      ),
    },
    { title: "Status", cell: ({ status }) => <Status value={status} /> },
    {
      title: "Workflow",
      cell: ({ workflowId, runId }) => (
        <Link to="/ns/$ns/workflows/$id/$run" params={{ ns, id: workflowId, run: runId }}>
          {workflowId}
        </Link>
      ),
    },
    { title: "Type", cell: ({ type }) => type },
    { title: "Task queue", cell: ({ taskQueue }) => taskQueue },
    { title: "Start", cell: ({ startTime }) => <Time value={startTime} /> },
    {
      title: "Took",
      cell: ({ startTime, closeTime }) =>
        startTime && closeTime ? lasting(Date.parse(closeTime) - Date.parse(startTime)) : "",
    },
  ];
  return (
    <>
      <div className="title">
        <h1>Workflows</h1>
        <ActionButton act={startAct} params={{ ns }} />
      </div>
      <Filter
        query={query}
        apply={(q) => void navigate({ search: q === "" ? {} : { q } })}
        placeholder={'WorkflowType = "order" AND ExecutionStatus = "Running"'}
      />
      <p className="quiet" role="status">
        {count && `${count.count.toLocaleString()} in ${ns}`}
        {count?.groups.map(({ value, count: of }) => ` · ${of.toLocaleString()} ${value}`)}
      </p>
      <FreshnessBar freshness={freshness} />
      {list.error && rows.length === 0 && <ProblemBox error={list.error} retry={() => list.refetch()} />}
      {list.isPending && <p>Loading …</p>}
      {list.isSuccess && rows.length === 0 && <Nothing query={query} />}
      {news > 0 && (
        <button type="button" className="news" onClick={() => show(waiting!)}>
          {news} new
        </button>
      )}
      {chosen.size > 0 && <Batch ns={ns} chosen={[...chosen.values()]} clear={() => setChosen(new Map())} />}
      {rows.length > 0 && (
        <div onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
          <Table
            label="Workflows"
            columns={columns}
            rows={rows}
            keyOf={({ runId }) => runId}
            isStale={freshness.problem !== undefined}
          />
        </div>
      )}
      {list.hasNextPage && (
        <button type="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {list.isFetchingNextPage ? "Loading …" : "Show 50 more"}
        </button>
      )}
    </>
  );
}

type Pages = InfiniteData<WorkflowList, unknown>;

/** Rows, each once: a row may move to the next page while that is loaded. */
function rowsOf(data: Pages | undefined): WorkflowRow[] {
  const byRun = new Map(data?.pages.flatMap(({ rows }) => rows).map((row) => [row.runId, row]));
  return [...byRun.values()];
}

function withFirst(data: Pages | undefined, first: WorkflowRow[]): Pages | undefined {
  if (data === undefined) return undefined;
  const [page, ...others] = data.pages;
  const shown = new Set(first.map(({ runId }) => runId));
  // What was on the first page and isn't any more has gone down, unless it is shown no longer at all.
  const moved = others.length === 0 ? [] : page!.rows.filter(({ runId }) => !shown.has(runId));
  return { ...data, pages: [{ ...page!, rows: [...first, ...moved] }, ...others] };
}

function updated(data: Pages | undefined, fresh: readonly WorkflowRow[]): Pages | undefined {
  if (data === undefined) return undefined;
  const byRun = new Map(fresh.map((row) => [row.runId, row]));
  const pages = data.pages.map((page) => ({ ...page, rows: page.rows.map((row) => byRun.get(row.runId) ?? row) }));
  return { ...data, pages };
}

function Nothing({ query }: { query: string }) {
  if (query !== "") return <p>No workflow is like this. Shorten the filter, or show all.</p>;
  return (
    <p>
      No workflow here yet. This starts one:{" "}
      <code>bunx temporal-bun start --type hello --task-queue hello --input '"Bun"'</code>
    </p>
  );
}

/** What can be done to all that are chosen. */
function Batch({ ns, chosen, clear }: { ns: string; chosen: readonly WorkflowRow[]; clear(): void }) {
  const executions = chosen.map(({ workflowId, runId }) => ({ id: workflowId, runId }));
  return (
    <fieldset className="buttons" aria-label="Chosen workflows">
      <strong>{chosen.length} chosen</strong>
      {batchActs.map((act) => (
        <ActionButton key={act.label} act={act} params={{ ns }} more={{ executions }} onDone={clear} />
      ))}
      <button type="button" onClick={clear}>
        None
      </button>
    </fieldset>
  );
}
