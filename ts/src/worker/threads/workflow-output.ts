import { workflowLogAttributes } from "../../workflow/logs";
import type { InjectedSinks } from "../sinks";
import type { Logger, LogMetadata } from "../telemetry/logger";
import { LogTimestamp } from "../telemetry/logger";
import { infoFromMessage } from "./info-message";
import type { WorkflowLogRecord, WorkflowSinkCall } from "./thread-messages";

/** Passes log records of Workflow code on, with the time at which they were made. */
export function deliverLogs(records: readonly WorkflowLogRecord[], logger: Logger): void {
  for (const { level, message, attributes, timestampMs } of records) {
    const meta: LogMetadata = { ...attributes, [LogTimestamp]: BigInt(Math.round(timestampMs)) * 1_000_000n };
    logger.log(level, message, meta);
  }
}

/** Calls the sink functions that Workflow code asked for. What they throw is logged, since the Workflow can't know. */
export function deliverSinkCalls(calls: readonly WorkflowSinkCall[], sinks: InjectedSinks<any>, logger: Logger): void {
  for (const { sink, fn, args, info } of calls) {
    const workflowInfo = infoFromMessage(info);
    const attributes = { ...workflowLogAttributes(workflowInfo), ifaceName: sink, fnName: fn };
    const registered = sinks[sink]?.[fn];
    if (registered === undefined) {
      logger.error("Workflow referenced an unregistered external sink", attributes);
      continue;
    }
    const failed = (error: unknown) =>
      logger.error("External sink function threw an error", { ...attributes, error, workflowInfo });
    try {
      // It may be asynchronous; nobody waits for it.
      Promise.resolve(registered.fn(workflowInfo, ...args)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
