/** The RPCs of the test server's TestService, answered with the time skipping of the dev server. */

import { asyncLocalStorage } from "../activity";
import {
  type Connection,
  GrpcServiceError,
  GrpcStatus,
  isGrpcServiceError,
  type RpcCall,
  type RpcInterceptor,
  type WorkflowService,
} from "../client";
import { ApplicationFailure } from "../common";
import { msNumberToTs, tsToMs } from "../common/time";
import type { TimeSkippingConfig } from "../proto/temporal/api/common/v1/message";
import { FastForwardPollingResult } from "../proto/temporal/api/enums/v1/time_skipping";
import { PendingWorkflowTaskState, WorkflowExecutionStatus } from "../proto/temporal/api/enums/v1/workflow";
import type { SleepRequest } from "../proto/temporal/api/testservice/v1/request_response";
import type {
  DescribeWorkflowExecutionResponse,
  ExecuteMultiOperationRequest,
  GetWorkflowExecutionHistoryRequest,
  StartWorkflowExecutionRequest,
} from "../proto/temporal/api/workflowservice/v1/request_response";

const testService = "temporal.api.testservice.v1.TestService";
/** The server's own bound, 200 skips, is for systems in production; a test may skip as often as it likes. */
const maxSessionSkipCount = 2 ** 31 - 1;
/** The server tells of children as soon as they are to start, and has no call that waits until they have. */
const childPollMs = 20;
/** How long a skip may take before there is a look at what it waits for. */
const patienceMs = 10_000;
const skipping: TimeSkippingConfig = { enabled: true, maxSessionSkipCount };
const standing: TimeSkippingConfig = { enabled: false };

interface Execution {
  readonly namespace: string;
  readonly workflowId: string;
}

/** A Workflow under the clock. */
interface Known extends Execution {
  /**
   * First run of the chain of runs; undefined if that is not known yet. Another one with the same id has another clock.
   */
  firstRunId?: string;
  /** How far its own clock is ahead of the system's, as far as is known. */
  aheadMs: number;
}

/**
 * The clock of an environment whose dev server skips time.
 *
 * Such a server has no clock for all: each Workflow has its own, which skips to the next timer while nothing is in
 * flight, if its options say so. This class notes which Workflows are started or waited for through the connections
 * with its {@link DevServerClock.interceptor}, and turns what TestService does for all into options for each of them
 * and their children.
 */
export class DevServerClock {
  readonly #connection: Connection;
  readonly #executions = new Map<string, Known>();
  /**
   * As in the test server, time skips while it is 0; here it may become less, by waiting for several results at a time.
   */
  #locks = 1;
  /** How far the environment is ahead of the system's clock. */
  #aheadMs = 0;
  /** The sleep under way; another one waits for it. */
  #sleeping: Promise<unknown> = Promise.resolve();

