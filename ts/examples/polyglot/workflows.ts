import { ApplicationFailure, executeChild, proxyActivities } from "temporal-bun-sdk/workflow";
import type * as activities from "./activities";
import { refusal } from "./refusal";

// The Worker in Python has activities and Workflows of the same names.
const taskQueue = "polyglot-python";
const python = proxyActivities<typeof activities>({
  taskQueue,
  startToCloseTimeout: "1 minute",
  retry: { initialInterval: 10 },
});

const values: Record<string, unknown> = {
  object: { name: "Ada", tags: ["a", "b"], nested: { ok: true, none: null } },
  bytes: new Uint8Array([0, 1, 254, 255]),
  null: null,
  unicode: "žluťoučký kůň 馬 🐎",
  integer: Number.MAX_SAFE_INTEGER,
  float: 1.5e300,
};

/** What a Workflow learnt of the other language. */
export interface Report {
  /** What each value was over there, and whether it came back as it was: from an activity, and from a child. */
  values: Record<string, { there: string; activity: boolean; child: boolean }>;
  /** How the failure of an activity arrived. */
  activityFailure: SeenFailure;
  /** How the failure of a child arrived. */
  childFailure: SeenFailure;
}

/** A failure, as it arrived. */
export interface SeenFailure {
  type: string;
  message: string;
  nonRetryable: boolean;
  details: unknown[];
  cause: string;
}

/** Calls activities and children in Python. */
export async function bunCallsPython(): Promise<Report> {
  const calls = Object.entries(values).map(async ([name, value]) => {
    const there = await python.describe(value);
    const activity = isSame(value, await python.echo(value));
    const child = isSame(value, await executeChild("echoing", { taskQueue, args: [value] }));
    return [name, { there, activity, child }] as const;
  });
  return {
    values: Object.fromEntries(await Promise.all(calls)),
    activityFailure: await seen(python.refuse("parcel")),
    childFailure: await seen(executeChild("refusing", { taskQueue, args: ["parcel"] })),
  };
}

/** A child for the Workflow in Python: gives back what it gets. */
export async function echoing(value: unknown): Promise<unknown> {
  return value;
}

/** A child for the Workflow in Python, which fails. */
export async function refusing(what: string): Promise<never> {
  throw refusal(what);
}

/** Whether values are equal, whatever the order of their keys. `null` as a whole argument comes back as `undefined`. */
function isSame(sent: unknown, returned: unknown): boolean {
  if (typeof sent !== "object" || sent === null) return sent === (returned ?? null);
  if (typeof returned !== "object" || returned === null) return false;
  if (sent instanceof Uint8Array !== returned instanceof Uint8Array) return false;
  const entries = Object.entries(sent);
  const other = returned as Record<string, unknown>;
  return entries.length === Object.keys(other).length && entries.every(([key, value]) => isSame(value, other[key]));
}

/** What failed an activity or a child is the cause of the failure that its caller gets. */
async function seen(failing: Promise<unknown>): Promise<SeenFailure> {
  try {
    await failing;
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof ApplicationFailure)) throw error;
    const inner = cause.cause as ApplicationFailure;
    return {
      type: cause.type ?? "",
      message: cause.message,
      nonRetryable: cause.nonRetryable ?? false,
      details: cause.details ?? [],
      cause: `${inner.type}: ${inner.message}`,
    };
  }
  throw ApplicationFailure.nonRetryable("It should have failed");
}
