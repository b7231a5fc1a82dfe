/** What stands around every page: where to go, which namespace, who is logged in, and help for the keyboard. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { ApiError, call, logOut } from "../api";
import { resources } from "../pages/resources";
import { setPreference, usePreference } from "../preferences";
import { useMay, useMe } from "./me";
import { ProblemBox } from "./problem-box";
import { isTyping } from "./table";

const shortcuts = [
  ["/", "to the filter or the search of the page"],
  ["j, k", "to the next or the one before in a table"],
  ["Enter", "opens it"],
  ["g", "to the menu"],
  ["?", "this list"],
];

export function Frame() {
  const me = useMe();
  const { ns: named } = useParams({ strict: false }) as { ns?: string };
  const help = useRef<HTMLDialogElement>(null);
  useShortcuts(() => help.current?.showModal());
  if (me.error instanceof ApiError && me.error.problem.status === 401) return <ToLogin />;
  const ns = named ?? me.data?.namespace;
  return (
    <div className="shell">
      <header className="bar">
        <Link to="/" className="brand">
          Temporal console
        </Link>
        {ns !== undefined && <NamespaceChoice ns={ns} />}
        <span className="grow" />
        <Preferences />
        <button type="button" onClick={() => help.current?.showModal()} aria-label="Keyboard">
          ?
        </button>
        {me.data && <span className="quiet">{me.data.name ?? me.data.subject}</span>}
        {me.data?.canLogOut && (
          <button type="button" onClick={() => logOut().then(() => location.assign("/login"))}>
            Log out
          </button>
        )}
        <Menu ns={ns} />
      </header>
      <main>
        {me.error && me.data === undefined ? <ProblemBox error={me.error} retry={() => me.refetch()} /> : <Outlet />}
      </main>
      <dialog ref={help} aria-label="Keyboard">
        <h2>Keyboard</h2>
        <dl className="facts">
          {shortcuts.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </div>
  );
}

/** Leaves the page, and with it all that somebody else may have loaded; the login comes back to it. */
function ToLogin() {
  useEffect(() => {
    location.replace(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
  }, []);
  return <p>You have to log in.</p>;
}

function useShortcuts(showHelp: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      if (event.key === "?") showHelp();
      else if (event.key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
      else if (event.key === "g") document.querySelector<HTMLElement>("nav a")?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

/** Pages of the namespace, then those of all. What the reader may not see isn't there. */
function Menu({ ns }: { ns: string | undefined }) {
  const may = useMay();
  const me = useMe();
  const some = (action: (typeof resources)[string]["action"]) =>
    Object.values(me.data?.roles ?? {}).some((list) => list.includes(action));
  return (
    <nav aria-label="Pages">
      {ns !== undefined && may("workflow.read", ns) && (
        <Link to="/ns/$ns/workflows" params={{ ns }} activeProps={{ "aria-current": "page" }}>
          Workflows
        </Link>
      )}
      {ns !== undefined &&
        Object.entries(resources)
          .filter(([, { action, isGlobal }]) => !isGlobal && may(action, ns))
          .map(([kind, { title }]) => (
            <Link key={kind} to="/ns/$ns/$kind" params={{ ns, kind }} activeProps={{ "aria-current": "page" }}>
              {title}
            </Link>
          ))}
      {Object.entries(resources)
        .filter(([, { action, isGlobal }]) => isGlobal && some(action))
        .map(([kind, { title }]) => (
          <Link key={kind} to="/all/$kind" params={{ kind }} activeProps={{ "aria-current": "page" }}>
            {title}
          </Link>
        ))}
      <Link to="/doctor" activeProps={{ "aria-current": "page" }}>
        Doctor
      </Link>
    </nav>
  );
}

function NamespaceChoice({ ns }: { ns: string }) {
  const navigate = useNavigate();
  const { data } = useQuery({ queryKey: ["namespaces"], queryFn: ({ signal }) => call("GET /namespaces", { signal }) });
  const names = data?.rows.map(({ name }) => name) ?? [];
  return (
    <select
      aria-label="Namespace"
      value={ns}
      onChange={(event) => void navigate({ to: "/ns/$ns/workflows", params: { ns: event.target.value } })}
    >
      {(names.includes(ns) ? names : [ns, ...names]).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

function Preferences() {
  const zone = usePreference("zone");
  const theme = usePreference("theme");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return (
    <>
      <select aria-label="Time zone" value={zone} onChange={(event) => setPreference("zone", event.target.value)}>
        <option value="local">local time</option>
        <option value="UTC">UTC</option>
        {Intl.supportedValuesOf("timeZone").map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select aria-label="Colours" value={theme} onChange={(event) => setPreference("theme", event.target.value)}>
        <option>auto</option>
        <option>light</option>
        <option>dark</option>
      </select>
    </>
  );
}
