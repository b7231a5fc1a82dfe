import { current } from "../../workflow/current";
import { callOut, platform } from "../platform";
import { sendable } from "../sendable";

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
  const head = run === undefined ? "[not in workflow context]" : `[${run.workflowType}(${run.workflowId})]`;
  if (run?.isReplayingHistoryEvents !== true) callOut(() => platform.print(level, head, sendable(args) as unknown[]));
}
