/** Loops with a condition. */
import { ApplicationFailure } from "../../../workflow";
import { failureTypes, type WhilePlan } from "../plan";
import type { Execution } from "./execution";
import { Scope } from "./scope";
import type { Frame } from "./state";
import type { Thread } from "./thread";

/** Runs the turns of a `while`. What it ends with is the last output of its last turn, or of what is before it. */
export async function whileLoop(
  execution: Execution,
  { name }: WhilePlan,
  scope: Scope,
  thread: Thread,
  frame: Frame,
): Promise<void> {
  const { values } = execution;
  const saved = frame.state?.kind === "turn" ? frame.state : undefined;
  const resultId = scope.id(name);
  if (saved === undefined) {
    values.set(resultId, values.get(scope.lookUp(scope.last)!));
    scope.ids[name] = resultId;
    scope.last = name;
  }
  let resumed = saved === undefined ? undefined : Scope.restore(saved.scope, scope);
  for (let turn = saved?.turn ?? 0; ; turn++) {
    const inner = resumed ?? scope.turn(name, turn, name);
    // Read for each turn, because the run may go by another plan by now.
    const { max } = frame.nodes[frame.at] as WhilePlan;
    if (resumed === undefined) {
      if (!(await execution.decide<boolean>("condition", name, `${resultId}[${turn}]`, inner))) return;
      if (turn >= max) {
        throw ApplicationFailure.nonRetryable(
          `'${resultId}' would take more than ${max} turns: raise its max, or see to it that its condition ends it`,
          failureTypes.turns,
        );
      }
    }
    // Read when the run continues as new, so it is the scope as it is then.
    frame.state = {
      kind: "turn",
      turn,
      get scope() {
        return inner.save();
      },
    };
    await execution.part((frame.nodes[frame.at] as WhilePlan).nodes, inner, thread);
    values.set(resultId, values.get(inner.lookUp(inner.last)!));
    values.delete(Object.values(inner.ids));
    resumed = undefined;
  }
}
