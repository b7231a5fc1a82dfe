/** What a run hands over to the next one of its chain, and to the Child Workflows that take a part of its items. */
import type { Priority } from "../../../common";
import type { Beginning, Call, FlowPlan, FlowResponse, ForEachPlan, PlanNode, ValueRef } from "../plan";
import type { CancelOn } from "./cancel-on";
import type { GateOf } from "./gate-messages";
import type { SavedScope } from "./scope";

/** What is known of a verb that has parts, while it runs. */
export type NodeState =
  | { kind: "arm"; arm: number }
  | { kind: "turn"; turn: number; scope: SavedScope }
  | { kind: "item"; index: number; outputs: unknown[]; scope: SavedScope };

/** How far the run is in one part: the outermost first, each but the last with a verb that has parts. */
export interface SavedFrame {
  at: number;
  state?: NodeState;
}

/** A finished step that can be undone. */
export interface Undo {
  step: string;
  path: string;
  output: unknown;
  item?: unknown;
  index?: number;
}

/** The second argument of the next run of a chain. The first one is the payload, as it was parsed. */
export interface Continued {
  kind: "continued";
  plan: FlowPlan;
  frames: SavedFrame[];
  scope: SavedScope;
  values: Record<string, unknown>;
  refs: Record<string, ValueRef>;
  undos: Undo[];
  /** Whether it says in a search attribute what it waits for. */
  isListed?: true;
  /** Whether it is held before its next verb. */
  isPaused?: true;
  /** In tests: what people decide. */
  decisions?: Beginning["decisions"];
  /** What the caller of a webhook was answered. */
  response?: FlowResponse;
  /** Gates to leave at the end. */
  held?: GateOf[];
  /** Priority of the steps. */
  priority?: Priority;
  /** Events that cancel the run. */
  cancelOn?: CancelOn;
  /** When the flow's `timeout` is over, in milliseconds since the epoch. */
  deadline?: number;
}

/** The second argument of a Child Workflow that takes a part of a loop's items. */
export interface Slice {
  kind: "slice";
  /** The flow, with nothing but the loop. */
  plan: FlowPlan & { nodes: [ForEachPlan] };
  items: unknown[];
  /** Number of the first item. */
  offset: number;
  prefix: string;
  /** What the loop sees. */
  context: Call;
  /** Whether it says in a search attribute what it waits for. */
  isListed?: true;
  /** In tests: what people decide. */
  decisions?: Beginning["decisions"];
}

/** What such a Child Workflow returns. */
export interface SliceResult {
  outputs: unknown[];
  undos: Undo[];
}

/** How far a run is in one part, while it runs. */
export interface Frame {
  /** The part, of the plan that the run goes by now. */
  nodes: readonly PlanNode[];
  at: number;
  state: NodeState | undefined;
  /** The current verb, with the turns around it. */
  path: string;
}
