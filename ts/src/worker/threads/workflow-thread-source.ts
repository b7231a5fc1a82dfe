/**
 * `#workflow-thread` in a checkout: the thread's own sources. In the npm package it is `workflow-thread-bundle.ts`.
 */
import { join } from "node:path";

/** Absolute path of the module that a workflow thread starts with. */
export const workflowThreadFile = join(import.meta.dir, "workflow-thread.ts");
