/** What handlers that decide must return, and how runs get it. */
import { ApplicationFailure } from "../../common";
import { type Handler, positiveMs, responseProblem } from "./definition";
import { isKey, longestKey } from "./events/event";
import type { HandlerContext } from "./handler-context";
import type { Call, FlowResponse } from "./plan";
import type { LogLevel } from "./types";

/** The result of a handler as its run gets it. */
export function decision(
  { role, level }: Handler,
  result: unknown,
  { size }: Call,
  { run, log }: HandlerContext,
): unknown {
  switch (role) {
    case "condition":
      return Boolean(result);
    case "items":
      if (!Array.isArray(result)) throw wrong(run.step, "must return an array of items", result);
      return size === undefined ? result : chunks(result, size);
    case "duration":
      try {
        return positiveMs(result, `the duration of '${run.step}'`);
      } catch (error) {
        throw ApplicationFailure.nonRetryable((error as Error).message, "TypeError");
      }
    case "time": {
      const time = new Date(result as string).getTime();
      if (Number.isNaN(time)) throw wrong(run.step, "must return a time", result);
      return time;
    }
    case "match":
      if (!isKey(result)) throw wrong(run.step, `must return a key, a text of 1 to ${longestKey} characters`, result);
      return result;
    case "response":
      return responseOf((result ?? {}) as FlowResponse, run.step);
    case "log":
      log.log(level as LogLevel, String(result));
      return undefined;
    default:
      return result;
  }
}

function responseOf(response: FlowResponse, step: string): FlowResponse {
  const problem = responseProblem(response);
  if (problem !== undefined) throw wrong(step, `must return a response with ${problem}`, response);
  return response;
}

function chunks(items: readonly unknown[], size: number): unknown[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function wrong(step: string, must: string, result: unknown): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`The function of '${step}' ${must}, got ${Bun.inspect(result)}`, "TypeError");
}
