/**
 * What older programs import. None of it is needed: set `Runtime.logger` to say where log records go, and register interceptors with
 * `getLogAttributes` to add to them.
 *
 * @module
 */
import type { Context } from "../activity";
import { IllegalStateError, type Next, SdkComponent } from "../common";
import type {
  GetLogAttributesInput,
  LoggerSinks,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from "../workflow";
import { activityLogAttributes } from "./activity-info";
import { GracefulShutdownPeriodExpiredError, ShutdownError, TransportError, UnexpectedError } from "./errors";
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, WorkerInterceptors } from "./interceptors";
import { type Logger, loggerWithAttributes } from "./logger";
import { Runtime } from "./runtime";
import type { InjectedSinks } from "./sinks";

/** Loggers of the sinks that {@link defaultSinks} made. */
const loggers = new WeakMap<object, Logger>();

/**
 * Sinks that send the log records of Workflow code to a logger of their own.
 *
 * @param logger gets the records. Default: none, so that they go to `Runtime.logger`
 * @deprecated Set `Runtime.logger`.
 */
export function defaultSinks(logger?: Logger): InjectedSinks<LoggerSinks> {
  if (logger === undefined) return {} as InjectedSinks<LoggerSinks>;
  const level = (name: "trace" | "debug" | "info" | "warn" | "error") => ({
    fn: (_info: unknown, message: string, attributes?: Record<string, unknown>) => logger[name](message, attributes),
  });
  const sink = { trace: level("trace"), debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
  loggers.set(sink, logger);
  return { defaultWorkerLogger: sink } as unknown as InjectedSinks<LoggerSinks>;
}

/** The logger that {@link defaultSinks} was called with, if it made some of these sinks. */
export function loggerOfSinks(sinks: InjectedSinks<any> | undefined): Logger | undefined {
  const sink: unknown = sinks?.["defaultWorkerLogger"];
  return typeof sink === "object" && sink !== null ? loggers.get(sink) : undefined;
}

/**
 * Used to log the lifecycle of activities, which the SDK does now. With a logger of its own, or derived from, it makes that the one of
 * the activity's context.
 *
 * @deprecated Register an interceptor with `getLogAttributes`.
 */
export class ActivityInboundLogInterceptor implements ActivityInboundCallsInterceptor {
  /** Where the records go. */
  protected readonly logger: Logger;

  /**
   * @param ctx context of the activity
   * @param logger gets its records. Default: `Runtime.logger`
   */
  constructor(
    protected readonly ctx: Context,
    logger?: Logger,
  ) {
    const { logger: runtimeLogger } = Runtime.instance();
    this.logger = logger ?? runtimeLogger;
    if (this.logger === runtimeLogger && Object.getPrototypeOf(this) === ActivityInboundLogInterceptor.prototype) return;
    ctx.log = loggerWithAttributes(this.logger, () => ({ sdkComponent: SdkComponent.activity, ...this.logAttributes() }));
  }

  /** The attributes of every record. */
  protected logAttributes(): Record<string, unknown> {
    return activityLogAttributes(this.ctx.info);
  }

  /** Does nothing but go on. */
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    return next(input);
  }
}

/** @deprecated Does nothing: the SDK logs the lifecycle of Workflows. Register an interceptor with `getLogAttributes` to add attributes. */
export class WorkflowLogInterceptor implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  /** Does nothing but go on. */
  getLogAttributes(input: GetLogAttributesInput, next: Next<WorkflowOutboundCallsInterceptor, "getLogAttributes">): Record<string, unknown> {
    return next(input);
  }

  /** Does nothing but go on. */
  execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, "execute">): Promise<unknown> {
    return next(input);
  }
}

/** @deprecated See {@link WorkflowLogInterceptor}. */
export const WorkflowInboundLogInterceptor = WorkflowLogInterceptor;

/**
 * Adds an {@link ActivityInboundLogInterceptor} in front of a Worker's interceptors, if the logger is another than `Runtime.logger`.
 *
 * @param interceptors those of the Worker; not changed
 * @param logger gets the records of activities. Default: `Runtime.logger`
 * @deprecated Set `Runtime.logger`.
 */
export function appendDefaultInterceptors(interceptors: WorkerInterceptors, logger?: Logger): WorkerInterceptors {
  if (logger === undefined || logger === Runtime.instance().logger) return interceptors;
  const activityInbound = [(ctx: Context) => new ActivityInboundLogInterceptor(ctx, logger), ...(interceptors.activityInbound ?? [])];
  return { ...interceptors, activityInbound };
}

/** @deprecated Empty: bundles need no interceptors of the SDK. */
export const defaultWorkflowInterceptorModules: string[] = [];

/** @deprecated Import the classes themselves. */
export const errors = { IllegalStateError, ShutdownError, TransportError, UnexpectedError, GracefulShutdownPeriodExpiredError };
