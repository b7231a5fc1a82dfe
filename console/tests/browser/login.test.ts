/** Where a login leads. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { localPath } from "../../shared/local-path";
import { testConsole } from "../support";
import { withBrowser, withPage } from "./support";

setDefaultTimeout(180_000);
withBrowser();

test("a link leads to pages of the console alone", () => {
  const foreign = [
    "//evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
  ];
  for (const to of [...foreign, "https://evil.example", "javascript:alert(1)", "//", "http://[", "", null, "/login"])
    expect([to, localPath(to)]).toEqual([to, "/"]);
  for (const to of ["/ns/default/workflows?q=A%20%3D%201", "/all/audit", "/ns/a%2Fb/workflows"])
    expect(localPath(to)).toBe(to);
});

test("the page for logging in offers no other site", async () => {
  await using running = await testConsole();
  for (const to of ["/.//evil.example", "//", "http://["])
    await withPage(async (page) => {
      await page.goto(`${running.origin}/login?to=${encodeURIComponent(to)}`);
      const link = page.getByRole("link", { name: "No login is needed" });
      expect([to, await link.getAttribute("href")]).toEqual([to, "/"]);
    });
});
