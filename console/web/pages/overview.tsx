import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { call } from "../api";
import { ProblemBox } from "../parts/problem-box";
import { Status } from "../parts/status";

/** The namespaces that the reader has a grant for, each with its workflows by status. */
export function OverviewPage() {
  const list = useQuery({
    queryKey: ["namespaces"],
    queryFn: ({ signal }) => call("GET /namespaces", { signal }),
    refetchInterval: ({ state }) => (state.error === null ? 30_000 : 3_000),
  });
  return (
    <>
      <h1>Overview</h1>
      {list.error && <ProblemBox error={list.error} retry={() => list.refetch()} />}
      {list.isPending && <p>Loading …</p>}
      {list.data?.rows.length === 0 && <p>No namespace is granted to you. Ask an admin of the console for a grant.</p>}
      <ul className="cards">
        {list.data?.rows.map(({ name, description }) => (
          <li key={name}>
            <h2>
              <Link to="/ns/$ns/workflows" params={{ ns: name }}>
                {name}
              </Link>
            </h2>
            {description !== "" && <p className="quiet">{description}</p>}
            <Counts ns={name} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Counts({ ns }: { ns: string }) {
  const { data, error } = useQuery({
    queryKey: ["workflows", "count", ns],
    queryFn: ({ signal }) => call("GET /ns/:ns/workflows/count", { params: { ns }, signal }),
    refetchInterval: 10_000,
  });
  if (error) return <p className="quiet">{error.message}</p>;
  if (data === undefined) return <p>Loading …</p>;
  return (
    <>
      <p>{data.count.toLocaleString()} workflows</p>
      <ul className="plain">
        {data.groups.map(({ value, count }) => (
          <li key={String(value)}>
            <Link to="/ns/$ns/workflows" params={{ ns }} search={{ q: `ExecutionStatus = "${value}"` }}>
              <Status value={String(value)} /> {count.toLocaleString()}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
