/** The browser of the tests and of the demo: the Chromium of the machine, or Debian's package. */

import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { run } from "../../../ts/tests/support/process";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const find = () => names.map((name) => Bun.which(name)).find((path) => path !== null);

/** Starts it. It is installed first where that is possible; where it isn't, the error says how. */
export async function launchBrowser(): Promise<Browser> {
  const repository = join(import.meta.dir, "../../..");
  if (find() === undefined) await run([join(repository, "scripts/toolchain.sh"), "chromium"], { cwd: repository });
  return chromium.launch({ executablePath: find(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
