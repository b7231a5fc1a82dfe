/** What the console pushes: one stream for each page that shows something that changes. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Action } from "../shared/actions";
import type { StreamEvents } from "../shared/events";
import type { Problem } from "../shared/problem";

type Change = StreamEvents["change"];

/** How fresh what a page shows is. */
export interface Freshness {
  /** Why it is old; nothing while it is fresh. */
  problem?: Pick<Problem, "title" | "cause">;
  /** When it was fresh last, in milliseconds since the epoch. */
  since?: number;
  /** The action that the caller may not do, so that nothing is pushed. */
  denied?: Action;
}

const unreachable = {
  title: "The console can't be reached",
  cause: "The connection has broken. It is tried again every few seconds",
};

/**
 * Listens to topics for as long as the page is there. The browser comes back by itself when the connection breaks, with
 * the id of the last event that it has seen.
 *
 * @param on gets each change
 * @param reload is called when changes were missed: then the API is to be asked
 */
export function useLive(topics: readonly string[], on: (change: Change) => void, reload: () => void): Freshness {
  const [freshness, setFreshness] = useState<Freshness>({});
  const handlers = useRef({ on, reload });
  handlers.current = { on, reload };
  const queries = useQueryClient();
  const address = `/api/v1/events?topics=${topics.map(encodeURIComponent).join(",")}`;
  const isAny = topics.length > 0;
  useEffect(() => {
    if (!isAny) return;
    let fresh = Date.now();
    let again: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource;
    const old = (problem: NonNullable<Freshness["problem"]>) => setFreshness({ problem, since: fresh });
    const listen = () => {
      source = new EventSource(address);
      const take = <Name extends keyof StreamEvents>(name: Name, handle: (data: StreamEvents[Name]) => void) =>
        source.addEventListener(name, ({ data }) => handle(JSON.parse(data) as StreamEvents[Name]));
      take("change", (change) => {
        fresh = Date.now();
        setFreshness({});
        handlers.current.on(change);
      });
      take("stale", ({ problem }) => old(problem));
      take("resync", () => handlers.current.reload());
      take("denied", ({ action }) => setFreshness({ denied: action }));
      source.addEventListener("open", () => setFreshness((now) => (now.problem === unreachable ? {} : now)));
      source.addEventListener("error", () => {
        old(unreachable);
        if (source.readyState !== EventSource.CLOSED) return;
        // One that the console refused isn't tried again by the browser. Perhaps the session has ended.
        void queries.invalidateQueries({ queryKey: ["me"] });
        again = setTimeout(listen, 3_000);
      });
    };
    listen();
    return () => {
      clearTimeout(again);
      source.close();
    };
  }, [address, isAny, queries]);
  return freshness;
}
