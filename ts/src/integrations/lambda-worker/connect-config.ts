import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type ClientConnectConfig, loadClientConnectConfig } from "../../envconfig";

/**
 * What to connect with: `loadClientConnectConfig` of `temporal-bun-sdk/envconfig`, but with `temporal.toml` from
 * `LAMBDA_TASK_ROOT`, where Lambda puts the program, or else from the working directory. `TEMPORAL_CONFIG_FILE` goes
 * before both; without any there are only environment variables.
 *
 * @param environment the environment variables. Default: those of the process
 * @throws ValueError for a configuration that is not right
 */
export function loadLambdaClientConnectConfig(
  environment: Record<string, string | undefined> = process.env,
): ClientConnectConfig {
  const overrideEnvVars = environment as Record<string, string>;
  const path = environment["TEMPORAL_CONFIG_FILE"]
    ? undefined
    : findFile([environment["LAMBDA_TASK_ROOT"], process.cwd()]);
  return loadClientConnectConfig({ overrideEnvVars, ...(path === undefined ? {} : { configSource: { path } }) });
}

function findFile(folders: (string | undefined)[]): string | undefined {
  return folders
    .filter((folder) => folder !== undefined && folder !== "")
    .map((folder) => join(folder!, "temporal.toml"))
    .find((file) => {
      try {
        accessSync(file, constants.R_OK);
        return true;
      } catch {
        return false;
      }
    });
}
