import type { TypeInfo } from "../common";
import { msOptionalToTs } from "../common/time";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import { encodeNexusOperationCancellationType } from "./enums";
import { eventGroupMarkers } from "./event-groups";
import { compose, type StartNexusOperationInput, type StartNexusOperationOptions, type StartNexusOperationOutput } from "./interceptors";
import { trace } from "./run/traces";

/** An operation of a Nexus service, as `nexus-rpc` defines it. */
export interface NexusOperationDefinition {
  /** Name under which the service has it. */
  name: string;
  /** Type information for the input. */
  inputType?: TypeInfo;
  /** Type information for the result. */
  outputType?: TypeInfo;
}

/** A Nexus service, as `nexus-rpc` defines it. */
export interface NexusServiceDefinition {
  /** Name of the service. */
  name: string;
  /** Its operations, by the name of the property. */
  operations: Record<string, NexusOperationDefinition>;
}

/** Calls the operations of a service. */
export interface NexusServiceClient {
  /** Starts an operation and waits for its result. Rejects with a `NexusOperationFailure`. */
  executeOperation(operation: string | NexusOperationDefinition, input: unknown, options?: StartNexusOperationOptions): Promise<any>;
  /** Starts an operation. Rejects with a `NexusOperationFailure` if it can't be started. */
  startOperation(operation: string | NexusOperationDefinition, input: unknown, options?: StartNexusOperationOptions): Promise<NexusOperationHandle<any>>;
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
export function createNexusServiceClient<T extends NexusServiceDefinition>({ endpoint, service }: NexusServiceClientOptions<T>): NexusServiceClient {
  const startOperation: NexusServiceClient["startOperation"] = async (operation, input, options) => {
    const definition = typeof operation === "string" ? service.operations[operation] : operation;
    const run = requireRun("startOperation(...)");
    run.assertWritable("startOperation(...)");
    const seq = run.nextSeqs.nexusOperation++;
    const name = definition?.name ?? String(operation);
    const next = compose(run, run.interceptors.outbound, "startNexusOperation", pushNexusOperation);
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
  return {
    startOperation,
    executeOperation: async (operation, input, options) => await (await startOperation(operation, input, options)).result(),
  };
}

function pushNexusOperation(start: StartNexusOperationInput): Promise<StartNexusOperationOutput> {
  const { input, endpoint, service, options, operation, seq, headers, inputType, outputType } = start;
  const run = requireRun("startOperation(...)");
  const context = run.context();
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      scope.cancelRequested.catch(reject);
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
        input: run.toPayload(input, context, inputType),
        scheduleToCloseTimeout: msOptionalToTs(options.scheduleToCloseTimeout),
        scheduleToStartTimeout: msOptionalToTs(options.scheduleToStartTimeout),
        startToCloseTimeout: msOptionalToTs(options.startToCloseTimeout),
        cancellationType: encodeNexusOperationCancellationType(options.cancellationType),
      },
      userMetadata: run.userMetadata(options.summary, undefined, context),
      eventGroupMarkers: markers,
    });
    nexusOperationStart.set(seq, { resolve, reject, release, outputTypeInfo: outputType, trace: trace() });
  });
}
