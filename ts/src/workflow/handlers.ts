import {
  HandlerUnfinishedPolicy,
  type QueryDefinition,
  type QueryDefinitionOptions,
  type SignalDefinition,
  type SignalDefinitionOptions,
  type UpdateDefinition,
  type UpdateDefinitionOptions,
  type WorkflowQueryType,
  type WorkflowSignalType,
  type WorkflowUpdateType,
} from "../common";
import { throwIfReservedName } from "../common/reserved";
import { requireRun } from "./current";
import type {
  DefaultQueryHandler,
  DefaultSignalHandler,
  DefaultUpdateHandler,
  EnhancedStackTrace,
  Handler,
  QueryHandlerOptions,
  SignalHandlerOptions,
  UpdateHandlerOptions,
} from "./interfaces";
import type { WorkflowRun } from "./run/run";

/**
 * Names an update and gives it types, for {@link setHandler} and for clients.
 *
 * @param name name of the update
 * @param options type information for arguments and result
 */
export function defineUpdate<Ret, Args extends any[] = [], Name extends string = string>(
  name: Name,
  options: UpdateDefinitionOptions = {},
): UpdateDefinition<Ret, Args, Name> {
  return { type: "update", name, ...options } as UpdateDefinition<Ret, Args, Name>;
}

/**
 * Names a signal and gives it types, for {@link setHandler}, for clients and for other Workflows.
 *
 * @param name name of the signal
 * @param options type information for the arguments
 */
export function defineSignal<Args extends any[] = [], Name extends string = string>(
  name: Name,
  options: SignalDefinitionOptions = {},
): SignalDefinition<Args, Name> {
  return { type: "signal", name, ...options } as SignalDefinition<Args, Name>;
}

/**
 * Names a query and gives it types, for {@link setHandler} and for clients.
 *
 * @param name name of the query
 * @param options type information for arguments and answer
 */
export function defineQuery<Ret, Args extends any[] = [], Name extends string = string>(
  name: Name,
  options: QueryDefinitionOptions = {},
): QueryDefinition<Ret, Args, Name> {
  return { type: "query", name, ...options } as QueryDefinition<Ret, Args, Name>;
}

/**
 * Sets the function that answers a query, in place of the one before, if any.
 *
 * @param def the query
 * @param handler must be synchronous and change nothing; `undefined` removes the handler
 * @param options see {@link QueryHandlerOptions}
 * @throws TypeError if the name is reserved or `handler` is neither a function nor `undefined`
 */
export function setHandler<Ret, Args extends any[], T extends QueryDefinition<Ret, Args>>(
  def: T,
  handler: Handler<Ret, Args, T> | undefined,
  options?: QueryHandlerOptions,
): void;
/**
 * Sets the function that handles a signal, in place of the one before, if any. Signals of that name that came earlier
 * are handled during this call, up to the first `await` of the handler.
 *
 * @param def the signal
 * @param handler may be asynchronous; `undefined` removes the handler
 * @param options see {@link SignalHandlerOptions}
 * @throws TypeError if the name is reserved or `handler` is neither a function nor `undefined`
 */
export function setHandler<Ret, Args extends any[], T extends SignalDefinition<Args>>(
  def: T,
  handler: Handler<Ret, Args, T> | undefined,
  options?: SignalHandlerOptions,
): void;
/**
 * Sets the function that handles an update, in place of the one before, if any. Updates of that name that came earlier
 * in this activation are handled during this call, up to the first `await` of the handler; those for which no handler
 * is set by the end of the activation are rejected.
 *
 * @param def the update
 * @param handler may be asynchronous; `undefined` removes the handler
 * @param options see {@link UpdateHandlerOptions}
 * @throws TypeError if the name is reserved or `handler` is neither a function nor `undefined`
 */
