/** `ctx.state`: what steps see of the state. */
import { ApplicationFailure, type Duration } from "../../../common";
import { positiveMs } from "../definition";
import { outputText } from "../outputs";
import { failureTypes } from "../plan";
import type { Secrets } from "../secrets";
import type { Operation } from "../workflow/operations";
import type { StateStore } from "./store";

/** Options of what is kept. */
export interface StateOptions {
  /** How long it is kept. Default: for ever, and for a counter as long as it was to be kept before. */
  ttl?: Duration;
}

/**
 * State that outlives a run: values of JSON under keys, shared by all runs of a flow. What changes it is done once,
 * however often the step that does it is tried.
 */
export interface FlowState {
  /** The value of a key; undefined if there is none, or it is over. */
  get<T = any>(key: string): Promise<T | undefined>;
  /** Keeps a value. */
  set(key: string, value: unknown, options?: StateOptions): Promise<void>;
  /** Adds to a number, which is 0 at first. Returns the sum. @throws ApplicationFailure if it is no number */
  incr(key: string, by?: number, options?: StateOptions): Promise<number>;
  /** Forgets a key. Returns whether there was one. */
  delete(key: string): Promise<boolean>;
  /** Keeps a value if the one before is `expected`, where undefined means none. Returns whether it was. */
  cas(key: string, expected: unknown, value: unknown, options?: StateOptions): Promise<boolean>;
  /** Another scope of the flow's state. Operations on one scope follow one another, those on several don't. */
  for(scope: string): FlowState;
}

/** Where a step is that uses state. */
interface StateOf {
  store: StateStore;
  flow: string;
  /** The same for each attempt at the step. */
  idempotencyKey: string;
  secrets: Secrets;
}

const longestName = 200;

/** The state of a flow, for one attempt at a step. */
export function stateFor({ store, flow, idempotencyKey, secrets }: StateOf): FlowState {
  // Counted over all scopes, so that the next attempt does the same operations under the same ids.
  let operations = 0;
  const scoped = (scope: string): FlowState => {
    const apply = async (operation: Operation): Promise<any> => {
      checkName("key", operation.key);
      const id = `${idempotencyKey}:${operations++}`;
      const outcome = await store.apply({ flow, scope }, { id, operation });
      if ("error" in outcome) throw ApplicationFailure.nonRetryable(outcome.error, failureTypes.state);
      return outcome.value;
    };
    const checked = (key: string, value: unknown): unknown => {
      const text = outputText(value, `the value of '${key}' in the state`);
      if (text === undefined)
        throw ApplicationFailure.nonRetryable(`The value of '${key}' is undefined: use delete`, failureTypes.state);
      if (secrets.isIn(text))
        throw ApplicationFailure.nonRetryable(
          `The value of '${key}' in the state has a secret in it`,
          failureTypes.secret,
        );
      return JSON.parse(text);
    };
    return {
      get: async (key) => {
        checkName("key", key);
        return (await store.get({ flow, scope }, key)) as any;
      },
      set: (key, value, options) => apply({ do: "set", key, value: checked(key, value), ...timeOf(options) }),
      incr: (key, by = 1, options) => {
        if (!Number.isFinite(by))
          throw ApplicationFailure.nonRetryable(`incr('${key}') needs a number, got ${by}`, failureTypes.state);
        return apply({ do: "incr", key, by, ...timeOf(options) });
      },
      delete: (key) => apply({ do: "delete", key }),
      cas: (key, expected, value, options) =>
        apply({
          do: "cas",
          key,
          ...(expected === undefined ? {} : { expected: checked(key, expected) }),
          value: checked(key, value),
          ...timeOf(options),
        }),
      for: (other) => {
        checkName("scope", other);
        return scoped(other);
      },
    };
  };
  return scoped("default");
}

function timeOf({ ttl }: StateOptions = {}): { ttl?: number } {
  return ttl === undefined ? {} : { ttl: positiveMs(ttl, "ttl") };
}

function checkName(what: string, name: unknown): void {
  if (typeof name !== "string" || name === "" || name.length > longestName)
    throw ApplicationFailure.nonRetryable(
      `A ${what} of the state must be a text of 1 to ${longestName} characters, got ${JSON.stringify(name)}`,
      failureTypes.state,
    );
}
