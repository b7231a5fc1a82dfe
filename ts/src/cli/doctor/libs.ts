import type { LibsClient } from "../../libs/client";
import { headerFile, packageVersion } from "../../libs/manifest";
import type { Output } from "../output";
import { Findings, findingText } from "./findings";
import { checkBridge, checkMachine } from "./installation";
import { checkBunfig } from "./project";

/**
 * Prints what prebuilt libraries and the bridge depend on, a line each: the verdict (ok, note or problem), what was
 * looked at, and what was found. Nothing is downloaded or changed. Returns the exit code: 1 when there is a problem.
 */
export async function libsDoctor(createClient: () => LibsClient, output: Output): Promise<number> {
  const findings = new Findings((finding) => output.result(findingText(finding)));
  await checkMachine(findings);
  await findings.attempt("configuration", async () => checkConfiguration(createClient(), findings));
  await checkBridge(findings);
  await checkBunfig(findings, process.cwd());
  return findings.problems === 0 ? 0 : 1;
}

async function checkConfiguration(client: LibsClient, findings: Findings): Promise<void> {
  const say = findings.say.bind(findings);
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
