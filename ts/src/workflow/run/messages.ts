import {
  ApplicationFailure,
  ExternalStorageNotConfiguredError,
  HandlerUnfinishedPolicy,
  IllegalStateError,
  TemporalFailure,
  type TypeInfo,
  type WorkflowQueryAnnotatedType,
  type WorkflowSignalAnnotatedType,
  type WorkflowUpdateAnnotatedType,
} from "../../common";
import { arrayFromPayloads } from "../../common/converter/payload-converter";
import { append, apply, then } from "../../common/intact";
import {
  ENHANCED_STACK_TRACE_QUERY_NAME,
  STACK_TRACE_QUERY_NAME,
  TEMPORAL_RESERVED_PREFIX,
} from "../../common/reserved";
import type {
  DoUpdate,
  QueryWorkflow,
  SignalWorkflow,
} from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { DeterminismViolationError } from "../errors";
import { withOriginEvent, withOriginUpdate } from "../event-groups";
import {
  compose,
  type QueryInput,
  type SignalInput,
  type UpdateInput,
  type WorkflowInboundCallsInterceptor,
} from "../interceptors";
import type { DefaultQueryHandler, DefaultSignalHandler, DefaultUpdateHandler } from "../interfaces";
import { log } from "../logs";
import { withoutChanges } from "../read-only";
import { withUpdate } from "../update-scope";
import { builtInQueries } from "./built-in-queries";
import { endWithError } from "./outcome";
import type { WorkflowRun } from "./run";

interface Running {
  name: string;
  unfinishedPolicy: HandlerUnfinishedPolicy;
  id?: string;
}

const noInterceptors: readonly WorkflowInboundCallsInterceptor[] = [];

/** Signals, updates and queries of a run. */
export class Messages {
  /** Handlers of signals, by name. */
  readonly signalHandlers = new Map<string, WorkflowSignalAnnotatedType>();
  /** Handlers of updates, by name. */
  readonly updateHandlers = new Map<string, WorkflowUpdateAnnotatedType>();
  /** Handlers of queries, by name. */
  readonly queryHandlers: Map<string, WorkflowQueryAnnotatedType>;
  /** Handles signals without a handler of their own. */
  defaultSignalHandler?: DefaultSignalHandler;
  /** Handles updates without a handler of their own. */
  defaultUpdateHandler?: DefaultUpdateHandler;
  /** Answers queries without a handler of their own. */
  defaultQueryHandler?: DefaultQueryHandler;
  /** Handlers of signals that are running, by a number of their own. */
  readonly runningSignals = new Map<number, Running>();
  /** Handlers of updates that are running, by the identifier of the update. */
  readonly runningUpdates = new Map<string, Running>();
  readonly #bufferedSignals: SignalWorkflow[] = [];
  readonly #bufferedUpdates: DoUpdate[] = [];
  #signalCount = 0;

  constructor(private readonly run: WorkflowRun) {
    this.queryHandlers = builtInQueries(run);
  }