  /** @param connection to the dev server, without the interceptor */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get #service(): WorkflowService {
    return this.#connection.workflowService;
  }

  /** Answers TestService, and watches for Workflows. */
  readonly interceptor: RpcInterceptor = async (call, next) => {
    if (call.service === testService) return this.#answer(call);
    switch (call.method) {
      case "StartWorkflowExecution":
      case "SignalWithStartWorkflowExecution":
        return this.#start([call.request as StartWorkflowExecutionRequest], ([request]) => next({ ...call, request }));
      case "ExecuteMultiOperation": {
        const { operations = [], ...rest } = call.request as ExecuteMultiOperationRequest;
        return this.#start(
          operations.flatMap(({ startWorkflow }) => startWorkflow ?? []),
          (requests) => {
            const changed = [...requests];
            const request = {
              ...rest,
              operations: operations.map((operation) =>
                operation.startWorkflow ? { startWorkflow: changed.shift() } : operation,
              ),
            };
            return next({ ...call, request });
          },
        );
      }
      case "GetWorkflowExecutionHistory": {
        const { namespace = "", execution, waitNewEvent } = call.request as GetWorkflowExecutionHistoryRequest;
        if (waitNewEvent === true) await this.#note([{ namespace, workflowId: execution?.workflowId ?? "" }]);
        return next(call);
      }
      default:
        return next(call);
    }
  };

  async #answer({ method, request }: RpcCall): Promise<unknown> {
    switch (method) {
      case "LockTimeSkipping":
        if (++this.#locks === 1) await this.#setAll(standing);
        return {};
      case "UnlockTimeSkipping":
        if (--this.#locks === 0) await this.#setAll(skipping);
        return {};
      case "UnlockTimeSkippingWithSleep": {
        const durationMs = tsToMs((request as SleepRequest).duration);
        const sleep = this.#sleeping.then(() => this.#sleep(durationMs));
        this.#sleeping = sleep.catch(() => {});
        await sleep;
        return {};
      }
      case "GetCurrentTime":
        return { time: msNumberToTs(Date.now() + this.#aheadMs) };
      default:
        throw new GrpcServiceError(
          GrpcStatus.UNIMPLEMENTED,
          `${method} is only there with Temporal's test server; this is a dev server that skips time`,
        );
    }
  }

  get #skips(): boolean {
    return this.#locks <= 0;
  }

  /** Sends requests that start Workflows; those started while time skips, skip from the beginning. */
  async #start<R>(
    requests: StartWorkflowExecutionRequest[],
    send: (requests: StartWorkflowExecutionRequest[]) => Promise<R>,
  ): Promise<R> {
    const skips = this.#skips;
    const response = await send(
      skips ? requests.map((request) => ({ timeSkippingConfig: skipping, ...request })) : requests,
    );
    const executions = requests.map(({ namespace = "", workflowId = "" }) => ({ namespace, workflowId }));
    await this.#note(executions);
    // Time was unlocked on the way, of Workflows whose ids were known already.
    if (!skips && this.#skips) await Promise.all(executions.map((execution) => this.#set(execution, skipping)));
    return response;
  }

  /** Takes Workflows under this clock; they skip if time does. */
  async #note(executions: Execution[]): Promise<void> {
    const unknown = executions.filter((execution) => !this.#executions.has(keyOf(execution)));
    for (const execution of unknown) this.#executions.set(keyOf(execution), { ...execution, aheadMs: 0 });
    if (this.#skips) await Promise.all(unknown.map((execution) => this.#set(execution, skipping)));
  }

  /** Sets the options of all open Workflows under this clock. */
  async #setAll(config: TimeSkippingConfig): Promise<void> {
    await this.#visit(async (execution) => void (await this.#set(execution, config)));
  }

  async #sleep(durationMs: number): Promise<void> {
    const open: Execution[] = [];
    await this.#visit(async (execution) => void open.push(execution));
    const target = Date.now() + this.#aheadMs + durationMs;
    const caller = asyncLocalStorage.getStore()?.info;
    if (open.some(({ workflowId }) => workflowId === caller?.workflowExecution?.workflowId)) {
      throw ApplicationFailure.nonRetryable(
        "sleep of the test environment was called by an activity of a Workflow. The dev server doesn't skip a Workflow's time while one of its activities runs; use Temporal's test server for this test, see TestWorkflowEnvironment.createTimeSkipping",
      );
    }
    await Promise.all(open.map((execution) => this.#fastForward(execution, durationMs)));
    await this.#visit(async () => {});
    // What had to be waited for has passed for both clocks.
    this.#aheadMs = Math.max(target - Date.now(), 0);
    if (this.#skips) await this.#setAll(skipping);
  }

  /** Skips through a duration of one Workflow, and waits for that. */
  async #fastForward(execution: Execution, durationMs: number): Promise<void> {
    const fastForwardId = crypto.randomUUID();
    const fastForwardConfig = { id: fastForwardId, duration: msNumberToTs(durationMs) };
    // Children that start on the way would inherit the skipping, but not where it ends.
    if (!(await this.#set(execution, { ...skipping, fastForwardConfig, disablePropagation: true }))) return;
    while (!(await this.#fastForwarded(execution, fastForwardId))) await this.#checkForWorker(execution);
  }

  /** Waits for the end of a skip, false if it takes long. It also ends with the Workflow. */
  async #fastForwarded({ namespace, workflowId }: Execution, fastForwardId: string): Promise<boolean> {
    try {
      const poll = () =>
        this.#service.pollWorkflowExecutionTimeSkipping({
          namespace,
          workflowExecution: { workflowId },
          fastForwardId,
        });
      const { fastForwardPollingResult } = await this.#connection.withDeadline(Date.now() + patienceMs, poll);
      return fastForwardPollingResult !== FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_POLL_TIMEOUT;
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === GrpcStatus.DEADLINE_EXCEEDED) return false;
      throw error;
    }
  }

  /** Throws if a Workflow has a task that nobody takes: its time doesn't skip before. */
  async #checkForWorker(execution: Execution): Promise<void> {
    const described = await this.#describe(execution);
    const { state, originalScheduledTime } = described?.pendingWorkflowTask ?? {};
    const now = described?.workflowExtendedInfo?.timeSkippingInfo?.currentTime;
    if (
      state !== PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED ||
      now === undefined ||
      originalScheduledTime === undefined
    )
      return;
    const waitingMs = tsToMs(now) - tsToMs(originalScheduledTime);
    if (waitingMs < patienceMs / 2) return;
    const taskQueue = described?.executionConfig?.taskQueue?.name;
    throw new Error(
      `sleep of the test environment: Workflow ${execution.workflowId} has a task that no Worker has taken from task queue ${taskQueue} for ${Math.floor(waitingMs / 1000)} seconds, and the dev server doesn't skip its time before. Run a Worker for it, or terminate it`,
    );
  }

  /** Sets the options of a Workflow; false if it isn't open any more. */
  async #set({ namespace, workflowId }: Execution, timeSkippingConfig: TimeSkippingConfig): Promise<boolean> {
    try {
      await this.#service.updateWorkflowExecutionOptions({
        namespace,
        workflowExecution: { workflowId },
        workflowExecutionOptions: { timeSkippingConfig },
        updateMask: ["time_skipping_config"],
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /**
   * Calls `action` for the Workflows under this clock, and then for their children: options that a Workflow gets hold
   * for children that it starts later, so none is left out. Forgets the Workflows that are closed, and goes on by what
   * the one has skipped that skipped most.
   */
  async #visit(action: (execution: Execution) => Promise<void>): Promise<void> {
    const seen = new Set<string>();
    let skippedMs = 0;
    const visit = async (known: Known): Promise<void> => {
      const key = keyOf(known);
      if (seen.has(key)) return;
      seen.add(key);
      await action(known);
      const described = await this.#describe(known);
      const currentTime = described?.workflowExtendedInfo?.timeSkippingInfo?.currentTime;
      const firstRunId = described?.workflowExecutionInfo?.firstRunId;
      if (known.firstRunId !== undefined && known.firstRunId !== firstRunId) known.aheadMs = 0;
      known.firstRunId = firstRunId;
      const before = known.aheadMs;
      if (currentTime !== undefined) known.aheadMs = Math.max(before, tsToMs(currentTime) - Date.now());
      skippedMs = Math.max(skippedMs, known.aheadMs - before);
      if (!isOpen(described)) {
        this.#executions.delete(key);
        return;
      }
      this.#executions.set(key, known);
      const { namespace } = known;
      const children = (described?.pendingChildren ?? []).map(({ workflowId = "" }) => ({ namespace, workflowId }));
      // A child begins at its parent's time.
      await Promise.all(
        children.map((child) => visit(this.#executions.get(keyOf(child)) ?? { ...child, aheadMs: before })),
      );
    };
    await Promise.all([...this.#executions.values()].map(visit));
    this.#aheadMs += skippedMs;
  }

  /**
   * What the server says of a Workflow, when the children that it was about to start are there; undefined for one that
   * it doesn't know.
   */
  async #describe({ namespace, workflowId }: Execution): Promise<DescribeWorkflowExecutionResponse | undefined> {
    try {
      for (;;) {
        const described = await this.#service.describeWorkflowExecution({ namespace, execution: { workflowId } });
        if (!isOpen(described) || !(described.pendingChildren ?? []).some(({ runId }) => !runId)) return described;
        await Bun.sleep(childPollMs);
      }
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function keyOf({ namespace, workflowId }: Execution): string {
  return `${namespace}\n${workflowId}`;
}

function isOpen(described: DescribeWorkflowExecutionResponse | undefined): boolean {
  return described?.workflowExecutionInfo?.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
}

function isNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === GrpcStatus.NOT_FOUND;
}
