/** The events of a run, the newest first: only those are in the page that are seen. */

import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { EventRow } from "../../../shared/routes/workflows";
import { call } from "../../api";
import { Json } from "../../parts/json";
import { ProblemBox } from "../../parts/problem-box";
import { Time } from "../../parts/time";

interface Properties {
  params: { ns: string; id: string; run: string };
  events: readonly EventRow[];
  hasMore: boolean;
  loadMore(): void;
}

export function History({ params, events, hasMore, loadMore }: Properties) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState<number>();
  const scroller = useRef<HTMLDivElement>(null);
  const words = text.toLowerCase();
  const shown = events.filter(({ type, name = "", detail = "" }) =>
    `${type} ${name} ${detail}`.toLowerCase().includes(words),
  );
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 34,
    overscan: 12,
    getItemKey: (at) => shown[at]!.id,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= shown.length - 20) loadMore();
  }, [hasMore, last, shown.length, loadMore]);
  return (
    <>
      <div className="filter">
        <label htmlFor="event-filter">Find</label>
        <input
          id="event-filter"
          data-search
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder="a type, a name, a message"
        />
        <span className="quiet" role="status">
          {shown.length.toLocaleString()} events{hasMore && " so far"}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="rows" ref={scroller} tabIndex={0} aria-label="History">
        <div className="virtual" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start, key }) => {
            const { id, time, type, name, detail } = shown[index]!;
            return (
              <div
                className="row"
                key={key}
                data-index={index}
                ref={virtual.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                <button
                  type="button"
                  className="event"
                  aria-expanded={open === id}
                  onClick={() => setOpen(open === id ? undefined : id)}
                >
                  <span className="number">{id}</span>
                  <Time value={time} short />
                  <span className={/Failed|TimedOut|Terminated/.test(type) ? "bad" : ""}>{type}</span>
                  <span>{name}</span>
                  <span className="quiet">{detail}</span>
                </button>
                {open === id && <Event params={params} id={id} />}
              </div>
            );
          })}
        </div>
      </section>
    </>
  );
}

function Event({ params, id }: { params: Properties["params"]; id: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["event", params, id],
    // An event never changes.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      call("GET /ns/:ns/workflows/:id/:run/history/:event", { params: { ...params, event: String(id) }, signal }),
  });
  if (error) return <ProblemBox error={error} retry={() => refetch()} />;
  return data === undefined ? <p>Loading …</p> : <Json value={data} label={`Event ${id}`} />;
}
