import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { localPath } from "../../shared/local-path";
import { logIn, loginMode } from "../api";
import { ProblemBox } from "../parts/problem-box";

const route = getRouteApi("/login");

/** What the kinds of failed logins at an identity provider mean. */
const failures: Record<string, string> = {
  "no-grant": "You are known, but nothing is granted to you here. Ask an admin of the console.",
  provider: "The identity provider can't be reached. Try again in a moment.",
  refused: "The identity provider's answer was not accepted.",
  state: "This login was begun elsewhere, or took too long. Begin again.",
};

export function LoginPage() {
  const mode = useQuery({ queryKey: ["login mode"], queryFn: loginMode });
  const { failed: kind = "", request, to } = route.useSearch();
  const failed = failures[kind];
  return (
    <main className="shell">
      <h1>Log in</h1>
      {failed && (
        <p role="alert">
          {failed} <span className="quiet">Request {request}</span>
        </p>
      )}
      {mode.error && <ProblemBox error={mode.error} retry={() => mode.refetch()} />}
      {mode.data?.mode === "oidc" && (
        <a href={`/auth/login?to=${encodeURIComponent(localPath(to))}`}>Log in at your identity provider</a>
      )}
      {mode.data?.mode === "token" && <TokenForm to={to} />}
      {mode.data?.mode === "none" && <a href={localPath(to)}>No login is needed</a>}
    </main>
  );
}

/** Logs in with the token behind the `#` of the address, which the console printed. */
function TokenForm({ to }: { to: string | undefined }) {
  const [token, setToken] = useState(() => location.hash.slice(1));
  const [error, setError] = useState<Error>();
  const submit = (value: string) => {
    // The token is good for one login, and has no place in the browser's history.
    history.replaceState(null, "", location.pathname + location.search);
    logIn(value).then(
      () => location.assign(localPath(to)),
      (reason: Error) => setError(reason),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with the token that the page was opened with
  useEffect(() => {
    if (token !== "") submit(token);
  }, []);
  return (
    <>
      <p>The console has printed an address with a token on its terminal. Open it, or paste the token here.</p>
      {error && <ProblemBox error={error} />}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(token);
        }}
      >
        <label>
          Token <input type="password" value={token} onChange={(event) => setToken(event.target.value)} />
        </label>{" "}
        <button type="submit">Log in</button>
      </form>
    </>
  );
}
