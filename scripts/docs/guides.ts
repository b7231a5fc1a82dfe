/** The list of the guides is docs/README.md: the site has them in its order, under its headings. */
import { readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { root } from "../tools";
import { type Entry, Search } from "./search";

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

/** What a heading is called in links, as GitHub makes it of its text. */
export const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/ /g, "-");

/** Groups of pages that are for those who work on the project: the search prefers the others. */
const background = ["How it works", "The project"];

/**
 * The sections of a guide, as entries of the search.
 *
 * @param url of its page
 */
export function entriesOf({ path, title, group }: Guide, url: string): Entry[] {
  // A `#` in a block of code is no heading.
  const content = readFileSync(join(root, path), "utf8").replace(/^```.*?^```$/gms, (block) =>
    block.replace(/^#/gm, " #"),
  );
  const [, ...parts] = content.split(/^(#{1,3} .*)$/m);
  const kind = background.includes(group) ? "background" : "guide";
  const entries: Entry[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [heading = "", text = ""] = parts.slice(at, at + 2);
    const name = heading.replace(/^#+ /, "");
    // TypeDoc leaves code out of what a heading is called in links.
    const anchor = anchorOf(name.replace(/`[^`]*`/g, "").trim());
    entries.push({
      title: at === 0 ? title : `${title}: ${name.replaceAll("`", "")}`,
      text: text.replace(/^```.*$|\]\([^)]*\)|[|`*[]/gm, " ").trim(),
      url: at === 0 ? url : `${url}#${anchor}`,
      kind,
    });
  }
  return entries;
}

/** Questions of docs/questions.tsv that a search doesn't answer among its first three. */
export function unanswered(entries: readonly Entry[]): string[] {
  const search = new Search(entries);
  const [, ...lines] = readFileSync(join(root, "docs/questions.tsv"), "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [question = "", answer = ""] = line.split("\t");
    const titles = search.find(question, 3).map(({ title }) => title);
    return titles.includes(answer) ? [] : [`"${question}" leads to ${titles.join("; ")}, not to ${answer}`];
  });
}
