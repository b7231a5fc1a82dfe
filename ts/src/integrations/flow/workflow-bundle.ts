/**
 * `#flow-workflows` in the npm package, where `release/npm-pack` has bundled the Workflow of flows. Bundled and
 * compiled applications take the bundle along without knowing of it.
 */
import { existsSync } from "node:fs";
import type { WorkerOptions } from "../../worker";
// @ts-expect-error: it is there in the npm package only.
import code from "./flow-workflows.bundle.js" with { type: "text" };

/**
 * The options of a Worker for Workflow code that is that of flows alone. Where the sources are, they are bundled, with
 * what else the Worker's options want in it.
 */
export function flowWorkflows(): Pick<WorkerOptions, "workflowsPath" | "workflowBundle"> {
  const workflowsPath = `${import.meta.dir}/workflow/index.ts`;
  return existsSync(workflowsPath) ? { workflowsPath } : { workflowBundle: { code } };
}
