import { useEffect, useState } from "react";
import { logIn } from "../api";
import { ProblemBox } from "../parts/problem-box";

/** Logs in with the token behind the `#` of the address, which the console printed. */
export function LoginPage() {
  const [token, setToken] = useState(() => location.hash.slice(1));
  const [error, setError] = useState<Error>();
  const submit = (value: string) => {
    // The token is good for one login, and has no place in the browser's history.
    history.replaceState(null, "", "/login");
    logIn(value).then(
      () => location.assign("/"),
      (reason: Error) => setError(reason),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with the token that the page was opened with
  useEffect(() => {
    if (token !== "") submit(token);
  }, []);
  return (
    <main className="shell">
      <h1>Log in</h1>
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
    </main>
  );
}
