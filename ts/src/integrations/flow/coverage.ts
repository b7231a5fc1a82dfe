/** Which arms of branches the tests of a process have taken. */
import { type Definition, definitionOf, type Handler } from "./definition";
import { type IfPlan, type PlanNode, partsOf } from "./plan";
import type { AnyFlow } from "./types";

const taken = new Map<string, Set<string>>();

/** An arm that no test took. */
export interface MissedArm {
  readonly flow: string;
  /** Name of the condition; `else of <name>` for the case that no condition of an `if` holds. */
  readonly arm: string;
}

/**
 * The arms of `if`s that no test of this process took.
 *
 * @param flows flows, tested by `flow.test(env)` or as subflows of such
 */
export function coverage(flows: readonly AnyFlow[]): MissedArm[] {
  return flows.flatMap((flow) =>
    branchesOf(definitionOf(flow).plan.nodes)
      .flatMap((branch) => [...conditionsOf(branch), elseOf(branch)])
      .filter((arm) => !taken.get(flow.id)?.has(arm))
      .map((arm) => ({ flow: flow.id, arm })),
  );
}

/** The handlers of a flow, of which those that are conditions note what they say. */
export function watchedHandlers(
  { id, plan }: Definition,
  handlers: ReadonlyMap<string, Handler>,
): Map<string, Handler> {
  const watched = new Map(handlers);
  const note = (arm: string) => taken.set(id, (taken.get(id) ?? new Set<string>()).add(arm));
  for (const branch of branchesOf(plan.nodes)) {
    const names = conditionsOf(branch);
    for (const name of names) {
      const handler = watched.get(name)!;
      const run: Handler["run"] = async (ctx) => {
        const holds = Boolean(await handler.run(ctx));
        if (holds) note(name);
        else if (name === names.at(-1)) note(elseOf(branch));
        return holds;
      };
      watched.set(name, { ...handler, run });
    }
  }
  return watched;
}

function branchesOf(nodes: readonly PlanNode[]): IfPlan[] {
  return nodes.flatMap((node) => [...(node.kind === "if" ? [node] : []), ...partsOf(node).flatMap(branchesOf)]);
}

function conditionsOf({ arms }: IfPlan): string[] {
  return arms.flatMap(({ name }) => name ?? []);
}

function elseOf({ name }: IfPlan): string {
  return `else of ${name}`;
}
