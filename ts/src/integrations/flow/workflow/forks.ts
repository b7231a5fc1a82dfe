/** Parts that run side by side. */
import { CancellationScope } from "../../../workflow";
import type { ForkPlan } from "../plan";
import type { Execution } from "./execution";
import type { Scope } from "./scope";
import { Thread } from "./thread";

/**
 * Runs tasks side by side, `concurrency` at a time. When one fails the others are cancelled, and it rejects once all of
 * them have ended: their steps are to be undone too.
 */
export async function sideBySide<T>(
  execution: Execution,
  tasks: readonly (() => Promise<T>)[],
  concurrency = tasks.length,
): Promise<T[]> {
  const results: T[] = new Array(tasks.length);
  const scope = new CancellationScope();
  let next = 0;
  let failure: { error: unknown } | undefined;
  const work = async () => {
    while (next < tasks.length && failure === undefined) {
      const index = next++;
      try {
        results[index] = await tasks[index]!();
      } catch (error) {
        if (failure === undefined) scope.cancel();
        failure ??= { error };
      }
    }
  };
  execution.forks++;
  try {
    await scope.run(() => Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, work)));
  } finally {
    execution.forks--;
  }
  if (failure !== undefined) throw (failure as { error: unknown }).error;
  return results;
}

/** Runs a part in a scope and a thread of its own. Returns its last output. */
async function branch(execution: Execution, nodes: ForkPlan["branches"][string], scope: Scope): Promise<unknown> {
  const inner = scope.inside();
  const { values } = execution;
  await execution.part(nodes, inner, new Thread(false));
  const output = values.get(inner.lookUp(inner.last)!);
  values.delete(Object.values(inner.ids));
  return output;
}

/** Runs all branches. Returns the last output of each. */
export async function parallel(execution: Execution, { branches }: ForkPlan, scope: Scope): Promise<unknown> {
  const names = Object.keys(branches);
  const tasks = names.map((name) => () => branch(execution, branches[name]!, scope));
  const outputs = await sideBySide(execution, tasks);
  return Object.fromEntries(names.map((name, index) => [name, outputs[index]]));
}

/** Runs all branches until the first one ends, and cancels the others. */
export async function race(
  execution: Execution,
  { branches }: ForkPlan,
  scope: Scope,
): Promise<{ branch: string; output: unknown }> {
  const rivals = Object.entries(branches).map(([name, nodes]) => ({ name, nodes, scope: new CancellationScope() }));
  let first: string | undefined;
  execution.forks++;
  try {
    const running = rivals.map(async (rival) => {
      try {
        return { branch: rival.name, output: await rival.scope.run(() => branch(execution, rival.nodes, scope)) };
      } finally {
        first ??= rival.name;
      }
    });
    for (const one of running) {
      const ended = one.catch(() => undefined);
      execution.losers.add(ended);
      void ended.finally(() => execution.losers.delete(ended));
    }
    return await Promise.race(running);
  } finally {
    execution.forks--;
    // Not the winner's, whose actions may go on.
    for (const rival of rivals) if (rival.name !== first) rival.scope.cancel();
  }
}
