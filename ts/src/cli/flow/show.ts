/** What `temporal-bun flow` shows. */
import { Failure } from "../failure";
import { exportsOf } from "./module";

/** What is seen of a flow here. It may be made by another copy of the SDK: that of the module's project. */
interface ShownFlow {
  id: string;
  plan: { nodes: unknown[] };
  subflows: ShownFlow[];
  graph(): unknown;
  mermaid(): string;
}

/** The flows of a module as a table or as JSON. */
export async function listFlows(module: string, json: boolean): Promise<string> {
  const rows = [...(await flowsOf(module)).values()].map(({ id, plan, subflows }) => ({
    id,
    verbs: plan.nodes.length,
    subflows: subflows.map((subflow) => subflow.id),
  }));
  if (json) return `${JSON.stringify(rows)}\n`;
  const width = Math.max(...rows.map(({ id }) => id.length));
  const lines = rows.map(({ id, verbs, subflows }) => {
    const starts = subflows.length === 0 ? "" : `, starts ${subflows.join(", ")}`;
    return `${id.padEnd(width)}  ${verbs} ${verbs === 1 ? "verb" : "verbs"}${starts}\n`;
  });
  return lines.join("");
}

/** A flow of a module as text for Mermaid, or as JSON. */
export async function graphFlow(module: string, id: string | undefined, json: boolean): Promise<string> {
  const flows = await flowsOf(module);
  if (id === undefined && flows.size > 1)
    throw new Failure(`${module} has several flows, name one of them: ${[...flows.keys()].join(", ")}`, 2);
  const flow = id === undefined ? [...flows.values()][0]! : flows.get(id);
  if (flow === undefined) throw new Failure(`${module} has no flow '${id}', but ${[...flows.keys()].join(", ")}`, 2);
  return json ? `${JSON.stringify(flow.graph())}\n` : flow.mermaid();
}

async function flowsOf(module: string): Promise<Map<string, ShownFlow>> {
  const exported = await exportsOf(module);
  const found = new Map<string, ShownFlow>();
  const visit = (value: unknown): void => {
    if (!isFlow(value) || found.has(value.id)) return;
    found.set(value.id, value);
    value.subflows.forEach(visit);
  };
  Object.values(exported).forEach(visit);
  if (found.size === 0)
    throw new Failure(`${module} exports no flow: export what define() of temporal-bun-sdk/flow returns`);
  return found;
}

function isFlow(value: unknown): value is ShownFlow {
  const { mermaid, plan } = (value ?? {}) as Partial<ShownFlow>;
  return typeof mermaid === "function" && Array.isArray(plan?.nodes);
}
