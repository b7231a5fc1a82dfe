/** The client for schedules. */

import { composeInterceptors } from "../../common/interceptors";
import type { Workflow } from "../../common/interfaces";
import { brandError, filterNullAndUndefined } from "../../common/type-helpers";
import { encodeMapToPayloads } from "../../payloads/codec-helpers";
import type { SchedulePatch } from "../../proto/temporal/api/schedule/v1/message";
import type {
  DescribeScheduleResponse,
  ListSchedulesResponse,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "../base-client";
import { GrpcStatus } from "../connection/grpc-error";
import { isGrpcServiceError } from "../errors";
import { rethrowGrpcError, rethrowKnownErrorTypes } from "../helpers";
import type { CreateScheduleInput, CreateScheduleOutput, ScheduleClientInterceptor } from "../interceptors";
import { type InternalScheduleHandle, updateUnlessChanged } from "../internal";
import type { WorkflowService } from "../types";
import {
  compileScheduleAction,
  decodeScheduleDescription,
  decodeScheduleHeaders,
  decodeScheduleSummary,
  encodeBackfills,
  encodeSchedule,
  encodeScheduleSearchAttributes,
  storingForAction,
} from "./schedule-encoding";
import {
  type Backfill,
  type CompiledScheduleUpdateOptions,
  encodeScheduleOverlapPolicy,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  type ScheduleOverlapPolicy,
  type ScheduleSummary,
  type ScheduleUpdateOptions,
} from "./schedule-types";

/** A schedule. All methods reject with {@link ScheduleNotFoundError} if it does not exist. */
export interface ScheduleHandle {
  readonly scheduleId: string;

  /** What the server says of the schedule. */
  describe(): Promise<ScheduleDescription>;

  /**
   * Changes the schedule: describes it, calls `updateFn` with that, and sends what it returns. What the result leaves
   * out falls back to its default; search attributes that are left out and the memo stay. Of updates at the same time
   * the last one counts.
   */
  update<W extends Workflow = Workflow>(
    updateFn: (previous: ScheduleDescription) => ScheduleUpdateOptions<ScheduleOptionsStartWorkflowAction<W>>,
  ): Promise<void>;

  /** Deletes the schedule. Workflows that it started go on. */
  delete(): Promise<void>;

  /** Takes an action now. Default for `overlap` is ALLOW_ALL. */
  trigger(overlap?: ScheduleOverlapPolicy): Promise<void>;

  /** Takes the actions of one or several stretches of time now, all at once. */
  backfill(options: Backfill | Backfill[]): Promise<void>;

  /** Takes no actions any more until {@link unpause}. Default for the note is "Paused via TypeScript SDK". */
  pause(note?: string): Promise<void>;

  /** Takes actions again. Default for the note is "Unpaused via TypeScript SDK". */
  unpause(note?: string): Promise<void>;

  /** The client that the handle belongs to. */
  readonly client: ScheduleClient;
}

/** Options of {@link ScheduleClient}. */
export interface ScheduleClientOptions extends BaseClientOptions {
  /** Called instead of the client's own calls, first to last. */
  interceptors?: ScheduleClientInterceptor[];
}

/** {@link ScheduleClientOptions} with defaults and the data converter loaded. */
export type LoadedScheduleClientOptions = LoadedWithDefaults<ScheduleClientOptions>;

/** Options of {@link ScheduleClient.list}. */
export interface ListScheduleOptions {
  /** Schedules per page. Default: the server's, usually 1000. */
  pageSize?: number;
  /** Which schedules, in Temporal's list filter language. Default: all. */
  query?: string;
}

/** The schedule's id is taken. */
export class ScheduleAlreadyRunning extends Error {
  constructor(
    message: string,
    readonly scheduleId: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "ScheduleAlreadyRunning");
  }
}

/** The server has no such schedule. */
export class ScheduleNotFoundError extends Error {
  constructor(
    message: string,
    readonly scheduleId: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "ScheduleNotFoundError");
  }
}

/** Makes schedules and handles of them. Usually used as `Client.schedule`. */
export class ScheduleClient extends BaseClient {
  readonly options: LoadedScheduleClientOptions;

