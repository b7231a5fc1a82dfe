/** Failures of Workflows and updates, for people and for programs. */

import type { Output } from "../output";
import { indented } from "./text";

type Described = Error & Record<string, unknown>;

/** What failures say beside their message, as far as it is there. */
const facts = [
  "type",
  "nonRetryable",
  "details",
  "activityType",
  "activityId",
  "workflowType",
  "endpoint",
  "service",
  "operation",
  "timeoutType",
  "retryState",
  "identity",
] as const;

/** A failure and its causes as JSON. */
interface FailureJson {
  kind: string;
  message: string;
  stack?: string;
  cause?: FailureJson;
  [fact: string]: unknown;
}

/** A failure and its causes as JSON. */
export function failureJson(error: unknown): FailureJson {
  const { name, message, stack, cause, ...rest } = fields(error);
  const said = facts.flatMap((fact) => {
    const value = rest[fact];
    return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
      ? []
      : [[fact, value] as const];
  });
  return {
    kind: name,
    message,
    ...Object.fromEntries(said),
    ...(framesOf(stack).length === 0 ? {} : { stack: framesOf(stack).join("\n") }),
    ...(cause === undefined ? {} : { cause: failureJson(cause) }),
  };
}

/** A failure and its causes as lines: the outermost first, the stack that the innermost came with last. */
export function failureLines(error: unknown, output: Output): string[] {
  const lines: string[] = [];
  for (let current: unknown = error; current !== undefined; current = fields(current).cause) {
    const { name, message, cause, stack, type, activityType, workflowType, timeoutType, retryState } = fields(current);
    const about = [activityType ?? workflowType, timeoutType, retryState].filter(Boolean).join(", ");
    const kind = type ? `${name} (${type})` : name;
    lines.push(
      `  ${lines.length === 0 ? "" : "caused by "}${output.style("red", kind)}: ${indented(message, 6)}${about === "" ? "" : ` [${about}]`}`,
    );
    if (cause === undefined)
      lines.push(...framesOf(stack).map((frame) => output.style("dim", `      ${frame.trim()}`)));
  }
  return lines;
}

function fields(error: unknown): Described {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  return { ...(error as object), name, message, stack, cause } as Described;
}

/** The frames of programs: what stands before them is the message again, and the SDK's own say nothing. */
function framesOf(stack: string | undefined): string[] {
  return (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !/\bnode_modules\/temporal-bun-sdk\//.test(line));
}