  /** Runs the handler of a signal, or keeps the signal until there is one. */
  signal(job: SignalWorkflow): void {
    const { run } = this;
    const signalName = required(job.signalName, "signalName");
    const entry = this.signalHandlers.get(signalName);
    this.#assertUnreserved("signal", signalName, entry !== undefined, this.defaultSignalHandler !== undefined);
    if (entry === undefined && this.defaultSignalHandler === undefined) {
      append(this.#bufferedSignals, job);
      return;
    }
    const number = this.#signalCount++;
    const unfinishedPolicy = entry?.unfinishedPolicy ?? HandlerUnfinishedPolicy.WARN_AND_ABANDON;
    this.runningSignals.set(number, { name: signalName, unfinishedPolicy });
    const execute = compose(run, this.#inbound(signalName), "handleSignal", (input) => this.#callSignal(input));
    const handled = withOriginEvent(job.originatingEventId, () =>
      execute({
        args: arrayFromPayloads(run.payloadConverter, job.input, run.context(), entry?.typeInfo?.inputTypes),
        signalName,
        headers: job.headers ?? {},
      }),
    );
    const ended = then(handled, undefined, (error) => endWithError(run, error));
    finallyDo(ended, () => this.runningSignals.delete(number));
  }

  /** Runs the validator and the handler of an update, or keeps the update until the end of the activation. */
  update(job: DoUpdate): void {
    const id = required(job.id, "update id");
    const name = required(job.name, "update name");
    required(job.protocolInstanceId, "update protocolInstanceId");
    const registered = this.updateHandlers.get(name);
    const fallback = this.defaultUpdateHandler;
    this.#assertUnreserved("update", name, registered !== undefined, fallback !== undefined);
    const entry =
      registered ??
      (fallback && {
        handler: fallback.bind(undefined, name),
        unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      });
    if (entry === undefined) append(this.#bufferedUpdates, job);
    else void withUpdate({ id, name }, () => this.#runUpdate(job, id, name, entry));
  }

  /** Answers a query. */
  query(job: QueryWorkflow): void {
    const { run } = this;
    const queryName = required(job.queryType, "queryType");
    const queryId = required(job.queryId, "queryId");
    const typeInfo = this.queryHandlers.get(queryName)?.typeInfo;
    this.#assertUnreserved(
      "query",
      queryName,
      this.queryHandlers.has(queryName),
      this.defaultQueryHandler !== undefined,
    );
    let outputType: TypeInfo | undefined = typeInfo?.outputType;
    const execute = compose(run, this.#inbound(queryName), "handleQuery", (input) => {
      outputType = this.queryHandlers.get(input.queryName)?.typeInfo?.outputType;
      return this.#callQuery(input);
    });
    const answer = execute({
      queryName,
      args: arrayFromPayloads(run.payloadConverter, job.arguments, run.context(), typeInfo?.inputTypes),
      queryId,
      headers: job.headers ?? {},
    });
    const answered = then(answer, (result) => {
      const response = run.toPayload(result, run.context(), outputType);
      run.pushCommand({ respondToQuery: { queryId, succeeded: { response } } });
    });
    then(answered, undefined, (error) => {
      run.pushCommand({ respondToQuery: { queryId, failed: run.errorToAnswer(error) } });
    });
  }

  /** Handles the kept signals for which there is a handler now. */
  dispatchBufferedSignals(): void {
    const { signalHandlers } = this;
    dispatch(
      this.#bufferedSignals,
      ({ signalName }) => this.defaultSignalHandler !== undefined || signalHandlers.has(signalName ?? ""),
      (job) => this.signal(job),
    );
  }

  /** Handles the kept updates for which there is a handler now. */
  dispatchBufferedUpdates(): void {
    const { updateHandlers } = this;
    dispatch(
      this.#bufferedUpdates,
      ({ name }) => this.defaultUpdateHandler !== undefined || updateHandlers.has(name ?? ""),
      (job) => this.update(job),
    );
  }

  /** Rejects the updates for which no handler was set in this activation. */
  rejectBufferedUpdates(): void {
    for (let index = 0; index < this.#bufferedUpdates.length; index++) {
      const { protocolInstanceId, name } = this.#bufferedUpdates[index]!;
      this.#reject(protocolInstanceId, ApplicationFailure.nonRetryable(`No registered handler for update: ${name}`));
    }
    this.#bufferedUpdates.length = 0;
  }

  /** Forgets the running handlers, of a run that failed. */
  abandonRunning(): void {
    this.runningSignals.clear();
    this.runningUpdates.clear();
  }

  /** Logs which handlers the end of the run cut off. */
  warnIfUnfinished(): void {
    if (this.run.taskFailed) return;
    const updates = [...this.runningUpdates.values()].filter(warns);
    if (updates.length > 0) {
      const list = JSON.stringify(updates.map(({ name, id }) => ({ name, id })));
      log.warn(
        `${unfinished("an update", "myUpdate")} The client that sent the update gets a 'workflow execution already completed' ` +
          `error instead of a result. The following updates were ${unfinishedList} ${list}`,
      );
    }
    const signals = [...this.runningSignals.values()].filter(warns);
    if (signals.length > 0) {
      const counts = new Map<string, number>();
      for (const { name } of signals) counts.set(name, (counts.get(name) ?? 0) + 1);
      const list = JSON.stringify([...counts].map(([name, count]) => ({ name, count })));
      log.warn(`${unfinished("a signal", "mySignal")} The following signals were ${unfinishedList} ${list}`);
    }
  }

  async #callSignal({ signalName, args }: SignalInput): Promise<void> {
    const handler = this.signalHandlers.get(signalName)?.handler;
    if (handler !== undefined) return await apply(handler, args);
    if (this.defaultSignalHandler !== undefined)
      return await apply(this.defaultSignalHandler.bind(undefined, signalName), args);
    throw new IllegalStateError(`No registered signal handler for signal: ${signalName}`);
  }

  async #runUpdate(job: DoUpdate, updateId: string, name: string, entry: WorkflowUpdateAnnotatedType): Promise<void> {
    const { run } = this;
    const { protocolInstanceId } = job;
    const interceptors = this.#inbound(name);
    // Made twice: the handler must not see what the validator does to its arguments.
    const input = (): UpdateInput => ({
      updateId,
      args: arrayFromPayloads(run.payloadConverter, job.input, run.context(), entry.typeInfo?.inputTypes),
      name,
      headers: job.headers ?? {},
    });
    let accepted: UpdateInput;
    try {
      const { validator } = entry;
      if (job.runValidator && validator !== undefined) {
        this.#readOnly(`the validator of update '${name}'`, () => {
          compose(run, interceptors, "validateUpdate", ({ args }) => apply(validator, args))(input());
        });
      }
      accepted = input();
    } catch (error) {
      // The update is fine; it is this Worker that can't read it.
      if (error instanceof ExternalStorageNotConfiguredError) run.failTask(error);
      else this.#reject(protocolInstanceId, error);
      return;
    }
    run.pushCommand({ updateResponse: { protocolInstanceId, accepted: {} } });
    const execute = compose(
      run,
      interceptors,
      "handleUpdate",
      async ({ args }: UpdateInput) => await apply(entry.handler, args),
    );
    this.runningUpdates.set(updateId, { name, unfinishedPolicy: entry.unfinishedPolicy, id: updateId });
    const handled = withOriginUpdate(updateId, () => execute(accepted));
    const completed = then(handled, (result) => {
      const completed = run.toPayload(result, run.context(), entry.typeInfo?.outputType);
      run.pushCommand({ updateResponse: { protocolInstanceId, completed } });
    });
    const ended = then(completed, undefined, (error) => {
      if (error instanceof TemporalFailure) this.#reject(protocolInstanceId, error);
      else endWithError(run, error);
    });
    finallyDo(ended, () => this.runningUpdates.delete(updateId));
  }

  #reject(protocolInstanceId: string | undefined, error: unknown): void {
    const rejected = this.run.errorToAnswer(error);
    this.run.pushCommand({ updateResponse: { protocolInstanceId, rejected } });
  }

  // Not asynchronous: an answer must be ready when the activation ends.
  #callQuery({ queryName, args }: QueryInput): Promise<unknown> {
    try {
      const fallback = this.defaultQueryHandler;
      const handler = this.queryHandlers.get(queryName)?.handler ?? fallback?.bind(undefined, queryName);
      if (handler === undefined) {
        const known = [...this.queryHandlers.keys()].join(" ");
        throw new ReferenceError(
          `Workflow did not register a handler for ${queryName}. Registered queries: [${known}]`,
        );
      }
      const answer: unknown = this.#readOnly(`the handler of query '${queryName}'`, () => apply(handler, args));
      if (answer instanceof Promise) {
        then(answer, undefined, () => undefined);
        throw new DeterminismViolationError("Query handlers should not return a Promise");
      }
      return Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #readOnly<T>(where: string, fn: () => T): T {
    const { run } = this;
    const replaying = run.isReplayingHistoryEvents;
    // Logging is fine: this never repeats.
    run.isReplayingHistoryEvents = false;
    run.facts.invalidate();
    try {
      return withoutChanges(where, fn);
    } finally {
      run.isReplayingHistoryEvents = replaying;
      run.facts.invalidate();
    }
  }

  #inbound(name: string): readonly WorkflowInboundCallsInterceptor[] {
    return isInternal(name) ? noInterceptors : this.run.interceptors.inbound;
  }

  #assertUnreserved(kind: string, name: string, registered: boolean, hasDefault: boolean): void {
    if (registered || !hasDefault || !name.startsWith(TEMPORAL_RESERVED_PREFIX)) return;
    throw new TypeError(`Cannot use ${kind} name: '${name}', with reserved prefix: '${TEMPORAL_RESERVED_PREFIX}'`);
  }
}

