import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { splitSourceMap } from "../../workflow-host/source-map";
import type { CompiledWorkerOptions } from "../compile-options";
import type { Logger } from "../telemetry/logger";
import type { ThreadSetup } from "../threads/thread-messages";
import { digest } from "./bundle-cache";
import { type BundleOptions, bundleParts } from "./bundler";

/** Workflow code as the threads take it. */
export type LoadedBundle = Pick<ThreadSetup, "code" | "sourceMap" | "filename">;

type BundleSources = Pick<
  CompiledWorkerOptions,
  "workflowBundle" | "workflowsPath" | "bundlerOptions" | "interceptors" | "dataConverter" | "plugins" | "debugMode"
>;

/** Name of the code in stack traces and in errors of Workflow code, where a path of this machine has no place. */
const bundleFile = "/workflow-bundle.js";

/**
 * The Workflow code that a Worker's options ask for, bundled if need be.
 *
 * @returns `undefined` for a Worker without Workflows
 * @throws TypeError if `workflowBundle` isn't a bundle; what `bundleWorkflowCode` throws
 */
export async function loadBundle(options: BundleSources, logger: Logger): Promise<LoadedBundle | undefined> {
  const { workflowBundle, workflowsPath } = options;
  if (workflowBundle === undefined)
    return workflowsPath === undefined ? undefined : bundle(workflowsPath, options, logger);
  const ignored = [
    ["workflowsPath", workflowsPath !== undefined],
    ["bundlerOptions", options.bundlerOptions !== undefined],
    ["interceptors.workflowModules", options.interceptors.workflowModules.length > 0],
  ] as const;
  for (const [name, given] of ignored)
    if (given) logger.warn(`Ignoring WorkerOptions.${name} because WorkerOptions.workflowBundle is set`);
  if ("code" in workflowBundle && typeof workflowBundle.code === "string")
    return { ...splitSourceMap(workflowBundle.code), filename: bundleFile };
  if ("codePath" in workflowBundle && typeof workflowBundle.codePath === "string") {
    const { codePath } = workflowBundle;
    // A debugger looks for the file.
    const filename = options.debugMode ? resolve(codePath) : bundleFile;
    return { ...splitSourceMap(await readFile(codePath, "utf8")), filename };
  }
  throw new TypeError(
    "Invalid WorkflowOptions.workflowBundle: it must be { code } or { codePath }, as made from bundleWorkflowCode",
  );
}

/** What a Worker's code is called in histories if its options don't say: the SDK and a hash of the Workflow code. */
export function defaultBuildId(bundle: LoadedBundle | undefined): string {
  const name = `${packageJson.name}@${packageJson.version}`;
  return bundle === undefined ? name : `${name}+${digest(bundle.code)}`;
}

async function bundle(workflowsPath: string, options: BundleSources, logger: Logger): Promise<LoadedBundle> {
  const { bundlerOptions = {}, interceptors, dataConverter, plugins } = options;
  const bundleOptions: BundleOptions = {
    workflowsPath,
    logger,
    workflowInterceptorModules: interceptors.workflowModules,
    ...bundlerOptions,
    ...(dataConverter?.payloadConverterPath === undefined
      ? {}
      : { payloadConverterPath: dataConverter.payloadConverterPath }),
    ...(dataConverter?.failureConverterPath === undefined
      ? {}
      : { failureConverterPath: dataConverter.failureConverterPath }),
    ...(plugins === undefined ? {} : { plugins }),
  };
  return { ...(await bundleParts(bundleOptions)), filename: bundleFile };
}
