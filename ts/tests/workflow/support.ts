import { afterAll } from "bun:test";
import Long from "long";
import type { Payload } from "../../src/common";
import { defaultPayloadConverter } from "../../src/common";
import { msNumberToTs } from "../../src/common/time";
import type { Failure } from "../../src/proto/temporal/api/failure/v1/message";
import {
  type InitializeWorkflow,
  WorkflowActivation,
  type WorkflowActivationJob,
} from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { WorkflowCommand } from "../../src/proto/temporal/sdk/core/workflow_commands/workflow_commands";
import { WorkflowActivationCompletion } from "../../src/proto/temporal/sdk/core/workflow_completion/workflow_completion";
import { type BundleOptions, bundleWorkflowCode } from "../../src/worker/bundler/bundler";
import type { FromTestThread, TestHostOptions, ToTestThread } from "./thread";

/** Time at which runs of tests start, in milliseconds since the epoch. */
export const startMs = 1_700_000_000_123;

/** A job of an activation. */
export type Job = WorkflowActivationJob;

/** What came of an activation. */
export interface Outcome extends Pick<FromTestThread, "refused" | "logs" | "sinkCalls"> {
  completion: WorkflowActivationCompletion;
  /** Commands, of a completion that didn't fail. */
  commands: WorkflowCommand[];
  /** Kinds of the commands, in order. */
  kinds: string[];
  /** The failure, of a completion that failed. */
  failure: Failure | undefined;
}

const open = new Set<Worker>();
try {
  afterAll(() => {
    for (const worker of open) worker.terminate();
    open.clear();
  });
} catch {
  // Not in the test runner, but in a program, whose threads end with it.
}

/** A workflow thread as the Worker has them, with a host for the Workflows of a file. */
export class TestThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<FromTestThread>>();
  #count = 0;

  private constructor(script = new URL("./thread.ts", import.meta.url).href) {
    this.#worker = new Worker(script);
    open.add(this.#worker);
    this.#worker.onmessage = ({ data }: MessageEvent<FromTestThread>) => {
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if (data.error === undefined) pending?.resolve(data);
      else pending?.reject(new Error(data.error));
    };
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#pending.values()) reject(new Error(event.message));
    };
  }

  /** Starts a thread with the Workflows of a file in `fixtures`. */
  static async open(
    fixture: string,
    options: Partial<TestHostOptions> = {},
    bundle: Partial<BundleOptions> = {},
  ): Promise<TestThread> {
    const { code, sourceMap } = await bundleWorkflowCode({
      workflowsPath: `${import.meta.dir}/fixtures/${fixture}`,
      ...bundle,
    });
    return TestThread.withCode(code, { sourceMap, ...options });
  }

  /** Starts a thread with a bundle given as text; `script` is the thread's program if it isn't `thread.ts`. */
  static async withCode(code: string, options: Partial<TestHostOptions> = {}, script?: string): Promise<TestThread> {
    const thread = new TestThread(script);
    await thread.send({ open: { code, ...options } });
    return thread;
  }

  /** Sends a message and waits for the answer. */
  send(
    message: ToTestThread extends infer M ? (M extends { id: number } ? Omit<M, "id"> : never) : never,
  ): Promise<FromTestThread> {
    const id = this.#count++;
    const pending = Promise.withResolvers<FromTestThread>();
    this.#pending.set(id, pending);
    this.#worker.postMessage({ ...message, id });
    return pending.promise;
  }

  /** Applies an activation. Whatever else the machine has to do, only code that loops reaches the limit of a minute. */
  async activate(activation: WorkflowActivation, deadlockTimeoutMs = 60_000): Promise<Outcome> {
    const { completion: bytes, ...seen } = await this.send({
      activation: WorkflowActivation.encode(activation).finish(),
      deadlockTimeoutMs,
    });
    const completion = WorkflowActivationCompletion.decode(bytes!);
    const commands = completion.successful?.commands ?? [];
    return { completion, commands, kinds: commands.map(kindOf), failure: completion.failed?.failure, ...seen };
  }

  /** Evaluates an expression on the thread, outside of any Workflow. */
  async evaluate(expression: string): Promise<any> {
    return (await this.send({ evaluate: expression })).value;
  }

  /** A run that isn't started yet. */
  run(workflowType: string, ...args: unknown[]): TestRun {
    return new TestRun(this, workflowType, args);
  }

  /** Runs a Workflow that waits for nothing, and returns its result. */
  async result(workflowType: string, ...args: unknown[]): Promise<any> {
    const run = this.run(workflowType, ...args);
    const outcome = await run.start();
    await run.evict();
    return resultOf(outcome);
  }
}

