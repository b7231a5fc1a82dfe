import { readFileSync } from "node:fs";
import type { BuildOutput } from "bun";

/** One forbidden module and how Workflow code gets to it. */
export interface ForbiddenImport {
  /** The text of the import, for example `"node:fs"`. */
  readonly specifier: string;
  /** Why it is refused. */
  readonly reason: string;
  /** What to do instead. */
  readonly instead: string;
  /** The files from the entry of the bundle to the one that imports it, shortened to the working directory. */
  readonly chain: readonly string[];
}

/** Thrown by {@link bundleWorkflowCode} when Workflow code imports modules that it can't use. */
export class ForbiddenModuleError extends Error {
  override readonly name = "ForbiddenModuleError";

  /** @param imports every forbidden import that was found, with the chain of files that leads to it */
  constructor(readonly imports: readonly ForbiddenImport[]) {
    const lines = imports.map(
      ({ specifier, reason, instead, chain }) =>
        `  - '${specifier}' (${reason})\n      imported by ${chain.join(" → ")}\n      instead: ${instead}`,
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

/** Thrown by {@link bundleWorkflowCode} when Workflow code doesn't build, with the compiler's messages. */
export class BundleError extends Error {
  override readonly name = "BundleError";

  /**
   * @param workflows path of the Workflows
   * @param messages what the compiler says
   * @param cause its errors themselves
   */
  constructor(workflows: string, messages: readonly string[], cause: unknown) {
    const lines = messages.map((message) => `  - ${message}`);
    super(`Can't bundle the Workflows of '${workflows}':\n${lines.join("\n")}`, { cause });
  }
}

/** What `Bun.build` complains of. */
export interface BuildProblem {
  message: string;
  position: BuildOutput["logs"][number]["position"];
}

/** What `Bun.build` says, a message each, with the place. */
export function messagesOf(logs: BuildOutput["logs"]): string[] {
  return problemsOf(logs).map(({ message, position }) => {
    const where = position === null ? "" : `${position.file}:${position.line}:${position.column}: `;
    return `${where}${message}`;
  });
}

/** What `Bun.build` says, without what follows from something else. */
export function problemsOf(logs: BuildOutput["logs"]): BuildProblem[] {
  const errors = logs.filter(({ level }) => level === "error");
  const waiting = new Set(errors.flatMap((log) => (isTopLevelAwait(log) ? [log.position.file] : [])));
  return errors.flatMap((log) => {
    const { message, position } = log;
    if (position === null || !waiting.has(position.file)) return [{ message, position }];
    // What else the compiler says of that file comes from its not knowing the word.
    return isTopLevelAwait(log) ? [{ message: topLevelAwait, position }] : [];
  });
}

const topLevelAwait =
  "top-level await can't be used in Workflow code, whose modules are evaluated in one go for every run: await inside of the Workflow function";

type Log = BuildOutput["logs"][number];

/** Whether a message is about an `await` outside of functions: then the file compiles alone, as a module that waits. */
function isTopLevelAwait(log: Log): log is Log & { position: NonNullable<Log["position"]> } {
  const { message, position } = log;
  if (position === null || !/"await"/.test(message)) return false;
  try {
    const loader = /\.[cm]?([jt]sx?)$/.exec(position.file)?.[1] as "js" | "ts" | undefined;
    new Bun.Transpiler({ loader: loader ?? "js" }).transformSync(readFileSync(position.file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
