import { requireRun } from "./current";
import type { WorkflowInfo } from "./interfaces";
import { logFromSink } from "./logs";

/** A function of the Worker that Workflow code calls without getting an answer. */
export type SinkFunction = (...args: any[]) => void;

/** Functions of one sink, by name. */
export type Sink = Record<string, SinkFunction>;

/** Sinks, by name. */
export type Sinks = Record<string, Sink>;

/** One call of a sink, on its way to the Worker. */
export interface SinkCall {
  /** Name of the sink. */
  ifaceName: string;
  /** Name of the function. */
  fnName: string;
  /** Copies of the arguments. */
  args: any[];
  /** What `workflowInfo()` was at the time of the call. */
  workflowInfo: WorkflowInfo;
}

/**
 * The way out of a Workflow for data: calls are handed to the functions of that name that the Worker was given
 * (`WorkerOptions.sinks`), after the activation. Nothing comes back, so that nothing can make the Workflow
 * nondeterministic.
 *
 * @returns an object on which every property is a sink, on which every property is a function
 */
export function proxySinks<T extends Sinks>(): T {
  return new Proxy({} as T, {
    get: (_, sink) =>
      new Proxy(
        {},
        {
          get:
            (_, fn) =>
            (...args: unknown[]) =>
              callSink(String(sink), String(fn), args),
        },
      ),
  });
}

function callSink(ifaceName: string, fnName: string, args: unknown[]): void {
  const run = requireRun("Proxied sinks functions");
  if (ifaceName === "defaultWorkerLogger" && logFromSink(fnName, args)) return;
  run.callSink(ifaceName, fnName, args);
}