function isInternal(name: string): boolean {
  return (
    name.startsWith(TEMPORAL_RESERVED_PREFIX) ||
    name === STACK_TRACE_QUERY_NAME ||
    name === ENHANCED_STACK_TRACE_QUERY_NAME
  );
}

/** Takes jobs out and handles them in order; handling one may set handlers for others. */
function dispatch<T>(jobs: T[], isReady: (job: T) => boolean, handle: (job: T) => void): void {
  for (;;) {
    let index = 0;
    while (index < jobs.length && !isReady(jobs[index]!)) index++;
    if (index === jobs.length) return;
    const job = jobs[index]!;
    for (; index + 1 < jobs.length; index++) jobs[index] = jobs[index + 1]!;
    jobs.length--;
    handle(job);
  }
}

/** `promise.finally(fn)`, where nobody waits for what it returns. */
function finallyDo(promise: Promise<unknown>, fn: () => void): void {
  then(promise, fn, (error) => {
    fn();
    throw error;
  });
}

function required(value: string | undefined, name: string): string {
  if (!value) throw new TypeError(`Missing activation ${name}`);
  return value;
}

function warns({ unfinishedPolicy }: Running): boolean {
  return unfinishedPolicy === HandlerUnfinishedPolicy.WARN_AND_ABANDON;
}

const unfinishedList = "unfinished (and warnings were not disabled for their handler):";

function unfinished(what: string, example: string): string {
  return (
    `[TMPRL1102] Workflow finished while ${what} handler was still running. This may have interrupted its work. ` +
    "To wait for all handlers, put `await workflow.condition(workflow.allHandlersFinished)` before the end of the Workflow; " +
    `if interrupting is fine, say so with setHandler(${example}, handler, { unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON }).`
  );
}
