import { engines } from "../../package.json" with { type: "json" };
import type { LibsClient } from "../libs/client";
import { LibsError, reasonOf } from "../libs/error";
import { headerFile, packageVersion } from "../libs/manifest";
import { detectPlatform } from "../libs/platform";
import { library } from "../native/library";
import { locateLibrary } from "../native/locate";
import { bridgeAbi } from "../native/symbols";
import type { Output } from "./output";
import { misplacedPreloads } from "./project";

type Verdict = "ok" | "note" | "problem";

/**
 * Prints what prebuilt libraries and the bridge depend on, a line each: the verdict (ok, note or problem), what was
 * looked at, and what was found. Nothing is downloaded or changed. Returns the exit code: 1 when there is a problem.
 */
export async function doctor(createClient: () => LibsClient, output: Output): Promise<number> {
  let problems = 0;
  const say = (verdict: Verdict, subject: string, finding: string) => {
    if (verdict === "problem") problems++;
    output.result(`${verdict.padEnd(7)}  ${subject}: ${finding.replaceAll(/\s*\n\s*/g, " ")}\n`);
  };
  const attempt = async (subject: string, look: () => void | Promise<void>) => {
    try {
      await look();
    } catch (error) {
      say("problem", subject, error instanceof LibsError ? error.message : reasonOf(error));
    }
  };

  await attempt("platform", () => say("ok", "platform", detectPlatform()));
  say(
    Bun.semver.satisfies(Bun.version, engines.bun) ? "ok" : "problem",
    "Bun",
    `${Bun.version}; ${engines.bun} is needed`,
  );
  say("ok", "package", `temporal-bun-sdk ${packageVersion}`);
  await attempt("configuration", async () => checkConfiguration(createClient(), say));
  await attempt("bridge", () => {
    const { path, source } = locateLibrary();
    library();
    say("ok", "bridge", `${path} (found through ${source}), ABI ${bridgeAbi}, loads`);
  });
  await attempt("bunfig.toml", () => {
    for (const section of misplacedPreloads(process.cwd()))
      say("problem", "bunfig.toml", `the preload under [${section}] is never loaded: move the line above all sections`);
  });
  return problems === 0 ? 0 : 1;
}

async function checkConfiguration(
  client: LibsClient,
  say: (verdict: Verdict, subject: string, finding: string) => void,
): Promise<void> {
  const { configuration, checkout, cache } = client;
  const { api } = configuration;
  say(
    "ok",
    "wanted libraries",
    `${configuration.version} for ${configuration.platforms.join(", ")}${configuration.version === packageVersion ? "" : ` (not ${packageVersion}, the package's own)`}`,
  );
  if (configuration.offline) say("note", "server", "not used, because TEMPORAL_LIBS_OFFLINE or --offline is set");
  else if (api === undefined) say("note", "server", "none is known: set TEMPORAL_LIBS_BASE_URL to download libraries");
  else say("ok", "server", `${api.baseUrl}, ${api.token === undefined ? "without" : "with"} a token`);
  if (checkout === undefined) say("note", "ABI", `no checkout with ${headerFile} here, so there is nothing to match`);
  else
    say("ok", "ABI", `${checkout.abi} with header ${checkout.headerHash} is expected by the checkout ${checkout.root}`);

  const entries = await cache.list();
  say(
    entries.length === 0 ? "note" : "ok",
    "cache",
    `${cache.folder} has ${entries.length === 0 ? "nothing" : `${entries.length} ${entries.length === 1 ? "entry" : "entries"}`}`,
  );
  for (const entry of entries) {
    const subject = `cache ${entry.version} ${entry.platform}`;
    const found = await cache.inspect(entry.version, entry.platform);
    if (found.state !== "whole")
      say("problem", subject, found.state === "missing" ? "was removed meanwhile" : found.problem);
    else if (
      checkout !== undefined &&
      (found.manifest.abi !== checkout.abi || found.manifest.headerHash !== checkout.headerHash)
    ) {
      say(
        entry.version === configuration.version ? "problem" : "note",
        subject,
        `whole, but with ABI ${found.manifest.abi} and header ${found.manifest.headerHash} not for this checkout`,
      );
    } else say("ok", subject, "whole");
  }
}
