import {
  type ActivitySerializationContext,
  defaultFailureConverter,
  defaultPayloadConverter,
  ensureTemporalFailure,
  type FailureConverter,
  IllegalStateError,
  type Payload,
  type PayloadConverter,
  type PayloadTypeInfo,
  type SerializationContext,
  type TypeInfo,
  type VersioningBehavior,
  type Workflow,
  type WorkflowDefinitionOptions,
  type WorkflowFunctionWithOptions,
  type WorkflowSerializationContext,
} from "../../common";
import {
  fromPayloadWithTypeInfo,
  toPayloadsWithContext,
  toPayloadWithTypeInfo,
} from "../../common/converter/payload-converter";
import type { ProtoFailure } from "../../common/failure";
import { append, some } from "../../common/intact";
import { userMetadataToPayload } from "../../common/user-metadata";
import type { UserMetadata } from "../../proto/temporal/api/sdk/v1/user_metadata";
import type {
  SignalWithStartWorkflowExecutionRequest,
  SignalWithStartWorkflowExecutionResponse,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import type { WorkflowCommand } from "../../proto/temporal/sdk/core/workflow_commands/workflow_commands";
import { RootCancellationScope } from "../cancellation-scope";
import { assertKnownFlag, type SdkFlag } from "../flags";
import type { StartNexusOperationOutput, WorkflowInterceptors } from "../interceptors";
import type { WorkflowInfo } from "../interfaces";
import type { WorkflowLogRecord } from "../logs";
import { RunRandom } from "../random/run-random";
import { readOnlyCode } from "../read-only";
import type { SinkCall } from "../sinks";
import { RunInfo, type RunStart } from "./info";
import { type Evidence, IssuedCommands } from "./issued-commands";
import { Messages } from "./messages";
import { Patches } from "./patches";

/** What a run needs from the host that it lives in. */
export interface HostServices {
  /** Namespace of the Worker. */
  readonly namespace: string;
  /** Task queue of the Worker. */
  readonly taskQueue: string;
  /** Activities registered with the Worker, for local Activities. */
  readonly activityNames: ReadonlySet<string>;
  /** Records below this severity (see `severity`) are not logged. */
  readonly logSeverity: number;
  /** Whether log records are calls of the sink `defaultWorkerLogger` instead. */
  readonly logsToSink: boolean;
  /** A copy of a value that can go to another thread, whatever is in it. */
  copy(value: unknown): unknown;
  /** Hands over a log record. */
  log(record: WorkflowLogRecord): void;
  /** Real time, in milliseconds since the epoch. */
  realNow(): number;
  /** Real randomness. */
  realRandom(): number;
  /** Names of error classes that fail a Workflow of this type, besides `TemporalFailure`. */
  failureErrorTypes(workflowType: string): readonly string[];
  /** Puts original file names and lines into the stack of an error and of its causes. */
  mapStack(error: unknown): void;
  /** Where the parts of a run wait; for the stack trace queries. */
  readonly showStackTraceSources: boolean;
  /** Whether runs keep what they have done, see `WorkflowRun.evidence`. */
  readonly keepsEvidence: boolean;
  /** Text of an original source file, if the source map has it. */
  sourceText(file: string): string | undefined;
  /** SHA-1 of a text, in hexadecimal digits. */
  sha1(text: string): string;
  /** Encodes the request of `signalWithStartWorkflow`. */
  encodeSignalWithStart(request: SignalWithStartWorkflowExecutionRequest): Uint8Array;
  /** Decodes the server's answer to it. */
  decodeSignalWithStart(payload: Payload): SignalWithStartWorkflowExecutionResponse;
  /** Decides whether a patch that isn't recorded yet becomes active. `undefined`: it does. */
  readonly patchActivationCallback?: (info: WorkflowInfo, patchId: string) => boolean;
}

/** The error in the place of one that can't be converted. */
export function notConverted(cause: unknown): Error {
  return new Error("Failed to convert an error of the workflow", { cause });
}

/** Something that a run waits for. */
export interface Completion<T> {
  /** Goes on with a result. */
  resolve(value: T): void;
  /** Goes on with an error. */
  reject(reason: unknown): void;
  /** Takes the listener for cancellation back. */
  release?: () => void;
  /** Whose payloads come with the result. */
  context?: SerializationContext;
  /** Type information for the result. */
  outputTypeInfo?: TypeInfo;
  /** Converts the result in place of the payload converter: the server itself makes it. */
  fromPayload?: (payload: Payload) => unknown;
  /** Where the run waits, as an error made there. */
  trace?: Error;
}

/** A condition that isn't true yet. */
interface BlockedCondition {
  /** What is waited for. */
  fn(): boolean;
  /** Goes on. */
  resolve(): void;
  /** Takes the listener for cancellation back. */
  release?: () => void;
  /** Where the run waits, as an error made there. */
  trace?: Error;
}

/** State of one run of a Workflow in this process, from its first activation to its eviction. */
export class WorkflowRun {
  /** What the run waits for, by kind and by the number of the command. */
  readonly completions = {
    timer: new Map<number, Completion<void>>(),
    activity: new Map<number, Completion<unknown>>(),
    nexusOperationStart: new Map<number, Completion<StartNexusOperationOutput>>(),
    nexusOperationComplete: new Map<number, Completion<unknown>>(),
    childWorkflowStart: new Map<number, Completion<string>>(),
    childWorkflowComplete: new Map<number, Completion<unknown>>(),
    signalWorkflow: new Map<number, Completion<void>>(),
    cancelWorkflow: new Map<number, Completion<void>>(),
  };
  /** Numbers for the next command of each kind; they identify commands in activations and in histories. */
  readonly nextSeqs = {
    timer: 1,
    activity: 1,
    childWorkflow: 1,
    signalWorkflow: 1,
    cancelWorkflow: 1,
    condition: 1,
    nexusOperation: 1,
  };
  /** Conditions that aren't true yet, in the order in which they are evaluated. */
  readonly conditions = new Map<number, BlockedCondition>();
  /** Scope of the Workflow's main function. */
  readonly rootScope = new RootCancellationScope();
  /** Interceptors of the run. */
  readonly interceptors: Required<WorkflowInterceptors> = { inbound: [], outbound: [], internals: [] };
  /** Signals, updates and queries. */
  readonly messages: Messages;
  /** Deterministic randomness. */
  readonly random: RunRandom;
  readonly #facts: RunInfo;
  readonly #patches: Patches;
  readonly #usedFlags: number[] = [];

  /** Converter of values, the bundle's own if it has one. */
  payloadConverter: PayloadConverter = defaultPayloadConverter;
  /** Converter of errors, the bundle's own if it has one. */
  failureConverter: FailureConverter = defaultFailureConverter;
  /** The Workflow's function, once the bundle was evaluated. */
  workflow?: Workflow | WorkflowFunctionWithOptions<any[], any>;
  /** Type information of the Workflow's function. */
  typeInfo?: PayloadTypeInfo;
  /** How the run moves between versions of the Worker. */
  versioningBehavior?: VersioningBehavior;
  /** Classes of errors that fail the Workflow instead of the task. */
  failureExceptionTypes?: WorkflowDefinitionOptions["failureExceptionTypes"];
  /** Gives the options of the Workflow's function, if it has to be asked. */
  definitionOptions?: () => WorkflowDefinitionOptions;
  /** The per-run object that Workflow code sees as `globalThis`. */
  globals: Record<PropertyKey, unknown> = {};

  /** Time of the current Workflow Task, in milliseconds since the epoch. */
  now = 0;
  /** Whether the current activation repeats what is in the history; true for queries. */
  isReplaying = false;
  /** The same, but false for queries and validators. */
  isReplayingHistoryEvents = false;
  /** Version of the SDK that completed the last Workflow Task, if it said so. */
  sdkVersion: string | undefined;
  /** See `setCurrentDetails`. */
  currentDetails = "";
  /** Whether cancellation of the Workflow was requested. */
  cancelled = false;
  /** Whether a command was issued that ends the run. */
  completed = false;
  /** Whether markers of event groups may be active, which are then asked for with every command. */
  usesEventGroups = false;
  /** What the current activation is, if nothing in it may change the Workflow. */
  readOnlyActivation: string | undefined;
  #sinkCalls: SinkCall[] = [];
  #commands: WorkflowCommand[] = [];
  #taskError: { error: unknown } | undefined;
  readonly #issued: IssuedCommands | undefined;

  /**
   * @param host what the run needs from outside
   * @param start the first activation's description of the run
   */
  constructor(
    readonly host: HostServices,
    start: RunStart,
  ) {
    this.#facts = new RunInfo(this, start);
    this.#patches = new Patches(this);
    this.messages = new Messages(this);
    this.#issued = host.keepsEvidence ? new IssuedCommands() : undefined;
    this.random = new RunRandom(start.seed, () =>
      this.readOnly === undefined && !this.isQueried ? undefined : host.realRandom,
    );
  }

  /** Identifier of the run. */
  get runId(): string {
    return this.#facts.start.runId;
  }

  /** Identifier of the Workflow. */
  get workflowId(): string {
    return this.#facts.start.workflowId;
  }

  /** Name of the Workflow's function. */
  get workflowType(): string {
    return this.#facts.start.workflowType;
  }

  /** Build ID of the Worker that executed the current task first. */
  get buildId(): string {
    return this.#facts.task.buildId;
  }

  /** Snapshot for `workflowInfo()`. */
  get info(): WorkflowInfo {
    return this.#facts.snapshot();
  }

  /** What {@link info} is made from. */
  get facts(): RunInfo {
    return this.#facts;
  }

  /**
   * Whether the current activation asks queries, which a replay doesn't repeat. Interceptors of queries run outside of
   * {@link readOnly}.
   */
  get isQueried(): boolean {
    return this.isReplaying && !this.isReplayingHistoryEvents;
  }

  /** What forbids changes at the moment, for error messages; `undefined` if they are allowed. */
  get readOnly(): string | undefined {
    return readOnlyCode() ?? this.readOnlyActivation;
  }

  /** Changes what `workflowInfo()` reports. */
  changeInfo(change: (info: WorkflowInfo) => Partial<WorkflowInfo>): void {
    this.#facts.override(change(this.info));
  }

  /** Serialization context of a Workflow, by default of this one. */
  context(workflowId = this.workflowId): WorkflowSerializationContext {
    return { type: "workflow", namespace: this.host.namespace, workflowId };
  }

  /** Serialization context of an Activity of this Workflow. */
  activityContext(activityId: string, isLocal: boolean): ActivitySerializationContext {
    return { type: "activity", namespace: this.host.namespace, activityId, workflowId: this.workflowId, isLocal };
  }

  /** Converts a value of Workflow code. */
  toPayload(value: unknown, context: SerializationContext, typeInfo?: TypeInfo): Payload {
    return toPayloadWithTypeInfo(this.payloadConverter, value, context, typeInfo);
  }

  /** Converts arguments of Workflow code; `undefined` for none. */
  toPayloads(
    values: readonly unknown[],
    context: SerializationContext,
    typeInfo?: readonly TypeInfo[],
  ): Payload[] | undefined {
    return toPayloadsWithContext(this.payloadConverter, context, values, typeInfo);
  }

  /** Converts a value for Workflow code. */
  fromPayload(payload: Payload, context: SerializationContext, typeInfo?: TypeInfo): unknown {
    return fromPayloadWithTypeInfo(this.payloadConverter, payload, context, typeInfo);
  }

  /** Converts an error of Workflow code. */
  errorToFailure(error: unknown): ProtoFailure {
    this.host.mapStack(error);
    return this.failureConverter.errorToFailure(error, this.payloadConverter, this.context());
  }

  /**
   * Converts an error that is an answer to somebody: where it can't be converted, whoever asked gets that as an error.
   */
  errorToAnswer(error: unknown): ProtoFailure {
    try {
      return this.errorToFailure(ensureTemporalFailure(error));
    } catch (cause) {
      return defaultFailureConverter.errorToFailure(notConverted(cause), defaultPayloadConverter);
    }
  }

  /** Converts a failure for Workflow code. */
  failureToError(failure: ProtoFailure, context: SerializationContext = this.context()): Error {
    return this.failureConverter.failureToError(failure, this.payloadConverter, context);
  }

  /** Texts that user interfaces show beside a command; `undefined` if there are none. */
  userMetadata(
    summary?: string,
    details?: string,
    context: SerializationContext = this.context(),
  ): UserMetadata | undefined {
    if (summary == null && details == null) return undefined;
    return userMetadataToPayload(this.payloadConverter, summary, details, context);
  }

  /**
   * Issues a command.
   *
   * @param ends whether the command ends the run
   */
  pushCommand(command: WorkflowCommand, ends = false): void {
    const { respondToQuery, updateResponse } = command;
    if (respondToQuery === undefined && updateResponse === undefined) this.assertWritable("A command");
    append(this.#commands, command);
    this.#issued?.add(command, this.#facts.task.historyLength);
    if (ends) this.completed = true;
  }

  /** What the run has done, if its host wants to know; when it isn't its turn. */
  evidence(): Evidence | undefined {
    return this.#issued?.evidence(this);
  }

  /** Takes the commands that were issued since the last call. */
  takeCommands(): WorkflowCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** Calls a function of the Worker when the activation is done. */
  callSink(ifaceName: string, fnName: string, args: unknown[]): void {
    // Copied because the Worker gets to them later, when the Workflow may have changed them.
    const copies = this.host.copy(args) as unknown[];
    append(this.#sinkCalls, { ifaceName, fnName, args: copies, workflowInfo: this.info });
  }

  /** Takes the calls of sinks since the last call. */
  takeSinkCalls(): SinkCall[] {
    const calls = this.#sinkCalls;
    if (calls.length > 0) this.#sinkCalls = [];
    return calls;
  }

  /** @throws IllegalStateError in queries and validators, which must not issue commands */
  assertWritable(usage: string): void {
    const { readOnly } = this;
    if (readOnly === undefined) return;
    throw new IllegalStateError(`${usage} can't be used in ${readOnly}: it must not change the Workflow`);
  }

  /** See `patched` and `deprecatePatch`. */
  patch(patchId: string, deprecated: boolean): boolean {
    return this.#patches.decide(patchId, deprecated);
  }

  /** The history has the marker of a patch. */
  notifyHasPatch(patchId: string): void {
    this.#patches.notify(patchId);
  }

  /** The history uses these flags. */
  addKnownFlags(ids: readonly number[]): void {
    for (let index = 0; index < ids.length; index++) {
      assertKnownFlag(ids[index]!);
      if (!this.#uses(ids[index]!)) append(this.#usedFlags, ids[index]!);
    }
  }

  /** Flags that are in use; not to be changed. */
  get usedFlags(): number[] {
    return this.#usedFlags;
  }

  #uses(id: number): boolean {
    return some(this.#usedFlags, (used) => used === id);
  }

  /** Whether a flag is on; turns it on if this isn't a replay. */
  hasFlag(flag: SdkFlag): boolean {
    if (this.#uses(flag.id)) return true;
    if (!this.isReplaying) {
      append(this.#usedFlags, flag.id);
      return true;
    }
    return flag.impliedBy?.(this) ?? false;
  }

  /** @throws ReferenceError if the Worker couldn't run that local Activity */
  assertLocalActivityExists(activityType: string): void {
    const { activityNames } = this.host;
    if (this.isReplaying || activityNames.has(activityType) || activityNames.has("default")) return;
    const known = activityNames.size === 0 ? "none" : [...activityNames].join(", ");
    throw new ReferenceError(`Local activity of type '${activityType}' not registered on worker`, {
      cause: new ReferenceError(`Registered activities: ${known}`),
    });
  }

  /** Remembers the error that fails the Workflow Task, the first one only. */
  failTask(error: unknown): void {
    this.#taskError ??= { error };
  }

  /** Forgets what {@link failTask} was given, and returns it; undefined if it was not called. */
  takeTaskError(): { error: unknown } | undefined {
    const taskError = this.#taskError;
    this.#taskError = undefined;
    return taskError;
  }

  /** Throws what {@link failTask} was given, if anything. */
  throwIfTaskFailed(): void {
    if (this.#taskError !== undefined) throw this.#taskError.error;
  }

  /** Whether {@link failTask} was called. */
  get taskFailed(): boolean {
    return this.#taskError !== undefined;
  }

  /**
   * Goes on with the conditions that have become true, until none is left that has.
   *
   * @returns how many there were
   */
  unblockConditions(): number {
    let count = 0;
    for (;;) {
      this.throwIfTaskFailed();
      if (this.conditions.size === 0) return count;
      const before = count;
      this.conditions.forEach((condition, seq) => {
        if (!condition.fn()) return;
        condition.release?.();
        condition.resolve();
        this.conditions.delete(seq);
        count++;
      });
      if (count === before) return count;
    }
  }
}
