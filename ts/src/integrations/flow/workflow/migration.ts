/** How a run goes on by the plan of newer code, if that is the same as far as the run has come. */
import type { FlowPlan, PlanNode } from "../plan";
import type { Frame, NodeState } from "./state";

/** Thrown where a verb waits for its handler, when the run goes on by another plan: the verb of that is tried. */
export class Migrated extends Error {}

/**
 * Finds where a run is in another plan.
 *
 * @param frames where it is in its own, the outermost first
 * @param isWaiting whether its current verb waits for a handler, and so may be another one
 * @returns the parts of the other plan for the frames, or why it can't go on by that
 */
export function place(frames: readonly Frame[], plan: FlowPlan, isWaiting: boolean): PlanNode[][] | string {
  const parts: PlanNode[][] = [];
  let nodes: PlanNode[] = plan.nodes;
  for (const [depth, { nodes: own, at, state }] of frames.entries()) {
    const changed = own.slice(0, at).find((node, index) => !same(node, nodes[index]));
    if (changed !== undefined) return `'${changed.name}', which it has run, is another in it`;
    parts.push(nodes);
    const [current, other] = [own[at], nodes[at]];
    if (current === undefined) continue;
    if (depth === frames.length - 1) {
      if (!isWaiting && !same(current, other)) return `'${current.name}', which it runs now, is another in it`;
      continue;
    }
    const part = other === undefined ? undefined : partOf(current, other, state);
    if (part === undefined) return `'${current.name}', which it is in, is another in it`;
    nodes = part;
  }
  return parts;
}

/** The part of a node that corresponds to the one that the run is in. */
function partOf(own: PlanNode, other: PlanNode, state: NodeState | undefined): PlanNode[] | undefined {
  if (own.name !== other.name) return undefined;
  if (own.kind === "if" && other.kind === "if" && state?.kind === "arm") {
    const names = ({ arms }: typeof own) => arms.slice(0, state.arm + 1).map(({ name }) => name);
    return same(names(own), names(other)) ? other.arms[state.arm]?.nodes : undefined;
  }
  if (own.kind === "while" && other.kind === "while") return other.nodes;
  if (own.kind === "forEach" && other.kind === "forEach" && own.size === other.size) return other.nodes;
  return undefined;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
