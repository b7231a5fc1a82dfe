import { HandlerError } from "nexus-rpc";
import { CancelledFailure, type ProtoFailure } from "../../common";
import { optionalTsToDate } from "../../common/time";
import type { PollNexusTaskQueueResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";
import { NexusTask, NexusTaskCancelReason, NexusTaskCompletion } from "../../proto/temporal/sdk/core/nexus/nexus";
import { asBuffer } from "../../proto/wire";
import { base64 } from "../activities/activity-info";
import { RunningTasks } from "../activities/running-tasks";
import type { Logger } from "../telemetry/logger";
import { NexusExecution, type NexusHandling, nameOf } from "./nexus-execution";
import { handlerFailure, toHandlerError } from "./nexus-failures";
import { operationContext } from "./nexus-request";

/** What the Nexus tasks of a Worker are worked on with. */
interface NexusTasksOptions extends NexusHandling {
  /** Hands a completion to Core. */
  complete(completion: Uint8Array): void;
}

/**
 * The Nexus requests that are handled on a Worker's main thread: starts, cancels and completes them as Core's tasks
 * say.
 */
export class NexusTasks {
  readonly #options: NexusTasksOptions;
  readonly #running = new RunningTasks<AbortController>();

  constructor(options: NexusTasksOptions) {
    this.#options = options;
  }

  /** Requests that are being handled. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Takes one task of Core's, as protobuf bytes. */
  handle(bytes: Uint8Array): void {
    const { task, cancelTask, requestDeadline } = NexusTask.decode(asBuffer(bytes));
    if (task !== undefined) void this.#start(task, optionalTsToDate(requestDeadline));
    else if (cancelTask !== undefined) {
      const reason = NexusTaskCancelReason[cancelTask.reason ?? NexusTaskCancelReason.TIMED_OUT] ?? "UNRECOGNIZED";
      // The handler may have ended while the cancellation was on its way.
      this.#running.get(base64(cancelTask.taskToken ?? new Uint8Array(0)))?.abort(new CancelledFailure(reason));
    }
  }

  async #start(task: PollNexusTaskQueueResponse, deadline: Date | undefined): Promise<void> {
    const { taskToken = new Uint8Array(0) } = task;
    const key = base64(taskToken);
    const abort = new AbortController();
    this.#running.add(key, abort);
    const completion = await this.#run(task, abort.signal, deadline);
    this.#running.finish(key, () => this.#options.complete(completion));
  }

  /** The encoded completion. Never rejects. */
  async #run(
    { taskToken, request = {} }: PollNexusTaskQueueResponse,
    signal: AbortSignal,
    deadline: Date | undefined,
  ): Promise<Uint8Array> {
    let execution: NexusExecution | undefined;
    try {
      execution = new NexusExecution(
        this.#options,
        operationContext(request, signal, deadline),
        request.endpoint ?? "",
      );
      return NexusTaskCompletion.encode({ taskToken, completed: await execution.run(request) }).finish();
    } catch (error) {
      if (execution === undefined || execution.reported !== error)
        report(execution?.logger ?? this.#options.logger, error);
      const failure = await this.#failure(error, request.startOperation ?? request.cancelOperation);
      return NexusTaskCompletion.encode({ taskToken, failure }).finish();
    }
  }

  #failure(error: unknown, { service = "", operation = "" } = {}): Promise<ProtoFailure> {
    const { dataConverter, logger, sizeLimit } = this.#options;
    const report = (conversionError: unknown) =>
      logger.error("Failed to convert the error of a Nexus handler", { error: conversionError });
    return handlerFailure(dataConverter, toHandlerError(error), nameOf({ service, operation }), sizeLimit, report);
  }
}

/**
 * Requests that can't be handled are mistakes of their callers, who must not be able to fill the Worker's log with
 * errors.
 */
function report(logger: Logger, error: unknown): void {
  const message = `Error while processing Nexus task: ${error instanceof Error ? error.message : String(error)}`;
  logger.log(error instanceof HandlerError ? "WARN" : "ERROR", message, { error });
}
