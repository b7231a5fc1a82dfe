/** The console as a package: what `temporal-bun console` and `console.config.ts` import. */

export { ConfigError, type ConsoleConfig, defineConfig, loadConfig } from "./config";
export { type ConsoleOptions, type RunningConsole, startConsole } from "./console";
export { type ConsoleFlags, runConsole } from "./run";
