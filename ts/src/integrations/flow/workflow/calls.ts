/** Calls of handlers: as activities or local activities, again for as long as the run has to wait for one. */
import type { Priority } from "../../../common";
import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  condition,
  type LocalActivityOptions,
  scheduleActivity,
  scheduleLocalActivity,
} from "../../../workflow";
import { type Call, type CallPlan, failureTypes } from "../plan";
import { Migrated } from "./migration";
import type { Progress } from "./progress";

const defaults = { timeout: 600_000, heartbeat: 20_000, attempts: 10, backoff: 1_000, maxBackoff: 60_000 };
const localDefaults = { timeout: 10_000, attempts: 3 };
const firstMissingMs = 1_000;
const longestMissingMs = 300_000;

/** What a call is for. */
interface CallOf {
  /** Name of the handler in its flow. */
  handler: string;
  /** The verb with the turns around it. */
  path: string;
  local: boolean;
  options: CallPlan;
  /** Whether the call gives way to another plan while it waits. Default `false`. */
  interrupts?: boolean;
}

/** Calls the handlers of one flow. */
export class Calls {
  /** Priority of the steps. Default: that of the run. */
  priority: Priority | undefined;
  #interruptions = 0;

  /** @param defaults options that the flow has for all its verbs */
  constructor(
    readonly flow: string,
    readonly defaults: CallPlan,
    readonly progress: Progress,
  ) {}

  /**
   * Calls a handler. While this code has none of the name, or a service's breaker is open, it is called again and
   * again, with fresh attempts each time.
   */
  async call<R>(of: CallOf, call: Call): Promise<R> {
    const type = `${this.flow}.${of.handler}`;
    if (of.path !== of.handler) call.path = of.path;
    for (let missing = firstMissingMs; ; missing = Math.min(2 * missing, longestMissingMs)) {
      try {
        if (of.local) return await scheduleLocalActivity<R>(type, [call], this.#localOptions(of));
        return await scheduleActivity<R>(type, [call], this.#options(of));
      } catch (error) {
        const wait = waitFor(error, missing);
        if (wait === undefined) throw error;
        this.progress.waits(of.path, wait.why);
        const before = this.#interruptions;
        const isOver = await condition(() => of.interrupts === true && this.#interruptions !== before, wait.ms);
        this.progress.waits(of.path, undefined);
        if (isOver) throw new Migrated();
      }
    }
  }

  /** Ends the waits of calls that give way. */
  interrupt(): void {
    this.#interruptions++;
  }

  #options({ handler, path, options }: CallOf): ActivityOptions {
    const { timeout, heartbeat, queue, ...retry } = { ...defaults, ...this.defaults, ...options };
    return {
      startToCloseTimeout: timeout,
      heartbeatTimeout: heartbeat,
      retry: retryPolicy(retry),
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      ...(queue === undefined ? {} : { taskQueue: queue }),
      ...(path === handler ? {} : { summary: path }),
      ...(this.priority === undefined ? {} : { priority: this.priority }),
    };
  }

  #localOptions({ handler, path, options }: CallOf): LocalActivityOptions {
    const { timeout, ...retry } = { ...defaults, ...localDefaults, ...options };
    return {
      startToCloseTimeout: timeout,
      retry: retryPolicy(retry),
      ...(path === handler ? {} : { summary: path }),
    };
  }
}

function retryPolicy({ attempts, backoff, maxBackoff }: { attempts: number; backoff: number; maxBackoff: number }) {
  return {
    initialInterval: backoff,
    maximumInterval: Math.max(backoff, maxBackoff),
    backoffCoefficient: 2,
    maximumAttempts: attempts,
  };
}

/** The failure of the application that an activity failed with. Those of local ones come as they are. */
export function causeOf(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

function waitFor(error: unknown, missingMs: number): { ms: number; why: string } | undefined {
  const cause = causeOf(error);
  if (cause?.type === failureTypes.missing) return { ms: missingMs, why: cause.message };
  if (cause?.type !== failureTypes.circuit) return undefined;
  const [{ retryAt }] = cause.details as [{ retryAt: number }];
  return { ms: Math.max(retryAt - Date.now(), 100), why: cause.message };
}
