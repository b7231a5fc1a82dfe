/** Sinks, seen from Workflow code. */
import { proxySinks, type Sinks } from "@temporalio/workflow";

export interface LoggerSinks extends Sinks {
  logger: {
    info(message: string): void;
  };
}

const { logger } = proxySinks<LoggerSinks>();

export async function sinking(): Promise<void> {
  logger.info("from a Workflow");
}
