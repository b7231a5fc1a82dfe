import { engines } from "../../../package.json" with { type: "json" };
import { packageVersion } from "../../libs/manifest";
import { detectPlatform } from "../../libs/platform";
import { library } from "../../native/library";
import { locateLibrary } from "../../native/locate";
import { bridgeAbi } from "../../native/symbols";
import type { Findings } from "./findings";

/** This machine and this package. Needs nothing that is installed. */
export async function checkMachine(findings: Findings): Promise<void> {
  await findings.attempt("platform", () => findings.say("ok", "platform", detectPlatform()));
  const fits = Bun.semver.satisfies(Bun.version, engines.bun);
  findings.say(
    fits ? "ok" : "problem",
    "Bun",
    `${Bun.version}; ${engines.bun} is needed`,
    fits ? undefined : "Run `bun upgrade`.",
  );
  findings.say("ok", "package", `temporal-bun-sdk ${packageVersion}`);
}

/** The native library. */
export async function checkBridge(findings: Findings): Promise<void> {
  await findings.attempt("bridge", () => {
    const { path, source } = locateLibrary();
    library();
    findings.say("ok", "bridge", `${path} (found through ${source}), ABI ${bridgeAbi}, loads`);
  });
}
