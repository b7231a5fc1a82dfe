/** Flows as pictures. */
import type { FlowPlan, PlanNode } from "./plan";

/** A flow as nodes and edges, in the order of the chain. */
export interface FlowGraph {
  readonly nodes: readonly { readonly id: string; readonly kind: PlanNode["kind"] }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label?: string }[];
}

/** Where the way to the next node begins. */
interface End {
  from: string;
  label?: string;
}

/** The graph of a plan. */
export function graphOf(plan: FlowPlan): FlowGraph {
  const nodes: { id: string; kind: PlanNode["kind"] }[] = [];
  const edges: { from: string; to: string; label?: string }[] = [];
  const connect = (ends: readonly End[], to: string) => {
    for (const end of ends) edges.push({ ...end, to });
  };
  const walk = (part: readonly PlanNode[], from: readonly End[]): End[] => {
    let ends = [...from];
    for (const node of part) {
      const { name: id, kind } = node;
      nodes.push({ id, kind });
      connect(ends, id);
      ends = after(node);
    }
    return ends;
  };
  const after = (node: PlanNode): End[] => {
    const from = node.name;
    switch (node.kind) {
      case "if": {
        const ends = node.arms.flatMap(({ name, nodes }) => walk(nodes, [{ from, label: name ?? "else" }]));
        return node.arms.at(-1)!.name === undefined ? ends : [...ends, { from, label: "else" }];
      }
      case "parallel":
      case "race":
        return Object.entries(node.branches).flatMap(([label, nodes]) => walk(nodes, [{ from, label }]));
      case "while":
      case "forEach":
        connect(walk(node.nodes, [{ from, label: node.kind === "while" ? "while" : "each" }]), from);
        return [{ from, label: "then" }];
      case "cancel":
        return [];
      default:
        return [{ from }];
    }
  };
  walk(plan.nodes, []);
  return { nodes, edges };
}

const shapes: Partial<Record<PlanNode["kind"], [string, string]>> = {
  if: ["{", "}"],
  while: ["{", "}"],
  parallel: ["[/", "/]"],
  race: ["[/", "/]"],
  forEach: ["[[", "]]"],
  subflow: ["[[", "]]"],
  sleep: ["(", ")"],
  sleepUntil: ["(", ")"],
  waitForEvent: ["(", ")"],
  cancel: ["((", "))"],
  respond: [">", "]"],
  humanInTheLoop: ["[/", "\\]"],
};

/** The graph of a plan as text for Mermaid. */
export function mermaidOf(plan: FlowPlan): string {
  const { nodes, edges } = graphOf(plan);
  const numbers = new Map(nodes.map(({ id }, number) => [id, `n${number}`]));
  const lines = nodes.map(({ id, kind }) => {
    const [open, close] = shapes[kind] ?? ["[", "]"];
    return `  ${numbers.get(id)}${open}"${id}"${close}`;
  });
  const arrows = edges.map(({ from, to, label }) => {
    const arrow = label === undefined ? "-->" : `-->|"${label}"|`;
    return `  ${numbers.get(from)} ${arrow} ${numbers.get(to)}`;
  });
  return ["flowchart TD", ...lines, ...arrows, ""].join("\n");
}
