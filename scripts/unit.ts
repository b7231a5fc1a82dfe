/**
 * Runs the unit tests: the TypeScript tests that load neither `ts/src/native`, which calls the bridge (but for what is
 * generated there), nor `ts/tests/support/server.ts`, which starts servers. There is no list of them. They run where
 * the bridge and the Temporal CLI can't be found, so that a test which needs one of them after all fails here, before
 * anything is built.
 */
import { join } from "node:path";
import { Glob } from "bun";
import { loadedBy } from "./imports";
import { environment, packageFolder, run } from "./tools";

const native = join(packageFolder, "src/native/");
const server = join(packageFolder, "tests/support/server.ts");

function isUnitTest(file: string): boolean {
  const needsMore = (module: string) =>
    (module.startsWith(native) && !module.endsWith(".generated.ts")) || module === server;
  return ![...loadedBy(join(packageFolder, file))].some(needsMore);
}

const files = [...new Glob("tests/**/*.test.ts").scanSync(packageFolder)].filter(isUnitTest).sort();
const hidden = "/hidden from unit tests, see CONTRIBUTING.md";
environment["TEMPORAL_BUN_LIBRARY"] = hidden;
environment["TEMPORAL_CLI"] = hidden;
await run(["bun", "test", "--only-failures", "--timeout", "60000", ...files.map((file) => `./${file}`)], packageFolder);
