/** What stands around every page: who is logged in. Without a session there is the page for logging in. */

import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet } from "@tanstack/react-router";
import { ApiError, call, logOut } from "../api";
import { ProblemBox } from "./problem-box";

export function Frame() {
  const me = useQuery({ queryKey: ["me"], queryFn: ({ signal }) => call("GET /me", { signal }) });
  if (me.error instanceof ApiError && me.error.problem.status === 401) return <Navigate to="/login" />;
  return (
    <div className="shell">
      <header className="bar">
        <strong>Temporal console</strong>
        {me.data && <span className="quiet">{me.data.name ?? me.data.subject}</span>}
        {me.data?.canLogOut && (
          <button type="button" onClick={() => logOut().then(() => location.assign("/login"))}>
            Log out
          </button>
        )}
      </header>
      <main>{me.error ? <ProblemBox error={me.error} retry={() => me.refetch()} /> : <Outlet />}</main>
    </div>
  );
}
