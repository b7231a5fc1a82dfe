/** Pages of what is described in `resources.tsx`: a list, and what one of them is. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { topicOf } from "../../shared/events";
import { callAny } from "../api";
import { useLive } from "../live";
import { ActionButton } from "../parts/action";
import { Filter } from "../parts/filter";
import { FreshnessBar } from "../parts/freshness";
import { Json } from "../parts/json";
import { ProblemBox } from "../parts/problem-box";
import { type Column, Table } from "../parts/table";
import { type Resource, resources } from "./resources";

type Row = any;
type Place = { ns?: string; kind: string };

export function ResourcePage() {
  const { ns, kind } = useParams({ strict: false }) as Place;
  const resource = resources[kind];
  return resource === undefined ? <Missing kind={kind} /> : <List key={kind} {...{ ns, kind, resource }} />;
}

function Missing({ kind }: { kind: string }) {
  return <p>There is no page '{kind}'.</p>;
}

function paramsOf(ns: string | undefined): Record<string, string> {
  return ns === undefined ? {} : { ns };
}

function List({ ns, kind, resource }: Place & { resource: Resource }) {
  const { title, list: key, topic, columns, empty, hasFilter, idOf, item, create = [], note } = resource;
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const queries = useQueryClient();
  const queryKey = ["resource", kind, ns, q];
  const params = paramsOf(ns);
  const { data, error, isPending, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => callAny(key, { params, query: hasFilter ? { query: q } : {}, signal }),
    refetchInterval: ({ state }) => (state.error !== null ? 3_000 : topic === undefined ? 10_000 : false),
  });
  const freshness = useLive(
    topic === undefined ? [] : [topicOf(topic, ...(ns === undefined ? [] : [ns]), ...(hasFilter ? [q] : []))],
    (change) => void queries.setQueryData(queryKey, change.data),
    () => void refetch(),
  );
  const rows: Row[] = data === undefined ? [] : resource.rows === undefined ? (data.rows ?? []) : resource.rows(data);
  const first: Column<Row> = {
    title: columns[0]!.title,
    cell: (row) =>
      item === undefined ? (
        columns[0]!.cell(row)
      ) : ns === undefined ? (
        <Link to="/all/$kind/$item" params={{ kind, item: idOf(row) }}>
          {columns[0]!.cell(row)}
        </Link>
      ) : (
        <Link to="/ns/$ns/$kind/$item" params={{ ns, kind, item: idOf(row) }}>
          {columns[0]!.cell(row)}
        </Link>
      ),
  };
  const acts: Column<Row>[] =
    item === undefined && resource.acts !== undefined
      ? [
          {
            title: "Actions",
            cell: (row) => (
              <div className="buttons">
                {resource.acts!.map((act) => (
                  <ActionButton key={act.label} act={act} params={{ ...params, ...resource.paramsOf(idOf(row)) }} />
                ))}
              </div>
            ),
          },
        ]
      : [];
  return (
    <>
      <div className="title">
        <h1>{title}</h1>
        {create.map((act) => (
          <ActionButton key={act.label} act={act} params={params} />
        ))}
      </div>
      {note !== undefined && <p className="quiet">{note}</p>}
      {hasFilter && (
        <Filter query={q} apply={(to) => void navigate({ to: ".", search: to === "" ? {} : { q: to } } as never)} />
      )}
      <FreshnessBar freshness={freshness} />
      {error && data === undefined && <ProblemBox error={error} retry={() => refetch()} />}
      {isPending && !error && <p>Loading …</p>}
      {data !== undefined && rows.length === 0 && <p>{empty}</p>}
      {rows.length > 0 && (
        <Table
          label={title}
          columns={[first, ...columns.slice(1), ...acts]}
          rows={rows}
          keyOf={idOf}
          isStale={freshness.problem !== undefined || error !== null}
        />
      )}
      {data?.next !== undefined && <p className="quiet">There are more. A filter finds them.</p>}
    </>
  );
}

export function ItemPage() {
  const { ns, kind, item } = useParams({ strict: false }) as Place & { item: string };
  const resource = resources[kind];
  if (resource?.item === undefined) return <Missing kind={kind} />;
  return <Item key={`${kind}/${item}`} {...{ ns, kind, item, resource }} />;
}

function Item({ ns, kind, item, resource }: Place & { item: string; resource: Resource }) {
  const params = { ...paramsOf(ns), ...resource.paramsOf(item) };
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery({
    queryKey: ["item", kind, ns, item],
    queryFn: ({ signal }) => callAny(resource.item!, { params, signal }),
    refetchInterval: ({ state }) => (state.error === null ? 5_000 : 3_000),
  });
  const back = () =>
    void (ns === undefined
      ? navigate({ to: "/all/$kind", params: { kind } })
      : navigate({ to: "/ns/$ns/$kind", params: { ns, kind } }));
  return (
    <>
      <h1>{item}</h1>
      <p className="quiet">{resource.title}</p>
      <fieldset className="buttons" aria-label="What can be done">
        {resource.acts?.map((act) => (
          <ActionButton
            key={act.label}
            act={act}
            params={params}
            more={resource.bodyOf?.(data)}
            onDone={act.key.startsWith("DELETE ") ? back : undefined}
          />
        ))}
      </fieldset>
      {error && data === undefined && <ProblemBox error={error} retry={() => refetch()} />}
      {error && data !== undefined && (
        <p className="notice" role="status">
          {error.message}. What you see is older.
        </p>
      )}
      {data !== undefined && (
        <div className={error ? "stale" : ""}>
          <Json value={data} label={item} />
        </div>
      )}
    </>
  );
}