  constructor(options?: ScheduleClientOptions) {
    super(options);
    this.options = {
      ...defaultBaseClientOptions(),
      interceptors: [],
      ...filterNullAndUndefined({ ...options }),
      loadedDataConverter: this.dataConverter,
    };
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }

  /**
   * Makes a schedule. Rejects with {@link ScheduleAlreadyRunning} if there is one with the id, and with `TypeError` for
   * a spec that makes no sense.
   */
  async create<W extends Workflow = Workflow>(
    options: ScheduleOptions<ScheduleOptionsStartWorkflowAction<W>>,
  ): Promise<ScheduleHandle> {
    const { scheduleId } = options;
    if (!scheduleId) throw new TypeError("Missing ScheduleOptions.scheduleId");
    assertAction("ScheduleOptions", options);
    const create = composeInterceptors(this.options.interceptors, "create", (input) => this.#create(input));
    await create({ options: { ...options, action: compileScheduleAction(options.action, scheduleId) }, headers: {} });
    return this.getHandle(scheduleId);
  }

  async #create({ options, headers }: CreateScheduleInput): Promise<CreateScheduleOutput> {
    const { namespace, identity } = this.options;
    const { scheduleId, action, memo, state } = options;
    const dataConverter = storingForAction(this.dataConverter, namespace, action);
    const request = {
      namespace,
      identity,
      requestId: crypto.randomUUID(),
      scheduleId,
      schedule: await encodeSchedule(this.dataConverter, namespace, options, headers),
      memo: memo && { fields: await encodeMapToPayloads(dataConverter, memo) },
      searchAttributes: encodeScheduleSearchAttributes(options),
      initialPatch: {
        triggerImmediately: state?.triggerImmediately
          ? { overlapPolicy: encodeScheduleOverlapPolicy("ALLOW_ALL") }
          : undefined,
        backfillRequest: state?.backfill && encodeBackfills(state.backfill),
      },
    };
    try {
      const { conflictToken = new Uint8Array() } = await this.workflowService.createSchedule(request);
      return { conflictToken };
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === GrpcStatus.ALREADY_EXISTS) {
        throw new ScheduleAlreadyRunning("Schedule already exists and is running", scheduleId);
      }
      rethrowScheduleError(error, "Failed to create schedule", scheduleId);
    }
  }

  /** Lists schedules. The server's index lags behind by a moment. */
  async *list({ pageSize, query }: ListScheduleOptions = {}): AsyncGenerator<ScheduleSummary> {
    let nextPageToken: Uint8Array | undefined;
    do {
      let response: ListSchedulesResponse;
      try {
        response = await this.workflowService.listSchedules({
          namespace: this.options.namespace,
          maximumPageSize: pageSize,
          query,
          nextPageToken,
        });
      } catch (error) {
        rethrowScheduleError(error, "Failed to list schedules");
      }
      for (const entry of response.schedules ?? []) yield await decodeScheduleSummary(this.dataConverter, entry);
      nextPageToken = response.nextPageToken;
    } while (nextPageToken?.length);
  }

  /**
   * A handle of a schedule. Nothing is checked: its methods reject with {@link ScheduleNotFoundError} if there is no
   * such schedule.
   */
  getHandle(scheduleId: string): ScheduleHandle {
    const { namespace } = this.options;
    const handle: InternalScheduleHandle = {
      client: this,
      scheduleId,
      describe: async () =>
        decodeScheduleDescription(this.dataConverter, namespace, scheduleId, await this.#describe(scheduleId)),
      update: (updateFn) =>
        this.#update(scheduleId, updateFn as (previous: ScheduleDescription) => ScheduleUpdateOptions),
      [updateUnlessChanged]: (updateFn) => this.#update(scheduleId, updateFn, true),
      delete: () => this.#delete(scheduleId),
      trigger: async (overlap) =>
        this.#patch(scheduleId, {
          triggerImmediately: { overlapPolicy: encodeScheduleOverlapPolicy(overlap ?? "ALLOW_ALL") },
        }),
      backfill: async (options) =>
        this.#patch(scheduleId, { backfillRequest: encodeBackfills(Array.isArray(options) ? options : [options]) }),
      pause: (note = "Paused via TypeScript SDK") => this.#patch(scheduleId, { pause: note }),
      unpause: (note = "Unpaused via TypeScript SDK") => this.#patch(scheduleId, { unpause: note }),
    };
    return handle;
  }

  async #describe(scheduleId: string): Promise<DescribeScheduleResponse> {
    try {
      return await this.workflowService.describeSchedule({ namespace: this.options.namespace, scheduleId });
    } catch (error) {
      rethrowScheduleError(error, "Failed to describe schedule", scheduleId);
    }
  }

  async #update(
    scheduleId: string,
    updateFn: (previous: ScheduleDescription) => ScheduleUpdateOptions,
    unlessChanged = false,
  ): Promise<void> {
    const { namespace, identity } = this.options;
    const current = await this.#describe(scheduleId);
    const updated = updateFn(await decodeScheduleDescription(this.dataConverter, namespace, scheduleId, current));
    assertAction("ScheduleUpdateOptions", updated);
    const options: CompiledScheduleUpdateOptions = {
      ...updated,
      action: compileScheduleAction(updated.action, scheduleId),
    };
    // Headers are no part of the options: those that interceptors made stay.
    const headers = await decodeScheduleHeaders(this.dataConverter, namespace, current.schedule ?? {});
    const request = {
      namespace,
      identity,
      requestId: crypto.randomUUID(),
      scheduleId,
      schedule: await encodeSchedule(this.dataConverter, namespace, options, headers),
      // No conflict token by default, as in the official clients: servers drop an update with an old one without a
      // word, and taking an action or pausing makes a token old, too.
      conflictToken: unlessChanged ? current.conflictToken : undefined,
      searchAttributes: encodeScheduleSearchAttributes(options),
    };
    try {
      await this.workflowService.updateSchedule(request);
    } catch (error) {
      rethrowScheduleError(error, "Failed to update schedule", scheduleId);
    }
  }

  async #patch(scheduleId: string, patch: SchedulePatch): Promise<void> {
    const { namespace, identity } = this.options;
    try {
      await this.workflowService.patchSchedule({
        namespace,
        identity,
        requestId: crypto.randomUUID(),
        scheduleId,
        patch,
      });
    } catch (error) {
      rethrowScheduleError(error, "Failed to patch schedule", scheduleId);
    }
  }

  async #delete(scheduleId: string): Promise<void> {
    const { namespace, identity } = this.options;
    try {
      await this.workflowService.deleteSchedule({ namespace, identity, scheduleId });
    } catch (error) {
      rethrowScheduleError(error, "Failed to delete schedule", scheduleId);
    }
  }
}

function assertAction(
  structure: string,
  { action }: { action: { type: string; taskQueue: string; workflowType: unknown } },
): void {
  if (action?.type !== "startWorkflow")
    throw new TypeError(`${structure}.action.type must be 'startWorkflow', got '${String(action?.type)}'`);
  if (!action.taskQueue) throw new TypeError(`Missing ${structure}.action.taskQueue for 'startWorkflow' action`);
  if (!action.workflowType) throw new TypeError(`Missing ${structure}.action.workflowType for 'startWorkflow' action`);
}

const INVALID_SPEC = "Invalid schedule spec: ";

function rethrowScheduleError(error: unknown, fallbackMessage: string, scheduleId = ""): never {
  if (isGrpcServiceError(error)) {
    rethrowKnownErrorTypes(error);
    if (error.code === GrpcStatus.NOT_FOUND)
      throw new ScheduleNotFoundError(error.details || "Schedule not found", scheduleId);
    if (error.code === GrpcStatus.INVALID_ARGUMENT && error.details.startsWith(INVALID_SPEC)) {
      throw new TypeError(error.details.slice(INVALID_SPEC.length), { cause: error });
    }
  }
  rethrowGrpcError(error, fallbackMessage);
}
