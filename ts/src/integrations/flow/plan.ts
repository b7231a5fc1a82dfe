/**
 * What the definition of a flow and the Workflow that interprets it have in common: plans, and what handlers are called
 * with. All of it is JSON. A run keeps the plan that it began with, so plans of older formats stay readable.
 */

import type { Priority } from "../../common";
import type { HubStart } from "./workflow/event-messages";
import type { GateOf } from "./workflow/gate-messages";

/** The newest format of plans. */
export const PLAN_FORMAT = 1;

/** Query for the progress of a run. */
export const PROGRESS_QUERY = "flow.progress";
/** Query for a value of a run, by its id; without one, for the outputs of the chain's steps by their names. */
export const OUTPUTS_QUERY = "flow.outputs";
/** Update that makes a run go on by another plan. */
export const MIGRATE_UPDATE = "flow.migrate";
/** Update that waits for the response of a run to the caller of a webhook. */
export const RESPOND_UPDATE = "flow.respond";
/** Query for that response, for callers that come when the run has ended. */
export const RESPONSE_QUERY = "flow.response";
/** Update with a person's decision. */
export const RESOLVE_UPDATE = "flow.resolve";
/** Query for the decisions that a run waits for. */
export const PENDING_QUERY = "flow.pending";
/** Update that holds a run before its next verb, or lets it go on. */
export const PAUSE_UPDATE = "flow.pause";
/** Search attribute, a list of keywords, with what a run waits for: see {@link waitText}. */
export const WAITING_ATTRIBUTE = "FlowWaiting";
/** Local activity that checks the payload, and records it with the plan. */
export const BEGIN_ACTIVITY = "flow.begin";
/** Local activity that asks the server to cancel the run. */
export const CANCEL_ACTIVITY = "flow.cancel";

/** Type of the Workflow that looks for new items. */
export const POLL_TYPE = "flow.poll";
/** Activity that looks for new items and starts a run for each. */
export const POLL_ACTIVITY = "flow.poll";

/** Type of the Workflow that keeps the state of a scope of a flow. */
export const STATE_TYPE = "flow.state";
/** Query for a value of it by its key, or for all. */
export const STATE_GET = "flow.state.get";
/** Update of it that does operations. */
export const STATE_UPDATE = "flow.state.apply";

/** What a look for new items is started with. */
export interface PollCall {
  flow: string;
  /** Name of the trigger. */
  trigger: string;
  /** Milliseconds that it may take. */
  timeout?: number;
  /** Where the look before ended. */
  cursor?: unknown;
}

/** What a look for new items found. */
export interface PollOutcome {
  cursor: unknown;
  /** How many items. */
  items: number;
}

/** Types of failures. */
export const failureTypes = {
  /** The payload isn't what the flow's schema asks for. */
  payload: "PayloadInvalid",
  /** This Worker's code has no handler of the name, or another kind of one. The run waits. */
  missing: "FlowHandlerMissing",
  /** No flow of this Worker is called like the Workflow's type. Fails the Workflow task. */
  unknown: "FlowUnknown",
  /** A service's breaker is open. The run waits. */
  circuit: "CircuitOpen",
  /** A handler ended the run by `ctx.cancel`. */
  cancelled: "FlowCancelled",
  /** A result that can't be stored. */
  output: "OutputInvalid",
  /** An operation on state that can't be done. */
  state: "StateInvalid",
  /** Nobody decided in time. */
  approval: "ApprovalTimeout",
  /** A result with a secret in it. */
  secret: "SecretInOutput",
  /** A `while` that took more turns than `max`. */
  turns: "TooManyTurns",
  /** A plan by which a run can't go on. */
  migration: "MigrationRefused",
  /** More runs wait for an event than its hub can have. */
  waiters: "TooManyWaiters",
  /** A run that may not begin, by an option of its flow. */
  refused: "FlowRefused",
  /** A function of an option of the flow gave no key, or no number. */
  control: "FlowControlInvalid",
  /** A run that took longer than the flow's `timeout`. */
  timeout: "FlowTimeout",
} as const;

/** How a handler is run. Times are milliseconds. */
export interface CallPlan {
  timeout?: number;
  heartbeat?: number;
  attempts?: number;
  backoff?: number;
  maxBackoff?: number;
  queue?: string;
}

/** A step, or a transform, which is a local step. */
export interface StepPlan extends CallPlan {
  kind: "step";
  name: string;
  local?: true;
  undo?: true;
  onError?: true;
}

