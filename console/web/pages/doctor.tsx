import { useQuery } from "@tanstack/react-query";
import { call } from "../api";
import { Json } from "../parts/json";
import { ProblemBox } from "../parts/problem-box";

/** What the Temporal server is and can, and who the reader is. */
export function DoctorPage() {
  const server = useQuery({
    queryKey: ["capabilities"],
    queryFn: ({ signal }) => call("GET /capabilities", { signal }),
    refetchInterval: ({ state }) => (state.error === null ? false : 3_000),
  });
  const me = useQuery({ queryKey: ["me"], queryFn: ({ signal }) => call("GET /me", { signal }) });
  return (
    <>
      <h1>Doctor</h1>
      {server.error && <ProblemBox error={server.error} retry={() => server.refetch()} />}
      {server.isPending && <p>Loading …</p>}
      {server.data && (
        <>
          <dl className="facts">
            <div>
              <dt>Server</dt>
              <dd>{server.data.address}</dd>
            </div>
            <div>
              <dt>Health</dt>
              <dd>{server.data.health}</dd>
            </div>
            <div>
              <dt>Version</dt>
              <dd>{server.data.cluster.serverVersion}</dd>
            </div>
            <div>
              <dt>Persistence</dt>
              <dd>{server.data.cluster.persistenceStore}</dd>
            </div>
          </dl>
          <h2>What it can</h2>
          <Json value={server.data.system.capabilities} label="Capabilities" />
        </>
      )}
      {me.data && (
        <>
          <h2>You</h2>
          <Json value={{ subject: me.data.subject, via: me.data.via, grants: me.data.grants }} label="Your grants" />
        </>
      )}
    </>
  );
}
