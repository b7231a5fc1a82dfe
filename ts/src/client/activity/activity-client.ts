/** The client for activities. */

import { searchAttributePayloadConverter } from "../../common/converter/payload-search-attributes";
import { composeInterceptors, type Next } from "../../common/interceptors";
import { msOptionalToTs } from "../../common/time";
import type { TypeInfo } from "../../common/type-info";
import { decodeFromPayloadsAtIndex, decodeOptionalFailureToOptionalError } from "../../payloads/codec-helpers";
import { ActivityExecutionAlreadyStartedFailure } from "../../proto/temporal/api/errordetails/v1/message";
import type {
  ListActivityExecutionsResponse,
  PollActivityExecutionResponse,
  UpdateActivityExecutionOptionsRequest,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { GrpcStatus } from "../connection/grpc-error";
import {
  ActivityExecutionAlreadyStartedError,
  ActivityExecutionFailedError,
  ActivityNotFoundError,
  isGrpcServiceError,
} from "../errors";
import { getGrpcStatusDetails, rethrowGrpcError, rethrowKnownErrorTypes } from "../helpers";
import { type InternalActivityStartOptions, InternalActivityStartOptionsSymbol } from "../internal";
import {
  activityContext,
  decodeActivityDescription,
  decodeActivityListInfo,
  decodeActivityOptions,
  encodeActivityOptionsUpdate,
  startActivityRequest,
  validateActivityOptions,
} from "./activity-encoding";
import type {
  ActivityClientInterceptor,
  ActivityCountInput,
  ActivityDescribeInput,
  ActivityGetResultInput,
  ActivityListInput,
  ActivityStartInput,
} from "./activity-interceptors";
import type {
  ActivityHandle,
  ActivityOptions,
  ActivityOptionsUpdateResult,
  GetActivityHandleOptions,
  TypedActivityClient,
} from "./activity-options";
import type { ActivityExecutionDescription, ActivityExecutionInfo, CountActivityExecutions } from "./activity-types";
import { AsyncCompletionClient, type AsyncCompletionClientOptions } from "./async-completion-client";

/** Options of {@link ActivityClient}. */
export interface ActivityClientOptions extends AsyncCompletionClientOptions {
  /** Called instead of the client's own calls, first to last. */
  interceptors?: ActivityClientInterceptor[];
}

type Calls = { [K in keyof Required<ActivityClientInterceptor>]: Next<ActivityClientInterceptor, K> };

/** Which activity a call is about. */
interface Target {
  activityId: string;
  activityRunId: string;
}

/**
 * Starts activities that run on their own, without a workflow, and makes handles of them; and all that
 * {@link AsyncCompletionClient} does. Usually used as `Client.activity`.
 */
export class ActivityClient extends AsyncCompletionClient implements TypedActivityClient<any> {
  readonly #calls: Calls;

  constructor(options?: ActivityClientOptions) {
    super(options);
    const interceptors = options?.interceptors ?? [];
    const compose = <K extends keyof ActivityClientInterceptor>(name: K, call: Next<ActivityClientInterceptor, K>) =>
      composeInterceptors(interceptors, name, call);
    this.#calls = {
      start: compose("start", (input) => this.#start(input)),
      getResult: compose("getResult", (input) => this.#result(input)),
      describe: compose("describe", (input) => this.#describe(input)),
      list: compose("list", (input) => this.#list(input)),
      count: compose("count", (input) => this.#count(input)),
      cancel: compose("cancel", async (input) => {
        await call("Failed to request activity cancellation", () =>
          this.workflowService.requestCancelActivityExecution({ ...this.#change(input), reason: input.reason }),
        );
      }),
      terminate: compose("terminate", async (input) => {
        await call("Failed to terminate activity", () =>
          this.workflowService.terminateActivityExecution({ ...this.#change(input), reason: input.reason }),
        );
      }),
      pause: compose("pause", async (input) => {
        await call("Failed to request activity pause", () =>
          this.workflowService.pauseActivityExecution({ ...this.#change(input), reason: input.options.reason }),
        );
      }),
      unpause: compose("unpause", async (input) => {
        const { reason, jitter } = input.options;
        const request = { ...this.#change(input), reason, jitter: msOptionalToTs(jitter, "jitter") };
        await call("Failed to request activity unpause", () => this.workflowService.unpauseActivityExecution(request));
      }),
      updateOptions: compose("updateOptions", (input) =>
        this.#updateOptions("Failed to update activity options", input, encodeActivityOptionsUpdate(input.options)),
      ),
      restoreOriginalOptions: compose("restoreOriginalOptions", (input) =>
        this.#updateOptions("Failed to restore original activity options", input, { restoreOriginal: true }),
      ),
    };
  }

  /** This client, which then accepts only the activities of interface `T`, with their arguments and results. */
  typed<T>(): TypedActivityClient<T> {
    return this;
  }

  /**
   * Starts an activity, given by its type name. Rejects with `ActivityExecutionAlreadyStartedError` if the id is taken,
   * `TypeError` if an option is missing, or `ServiceError`.
   */
  async start<R = any>(activity: string, options: ActivityOptions): Promise<ActivityHandle<R>> {
    return this.#calls.start({ activityType: activity, options, headers: {} });
  }

  /** Starts an activity and waits for its result. Rejects like {@link start} and `ActivityHandle.result`. */
  async execute<R = any>(activity: string, options: ActivityOptions): Promise<R> {
    const handle = await this.start<R>(activity, options);
    return handle.result();
  }

  /**
   * A handle of an activity: of a run if there is a run id, of the latest run otherwise. Nothing is checked: the
   * methods of a handle of an unknown activity reject with `ActivityNotFoundError`.
   */
  getHandle<R = any>(activityId: string, runId?: string): ActivityHandle<R> {
    return this.#handle(activityId, runId);
  }

  /** {@link getHandle} with type information for the result. */
  getHandleWithOptions<R = any>(activityId: string, options: GetActivityHandleOptions): ActivityHandle<R> {
    return this.#handle(activityId, options.runId, options.typeInfo?.outputType);
  }

  /**
   * Lists activities that the query, in Temporal's list filter language, finds. The server's index lags behind by a
   * moment.
   */
  list(query: string): AsyncIterable<ActivityExecutionInfo> {
    return this.#calls.list({ query, headers: {} });
  }

  /** Counts activities that the query finds. The server's index lags behind by a moment. */
  async count(query: string): Promise<CountActivityExecutions> {
    return this.#calls.count({ query, headers: {} });
  }

  #handle<R>(activityId: string, runId?: string, outputType?: TypeInfo): ActivityHandle<R> {
    if (!activityId) throw new TypeError("activityId is required");
    const target = { activityId, activityRunId: runId ?? "", headers: {} };
    const calls = this.#calls;
    return {
      activityId,
      runId,
      result: async () => calls.getResult({ ...target, outputType }),
      describe: async ({
        includeInput = false,
        includeOutcome = false,
        includeHeartbeatDetails = false,
        includeLastFailure = false,
      } = {}) =>
        calls.describe({
          ...target,
          options: { includeInput, includeOutcome, includeHeartbeatDetails, includeLastFailure },
        }),
      cancel: async (reason) => calls.cancel({ ...target, reason }),
      terminate: async (reason) => calls.terminate({ ...target, reason }),
      pause: async (options = {}) => calls.pause({ ...target, options }),
      unpause: async (options = {}) => calls.unpause({ ...target, options }),
      updateOptions: async (options) => calls.updateOptions({ ...target, options }),
      restoreOriginalOptions: async () => calls.restoreOriginalOptions(target),
    };
  }

  /** What all requests that are about an activity have. */
  #target({ activityId, activityRunId }: Target) {
    return { namespace: this.options.namespace, activityId, runId: activityRunId || undefined };
  }

  /** What all requests that change an activity have. */
  #change(target: Target) {
    return { ...this.#target(target), identity: this.options.identity, requestId: crypto.randomUUID() };
  }

  async #start(input: ActivityStartInput): Promise<ActivityHandle> {
    const { activityType, options } = input;
    if (!activityType) throw new TypeError("activityType is required");
    validateActivityOptions(options);
    const { namespace, identity } = this.options;
    const request = await startActivityRequest({ namespace, identity, dataConverter: this.dataConverter }, input);
    try {
      const { runId, link } = await this.workflowService.startActivityExecution(request);
      const internal = (options as InternalActivityStartOptions)[InternalActivityStartOptionsSymbol];
      if (internal) internal.responseLink = link;
      return this.#handle(options.id, runId, options.typeInfo?.outputType);
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === GrpcStatus.ALREADY_EXISTS) {
        const details = getGrpcStatusDetails(error).find(
          ({ type }) => type === "temporal.api.errordetails.v1.ActivityExecutionAlreadyStartedFailure",
        );
        const { runId = "" } = details ? ActivityExecutionAlreadyStartedFailure.decode(details.value) : {};
        throw new ActivityExecutionAlreadyStartedError("Activity execution already started", options.id, runId);
      }
      rethrowActivityError(error, "Failed to start activity");
    }
  }

  async #result(input: ActivityGetResultInput): Promise<any> {
    const { activityId, activityRunId, outputType } = input;
    const context = activityContext(this.options.namespace, activityId);
    let response: PollActivityExecutionResponse;
    do
      response = await call("Failed to get activity result", () =>
        this.workflowService.pollActivityExecution(this.#target(input)),
      );
    while (!response.outcome?.result && !response.outcome?.failure);
    const { result, failure } = response.outcome;
    if (result) return decodeFromPayloadsAtIndex(this.dataConverter, 0, result.payloads, context, outputType);
    const cause = await decodeOptionalFailureToOptionalError(this.dataConverter, failure, context);
    throw new ActivityExecutionFailedError(
      "Activity execution failed",
      cause,
      activityId,
      response.runId || activityRunId || undefined,
    );
  }

  async #describe(input: ActivityDescribeInput): Promise<ActivityExecutionDescription> {
    const request = { ...this.#target(input), ...input.options };
    const response = await call("Failed to describe activity", () =>
      this.workflowService.describeActivityExecution(request),
    );
    const { info } = response;
    if (!info) throw new TypeError(`The server's description of activity '${input.activityId}' is empty`);
    return decodeActivityDescription(
      this.dataConverter,
      activityContext(this.options.namespace, input.activityId),
      info,
      response,
    );
  }

  async *#list({ query }: ActivityListInput): AsyncGenerator<ActivityExecutionInfo> {
    const { namespace } = this.options;
    let nextPageToken: Uint8Array | undefined;
    do {
      const request = { namespace, query, nextPageToken };
      const response: ListActivityExecutionsResponse = await call("Failed to list activities", () =>
        this.workflowService.listActivityExecutions(request),
      );
      yield* (response.executions ?? []).map(decodeActivityListInfo);
      nextPageToken = response.nextPageToken;
    } while (nextPageToken?.length);
  }

  async #count({ query }: ActivityCountInput): Promise<CountActivityExecutions> {
    const request = { namespace: this.options.namespace, query };
    const { count, groups = [] } = await call("Failed to count activities", () =>
      this.workflowService.countActivityExecutions(request),
    );
    return {
      count: count?.toNumber() ?? 0,
      groups: groups.map((group) => ({
        count: group.count?.toNumber() ?? 0,
        groupValues: (group.groupValues ?? []).map((value) => searchAttributePayloadConverter.fromPayload<any>(value)),
      })),
    };
  }

  async #updateOptions(
    fallbackMessage: string,
    target: Target,
    content: Pick<UpdateActivityExecutionOptionsRequest, "activityOptions" | "updateMask" | "restoreOriginal">,
  ): Promise<ActivityOptionsUpdateResult> {
    const request = { ...this.#change(target), ...content };
    return decodeActivityOptions(
      (await call(fallbackMessage, () => this.workflowService.updateActivityExecutionOptions(request))).activityOptions,
    );
  }
}

/** Makes a call; throws what its error means. */
async function call<T>(fallbackMessage: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    rethrowActivityError(error, fallbackMessage);
  }
}

function rethrowActivityError(error: unknown, fallbackMessage: string): never {
  if (isGrpcServiceError(error)) {
    rethrowKnownErrorTypes(error);
    if (error.code === GrpcStatus.NOT_FOUND) throw new ActivityNotFoundError(error.details || "Activity not found");
  }
  rethrowGrpcError(error, fallbackMessage);
}
