/** Publishes the npm packages; see `release/npm-publish --help`. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { output, root } from "../scripts/tools";
import { packageVersion } from "../ts/src/libs/manifest";
import { fail } from "./command";
import { createPackage, mainPackage, publishedPackages, tarballName } from "./npm-packages";

const help = `Publishes the npm packages that release/npm-pack made: those of the platforms, ${mainPackage} after them,
and ${createPackage} at last.

  release/npm-publish [options] <folder>

  --dry-run        do everything but that
  --no-provenance  do not say which workflow run they come from; for a machine that is none

Nothing is published unless all of them are there. What is published already is left alone, so that it can be run again when it broke off;
when it is not what is in the folder, nothing is published at all.`;

/** A package that is to be published. */
interface Candidate {
  name: string;
  path: string;
}

/**
 * The packages of a folder, in order. Throws unless it has all of them, of the checkout's version, and nothing else.
 */
function candidates(folder: string): Candidate[] {
  const expected = publishedPackages.map(tarballName);
  const found = existsSync(folder) ? readdirSync(folder) : [];
  if (!Bun.deepEquals(found.toSorted(), expected.toSorted())) {
    throw new Error(`${folder} has ${found.join(", ") || "nothing"}, but what is published is ${expected.join(", ")}`);
  }
  return publishedPackages.map((name) => {
    const path = join(folder, tarballName(name));
    const manifest = JSON.parse(output(["tar", "-xzOf", path, "package/package.json"])) as {
      name: string;
      version: string;
    };
    if (manifest.name !== name || manifest.version !== packageVersion) {
      throw new Error(
        `${path} holds ${manifest.name} ${manifest.version} instead of ${name} ${packageVersion}: pack it again`,
      );
    }
    return { name, path };
  });
}

/** The SHA-512 of a package that is published, as the registry has it; undefined when it is not. */
function published(name: string): string | undefined {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    ["npm", "view", `${name}@${packageVersion}`, "dist.integrity", "--json"],
    {
      cwd: root,
      stdin: "ignore",
      stderr: "pipe",
    },
  );
  const answer = stdout.toString().trim();
  if (exitCode === 0) return answer === "" ? undefined : (JSON.parse(answer) as string);
  if (/"code": *"E404"/.test(answer)) return undefined;
  throw new Error(`could not ask whether ${name} ${packageVersion} is published: ${`${stderr}${answer}`.trim()}`);
}

function publish({ name, path }: Candidate, options: string[]): void {
  const { exitCode } = Bun.spawnSync(["npm", "publish", path, ...options], {
    cwd: root,
    stdin: "ignore",
    stdout: 2,
    stderr: "inherit",
  });
  if (exitCode !== 0)
    throw new Error(
      `${name} could not be published: npm ended with exit code ${exitCode}; run this again when the reason is gone`,
    );
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      "dry-run": { type: "boolean", default: false },
      provenance: { type: "boolean", default: true },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(help);
  if (positionals.length !== 1) throw new Error("name the folder with the packages");
  const all = candidates(resolve(positionals[0]!));
  const missing = all.filter(({ name, path }) => {
    const there = published(name);
    const here = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
    if (there !== undefined && there !== here) {
      throw new Error(
        `${name} ${packageVersion} is published already, with other contents (${there}) than ${path} (${here}): what is published does not change. Go on with the packages of the run that published it, or raise the version`,
      );
    }
    if (there !== undefined) console.error(`${name} ${packageVersion} is published already`);
    return there === undefined;
  });
  const options = [
    ...["--access", "public", "--ignore-scripts"],
    // Whoever asks for no version gets no prerelease.
    ...["--tag", packageVersion.includes("-") ? "next" : "latest"],
    ...(values["dry-run"] ? ["--dry-run"] : values.provenance ? ["--provenance"] : []),
  ];
  for (const candidate of missing) {
    publish(candidate, options);
    console.error(`${candidate.name} ${packageVersion}: ${values["dry-run"] ? "would be published" : "published"}`);
  }
}

try {
  main();
} catch (error) {
  fail(`release/npm-publish: ${error instanceof Error ? error.message : error}`);
}
