/** One forbidden module and how Workflow code gets to it. */
export interface ForbiddenImport {
  /** The text of the import, for example `"node:fs"`. */
  readonly specifier: string;
  /** Why it is refused. */
  readonly reason: string;
  /** The files from the entry of the bundle to the one that imports it, shortened to the working directory. */
  readonly chain: readonly string[];
}

/** Thrown by {@link bundleWorkflowCode} when Workflow code imports modules that it can't use. */
export class ForbiddenModuleError extends Error {
  override readonly name = "ForbiddenModuleError";

  /** @param imports every forbidden import that was found, with the chain of files that leads to it */
  constructor(readonly imports: readonly ForbiddenImport[]) {
    const lines = imports.map(
      ({ specifier, reason, chain }) => `  - '${specifier}' (${reason})\n      imported by ${chain.join(" → ")}`,
    );
    super(
      `Your Workflow code (or a library used by your Workflow code) is importing the following disallowed modules:\n${lines.join("\n")}\n` +
        "What to do:\n" +
        "  - Don't import activity code from Workflow code; write `import type` to get the types of activities.\n" +
        "  - Move what isn't deterministic into an activity.\n" +
        "  - If the module is certainly never used at run time, list its name in `bundlerOptions.ignoreModules`.",
    );
  }
}
