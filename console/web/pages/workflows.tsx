import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { call } from "../api";
import { ProblemBox } from "../parts/problem-box";

const route = getRouteApi("/frame/ns/$ns/workflows");

export function WorkflowsPage() {
  const { ns } = route.useParams();
  const { q: query = "" } = route.useSearch();
  const count = useQuery({
    queryKey: ["workflows", "count", ns, query],
    queryFn: ({ signal }) => call("GET /ns/:ns/workflows/count", { params: { ns }, query: { query }, signal }),
  });
  const list = useInfiniteQuery({
    queryKey: ["workflows", ns, query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call("GET /ns/:ns/workflows", { params: { ns }, query: { query, next: pageParam }, signal }),
    getNextPageParam: (page) => page.next,
  });
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      <h1>Workflows</h1>
      <p className="quiet">
        {count.data && `${count.data.count.toLocaleString()} in ${ns}`}
        {count.data?.groups.map((group) => ` · ${group.count.toLocaleString()} ${group.value}`)}
      </p>
      {list.error && <ProblemBox error={list.error} retry={() => list.refetch()} />}
      {list.isPending && <p>Loading …</p>}
      {list.isSuccess && rows.length === 0 && <p>No workflow here yet. `temporal-bun start` starts one.</p>}
      {rows.length > 0 && <Rows rows={rows} more={list.hasNextPage} loadMore={() => void list.fetchNextPage()} />}
    </>
  );
}

type Row = { workflowId: string; runId: string; type: string; status: string; startTime?: string };

function Rows({ rows, more, loadMore }: { rows: Row[]; more: boolean; loadMore: () => void }) {
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 36,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - 10) loadMore();
  }, [more, last, rows.length, loadMore]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className="rows" ref={scroller} tabIndex={0} aria-label="Workflows">
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <div
              className="row"
              key={row.runId}
              style={{ position: "absolute", insetInline: 0, transform: `translateY(${item.start}px)` }}
            >
              <span className={`status-${row.status}`}>{row.status}</span>
              <span>{row.workflowId}</span>
              <span>{row.type}</span>
              <time dateTime={row.startTime}>{row.startTime && new Date(row.startTime).toLocaleString()}</time>
            </div>
          );
        })}
      </div>
    </section>
  );
}
