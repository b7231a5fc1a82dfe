/** What `temporal-bun flow deploy` does. */
import { callApp } from "./module";

/** Options of the command that the application's `deploy` takes. */
export interface DeployFlags {
  dryRun?: boolean;
  prune?: boolean;
  generation?: number;
}

interface DeployedApp {
  deploy(options: DeployFlags): Promise<Record<string, string[]>>;
}

/** Deploys the application that a module exports. Returns what was done, or would be. */
export async function deployFlows(module: string, flags: DeployFlags, json: boolean): Promise<string> {
  const report = await callApp(module, (app: DeployedApp) => app.deploy(flags));
  if (json) return `${JSON.stringify(report)}\n`;
  const lines = Object.entries(report).flatMap(([what, ids]) => ids.map((id) => `${what.padEnd(9)} ${id}\n`));
  const heading = flags.dryRun ? "Nothing was changed. This would be done:\n" : "";
  return heading + (lines.length === 0 ? "No flow has a trigger by time, and there is no schedule\n" : lines.join(""));
}
