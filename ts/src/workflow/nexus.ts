import type { OperationDefinition, OperationInput, OperationKey, OperationOutput, ServiceDefinition } from "nexus-rpc";
import type { Payload } from "../common";
import { then } from "../common/intact";
import { msOptionalToTs } from "../common/time";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import { encodeNexusOperationCancellationType } from "./enums";
import { eventGroupMarkers } from "./event-groups";
import {
  compose,
  type StartNexusOperationInput,
  type StartNexusOperationOptions,
  type StartNexusOperationOutput,
} from "./interceptors";
import { trace } from "./run/traces";

/** Calls the operations of a service, with the types of their inputs and results. */
export interface NexusServiceClient<T extends ServiceDefinition> {
  /**
   * Starts an operation and waits for its result. Rejects with a `NexusOperationFailure`, whose cause says why.
   *
   * @param op the operation: its definition, or the property by which the service has it
   */
  executeOperation<O extends T["operations"][keyof T["operations"]]>(
    op: O,
    input: OperationInput<O>,
    options?: Partial<StartNexusOperationOptions>,
  ): Promise<OperationOutput<O>>;
  executeOperation<K extends OperationKey<T["operations"]>>(
    op: K,
    input: OperationInput<T["operations"][K]>,
    options?: Partial<StartNexusOperationOptions>,
  ): Promise<OperationOutput<T["operations"][K]>>;
  /**
   * Starts an operation. Rejects with a `NexusOperationFailure` if it can't be started.
   *
   * @param op the operation: its definition, or the property by which the service has it
   */
  startOperation<O extends T["operations"][keyof T["operations"]]>(
    op: O,
    input: OperationInput<O>,
    options?: Partial<StartNexusOperationOptions>,
  ): Promise<NexusOperationHandle<OperationOutput<O>>>;
  startOperation<K extends OperationKey<T["operations"]>>(
    op: K,
    input: OperationInput<T["operations"][K]>,
    options?: Partial<StartNexusOperationOptions>,
  ): Promise<NexusOperationHandle<OperationOutput<T["operations"][K]>>>;
}

/** An operation that was started. */
export interface NexusOperationHandle<T> {
  /** Name of the service. */
  readonly service: string;
  /** Name of the operation. */
  readonly operation: string;
  /** Token of the operation; `undefined` if it completed at once. */
  readonly token?: string;
  /** Waits for the result. */
  result(): Promise<T>;
}

/** Options of {@link createNexusServiceClient}. */
export interface NexusServiceClientOptions<T> {
  /** Name of the endpoint. */
  endpoint: string;
  /** The service. */
  service: T;
}

/**
 * Makes a client for a Nexus service, for use in Workflow code.
 *
 * @param options endpoint and service
 */
export function createNexusServiceClient<T extends ServiceDefinition>({
  endpoint,
  service,
}: NexusServiceClientOptions<T>): NexusServiceClient<T> {
  const startOperation = async (
    operation: string | OperationDefinition<any, any>,
    input: unknown,
    options?: Partial<StartNexusOperationOptions>,
  ): Promise<NexusOperationHandle<unknown>> => {
    const definition = typeof operation === "string" ? ownValue(service.operations, operation) : operation;
    const run = requireRun("startOperation(...)");
    run.assertWritable("startOperation(...)");
    const seq = run.nextSeqs.nexusOperation++;
    // An operation that the service doesn't have is left for its handler to refuse.
    const name = definition?.name ?? String(operation);
    const next = compose(run, run.interceptors.outbound, "startNexusOperation", (start) => pushNexusOperation(start));
    const { token, result } = await next({
      endpoint,
      service: service.name,
      operation: name,
      options: { ...options, cancellationType: options?.cancellationType ?? "WAIT_CANCELLATION_COMPLETED" },
      headers: {},
      seq,
      input,
      inputType: definition?.inputType,
      outputType: definition?.outputType,
    });
    return { service: service.name, operation: name, token, result: async () => result };
  };
  const client = {
    startOperation,
    executeOperation: async (...args: Parameters<typeof startOperation>) => (await startOperation(...args)).result(),
  };
  return client as NexusServiceClient<T>;
}

function ownValue<V>(object: Record<string, V>, key: string): V | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** How input and result of an operation are converted, if not by the Workflow's payload converter. */
interface OperationConversion {
  /** Converts the input. */
  toPayload(input: unknown): Payload;
  /** Converts the result. */
  fromPayload(payload: Payload): unknown;
}

/** Schedules an operation. */
export function pushNexusOperation(
  start: StartNexusOperationInput,
  conversion?: OperationConversion,
): Promise<StartNexusOperationOutput> {
  const { input, endpoint, service, options, operation, seq, headers, inputType, outputType } = start;
  const run = requireRun("startOperation(...)");
  const context = run.context();
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const { nexusOperationStart, nexusOperationComplete } = run.completions;
    const markers = eventGroupMarkers(options.eventGroups);
    const release = scope.cancellable
      ? scope.onCancelRequested(() => {
          if (!nexusOperationStart.has(seq) && !nexusOperationComplete.has(seq)) return;
          run.pushCommand({ requestCancelNexusOperation: { seq }, eventGroupMarkers: markers });
        })
      : undefined;
    run.pushCommand({
      scheduleNexusOperation: {
        seq,
        endpoint,
        service,
        operation,
        nexusHeader: headers,
        input: conversion?.toPayload(input) ?? run.toPayload(input, context, inputType),
        scheduleToCloseTimeout: msOptionalToTs(options.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
        scheduleToStartTimeout: msOptionalToTs(options.scheduleToStartTimeout, "scheduleToStartTimeout"),
        startToCloseTimeout: msOptionalToTs(options.startToCloseTimeout, "startToCloseTimeout"),
        cancellationType: encodeNexusOperationCancellationType(options.cancellationType),
      },
      userMetadata: run.userMetadata(options.summary, undefined, context),
      eventGroupMarkers: markers,
    });
    nexusOperationStart.set(seq, {
      resolve,
      reject,
      release,
      outputTypeInfo: outputType,
      fromPayload: conversion?.fromPayload,
      trace: trace(),
    });
  });
}
