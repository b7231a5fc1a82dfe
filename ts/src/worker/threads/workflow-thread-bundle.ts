/**
 * `#workflow-thread` in the npm package: `release/npm-pack` bundles the thread into one file. It is imported as a file,
 * so whoever bundles or compiles an application takes it along without knowing of it.
 */
import { resolve } from "node:path";
// @ts-expect-error: it is there in the npm package only.
import file from "./workflow-thread.bundle.js" with { type: "file" };

/** Absolute path of the module that a workflow thread starts with. */
export const workflowThreadFile: string = resolve(import.meta.dir, file);