export function setHandler<Ret, Args extends any[], T extends UpdateDefinition<Ret, Args>>(
  def: T,
  handler: Handler<Ret, Args, T> | undefined,
  options?: UpdateHandlerOptions<Args>,
): void;
export function setHandler(
  def: UpdateDefinition<any, any[]> | SignalDefinition<any[]> | QueryDefinition<any, any[]>,
  handler: ((...args: any[]) => any) | undefined,
  options: UpdateHandlerOptions<any[]> = {},
): void {
  const { messages } = writable("setHandler(...)");
  throwIfReservedName(def.type, def.name);
  assertHandler(handler);
  const { description, validator, unfinishedPolicy = HandlerUnfinishedPolicy.WARN_AND_ABANDON } = options ?? {};
  const { name, typeInfo } = def;
  switch (def.type) {
    case "update":
      if (handler == null) messages.updateHandlers.delete(name);
      else {
        messages.updateHandlers.set(name, {
          handler: handler as WorkflowUpdateType,
          validator,
          description,
          unfinishedPolicy,
          typeInfo,
        });
        messages.dispatchBufferedUpdates();
      }
      break;
    case "signal":
      if (handler == null) messages.signalHandlers.delete(name);
      else {
        messages.signalHandlers.set(name, {
          handler: handler as WorkflowSignalType,
          description,
          unfinishedPolicy,
          typeInfo,
        });
        messages.dispatchBufferedSignals();
      }
      break;
    case "query":
      if (handler == null) messages.queryHandlers.delete(name);
      else messages.queryHandlers.set(name, { handler: handler as WorkflowQueryType, description, typeInfo });
      break;
    default:
      throw new TypeError(
        `Invalid definition type: ${String((def as { type: unknown }).type)}; use defineUpdate, defineSignal or defineQuery`,
      );
  }
}

/**
 * Sets the function that handles the signals without a handler of their own, in the order in which the server took
 * them. Such signals that came earlier are handled during this call.
 *
 * @param handler gets the signal's name first; `undefined` removes it
 * @throws TypeError if `handler` is neither a function nor `undefined`
 */
export function setDefaultSignalHandler(handler: DefaultSignalHandler | undefined): void {
  const { messages } = writable("setDefaultSignalHandler(...)");
  assertHandler(handler);
  messages.defaultSignalHandler = handler ?? undefined;
  if (handler != null) messages.dispatchBufferedSignals();
}

/**
 * Sets the function that handles the updates without a handler of their own. Such updates that came earlier in this
 * activation are handled during this call.
 *
 * @param handler gets the update's name first; `undefined` removes it
 * @throws TypeError if `handler` is neither a function nor `undefined`
 */
export function setDefaultUpdateHandler(handler: DefaultUpdateHandler | undefined): void {
  const { messages } = writable("setDefaultUpdateHandler(...)");
  assertHandler(handler);
  messages.defaultUpdateHandler = handler ?? undefined;
  if (handler != null) messages.dispatchBufferedUpdates();
}

/**
 * Sets the function that answers the queries without a handler of their own.
 *
 * @param handler gets the query's name first; must be synchronous and change nothing; `undefined` removes it
 * @throws TypeError if `handler` is neither a function nor `undefined`
 */
export function setDefaultQueryHandler(handler: DefaultQueryHandler | undefined): void {
  const { messages } = writable("setDefaultQueryHandler(...)");
  assertHandler(handler);
  messages.defaultQueryHandler = handler ?? undefined;
}

/**
 * Whether no handler of a signal or an update is running. A Workflow that ends earlier cuts its handlers off:
 * `await condition(allHandlersFinished)` before returning.
 */
export function allHandlersFinished(): boolean {
  const { messages } = requireRun("allHandlersFinished()");
  return messages.runningSignals.size === 0 && messages.runningUpdates.size === 0;
}

/** The executing run, which must not be one that is asked. */
function writable(usage: string): WorkflowRun {
  const run = requireRun(`Workflow.${usage}`);
  run.assertWritable(usage);
  return run;
}

function assertHandler(handler: unknown): void {
  if (handler == null || typeof handler === "function") return;
  throw new TypeError(`Expected handler to be either a function or 'undefined'. Got: '${typeof handler}'`);
}

/** Answered by every Workflow: where its parts wait, as text. */
export const stackTraceQuery = defineQuery<string>("__stack_trace");
/** Answered by every Workflow: where its parts wait, with sources. */
export const enhancedStackTraceQuery = defineQuery<EnhancedStackTrace>("__enhanced_stack_trace");
/** Answered by every Workflow: its handlers and its details. */
export const workflowMetadataQuery = defineQuery<WorkflowMetadata>("__temporal_workflow_metadata");

/** A handler, in {@link WorkflowMetadata}. */
export interface HandlerDescription {
  /** Name of the query, signal or update. */
  name: string;
  /** What was given to {@link setHandler}. */
  description?: string;
}

/** Answer to {@link workflowMetadataQuery}. */
export interface WorkflowMetadata {
  /** What the Workflow is. */
  definition: {
    /** Name of its function. */
    type: string;
    /** Its queries. */
    queryDefinitions: HandlerDescription[];
    /** Its signals. */
    signalDefinitions: HandlerDescription[];
    /** Its updates. */
    updateDefinitions: HandlerDescription[];
  };
  /** What was given to `setCurrentDetails`. */
  currentDetails: string;
}
