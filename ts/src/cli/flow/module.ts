/** Modules that export flows, or an application of them. */
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

/**
 * Calls the application that a module exports. It may be made by another copy of the SDK, that of the module's project,
 * so no more is known of it than its methods.
 */
export async function callApp<A, R>(module: string, call: (app: A) => Promise<R>): Promise<R> {
  const apps = Object.values(await exportsOf(module)).filter(isApp);
  const [app] = apps;
  if (app === undefined || apps.length > 1)
    throw new Failure(
      `${module} exports ${apps.length === 0 ? "no application" : `${apps.length} applications`} of flows: export the one that app() of temporal-bun-sdk/flow returns`,
    );
  return call(app as A).catch((error: Error) => {
    throw new Failure(error.message);
  });
}

function isApp(value: unknown): boolean {
  const { deploy, trigger } = (value ?? {}) as { deploy?: unknown; trigger?: unknown };
  return typeof deploy === "function" && typeof trigger === "function";
}
