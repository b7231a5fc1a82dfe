/**
 * Flows: typed chains of steps, each of which survives the end of the process. Import it as a whole:
 * `import * as flow from "temporal-bun-sdk/flow"`.
 *
 * @module
 */

export {
  App,
  type AppOptions,
  app,
  type FlowRun,
  type FlowWorkerOptions,
  type HttpOptions,
  type RunStatus,
} from "./app";
export { DecisionInvalid } from "./approvals/decide";
export { InboxMissing, type PendingOptions, type PendingPage, type PendingWait } from "./approvals/inbox";
export { TokenRefused } from "./approvals/token";
export type { ControlOptions } from "./control/options";
export { FlowRefusedError } from "./control/refused";
export { coverage, type MissedArm } from "./coverage";
export { define, type Flow } from "./define";
export { type EventOptions, type EventOutput, event, type FlowEvent } from "./events/event";
export { type OnOptions, type OnTrigger, on } from "./events/on";
export type { FlowGraph } from "./graph";
export type { FlowTest, FlowTestResult } from "./harness";
export type { Auth, AuthSecret, HmacOptions, Received, TimedOptions } from "./http/auth";
export * as auth from "./http/auth";
export { toNodeHandler } from "./http/node";
export { type WebhookOptions, type WebhookRequest, type WebhookTrigger, webhook } from "./http/webhook";
export type { Approval, Decision, FlowPlan, FlowProgress, FlowResponse, PlanNode, Resumed } from "./plan";
export type { DeployOptions, DeployReport } from "./schedules/deploy";
export {
  type IntervalOptions,
  interval,
  type PollContext,
  type PollOptions,
  type PollResult,
  poll,
  type ScheduleTriggerOptions,
  schedule,
  type TimeOptions,
  type TimeTrigger,
} from "./schedules/triggers";
export type { Issue, SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from "./schema";
export {
  type BreakerOptions,
  type ConfiguredService,
  Secret,
  type Service,
  type ServiceOptions,
  secret,
  service,
  type WithSecrets,
} from "./service";
export type { FlowStart } from "./start";
export type { FlowState, StateOptions } from "./state/context";
export { sql } from "./state/sql";
export { sqlite } from "./state/sqlite";
export type { StateStore, StoredEntry } from "./state/store";
export type { Trigger } from "./trigger";
export type {
  ActionOptions,
  AnyFlow,
  ApprovalLink,
  ApprovalOptions,
  BaseContext,
  Block,
  Context,
  FlowError,
  FlowOptions,
  InputOf,
  LogLevel,
  LoopOptions,
  OutputOf,
  RetryOptions,
  RunInfo,
  StepDefaults,
  StepOptions,
  Stored,
  TransformOptions,
  UndoContext,
  WaitOptions,
} from "./types";
