import { AsyncLocalStorage } from "node:async_hooks";
import type { CancelOperationContext, StartOperationContext } from "nexus-rpc";
import type { Client } from "../client";
import type { Logger, MetricMeter } from "../common";

/** What a Worker gives to the handler that it calls. */
export interface HandlerContext extends OperationInfo {
  /** Logger whose records carry the operation's attributes. */
  readonly log: Logger;
  /** Metrics that carry the operation's tags. */
  readonly metricMeter: MetricMeter;
  /** The Worker's client. */
  readonly client: Client;
}

/** What is known about the operation that a handler is called for, beside what its `OperationContext` has. */
export interface OperationInfo {
  /** Namespace of the Worker. */
  readonly namespace: string;
  /** Task queue of the Worker. */
  readonly taskQueue: string;
  /** Endpoint that the request came through; empty if the server, older than 1.30, doesn't say. */
  readonly endpoint: string;
}

/**
 * What the start handler of a `TemporalOperationHandler` gets.
 *
 * @experimental
 */
export interface TemporalStartOperationContext extends StartOperationContext {}

/**
 * What the cancel handlers of a `TemporalOperationHandler` get.
 *
 * @experimental
 */
export interface TemporalCancelOperationContext extends CancelOperationContext {}

/** Carries the {@link HandlerContext} of the current handler through its callbacks and promises. */
export const asyncLocalStorage = new AsyncLocalStorage<HandlerContext>();

/** The context of the handler that this code runs in. @throws ReferenceError outside of a handler */
export function handlerContext(): HandlerContext {
  const context = asyncLocalStorage.getStore();
  if (context === undefined)
    throw new ReferenceError(
      "Not in a Nexus handler context: this code doesn't run inside a Nexus operation handler of a Worker",
    );
  return context;
}

/**
 * Logger of the current handler: the Runtime's, with the operation's attributes and `sdkComponent: "nexus"` on every
 * record. To change the attributes, intercept `getLogAttributes`.
 */
export const log: Logger = {
  log: (level, message, meta) => handlerContext().log.log(level, message, meta),
  trace: (message, meta) => handlerContext().log.trace(message, meta),
  debug: (message, meta) => handlerContext().log.debug(message, meta),
  info: (message, meta) => handlerContext().log.info(message, meta),
  warn: (message, meta) => handlerContext().log.warn(message, meta),
  error: (message, meta) => handlerContext().log.error(message, meta),
};

/** Metrics of the current handler, with the operation's tags. To change the tags, intercept `getMetricTags`. */
export const metricMeter: MetricMeter = {
  createCounter: (...args) => handlerContext().metricMeter.createCounter(...args),
  createHistogram: (...args) => handlerContext().metricMeter.createHistogram(...args),
  createGauge: (...args) => handlerContext().metricMeter.createGauge(...args),
  withTags: (tags) => handlerContext().metricMeter.withTags(tags),
};

/**
 * A client for the Worker's connection and namespace. Its calls end when the request is cancelled.
 *
 * @throws ReferenceError outside of a handler
 */
export function getClient(): Client {
  return handlerContext().client;
}

/**
 * What is known about the operation that the current handler is called for.
 *
 * @throws ReferenceError outside of a handler
 */
export function operationInfo(): OperationInfo {
  const { namespace, taskQueue, endpoint } = handlerContext();
  return { namespace, taskQueue, endpoint };
}
