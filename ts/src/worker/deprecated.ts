/** What the official SDK keeps for programs that were written for its older versions. */
import type { Context } from "../activity";
import { IllegalStateError, type Next, SdkComponent } from "../common";
import type {
  GetLogAttributesInput,
  LoggerSinks,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from "../workflow";
import { activityLogAttributes } from "./activities/activity-info";
import { GracefulShutdownPeriodExpiredError, ShutdownError, TransportError, UnexpectedError } from "./errors";
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, WorkerInterceptors } from "./interceptors";
import type { InjectedSinks } from "./sinks";
import { type Logger, type LogLevel, type LogMetadata, loggerWithAttributes } from "./telemetry/logger";
import { Runtime } from "./telemetry/runtime";

/**
 * The sink that sends the log records of Workflows to `logger` instead of the Runtime's.
 *
 * @deprecated Set `Runtime.logger`.
 * @param logger where they go. Without one there is no sink, and they go to the Runtime's
 */
export function defaultSinks(logger?: Logger): InjectedSinks<LoggerSinks> {
  if (logger === undefined) return {} as InjectedSinks<LoggerSinks>;
  const sdk = loggerWithAttributes(logger, () => ({ sdkComponent: SdkComponent.workflow }));
  const level = (name: LogLevel) => ({
    fn: (_info: unknown, message: string, attributes?: Record<string, unknown>) => sdk.log(name, message, attributes),
  });
  return {
    defaultWorkerLogger: {
      trace: level("TRACE"),
      debug: level("DEBUG"),
      info: level("INFO"),
      warn: level("WARN"),
      error: level("ERROR"),
    },
  };
}

/**
 * Adds an interceptor that sends the log records of activities to `logger`, if that isn't the Runtime's.
 *
 * @deprecated Set `Runtime.logger`.
 */
export function appendDefaultInterceptors(interceptors: WorkerInterceptors, logger?: Logger): WorkerInterceptors {
  if (logger === undefined || logger === Runtime.instance().logger) return interceptors;
  const { activityInbound = [] } = interceptors;
  return {
    ...interceptors,
    activityInbound: [(context) => new ActivityInboundLogInterceptor(context, logger), ...activityInbound],
  };
}

/**
 * Replaces the logger of an activity by another, with the attributes of {@link logAttributes}.
 *
 * @deprecated Set `Runtime.logger`, and intercept `getLogAttributes`.
 */
export class ActivityInboundLogInterceptor implements ActivityInboundCallsInterceptor {
  /** Where the records go. */
  protected readonly logger: Logger;

  /**
   * @param ctx context of the activity, whose logger is replaced
   * @param logger where the records go. With the Runtime's, which is the default, nothing is replaced unless a class
   * extends this one
   */
  constructor(
    protected readonly ctx: Context,
    logger?: Logger,
  ) {
    const standard = Runtime.instance().logger;
    this.logger = logger ?? standard;
    if (this.logger === standard && new.target === ActivityInboundLogInterceptor) return;
    const attributes = (): LogMetadata => ({ sdkComponent: SdkComponent.activity, ...this.logAttributes() });
    ctx.log = loggerWithAttributes(this.logger, attributes);
  }

  /** The attributes of every record. */
  protected logAttributes(): Record<string, unknown> {
    return activityLogAttributes(this.ctx.info);
  }

  execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    return next(input);
  }
}

/**
 * Does nothing.
 *
 * @deprecated The SDK logs by itself; intercept `getLogAttributes` to change the attributes.
 */
export class WorkflowLogInterceptor implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<WorkflowOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown> {
    return next(input);
  }

  execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, "execute">): Promise<unknown> {
    return next(input);
  }
}

/** @deprecated Like {@link WorkflowLogInterceptor}, which it is. */
export const WorkflowInboundLogInterceptor = WorkflowLogInterceptor;

/** @deprecated Empty: the SDK needs no interceptors of its own. */
export const defaultWorkflowInterceptorModules: string[] = [];

/** @deprecated Import the classes themselves. */
export const errors = {
  IllegalStateError,
  ShutdownError,
  TransportError,
  UnexpectedError,
  GracefulShutdownPeriodExpiredError,
};