/** A function that the run doesn't wait for until its end. */
export interface ActionPlan extends CallPlan {
  kind: "action";
  name: string;
}

/** A text for the log, or else a handler that gives it. */
export interface LogPlan {
  kind: "log";
  name: string;
  text?: string;
  level: "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR";
}

/** A branch: one arm is taken. The arm without a name is the `else`, and the last. */
export interface IfPlan {
  kind: "if";
  name: string;
  arms: { name?: string; nodes: PlanNode[] }[];
}

/** A loop with a condition. */
export interface WhilePlan {
  kind: "while";
  name: string;
  max: number;
  nodes: PlanNode[];
}

/** Parts side by side. */
export interface ForkPlan {
  kind: "parallel" | "race";
  name: string;
  branches: Record<string, PlanNode[]>;
}

/** A loop over items; with a size, over lists of so many items. */
export interface ForEachPlan {
  kind: "forEach";
  name: string;
  size?: number;
  concurrency: number;
  nodes: PlanNode[];
}

/** Another flow. */
export interface SubflowPlan {
  kind: "subflow";
  name: string;
  flow: string;
  queue?: string;
  detached?: true;
}

/** A wait: for milliseconds, until a time since the epoch, or for what a handler says. */
interface SleepPlan {
  kind: "sleep" | "sleepUntil";
  name: string;
  ms?: number;
}

/** The end of the run, as cancelled. */
interface CancelPlan {
  kind: "cancel";
  name: string;
  reason: string;
}

/** A response to the caller of a webhook. */
interface RespondPlan {
  kind: "respond";
  name: string;
  response?: FlowResponse;
}

/** A wait for an event, or for the first of several. */
export interface WaitForEventPlan {
  kind: "waitForEvent";
  name: string;
  events: { name: string; keyed?: true; retain?: number; queue?: string }[];
  /** Whether the output is that of the only event, without its name. */
  isOne?: true;
  /** Whether a handler gives the key. */
  matched?: true;
  timeout?: number;
}

/** A wait for a person's decision. */
export interface ApprovalPlan {
  kind: "humanInTheLoop";
  name: string;
  timeout?: number;
  onTimeout?: "approve" | "deny" | "fail";
  notify?: true;
}

/** A wait until somebody lets the run go on. */
interface PausePlan {
  kind: "pause";
  name: string;
}

/** One verb of a flow. Names are unique in the flow. */
export type PlanNode =
  | StepPlan
  | ActionPlan
  | LogPlan
  | IfPlan
  | WhilePlan
  | ForkPlan
  | ForEachPlan
  | SubflowPlan
  | SleepPlan
  | CancelPlan
  | WaitForEventPlan
  | RespondPlan
  | ApprovalPlan
  | PausePlan;

/** A flow without its functions. */
export interface FlowPlan {
  format: number;
  flow: string;
  nodes: PlanNode[];
  timeout?: number;
  defaults?: CallPlan;
  onSuccess?: true;
  onFailure?: true;
}

/** The parts inside of a node. */
export function partsOf(node: PlanNode): PlanNode[][] {
  switch (node.kind) {
    case "if":
      return node.arms.map(({ nodes }) => nodes);
    case "parallel":
    case "race":
      return Object.values(node.branches);
    case "while":
    case "forEach":
      return [node.nodes];
    default:
      return [];
  }
}

/** The nodes of a part, and those inside of them. */
export function* everyNode(nodes: readonly PlanNode[]): Generator<PlanNode> {
  for (const node of nodes) {
    yield node;
    for (const part of partsOf(node)) yield* everyNode(part);
  }
}

/** Number of nodes in a part, those inside of them included. */
export function nodeCount(nodes: readonly PlanNode[]): number {
  return [...everyNode(nodes)].length;
}

/** Whether a part has a `respond`. */
export function responds(nodes: readonly PlanNode[]): boolean {
  return everyNode(nodes).some(({ kind }) => kind === "respond");
}

/** Whether a part waits for people. */
export function waitsForPeople(nodes: readonly PlanNode[]): boolean {
  return everyNode(nodes).some(({ kind }) => kind === "humanInTheLoop" || kind === "pause");
}

/** Where a value is that doesn't travel with a call: its id, and the run that has it if that isn't the caller's. */
export interface ValueRef {
  id: string;
  workflowId?: string;
  runId?: string;
}

