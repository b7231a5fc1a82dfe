/** What a run did when: a bar for each activity, timer, child, signal … The same is in a table below. */

import type { EventRow } from "../../../shared/routes/workflows";
import { Table } from "../../parts/table";
import { lasting, Time } from "../../parts/time";

const most = 200;
const rowHeight = 24;
const labelWidth = 220;
const width = 1_000;

interface Bar {
  key: string;
  label: string;
  from: number;
  to: number;
  /** How it ended, from its last event. */
  end: "good" | "bad" | "warn" | "running";
  events: number;
}

export function Timeline({
  events,
  hasMore,
  loadMore,
}: {
  events: readonly EventRow[];
  hasMore: boolean;
  loadMore(): void;
}) {
  const bars = barsOf(events);
  if (bars.length === 0)
    return (
      <p>It has done nothing yet. If that stays so, see on the page of its task queue whether a Worker polls it.</p>
    );
  const shown = bars.slice(-most);
  const start = Math.min(...shown.map(({ from }) => from));
  const length = Math.max(...shown.map(({ to }) => to), start + 1) - start;
  const x = (time: number) => labelWidth + ((time - start) / length) * (width - labelWidth - 8);
  return (
    <>
      {bars.length > most && (
        <p className="quiet">
          The newest {most} of {bars.length}.
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="scroll" tabIndex={0} aria-label="Timeline">
        <svg
          className="timeline"
          viewBox={`0 0 ${width} ${shown.length * rowHeight + 8}`}
          role="img"
          aria-label="Timeline; the table below says the same"
        >
          {shown.map(({ key, label, from, to, end }, at) => (
            <g key={key} transform={`translate(0 ${at * rowHeight + 4})`}>
              <text x={labelWidth - 8} y={16} textAnchor="end">
                {label.length > 30 ? `${label.slice(0, 29)}…` : label}
              </text>
              <rect className={`bar-${end}`} x={x(from)} y={4} width={Math.max(x(to) - x(from), 3)} height={16} rx={3}>
                <title>{`${label}: ${lasting(to - from)}`}</title>
              </rect>
            </g>
          ))}
        </svg>
      </section>
      <Table
        label="Timeline as a table"
        rows={shown.toReversed()}
        keyOf={({ key }) => key}
        columns={[
          { title: "What", cell: ({ label }) => label },
          { title: "From", cell: ({ from }) => <Time value={from} short /> },
          { title: "Took", cell: ({ from, to }) => lasting(to - from) },
          { title: "End", cell: ({ end }) => ends[end] },
          { title: "Events", cell: ({ events: count }) => count },
        ]}
      />
      {hasMore && (
        <button type="button" onClick={loadMore}>
          Load older events
        </button>
      )}
    </>
  );
}

const ends = { good: "done", bad: "failed", warn: "cancelled", running: "under way" } as const;

function barsOf(events: readonly EventRow[]): Bar[] {
  const bars = new Map<string, Bar>();
  for (const { id, group, type, name, time } of events.toReversed()) {
    // Workflow tasks are how it works, not what it does.
    if (type.startsWith("WorkflowTask")) continue;
    const at = Date.parse(time);
    const key = group ?? `event:${id}`;
    const bar = bars.get(key) ?? {
      key,
      label: group?.startsWith("timer:") ? `timer ${name}` : (name ?? type),
      from: at,
      to: at,
      end: "running",
      events: 0,
    };
    bars.set(key, { ...bar, to: at, end: group === undefined ? "good" : endOf(type), events: bar.events + 1 });
  }
  return [...bars.values()];
}

function endOf(type: string): Bar["end"] {
  if (/Failed|TimedOut|Terminated|Rejected/.test(type)) return "bad";
  if (/Canceled/.test(type)) return "warn";
  return /Completed|Fired|Signaled|Accepted/.test(type) ? "good" : "running";
}
