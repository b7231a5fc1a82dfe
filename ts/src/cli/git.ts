import { resolve } from "node:path";
import { Failure } from "./failure";

/** What git prints; undefined if there is no git, or it fails. */
export function git(folder: string, args: readonly string[]): string | undefined {
  try {
    const { success, stdout } = Bun.spawnSync(["git", ...args], { cwd: folder, stderr: "ignore" });
    return success ? stdout.toString() : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The files that are another than in the last commit, or new to it.
 *
 * @returns absolute paths
 * @throws Failure outside of a repository
 */
export function changedFiles(): Set<string> {
  const folder = process.cwd();
  const root = git(folder, ["rev-parse", "--show-toplevel"])?.trimEnd();
  if (root === undefined)
    throw new Failure(`--changed asks git, and ${folder} belongs to no git repository: leave --changed out.`);
  const hasCommit = git(root, ["rev-parse", "--verify", "--quiet", "HEAD"]) !== undefined;
  const lists = [
    hasCommit ? git(root, ["diff", "-z", "--name-only", "HEAD"]) : git(root, ["ls-files", "-z"]),
    git(root, ["ls-files", "-z", "--others", "--exclude-standard"]),
  ];
  return new Set(lists.flatMap((list = "") => list.split("\0").filter(Boolean)).map((file) => resolve(root, file)));
}
