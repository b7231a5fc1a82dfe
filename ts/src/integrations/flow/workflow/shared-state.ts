/** The state of a flow's scope: a Workflow that keeps values for all its runs. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  workflowInfo,
} from "../../../workflow";
import { STATE_GET, STATE_UPDATE } from "../plan";
import type { Scope } from "../state/store";
import { current, type Entry, type Outcome, perform, type Request, remembered } from "./operations";

/** Updates until it continues as new, below the server's limit of 2,000 for a run. */
const updatesPerRun = 1_500;
const largestState = 1_000_000;
const encoder = new TextEncoder();

const getQuery = defineQuery<unknown, [string?]>(STATE_GET);
const update = defineUpdate<Outcome[], [Request[]]>(STATE_UPDATE);

/** What a run hands over to the next one. */
interface Kept {
  entries: Record<string, Entry>;
  done: [string, Outcome][];
}

/** Keeps the state of a scope, for ever. */
export async function sharedState(scope: Scope, kept: Kept = { entries: {}, done: [] }): Promise<void> {
  const entries = new Map(Object.entries(kept.entries));
  const done = new Map(kept.done);
  const sizes = new Map([...entries].map(([key, entry]) => [key, sizeOf(key, entry)]));
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let updates = 0;

  const put = (key: string, entry: Entry | undefined, size: number) => {
    bytes += size - (sizes.get(key) ?? 0);
    if (entry === undefined) {
      entries.delete(key);
      sizes.delete(key);
    } else {
      entries.set(key, entry);
      sizes.set(key, size);
    }
  };
  const apply = ({ id, operation }: Request): Outcome => {
    const known = done.get(id);
    if (known !== undefined) return known;
    const { key } = operation;
    const { entry, outcome } = perform(entries.get(key), operation, Date.now());
    const size = entry === undefined ? 0 : sizeOf(key, entry);
    const after = bytes + size - (sizes.get(key) ?? 0);
    if (after > largestState && size > (sizes.get(key) ?? 0)) {
      const error = `The state of '${scope.flow}' in the scope '${scope.scope}' would have ${after} bytes, more than ${largestState}: use several scopes, or keep it in a database by the option 'state' of the application`;
      return { error };
    }
    put(key, entry, size);
    done.set(id, outcome);
    if (done.size > remembered) done.delete(done.keys().next().value!);
    return outcome;
  };

  setHandler(getQuery, (key?: string) => {
    const now = Date.now();
    if (key !== undefined) return current(entries.get(key), now) ?? null;
    return { scope, entries: Object.fromEntries([...entries].filter(([, entry]) => current(entry, now))) };
  });
  setHandler(update, (requests) => {
    updates++;
    return requests.map(apply);
  });

  for (;;) {
    const next = Math.min(...[...entries.values()].map(({ expires = Number.POSITIVE_INFINITY }) => expires));
    const before = updates;
    const changes = () => updates !== before;
    if (Number.isFinite(next)) await condition(changes, Math.max(next - Date.now(), 1));
    else await condition(changes);
    const now = Date.now();
    for (const [key, entry] of entries) if (current(entry, now) === undefined) put(key, undefined, 0);
    if (updates >= updatesPerRun || workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof sharedState>(scope, { entries: Object.fromEntries(entries), done: [...done] });
    }
  }
}

function sizeOf(key: string, { value }: Entry): number {
  // In bytes, as the server counts what it takes.
  return encoder.encode(key).length + encoder.encode(JSON.stringify(value)).length;
}
