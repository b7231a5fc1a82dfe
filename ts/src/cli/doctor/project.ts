/** What `doctor` looks at in the folder of a project. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Findings } from "./findings";

const preload = "temporal-bun-sdk/drop-in";
const names = (value: unknown) => [value].flat().includes(preload);

type Bunfig = Record<string, unknown>;

function bunfigOf(folder: string): Bunfig | undefined {
  const path = join(folder, "bunfig.toml");
  return existsSync(path) ? (Bun.TOML.parse(readFileSync(path, "utf8")) as Bunfig) : undefined;
}

/** The preload of the drop-in where Bun doesn't read it: in TOML a line belongs to the section above it. */
export async function checkBunfig(findings: Findings, folder: string): Promise<void> {
  await findings.attempt("bunfig.toml", () => {
    for (const [section, value] of Object.entries(bunfigOf(folder) ?? {})) {
      // [test] has a preload of its own.
      if (section === "test" || typeof value !== "object" || Array.isArray(value)) continue;
      if (names((value as { preload?: unknown }).preload)) {
        const finding = `the preload under [${section}] is never loaded: move the line above all sections`;
        findings.say("problem", "bunfig.toml", finding);
      }
    }
  });
}

/** Whether the project uses the official names, and then whether programs and tests get this SDK by them. */
export async function checkDropIn(findings: Findings, folder: string): Promise<void> {
  await findings.attempt("drop-in", () => {
    const manifest = readJson(join(folder, "package.json"));
    if (manifest === undefined) return findings.say("note", "drop-in", `there is no package.json in ${folder}`);
    const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const official = packages.filter((name) => name.startsWith("@temporalio/"));
    const bunfig = bunfigOf(folder);
    const forPrograms = names(bunfig?.["preload"]);
    const forTests = names((bunfig?.["test"] as { preload?: unknown } | undefined)?.preload);
    if (!forPrograms && !forTests) {
      if (official.length === 0) return findings.say("ok", "drop-in", "not used: no official package is installed");
      return findings.say(
        "note",
        "drop-in",
        `not used, and package.json has ${official.join(", ")}, which is another SDK`,
        `Put preload = ["${preload}"] into bunfig.toml, above all sections and under [test], if code imports them.`,
      );
    }
    if (!forPrograms || !forTests) {
      const missing = forPrograms ? "under [test], for `bun test`" : "above all sections, for programs";
      return findings.say(
        "problem",
        "drop-in",
        `bunfig.toml has the preload, but not ${missing}`,
        `Add the line there.`,
      );
    }
    findings.say("ok", "drop-in", "bunfig.toml has the preload, for programs and for tests");
  });
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function readJson(path: string): Manifest | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
}
