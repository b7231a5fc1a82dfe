/** Reads the pages of the site: their sections, for the search, and their links, to check them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " };

const plain = (html: string) =>
  html
    .replace(/<button.*?<\/button>|<svg.*?<\/svg>/gs, "")
    .replace(/<br\/?>|<\/(?:p|td|th|li|tr|h\d)>/g, " ")
    .replace(/<[^>]*>/g, "")
    .replace(/&([\w#]+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/\s+/g, " ")
    .trim();

interface Section {
  heading: string;
  /** Its place on the page. */
  anchor: string;
  text: string;
}

/** The sections of a guide's page; the first is its beginning, with the title as its heading. */
export function sectionsOf(html: string): Section[] {
  const body = /<div class="tsd-panel tsd-typography">(.*?)<\/div>\s*<\/div>\s*<div class="col-sidebar">/s.exec(
    html,
  )?.[1];
  if (body === undefined) throw new Error("a page has no text where TypeDoc puts it");
  const parts = body.split(/<h[123] id="([^"]+)"[^>]*>(.*?)<\/h[123]>/s);
  const sections: Section[] = [];
  for (let at = 1; at < parts.length; at += 3) {
    const [anchor = "", heading = "", text = ""] = parts.slice(at, at + 3);
    sections.push({ heading: plain(heading), anchor, text: plain(text) });
  }
  return sections;
}

/** The links of all pages below a folder that lead to no file, or to no place on a page. */
export function linkProblems(site: string): string[] {
  const files = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const pages = new Map(
    files.filter((path) => path.endsWith(".html")).map((path) => [path, readFileSync(path, "utf8")] as const),
  );
  const anchors = new Map([...pages].map(([path, html]) => [path, new Set(anchorsOf(html))]));
  const known = new Set(files);
  const problems: string[] = [];
  for (const [path, html] of pages) {
    for (const [, target = ""] of html.matchAll(/<(?:a|link|script|img)\b[^>]*? (?:href|src)="([^"]*)"/g)) {
      if (/^(?:[a-z]+:|\/\/)/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), decodeURIComponent(file)));
      if (!known.has(to)) problems.push(`${path}: ${target} leads to no file`);
      else if (anchor && !anchors.get(to)?.has(decodeURIComponent(anchor)))
        problems.push(`${path}: ${target} leads to no place on that page`);
    }
  }
  return problems;
}

const anchorsOf = (html: string) => [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);
