/** The project's version, in every file that names it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/tools";
import { packageVersion } from "../ts/src/libs/manifest";

/** What names it: a file, and where in it. */
const places: [file: string, pattern: RegExp][] = [
  ["Cargo.toml", /^\[workspace\.package\]\nversion = "(.*)"$/m],
  ["build.zig.zon", /\.version = "(.*)"/],
  ["console/package.json", /^ {2}"version": "(.*)"/m],
  // Without the whole version, a range leaves prereleases out.
  ["console/package.json", /"temporal-bun-sdk": "\^(.*)"/],
  ["deploy/helm/temporal-bun-worker/Chart.yaml", /^version: (.*)$/m],
  ["CHANGELOG.md", /^## ([^\s,]+)/m],
  ...["core", "rpc", "checks"].map((crate): [string, RegExp] => [
    "Cargo.lock",
    new RegExp(`^name = "temporal-bun-${crate}"\nversion = "(.*)"$`, "m"),
  ]),
];

/** Throws unless all of them name the version of ts/package.json. Returns how many there are. */
export function checkVersions(): number {
  const others = places.flatMap(([file, pattern]) => {
    const version = pattern.exec(readFileSync(join(root, file), "utf8"))?.[1];
    return version === packageVersion ? [] : [`${file} has ${version}`];
  });
  if (others.length > 0)
    throw new Error(
      `the version in ts/package.json is ${packageVersion}, but ${others.join(", ")}: make them the same`,
    );
  return places.length + 1;
}
