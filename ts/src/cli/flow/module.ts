/** Modules that export flows. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../failure";

/** What a module exports. @throws Failure if it can't be loaded */
export async function exportsOf(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(module)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new Failure(`${module} can't be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}
