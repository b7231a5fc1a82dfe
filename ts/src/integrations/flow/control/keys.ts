/** What the options of a flow say of one payload. Functions of the options are called here, and nowhere else. */
import { ApplicationFailure, type Priority } from "../../../common";
import type { Definition } from "../definition";
import type { FlowEvent } from "../events/event";
import { type Beginning, failureTypes } from "../plan";
import type { HubStart } from "../workflow/event-messages";

const longestKey = 500;
const longestFairnessKey = 64;

/**
 * What a run goes by that begins with a payload, as the schema gave it.
 *
 * @throws ApplicationFailure, not retryable, if a function of the options throws or gives no key
 */
export function controlled(
  flow: Definition,
  payload: unknown,
  taskQueue: string,
): Pick<Beginning, "gates" | "priority" | "cancelOn"> {
  if (flow.control === undefined) return {};
  const stored = asStored(payload);
  const gates = flow.control.gates.map(({ rule, key }) => ({
    id: gateId(flow, { kind: rule.kind, key, taskQueue }, stored),
    rule,
  }));
  const priority = priorityOf(flow, stored);
  const cancelOn = flow.control.cancelOn.map(({ event, match }) =>
    hubOf(event, match && textOf(flow, `cancelOn '${event.name}'.match`, () => match(stored), longestKey)),
  );
  return {
    ...(gates.length === 0 ? {} : { gates }),
    ...(priority === undefined ? {} : { priority }),
    ...(cancelOn.length === 0 ? {} : { cancelOn }),
  };
}

function hubOf({ name, retain, queues: [queue] }: FlowEvent, key: string | undefined): HubStart {
  return {
    event: name,
    ...(key === undefined ? {} : { key }),
    ...(retain === undefined ? {} : { retain }),
    ...(queue === undefined ? {} : { queue }),
  };
}

/** The payload as steps see it. */
export function asStored(payload: unknown): unknown {
  return payload === undefined ? undefined : JSON.parse(JSON.stringify(payload));
}

/**
 * Id of the Workflow that sees to an option and key. It has the task queue, so that runs never wait for one that no
 * Worker of theirs runs.
 */
export function gateId(
  flow: Definition,
  { kind, key, taskQueue }: { kind: string; key: ((payload: any) => string) | undefined; taskQueue: string },
  stored: unknown,
): string {
  const named = key === undefined ? "" : `/${textOf(flow, `${kind}.key`, () => key(stored), longestKey)}`;
  return `flow-gate/${flow.id}/${kind}${named}@${taskQueue}`;
}

/** Priority of a run and its steps. */
export function priorityOf(flow: Definition, stored: unknown): Priority | undefined {
  const { priority, fairness } = flow.control ?? {};
  if (priority === undefined && fairness === undefined) return undefined;
  const made: Priority = {};
  if (priority !== undefined) made.priorityKey = numberOf(flow, "priority", priority, stored, 1, 5);
  if (fairness !== undefined) {
    made.fairnessKey = textOf(flow, "fairness.key", () => fairness.key(stored), longestFairnessKey);
    if (fairness.weight !== undefined)
      made.fairnessWeight = numberOf(flow, "fairness.weight", fairness.weight, stored, 0.001, 1_000);
  }
  return made;
}

function textOf(flow: Definition, what: string, call: () => unknown, longest: number): string {
  const key = called(flow, what, call);
  if (typeof key === "string" && key !== "" && Buffer.byteLength(key) <= longest) return key;
  throw invalid(flow, what, `must return a text of 1 to ${longest} bytes, got ${Bun.inspect(key)}`);
}

function numberOf(
  flow: Definition,
  what: string,
  given: number | ((payload: any) => number),
  stored: unknown,
  least: number,
  most: number,
): number {
  const value = typeof given === "function" ? called(flow, what, () => given(stored)) : given;
  const isWhole = least < 1 || Number.isInteger(value);
  if (typeof value === "number" && value >= least && value <= most && isWhole) return value;
  throw invalid(flow, what, `must be ${least < 1 ? "a" : "a whole"} number from ${least} to ${most}, got ${value}`);
}

function called(flow: Definition, what: string, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    throw invalid(flow, what, `threw: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid(flow: Definition, what: string, why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${what} of the flow '${flow.id}' ${why}`, failureTypes.control);
}
