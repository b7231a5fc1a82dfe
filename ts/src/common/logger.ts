/** Loggers. */

import { filterNullAndUndefined } from "./type-helpers";

/** How severe a log record is. */
export type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR";

/** What is logged beside the message. */
export type LogMetadata = Record<string | symbol, any>;

/** Where log records go. Implement it to send them elsewhere. */
export interface Logger {
  log(level: LogLevel, message: string, meta?: LogMetadata): any;
  trace(message: string, meta?: LogMetadata): any;
  debug(message: string, meta?: LogMetadata): any;
  info(message: string, meta?: LogMetadata): any;
  warn(message: string, meta?: LogMetadata): any;
  error(message: string, meta?: LogMetadata): any;
}

/** Values of the `sdkComponent` metadata: which part of the SDK a log record comes from. More may be added. */
export enum SdkComponent {
  /** `log` in workflow code. */
  workflow = "workflow",
  /** `Context.current().log` in activities. */
  activity = "activity",
  /** The logger of Nexus operation handlers. */
  nexus = "nexus",
  /** The worker itself. */
  worker = "worker",
  /** Temporal's Core. */
  core = "core",
}

/** Metadata, or a function called at each record that returns it. */
export type LogMetaOrFunc = LogMetadata | (() => LogMetadata);

/** A logger that adds metadata to each record of another logger. */
export class LoggerWithComposedMetadata implements Logger {
  /** A logger that adds the metadata; the records' own metadata goes before, later contributors before earlier ones. */
  static compose(logger: Logger, metaOrFunc: LogMetaOrFunc): Logger {
    if (typeof metaOrFunc === "object" && Object.keys(metaOrFunc).length === 0) return logger;
    return logger instanceof LoggerWithComposedMetadata
      ? new LoggerWithComposedMetadata(logger.parentLogger, [...logger.contributors, metaOrFunc])
      : new LoggerWithComposedMetadata(logger, [metaOrFunc]);
  }

  constructor(
    private readonly parentLogger: Logger,
    private readonly contributors: readonly LogMetaOrFunc[],
  ) {}

  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    this.parentLogger.log(level, message, this.resolve(meta));
  }
  trace(message: string, meta?: LogMetadata): void {
    this.parentLogger.trace(message, this.resolve(meta));
  }
  debug(message: string, meta?: LogMetadata): void {
    this.parentLogger.debug(message, this.resolve(meta));
  }
  info(message: string, meta?: LogMetadata): void {
    this.parentLogger.info(message, this.resolve(meta));
  }
  warn(message: string, meta?: LogMetadata): void {
    this.parentLogger.warn(message, this.resolve(meta));
  }
  error(message: string, meta?: LogMetadata): void {
    this.parentLogger.error(message, this.resolve(meta));
  }

  private resolve(meta: LogMetadata | undefined): LogMetadata {
    const resolved: LogMetadata = {};
    for (const item of this.contributors) Object.assign(resolved, typeof item === "function" ? item() : item);
    return filterNullAndUndefined(Object.assign(resolved, meta));
  }
}
