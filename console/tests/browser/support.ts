/** A browser for the tests of a file, and pages in it that fail a test if something is written to their console. */

import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "./chromium";

let browser: Browser;

/** Starts the browser before the tests of a file, and ends it after them. */
export function withBrowser(): void {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
}

interface PageOptions {
  width?: number;
  height?: number;
  dark?: boolean;
  /** What the browser may complain about: calls that fail on purpose. */
  complaints?: RegExp;
}

/** Runs `body` with a page of its own. */
export async function withPage<R>(
  body: (page: Page, context: BrowserContext) => Promise<R>,
  { width = 1280, height = 800, dark = false, complaints }: PageOptions = {},
): Promise<R> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  });
  context.setDefaultTimeout(60_000);
  const said: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => said.push(`${error.stack ?? error}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") said.push(message.text());
  });
  try {
    const result = await body(page, context);
    expect(said.filter((text) => complaints?.test(text) !== true)).toEqual([]);
    return result;
  } finally {
    await context.close();
  }
}

/** Waits until everything that a page asks for is there. */
export async function loaded(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  const left = page.getByText("Loading …");
  while ((await left.count()) > 0) await left.first().waitFor({ state: "detached" });
}

const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe finds wrong on a page. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger: the page itself lets no such script in.
  const found = await page.evaluate(`${axe}; axe.run(document)`);
  return (found as { violations: { id: string; nodes: { html: string }[] }[] }).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
}

/** Whether a page is wider than the window. */
export function isScrolledSideways(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > window.innerWidth");
}
