/** Checks the links of the pages of the site. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * The links that lead to no file, or to no place on a page.
 *
 * @param site folder of the pages
 * @param more other links, relative to that folder
 */
export function linkProblems(site: string, more: readonly string[]): string[] {
  const files = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const pages = new Map(
    files.filter((path) => path.endsWith(".html")).map((path) => [path, readFileSync(path, "utf8")] as const),
  );
  const anchors = new Map([...pages].map(([path, html]) => [path, new Set(anchorsOf(html))]));
  const known = new Set(files);
  const problems: string[] = [];
  const check = (page: string, target: string) => {
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? page : normalize(join(dirname(page), decodeURIComponent(file)));
    if (!known.has(to)) problems.push(`${page}: ${target} leads to no file`);
    else if (anchor && !anchors.get(to)?.has(decodeURIComponent(anchor)))
      problems.push(`${page}: ${target} leads to no place on that page`);
  };
  for (const [path, html] of pages) {
    for (const [, target = ""] of html.matchAll(/<(?:a|link|script|img)\b[^>]*? (?:href|src)="([^"]*)"/g))
      if (!/^(?:[a-z]+:|\/\/)/.test(target)) check(path, target);
  }
  for (const target of more) check(join(site, "index.html"), target);
  return problems;
}

const anchorsOf = (html: string) => [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);
