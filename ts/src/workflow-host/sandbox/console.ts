import { current } from "../../workflow/current";
import { real } from "./real";

const levels = ["log", "warn", "error", "info", "debug"] as const;

/**
 * `console` of Workflow code: prints what the Workflow is before the text, and nothing while the Workflow is replayed.
 * For development; `log` is what goes to the Worker's logger.
 */
export const workflowConsole: Pick<Console, (typeof levels)[number]> = Object.freeze(
  Object.fromEntries(levels.map((level) => [level, (...args: unknown[]) => print(level, args)])) as Record<
    (typeof levels)[number],
    () => void
  >,
);

function print(level: (typeof levels)[number], args: unknown[]): void {
  const run = current;
  if (run === undefined) real.console[level]("[not in workflow context]", ...args);
  else if (!run.isReplayingHistoryEvents) real.console[level](`[${run.workflowType}(${run.workflowId})]`, ...args);
}
