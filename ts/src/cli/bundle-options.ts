/** What commands need to bundle Workflow code as a Worker does. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { WorkflowBundleWithSourceMap } from "../worker/bundler/bundler";
import { Failure } from "./failure";

/** What {@link addBundleOptions} adds. */
export interface BundleFlags {
  interceptorModule?: string[];
  payloadConverter?: string;
  failureConverter?: string;
  ignoreModule?: string[];
}

/** For options that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Adds what leaves a module out. */
export function addIgnoreOption(command: Command): Command {
  const text = "one of the Worker's bundlerOptions.ignoreModules; may be repeated";
  return command.option("--ignore-module <name>", text, collect);
}

/** Adds the options of a Worker on which its bundle depends. */
export function addBundleOptions(command: Command): Command {
  const interceptors = "one of the Worker's interceptors.workflowModules; may be repeated";
  return addIgnoreOption(
    command
      .option("--interceptor-module <module>", interceptors, collect)
      .option("--payload-converter <path>", "its dataConverter.payloadConverterPath")
      .option("--failure-converter <path>", "its dataConverter.failureConverterPath"),
  );
}

/**
 * Bundles Workflow code.
 *
 * @throws Failure saying why it can't be bundled
 */
export async function bundleFor(workflowsPath: string, flags: BundleFlags): Promise<WorkflowBundleWithSourceMap> {
  const { bundleWorkflowCode } = await import("../worker/bundler/bundler");
  const { interceptorModule = [], payloadConverter, failureConverter, ignoreModule = [] } = flags;
  try {
    return await bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules: interceptorModule.map(asModule),
      ignoreModules: ignoreModule,
      ...(payloadConverter === undefined ? {} : { payloadConverterPath: asModule(payloadConverter) }),
      ...(failureConverter === undefined ? {} : { failureConverterPath: asModule(failureConverter) }),
    });
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}

/** Files are named from here, not from the Workflows; what is no file is a package. */
function asModule(name: string): string {
  const path = resolve(name);
  return existsSync(path) ? path : name;
}
