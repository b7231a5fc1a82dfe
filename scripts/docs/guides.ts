/** The list of the guides is docs/README.md: the site has them in its order, under its headings. */
import { readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { root } from "../tools";

export interface Guide {
  /** Relative to the repository. */
  path: string;
  title: string;
  /** The heading of docs/README.md under which it stands. */
  group: string;
}

/** The guides that docs/README.md lists. */
export function readIndex(): Guide[] {
  const guides: Guide[] = [];
  let group = "";
  for (const line of readFileSync(join(root, "docs/README.md"), "utf8").split("\n")) {
    group = /^## (.*)/.exec(line)?.[1] ?? group;
    const [, title, target] = /^- \[([^\]]+)\]\(([^)]+\.md)\)/.exec(line) ?? [];
    if (title && target) guides.push({ path: normalize(join("docs", target)), title, group });
  }
  return guides;
}
