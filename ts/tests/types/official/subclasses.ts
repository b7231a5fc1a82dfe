/** Classes that extend those of the SDK. */
import { Client, type ClientOptions, Connection, WorkflowClient } from "@temporalio/client";
import {
  ApplicationFailure,
  type DataConverter,
  type Logger,
  type LogLevel,
  type LogMetadata,
  TemporalFailure,
} from "@temporalio/common";
import { SimplePlugin } from "@temporalio/plugin";
import { MockActivityEnvironment, TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from "@temporalio/worker";
import { CancellationScope } from "@temporalio/workflow";

export class MyWorker extends Worker {
  override async run(): Promise<void> {
    await super.run();
  }
  static override async create(options: WorkerOptions): Promise<Worker> {
    return super.create({ ...options, identity: "mine" });
  }
}
export class MyRuntime extends Runtime {}
export class MyConnection extends Connection {}
export class MyNativeConnection extends NativeConnection {}
export class MyEnvironment extends TestWorkflowEnvironment {}
export class MyClient extends Client {
  constructor(options: ClientOptions) {
    super({ ...options, namespace: "mine" });
  }
}
export class MyWorkflowClient extends WorkflowClient {}
export class MyMock extends MockActivityEnvironment {}
export class MyLogger extends DefaultLogger {}
export class MyScope extends CancellationScope {}
export class OwnFailure extends ApplicationFailure {}
export class OwnTemporalFailure extends TemporalFailure {}

export class Pino implements Logger {
  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    console.log(level, message, meta);
  }
  trace(message: string, meta?: LogMetadata): void {
    this.log("TRACE", message, meta);
  }
  debug(message: string, meta?: LogMetadata): void {
    this.log("DEBUG", message, meta);
  }
  info(message: string, meta?: LogMetadata): void {
    this.log("INFO", message, meta);
  }
  warn(message: string, meta?: LogMetadata): void {
    this.log("WARN", message, meta);
  }
  error(message: string, meta?: LogMetadata): void {
    this.log("ERROR", message, meta);
  }
}

export class EncryptionPlugin extends SimplePlugin {
  constructor(dataConverter: DataConverter) {
    super({ name: "encryption", dataConverter });
  }
}
