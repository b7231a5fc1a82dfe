/** What is watched of releases: how large the archives are, and how long they take to build. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlatformName } from "../ts/src/libs/manifest";
import { releasedPlatforms } from "./platforms";

/** Figures of one platform. Sizes are in bytes. */
interface Figures {
  version: string;
  /** The archive as it is downloaded. */
  packed: number;
  /** The library in it. */
  library: number;
  /** How long cargo took; null for one that was built before. */
  buildSeconds: number | null;
}

/** Name of the file with a platform's figures, beside its archive. */
export function figuresName(platform: PlatformName): string {
  return `figures-${platform}.json`;
}

/** Puts figures beside the archive that they are of. */
export function writeFigures(folder: string, platform: PlatformName, figures: Figures): void {
  writeFileSync(join(folder, figuresName(platform)), `${JSON.stringify(figures)}\n`);
}

function readFigures(folder: string, platform: PlatformName): Figures | undefined {
  const path = join(folder, figuresName(platform));
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Figures) : undefined;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const minutes = (seconds: number) => `${(seconds / 60).toFixed(1)} min`;

/** A figure, and how it differs from the one before. */
function cell(now: number | null, before: number | null | undefined, text: (value: number) => string): string {
  if (now === null) return "–";
  if (before === null || before === undefined) return text(now);
  const percent = ((now - before) / before) * 100;
  return `${text(now)} (${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %)`;
}

/** Figures of a folder as a table in Markdown, with their change since those of another one, as far as there are. */
export function summary(folder: string, previous: string): string {
  const before = releasedPlatforms.map((platform) => readFigures(previous, platform)?.version).find(Boolean);
  const rows = releasedPlatforms.map((platform) => {
    const now = readFigures(folder, platform);
    if (now === undefined) return `| ${platform} | missing | | |`;
    const then = readFigures(previous, platform);
    const { packed, library, buildSeconds } = now;
    const cells = [
      cell(packed, then?.packed, megabytes),
      cell(library, then?.library, megabytes),
      cell(buildSeconds, then?.buildSeconds, minutes),
    ];
    return `| ${platform} | ${cells.join(" | ")} |`;
  });
  return [
    `## Libraries, ${before === undefined ? "with none before to compare with" : `compared with ${before}`}`,
    "",
    "| platform | archive, packed | library | cargo |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) {
  const [folder, previous] = process.argv.slice(2);
  process.stdout.write(summary(folder!, previous!));
}
