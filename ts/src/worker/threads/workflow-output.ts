import { workflowLogAttributes } from "../../workflow/logs";
import { infoFromMessage } from "../../workflow-realm/info-message";
import type { LogMessage, SinkMessage } from "../../workflow-realm/runtime";
import { receive } from "../../workflow-realm/sendable";
import type { InjectedSinks } from "../sinks";
import type { Logger, LogMetadata } from "../telemetry/logger";
import { LogTimestamp } from "../telemetry/logger";

/** Passes log records of Workflow code on, with the time at which they were made. */
export function deliverLogs(records: readonly LogMessage[], logger: Logger): void {
  for (const { level, message, attributes, timestampMs } of records) {
    const meta: LogMetadata = {
      ...(receive(attributes) as object),
      [LogTimestamp]: BigInt(Math.round(timestampMs)) * 1_000_000n,
    };
    logger.log(level, message, meta);
  }
}

/** Calls the sink functions that Workflow code asked for. What they throw is logged, since the Workflow can't know. */
export function deliverSinkCalls(calls: readonly SinkMessage[], sinks: InjectedSinks<any>, logger: Logger): void {
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
      Promise.resolve(registered.fn(workflowInfo, ...(receive(args) as unknown[]))).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
