/** What runs, gates and collectors tell each other. All of it is JSON. */

/** Type of a gate, which lets runs begin. */
export const GATE_WORKFLOW = "flow.gate";
/** Type of a collector, which starts one run for several starts. */
export const COLLECTOR_WORKFLOW = "flow.collector";

/** Signal to a gate: a run wants to begin. */
export const ASK_SIGNAL = "flow.ask";
/** Signal to a gate: a run has ended, or waits no more. */
export const LEAVE_SIGNAL = "flow.leave";
/** Signal to a run: what its gate says. */
export const VERDICT_SIGNAL = "flow.verdict";
/** Update that waits until it is known whether a run may begin. */
export const ADMISSION_UPDATE = "flow.admission";
/** Signal to a collector: a start. */
export const COLLECT_SIGNAL = "flow.collect";

/** Local activity of a run, which asks a gate. */
export const ASK_ACTIVITY = "flow.ask";
/** Local activity of a run, which leaves its gates. */
export const LEAVE_ACTIVITY = "flow.leave";
/** Local activity of a gate, which tells runs its verdicts. */
export const TELL_ACTIVITY = "flow.tell";
/** Local activity of a gate, which finds the runs that are gone. */
export const CHECK_ACTIVITY = "flow.check";
/** Local activity of a gate, which cancels a run that another one replaces. */
export const REPLACE_ACTIVITY = "flow.replace";
/** Local activity of a collector, which starts a run. */
export const START_ACTIVITY = "flow.start";

/** What a gate goes by. Times are milliseconds. */
export type GateRule =
  | { kind: "concurrency"; limit: number }
  | { kind: "singleton"; mode: "skip" | "join" | "replace" }
  | { kind: "rateLimit" | "throttle"; limit: number; period: number };

/** A gate that a run has to pass. */
export interface GateOf {
  /** Id of its Workflow. */
  id: string;
  rule: GateRule;
}

/** A run that asks. */
export interface Asker {
  workflowId: string;
  /** Run id of the first run of its chain, which tells it from others of its id. */
  firstRunId: string;
}

/** Why a run may not begin. */
export interface RefusedBy {
  kind: GateRule["kind"];
  mode?: "skip" | "join" | "replace";
  /** The run that is in its place. */
  running?: string;
  /** When another try makes sense, in milliseconds since the epoch. */
  retryAt?: number;
}

/** What a gate says to a run. One that waits gets another verdict later. */
export interface Verdict {
  gate: string;
  firstRunId: string;
  is: "admitted" | "waiting" | "refused";
  refused?: RefusedBy;
}

/** What a collector goes by. Times are milliseconds. */
export type CollectorRule =
  | { kind: "debounce"; period: number; maxWait?: number; take: "first" | "last" }
  | { kind: "batch"; size: number; timeout: number };

/** A start that a collector takes. */
export interface Collected {
  rule: CollectorRule;
  payload: unknown;
  /** A start with the key of one that waits already is the same. */
  key?: string;
}
