/**
 * The client for the older versioning of workers by build ids. Deprecated as a whole: use worker deployments, through
 * `workflowService`.
 */

import { makeEnumConverters } from "../../common/enums";
import { assertNever, brandError, filterNullAndUndefined } from "../../common/type-helpers";
import type {
  GetWorkerBuildIdCompatibilityResponse,
  GetWorkerTaskReachabilityResponse,
  UpdateWorkerBuildIdCompatibilityRequest,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "../base-client";
import { GrpcStatus } from "../connection/grpc-error";
import { isGrpcServiceError } from "../errors";
import { rethrowGrpcError, rethrowKnownErrorTypes } from "../helpers";
import type { WorkflowService } from "../types";
import { type BuildIdOperation, versionSetsFromProto, type WorkerBuildIdVersionSets } from "./build-id-types";

/** @deprecated Use worker deployments. */
export type TaskQueueClientOptions = BaseClientOptions;

/** @deprecated Use worker deployments. */
export type LoadedTaskQueueClientOptions = LoadedWithDefaults<TaskQueueClientOptions>;

/** Stands for workers without a build id. @deprecated Use worker deployments. */
export const UnversionedBuildId: unique symbol = Symbol.for("__temporal_unversionedBuildId");
/** Type of {@link UnversionedBuildId}. */
export type UnversionedBuildIdType = typeof UnversionedBuildId;

/** Which workflows may need a build id. @deprecated Use worker deployments. */
export const ReachabilityType = {
  /** New ones. */
  NEW_WORKFLOWS: "NEW_WORKFLOWS",
  /** Open or closed ones. */
  EXISTING_WORKFLOWS: "EXISTING_WORKFLOWS",
  /** Open ones. */
  OPEN_WORKFLOWS: "OPEN_WORKFLOWS",
  /** Closed ones, for queries. */
  CLOSED_WORKFLOWS: "CLOSED_WORKFLOWS",
} as const;
export type ReachabilityType = (typeof ReachabilityType)[keyof typeof ReachabilityType];

/** Between {@link ReachabilityType} and protobuf. */
export const [encodeTaskReachability, decodeTaskReachability] = makeEnumConverters("TASK_REACHABILITY_", {
  NEW_WORKFLOWS: 1,
  EXISTING_WORKFLOWS: 2,
  OPEN_WORKFLOWS: 3,
  CLOSED_WORKFLOWS: 4,
});

/** What to ask for. @deprecated Use worker deployments. */
export interface BaseReachabilityOptions {
  /** Build ids; one at least. */
  buildIds: (string | UnversionedBuildIdType)[];
  /** Task queues. Default: all that have the build ids. */
  taskQueues?: string[];
  /** Default EXISTING_WORKFLOWS and NEW_WORKFLOWS. */
  reachability?: ReachabilityType;
}

/**
 * {@link BaseReachabilityOptions}, of which build ids or task queues may be left out. @deprecated Use worker
 * deployments.
 */
export type ReachabilityOptions =
  | (Pick<BaseReachabilityOptions, "buildIds"> & Partial<BaseReachabilityOptions>)
  | (Required<Pick<BaseReachabilityOptions, "taskQueues">> & Partial<BaseReachabilityOptions>);

/** A {@link ReachabilityType}, or that the server did not look. @deprecated Use worker deployments. */
export type ReachabilityTypeResponse = ReachabilityType | "NOT_FETCHED";

/** @deprecated Use worker deployments. */
export interface ReachabilityResponse {
  /** By build id. */
  buildIdReachability: Record<string | UnversionedBuildIdType, BuildIdReachability>;
}

/** @deprecated Use worker deployments. */
export interface BuildIdReachability {
  /** Which workflows may need the build id, by task queue; an empty list for none. */
  taskQueueReachability: Record<string, ReachabilityTypeResponse[]>;
}

/** A build id is not known (any more). @deprecated Use worker deployments. */
export class BuildIdNotFoundError extends Error {
  static {
    brandError(this, "BuildIdNotFoundError");
  }
}

/** Changes and reads the build ids of task queues. @deprecated Use worker deployments. */
export class TaskQueueClient extends BaseClient {
  readonly options: LoadedTaskQueueClientOptions;

  constructor(options?: TaskQueueClientOptions) {
    super(options);
    this.options = {
      ...defaultBaseClientOptions(),
      ...filterNullAndUndefined({ ...options }),
      loadedDataConverter: this.dataConverter,
    };
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }

  /**
   * Changes the build ids of a task queue. Rejects with {@link BuildIdNotFoundError} or `ServiceError`. @deprecated Use
   * worker deployments.
   */
  async updateBuildIdCompatibility(taskQueue: string, operation: BuildIdOperation): Promise<void> {
    try {
      await this.workflowService.updateWorkerBuildIdCompatibility({
        namespace: this.options.namespace,
        taskQueue,
        ...encodeOperation(operation),
      });
    } catch (error) {
      rethrowBuildIdError(error, "Unexpected error updating Build Id compatibility");
    }
  }

  /** The build ids of a task queue; undefined if there are none. @deprecated Use worker deployments. */
  async getBuildIdCompatability(taskQueue: string): Promise<WorkerBuildIdVersionSets | undefined> {
    let response: GetWorkerBuildIdCompatibilityResponse;
    try {
      response = await this.workflowService.getWorkerBuildIdCompatibility({
        namespace: this.options.namespace,
        taskQueue,
      });
    } catch (error) {
      rethrowBuildIdError(error, "Unexpected error fetching Build Id compatibility");
    }
    return response.majorVersionSets?.length ? versionSetsFromProto(response) : undefined;
  }

  /**
   * Which workflows may need build ids, e.g. to see whether a worker can be shut down. @deprecated Use worker
   * deployments.
   */
  async getReachability({ buildIds, taskQueues, reachability }: ReachabilityOptions): Promise<ReachabilityResponse> {
    const request = {
      namespace: this.options.namespace,
      taskQueues,
      buildIds: buildIds?.map((id) => (id === UnversionedBuildId ? "" : id)),
      reachability: encodeTaskReachability(reachability),
    };
    try {
      return reachabilityResponseFromProto(await this.workflowService.getWorkerTaskReachability(request));
    } catch (error) {
      rethrowBuildIdError(error, "Unexpected error fetching Build Id reachability");
    }
  }
}

function encodeOperation(operation: BuildIdOperation): UpdateWorkerBuildIdCompatibilityRequest {
  switch (operation.operation) {
    case "addNewIdInNewDefaultSet":
      return { addNewBuildIdInNewDefaultSet: operation.buildId };
    case "addNewCompatibleVersion": {
      const { buildId: newBuildId, existingCompatibleBuildId, promoteSet: makeSetDefault } = operation;
      return { addNewCompatibleBuildId: { newBuildId, existingCompatibleBuildId, makeSetDefault } };
    }
    case "promoteSetByBuildId":
      return { promoteSetByBuildId: operation.buildId };
    case "promoteBuildIdWithinSet":
      return { promoteBuildIdWithinSet: operation.buildId };
    case "mergeSets":
      return {
        mergeSets: { primarySetBuildId: operation.primaryBuildId, secondarySetBuildId: operation.secondaryBuildId },
      };
    default:
      return assertNever("Unknown build id update operation", operation);
  }
}

/** The reachability in the server's message. @deprecated Use worker deployments. */
export function reachabilityResponseFromProto({
  buildIdReachability = [],
}: GetWorkerTaskReachabilityResponse): ReachabilityResponse {
  const result: ReachabilityResponse["buildIdReachability"] = Object.create(null);
  for (const { buildId, taskQueueReachability = [] } of buildIdReachability) {
    const byQueue = taskQueueReachability.map(({ taskQueue, reachability = [] }) => [
      taskQueue ?? "",
      reachability.map((type) => decodeTaskReachability(type) ?? "NOT_FETCHED"),
    ]);
    result[buildId || UnversionedBuildId] = { taskQueueReachability: Object.fromEntries(byQueue) };
  }
  return { buildIdReachability: result };
}

function rethrowBuildIdError(error: unknown, fallbackMessage: string): never {
  if (isGrpcServiceError(error)) {
    rethrowKnownErrorTypes(error);
    if (error.code === GrpcStatus.NOT_FOUND) throw new BuildIdNotFoundError(error.details || "Build Id not found");
  }
  rethrowGrpcError(error, fallbackMessage);
}
