/**
 * What rows of the tables say. `code` and its like are text of JavaScript, since what is meant is often no TypeScript;
 * they may use `workflow` and `common` (the SDK's modules), `state` (an object of the bundle's module) and
 * `attempt(fn)`, which gives what a function returns or the text of what it throws.
 */
import type { Job } from "../support";

/** What a row says of every table. */
interface Row {
  /** Set for what holds in a realm only: a debugger's Workflow code has the thread's own global object, unlocked. */
  realmOnly?: true;
  /** Set for what comes out otherwise in a Worker, which has another clock and seed and bundles and maps the code. */
  staged?: true;
}

/** A way to leave something behind for other runs. */
export interface Leftover extends Row {
  /** Statements that do it. */
  act: string;
  /** An expression that shows it. */
  look: string;
  /** Value of `look` in all other runs. */
  is: unknown;
  /** Value of `look` in the run itself, at once and in its next activation; default: as in the others. */
  own?: unknown;
  /** What the run itself gives, where it isn't what was seen: the act changed that too. */
  gives?: unknown;
  /** Why the run's Workflow Task fails, if the act breaks what the run itself goes by. */
  fails?: string;
  /** How the act is refused: name and message of the error; default: it isn't. */
  refused?: string;
}

/** What may become of a run: it ends with a value or an error, or its Workflow Task fails. */
export type Ending =
  /** Result. */
  | { gives: unknown }
  /** Part of the message of the failed Workflow Task. */
  | { fails: string }
  /** Part of the message of the failed Workflow. */
  | { ends: string };

/** A way to see something that another run of the same code would not see. */
export type Sight = Row & {
  code: string;
} & (
    | Ending
    /** No value is stated, but that it is the same on replay. */
    | { repeats: true }
  );

/** A way to end or stop a Workflow, its thread or its Worker. */
export type Stopper = Row & {
  code: string;
  /** What happens to the run after it has started, an activation for each list. */
  then?: Job[][];
  /** Set for what comes back only because it is interrupted. */
  loops?: true;
} & Ending;
