import {
  HandlerError,
  type HandlerStartOperationResult,
  type OperationContext,
  OperationError,
  type ServiceHandler,
  type StartOperationContext,
} from "nexus-rpc";
import type { Client } from "../../client";
import {
  CancelledFailure,
  type LoadedDataConverter,
  type MetricMeter,
  MetricMeterWithComposedTags,
  SdkComponent,
} from "../../common";
import { composeInterceptors } from "../../common/interceptors";
import { isAbortError } from "../../common/type-helpers";
import { asyncLocalStorage, type HandlerContext } from "../../nexus/context";
import { encodeToPayload } from "../../payloads/codec-helpers";
import type { Request, Response, StartOperationRequest } from "../../proto/temporal/api/nexus/v1/message";
import type {
  NexusInboundCallsInterceptor,
  NexusInterceptorsFactory,
  NexusOutboundCallsInterceptor,
} from "../interceptors";
import { type FilteringLogger, type Logger, loggerWithAttributes } from "../telemetry/logger";
import { operationFailure } from "./nexus-failures";
import { decodeInput, linkToProto, startContext } from "./nexus-request";

/** What the operations of a Worker are handled with. */
export interface NexusHandling {
  /** The services by name. */
  services: ReadonlyMap<string, ServiceHandler>;
  /** Namespace of the Worker. */
  namespace: string;
  /** Task queue of the Worker. */
  taskQueue: string;
  /** The Worker's converter. */
  dataConverter: LoadedDataConverter;
  /** The Worker's interceptors. */
  interceptors: readonly NexusInterceptorsFactory[];
  /** The Worker's logger. */
  logger: Logger;
  /** The Worker's metrics. */
  metricMeter: MetricMeter;
  /** How many bytes of a failure the server takes. */
  sizeLimit: number;
  /** Makes or returns the Worker's client. */
  client: () => Client;
}

/** How a failure names the operation. */
export function nameOf({ service, operation }: Pick<OperationContext, "service" | "operation">): string {
  return `Nexus operation '${service}.${operation}'`;
}

/** One request that is being handled: its context, its interceptors, and what becomes of the handler's result. */
export class NexusExecution {
  /** Logger whose records carry the operation's attributes. */
  readonly logger: FilteringLogger;
  /** The error that the handler threw and that is logged already. */
  reported: unknown;
  readonly #handling: NexusHandling;
  readonly #context: OperationContext;
  readonly #handlerContext: HandlerContext;
  readonly #inbound: NexusInboundCallsInterceptor[] = [];
  readonly #outbound: NexusOutboundCallsInterceptor[] = [];

  /**
   * @param handling what all requests have in common
   * @param context what the request says of the operation
   * @param endpoint where the request came through
   */
  constructor(handling: NexusHandling, context: OperationContext, endpoint: string) {
    this.#handling = handling;
    this.#context = context;
    const { namespace, taskQueue, client } = handling;
    const attributes = { namespace, taskQueue, service: context.service, operation: context.operation };
    this.logger = loggerWithAttributes(handling.logger, () =>
      composeInterceptors(this.#outbound, "getLogAttributes", (input) => input)({ ...attributes }),
    );
    this.#handlerContext = {
      namespace,
      taskQueue,
      endpoint,
      log: loggerWithAttributes(this.logger, () => ({ sdkComponent: SdkComponent.nexus })),
      metricMeter: MetricMeterWithComposedTags.compose(handling.metricMeter, () =>
        composeInterceptors(this.#outbound, "getMetricTags", (input) => input)({ ...attributes }),
      ),
      get client() {
        return client();
      },
    };
    for (const factory of handling.interceptors) {
      const { inbound, outbound } = factory(context);
      if (inbound !== undefined) this.#inbound.push(inbound);
      if (outbound !== undefined) this.#outbound.push(outbound);
    }
  }

  /** Calls the handler through the interceptors. Rejects with what it, or anything around it, throws. */
  run({ startOperation, cancelOperation }: Request): Promise<Response> {
    const handle = async () => {
      if (startOperation !== undefined)
        return this.#startOperation(startContext(this.#context, startOperation), startOperation);
      return this.#cancelOperation(cancelOperation?.operationToken);
    };
    return asyncLocalStorage.run(this.#handlerContext, handle);
  }

  async #startOperation(context: StartOperationContext, { payload }: StartOperationRequest): Promise<Response> {
    const { dataConverter, sizeLimit } = this.#handling;
    const handler = this.#handler();
    const input = await decodeInput(dataConverter, payload, handler.inputType);
    const start = composeInterceptors(this.#inbound, "startOperation", async ({ ctx, input }) => ({
      result: await this.#call("startOperation", () => handler.start(ctx, input)),
    }));
    let result: HandlerStartOperationResult;
    try {
      ({ result } = await start({ ctx: context, input }));
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const report = (conversionError: unknown) =>
        this.logger.error("Failed to convert the failure of a Nexus operation", { error: conversionError });
      const failure = await operationFailure(dataConverter, error, nameOf(context), sizeLimit, report);
      return { startOperation: { failure } };
    }
    if (result === undefined || result === null) {
      throw new TypeError(
        `The handler of operation ${context.operation} must return a HandlerStartOperationResult from its start method, and returned ${result}`,
      );
    }
    // Handlers and the helpers that they call add to the links until now.
    const links = context.outboundLinks.map(linkToProto);
    if (result.isAsync) return { startOperation: { asyncSuccess: { operationToken: result.token, links } } };
    return {
      startOperation: {
        syncSuccess: {
          payload: await encodeToPayload(dataConverter, result.value, undefined, handler.outputType),
          links,
        },
      },
    };
  }

  async #cancelOperation(token: string | undefined): Promise<Response> {
    const handler = this.#handler();
    if (!token) throw new HandlerError("BAD_REQUEST", "The request to cancel an operation has no operation token");
    const cancel = composeInterceptors(this.#inbound, "cancelOperation", ({ ctx, token }) =>
      this.#call("cancelOperation", async () => handler.cancel(ctx, token)),
    );
    await cancel({ ctx: this.#context, token });
    return { cancelOperation: {} };
  }

  #handler() {
    const { service, operation } = this.#context;
    const handler = this.#handling.services.get(service);
    if (handler === undefined)
      throw new HandlerError("NOT_FOUND", `No service handler registered for service name '${service}'`);
    return handler.getOperationHandler(operation);
  }

  async #call<R>(method: string, fn: () => Promise<R>): Promise<R> {
    const started = performance.now();
    const durationMs = () => Math.round(performance.now() - started);
    this.logger.debug("Nexus handler started", { method });
    try {
      const result = await fn();
      this.logger.debug("Nexus handler invocation completed", { method, durationMs: durationMs() });
      return result;
    } catch (error) {
      this.reported = error;
      const cancelled = this.#context.abortSignal.aborted && (error instanceof CancelledFailure || isAbortError(error));
      if (cancelled)
        this.logger.debug("Nexus handler invocation completed as cancelled", { method, durationMs: durationMs() });
      else this.logger.warn("Nexus handler invocation failed", { method, error, durationMs: durationMs() });
      throw error;
    }
  }
}
