import type { LogLevel } from "../common";
import { then } from "../common/intact";
import { requireRun } from "./current";
import { ContinueAsNew, isCancellation } from "./errors";
import { compose } from "./interceptors";
import type { WorkflowInfo } from "./interfaces";
import type { WorkflowRun } from "./run/run";
import type { Sink, Sinks } from "./sinks";
import { runningUpdate } from "./update-scope";

/** Logger of Workflow code. */
export interface WorkflowLogger extends Sink {
  /** Logs at level `TRACE`, with additional attributes. */
  trace(message: string, attributes?: Record<string, unknown>): void;
  /** Logs at level `DEBUG`, with additional attributes. */
  debug(message: string, attributes?: Record<string, unknown>): void;
  /** Logs at level `INFO`, with additional attributes. */
  info(message: string, attributes?: Record<string, unknown>): void;
  /** Logs at level `WARN`, with additional attributes. */
  warn(message: string, attributes?: Record<string, unknown>): void;
  /** Logs at level `ERROR`, with additional attributes. */
  error(message: string, attributes?: Record<string, unknown>): void;
}

/** @deprecated Use {@link log} in Workflow code and `Runtime.logger` to receive the records. */
export interface LoggerSinks extends Sinks {
  /** Goes where {@link log} goes. */
  defaultWorkerLogger: WorkflowLogger;
}

/** A log record of Workflow code, as the host hands it to the Worker. */
export interface WorkflowLogRecord {
  /** Severity. */
  level: LogLevel;
  /** Text. */
  message: string;
  /** The attributes of the run, those of the running update, and those of the call. */
  attributes: Record<string, unknown>;
  /** Real time of the call, in milliseconds since the epoch. */
  timestampMs: number;
}

/** Order of severity of the levels. */
export const severity: Readonly<Record<LogLevel, number>> = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4 };

/**
 * Logs to the logger of the Worker, with the Workflow's attributes. Silent while the Workflow is replayed, so that
 * nothing is logged twice. Attributes must be of a kind that `postMessage` can transfer. Interceptors can add to them
 * (`getLogAttributes`).
 */
export const log: WorkflowLogger = Object.freeze({
  trace: (message: string, attributes?: Record<string, unknown>) => write("TRACE", message, attributes),
  debug: (message: string, attributes?: Record<string, unknown>) => write("DEBUG", message, attributes),
  info: (message: string, attributes?: Record<string, unknown>) => write("INFO", message, attributes),
  warn: (message: string, attributes?: Record<string, unknown>) => write("WARN", message, attributes),
  error: (message: string, attributes?: Record<string, unknown>) => write("ERROR", message, attributes),
});

/** Logs for a sink of the old kind, whose functions are named like those of {@link log}. */
export function logFromSink(fnName: string, args: unknown[]): boolean {
  const fn = Object.hasOwn(log, fnName) ? log[fnName] : undefined;
  fn?.(...args);
  return fn !== undefined;
}

function write(level: LogLevel, message: string, attributes?: Record<string, unknown>): void {
  const run = requireRun("Workflow.log(...)");
  const { host } = run;
  if (!host.logsToSink && (run.isReplayingHistoryEvents || severity[level] < host.logSeverity)) return;
  const getAttributes = compose(run, run.interceptors.outbound, "getLogAttributes", (input) => input);
  const own = getAttributes(workflowLogAttributes(run.info));
  const all = { sdkComponent: "workflow", ...own, ...attributesOf(run, attributes) };
  if (host.logsToSink) run.callSink("defaultWorkerLogger", level.toLowerCase(), [message, all]);
  else host.log({ level, message, attributes: all, timestampMs: host.realNow() });
}

/**
 * The fields of given attributes. Reading them mustn't throw: a replay, which logs nothing, would go another way.
 */
function attributesOf({ host }: WorkflowRun, attributes: Record<string, unknown> | undefined): object {
  try {
    host.mapStack(attributes?.error);
    return { ...attributes };
  } catch {
    const copy = host.copy(attributes);
    return typeof copy === "object" && copy !== null ? copy : { attributes: copy };
  }
}

/** Attributes that every log record of a run carries. */
export function workflowLogAttributes({
  namespace,
  taskQueue,
  workflowId,
  runId,
  workflowType,
}: WorkflowInfo): Record<string, unknown> {
  const attributes: Record<string, unknown> = { namespace, taskQueue, workflowId, runId, workflowType };
  const update = runningUpdate();
  if (update !== undefined) {
    attributes.updateId = update.id;
    attributes.updateName = update.name;
  }
  return attributes;
}

/**
 * Calls the Workflow's function and logs its start and its end, on behalf of the Worker.
 *
 * @returns settles like the promise of `execute`
 */
export function executeWithLifecycleLogging(run: WorkflowRun, execute: () => Promise<unknown>): Promise<unknown> {
  const worker = { sdkComponent: "worker" };
  // Asked beforehand so that a silent logger costs nothing, but the steps of the promise stay those of the history.
  const debug = run.host.logsToSink || run.host.logSeverity <= severity.DEBUG;
  if (debug) log.debug("Workflow started", worker);
  return then(
    execute(),
    (result) => {
      if (debug) log.debug("Workflow completed", worker);
      return result;
    },
    (error: unknown) => {
      if (isCancellation(error)) log.debug("Workflow completed as cancelled", worker);
      else if (error instanceof ContinueAsNew) log.debug("Workflow continued as new", worker);
      else log.warn("Workflow failed", { error, ...worker });
      throw error;
    },
  );
}
