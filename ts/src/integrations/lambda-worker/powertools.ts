import type { Logger, LogLevel, LogMetadata } from "../../common";
import { LevelMethods } from "../../worker/telemetry/logger";
import type { LambdaContext } from "./types";

/** What {@link PowertoolsLoggerAdapter} needs of the `Logger` of `@aws-lambda-powertools/logger`. */
export interface PowertoolsLogger {
  /** Gets what Lambda gave to the handler, whose whole type only `@types/aws-lambda` has. */
  addContext(context: any): void;
  debug(message: string, meta: LogMetadata): void;
  info(message: string, meta: LogMetadata): void;
  warn(message: string, meta: LogMetadata): void;
  error(message: string, meta: LogMetadata): void;
}

/** Logs through a `Logger` of `@aws-lambda-powertools/logger`: lines of JSON that CloudWatch reads. */
export class PowertoolsLoggerAdapter extends LevelMethods {
  /** @param logger a `Logger` of `@aws-lambda-powertools/logger` */
  constructor(private readonly logger: PowertoolsLogger) {
    super();
  }

  /** Adds the invocation to all records to come. */
  addContext(context: LambdaContext): void {
    this.logger.addContext(context);
  }

  /** Always true: Powertools drops by its own level, which may change from invocation to invocation. */
  isEnabled(): boolean {
    return true;
  }

  /** Logs a record. Powertools has no TRACE: such records are at DEBUG and have `traceLevel: true`. */
  log(level: LogLevel, message: string, meta: LogMetadata = {}): void {
    if (level === "TRACE") this.logger.debug(message, { ...meta, traceLevel: true });
    else this.logger[level.toLowerCase() as "debug" | "info" | "warn" | "error"](message, meta);
  }
}

/**
 * A logger on `@aws-lambda-powertools/logger`, named after the Lambda function; undefined if that package isn't
 * installed.
 *
 * @param load loads the package. Throws what `require` throws
 */
export function makePowertoolsLogger(
  load: () => unknown = () => require("@aws-lambda-powertools/logger"),
): Logger | undefined {
  let module: { Logger: new (options: { serviceName: string }) => PowertoolsLogger };
  try {
    module = load() as typeof module;
  } catch (error) {
    if (
      (error as { code?: unknown }).code === "MODULE_NOT_FOUND" ||
      (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND"
    )
      return undefined;
    throw error;
  }
  return new PowertoolsLoggerAdapter(
    new module.Logger({ serviceName: process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? "temporal-lambda-worker" }),
  );
}
