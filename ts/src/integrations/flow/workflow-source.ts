/**
 * `#flow-workflows` in a checkout: the Workflow of flows, which each Worker bundles. In the npm package it is
 * `workflow-bundle.ts`.
 */
import type { WorkerOptions } from "../../worker";

/** The options of a Worker for Workflow code that is that of flows alone. */
export function flowWorkflows(): Pick<WorkerOptions, "workflowsPath" | "workflowBundle"> {
  return { workflowsPath: `${import.meta.dir}/workflow/index.ts` };
}