let runs = 0;

/** One run of a Workflow on a {@link TestThread}, seen from Core's side. */
export class TestRun {
  /** Identifier of the run. */
  readonly runId = `run-${++runs}`;
  /** Whether activations are replays. */
  replaying = false;
  /** Flags that the history uses. */
  flags: number[] = [];
  /** What else the next activations say about their Workflow Task. */
  task: Partial<WorkflowActivation> = {};
  /**
   * Limit of the next activations, for code that loops. It is time on the clock, so on a busy machine other code would
   * reach a short one too.
   */
  deadlockTimeoutMs: number | undefined;
  #now = startMs;
  #historyLength = 0;

  constructor(
    private readonly thread: TestThread,
    private readonly workflowType: string,
    private readonly args: unknown[],
  ) {}

  /** First activation, with further jobs after the one that initializes the run. */
  start(jobs: Job[] = [], init: Partial<InitializeWorkflow> = {}): Promise<Outcome> {
    const initializeWorkflow: InitializeWorkflow = {
      workflowType: this.workflowType,
      workflowId: "test-workflow",
      arguments: this.args.map(payload),
      randomnessSeed: Long.fromString("81985529216486895"),
      firstExecutionRunId: this.runId,
      startTime: msNumberToTs(startMs),
      workflowTaskTimeout: msNumberToTs(10_000),
      attempt: 1,
      ...init,
    };
    return this.activate({ initializeWorkflow }, ...jobs);
  }

  /** Another activation, a second later. */
  activate(...jobs: Job[]): Promise<Outcome> {
    this.#now += 1_000;
    this.#historyLength += 3;
    const activation = {
      runId: this.runId,
      timestamp: msNumberToTs(this.#now),
      isReplaying: this.replaying,
      historyLength: this.#historyLength,
      historySizeBytes: Long.fromNumber(this.#historyLength * 100),
      availableInternalFlags: this.flags,
      ...this.task,
      jobs,
    };
    return this.thread.activate(activation, this.deadlockTimeoutMs);
  }

  /** Asks a query. */
  query(queryType: string, ...args: unknown[]): Promise<Outcome> {
    return this.activate({ queryWorkflow: { queryId: "q", queryType, arguments: args.map(payload) } });
  }

  /** Removes the run from memory. */
  evict(): Promise<Outcome> {
    return this.activate({ removeFromCache: {} });
  }
}

/** Payload of a value, as clients make it. */
export function payload(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

/** Value of a payload. */
export function value(of: Payload | undefined): any {
  return of === undefined ? undefined : defaultPayloadConverter.fromPayload(of);
}

/** Job: an Activity succeeded. */
export function activityCompleted(seq: number, result?: unknown): Job {
  return { resolveActivity: { seq, result: { completed: { result: payload(result) } } } };
}

/** Job: an Activity failed. */
export function activityFailed(seq: number, message: string): Job {
  const cause: Failure = { message, applicationFailureInfo: { type: "Error" } };
  return { resolveActivity: { seq, result: { failed: { failure: activityFailure(cause) } } } };
}

/** Job: an Activity was cancelled. */
export function activityCancelled(seq: number): Job {
  return {
    resolveActivity: {
      seq,
      result: { cancelled: { failure: activityFailure({ message: "cancelled", canceledFailureInfo: {} }) } },
    },
  };
}

function activityFailure(cause: Failure): Failure {
  return {
    message: "Activity task failed",
    activityFailureInfo: { activityType: { name: "activity" }, activityId: "1" },
    cause,
  };
}

/** Job: a signal. */
export function signal(signalName: string, ...args: unknown[]): Job {
  return { signalWorkflow: { signalName, input: args.map(payload) } };
}

/** Job: an update. */
export function update(name: string, id: string, ...args: unknown[]): Job {
  return { doUpdate: { id, protocolInstanceId: `instance-${id}`, name, input: args.map(payload), runValidator: true } };
}

/** Result of a run that completed. */
export function resultOf({ commands, failure, kinds }: Outcome): any {
  if (failure !== undefined) throw new Error(`the workflow task failed: ${failure.message}\n${failure.stackTrace}`);
  const ended = commands.find(({ completeWorkflowExecution }) => completeWorkflowExecution !== undefined);
  if (ended === undefined) throw new Error(`the run didn't complete; commands: ${kinds.join(", ")}`);
  return value(ended.completeWorkflowExecution?.result);
}

function kindOf(command: WorkflowCommand): string {
  return (
    Object.keys(command).find(
      (key) =>
        key !== "userMetadata" && key !== "eventGroupMarkers" && command[key as keyof WorkflowCommand] !== undefined,
    ) ?? "none"
  );
}
