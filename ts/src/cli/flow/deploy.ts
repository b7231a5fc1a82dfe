/** What `temporal-bun flow deploy` does. */
import { Failure } from "../failure";
import { exportsOf } from "./module";

/** What is seen of an application here. It may be made by another copy of the SDK: that of the module's project. */
interface DeployedApp {
  deploy(options: DeployFlags): Promise<Record<string, string[]>>;
}

/** Options of the command that the application's `deploy` takes. */
export interface DeployFlags {
  dryRun?: boolean;
  prune?: boolean;
  generation?: number;
}

/** Deploys the application that a module exports. Returns what was done, or would be. */
export async function deployFlows(module: string, flags: DeployFlags, json: boolean): Promise<string> {
  const apps = Object.values(await exportsOf(module)).filter(isApp);
  const [app] = apps;
  if (app === undefined || apps.length > 1)
    throw new Failure(
      `${module} exports ${apps.length === 0 ? "no application" : `${apps.length} applications`} of flows: export the one that app() of temporal-bun-sdk/flow returns`,
    );
  const report = await app.deploy(flags).catch((error: Error) => {
    throw new Failure(error.message);
  });
  if (json) return `${JSON.stringify(report)}\n`;
  const lines = Object.entries(report).flatMap(([what, ids]) => ids.map((id) => `${what.padEnd(9)} ${id}\n`));
  const heading = flags.dryRun ? "Nothing was changed. This would be done:\n" : "";
  return heading + (lines.length === 0 ? "No flow has a trigger by time, and there is no schedule\n" : lines.join(""));
}

function isApp(value: unknown): value is DeployedApp {
  const { deploy, trigger } = (value ?? {}) as Partial<DeployedApp & { trigger: unknown }>;
  return typeof deploy === "function" && typeof trigger === "function";
}