/** What a handler is for, which decides what it is called with and what its result must be. */
export type Role =
  | "step"
  | "condition"
  | "items"
  | "input"
  | "duration"
  | "time"
  | "log"
  | "response"
  | "notify"
  | "match"
  | "undo"
  | "onError"
  | "onSuccess"
  | "onFailure";

/** The argument of a handler. What is in `refs` is fetched from the run before the handler is called. */
export interface Call {
  /** What the plan has the handler for, if that isn't plain from its name. */
  role?: Role;
  /** The payload. */
  payload?: unknown;
  /** Outputs of steps before, by name. */
  steps: Record<string, unknown>;
  /** The item of the innermost loop over items. */
  item?: unknown;
  /** Number of the item or turn. */
  index?: number;
  /** Whose output `last` is: a name in `steps`, `@payload` or `@item`. */
  last?: string;
  /** Values that are too large for a history, under the names that they have in `steps`, or `@payload` or `@item`. */
  refs?: Record<string, ValueRef>;
  /** The step with the turns around it, where that isn't the name of the handler. */
  path?: string;
  /** Arms of an `if`, whose conditions are tried in this order. */
  arms?: string[];
  /** Items per list, of `batch`. */
  size?: number;
  /** What a token is for, of a `notify`. */
  wait?: { run: string; path: string; until?: number };
  /** The output to undo, or that of the run. */
  output?: unknown;
  /** What went wrong. */
  error?: { type: string; message: string; details?: unknown[] };
}

/** Name of the payload, where names of steps stand. */
export const PAYLOAD = "@payload";
/** Name of the item, where names of steps stand. */
export const ITEM = "@item";

/** What `flow.begin` records. */
export interface Beginning {
  plan: FlowPlan;
  payload: unknown;
  /** Gates to pass before the first verb, in this order. */
  gates?: GateOf[];
  /** Priority of the steps. */
  priority?: Priority;
  /** Hubs of the events that cancel the run. */
  cancelOn?: HubStart[];
  /** Whether the run says in {@link WAITING_ATTRIBUTE} what it waits for. */
  isListed?: true;
  /** In tests: what people decide, by the verbs that ask, in their order. The last one stays. */
  decisions?: Record<string, Approval[]>;
}

/** What a person says. */
export interface Decision {
  decision: "approved" | "denied";
  /** Who decides. */
  by?: string;
  /** What comes along. */
  input?: unknown;
}

/** What the verb `pause` gives. */
export interface Resumed<I = any> {
  /** Who decided, as that person said. */
  readonly by?: string;
  /** What the person gave. */
  readonly input?: I;
}

/** What the verb `humanInTheLoop` gives. Without a decision in time it is the one that `onTimeout` says. */
export interface Approval<I = any> extends Resumed<I> {
  readonly decision: "approved" | "denied";
}

/** A decision on its way to a run. */
export interface Resolution extends Decision {
  /** Id of the first run of the Workflow's chain. */
  run: string;
  /** The verb with the turns around it. */
  path: string;
}

/** A decision that a run waits for. Times are milliseconds since the epoch. */
export interface PendingApproval {
  /** The verb with the turns around it. */
  path: string;
  /** Id of the first run of the Workflow's chain. */
  run: string;
  since: number;
  until?: number;
  /** Whether it is a `pause`, which can't be denied. */
  isPause?: true;
}

/** A wait as the search attribute has it, for people to read too. */
export function waitText({ path, since, until }: PendingApproval): string {
  return [path, since, until].map((part) => (typeof part === "number" ? new Date(part).toISOString() : part)).join("|");
}

/** What {@link waitText} made a text of. */
export function waitOfText(text: string): Pick<PendingApproval, "path" | "since" | "until"> {
  const [path = "", since = "", until = ""] = text.split("|");
  return { path, since: Date.parse(since), ...(until === "" ? {} : { until: Date.parse(until) }) };
}

/** What the caller of a webhook gets. */
export interface FlowResponse {
  /** Default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON; a text as it is if the headers have a `content-type`. Without one, the response has no body. */
  body?: unknown;
}

/** How far a run is, as the query tells. */
export interface FlowProgress {
  /** The flow's id. */
  flow: string;
  /** Whether it is held before its next verb. */
  isPaused?: true;
  /** What it is doing now. */
  running: { step: string; waiting?: string }[];
  /** What it has done since it began or continued as new, the last 1,000 nodes in the order of their starts. */
  path: string[];
}
