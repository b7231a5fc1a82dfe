import type { Freshness } from "../live";
import { Time } from "./time";

/** Says when what is shown is old, and since when. It is there by itself when the server is back. */
export function FreshnessBar({ freshness: { problem, since, denied } }: { freshness: Freshness }) {
  if (denied !== undefined)
    return (
      <p className="notice" role="status">
        You may not watch this: your grants don't have the action <code>{denied}</code>.
      </p>
    );
  if (problem === undefined) return null;
  return (
    <p className="notice" role="status">
      <strong>{problem.title}.</strong> {problem.cause}. What you see is as of <Time value={since} short />.
    </p>
  );
}
