/** Where a login leads, what ends a session, and what stands between a browser and the console. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { localPath } from "../../shared/local-path";
import { api, logIn, testConsole, unique } from "../support";
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

test("who is logged out elsewhere comes to the login, and back to the page", async () => {
  await using running = await testConsole({ mode: "token" });
  const admin = await logIn(running);
  const path = "/ns/default/workflows?q=WorkflowId%20%3D%20'nobody'";
  const token = () =>
    running.lines
      .findLast((line) => line.includes("/login#"))!
      .split("#")[1]!
      .trim();
  await withPage(
    async (page) => {
      await page.goto(running.origin + path);
      await page.getByLabel("Token").fill(token());
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("No workflow is like this").waitFor();
      const { rows } = await api(running, "GET", "/sessions", undefined, admin);
      const { id } = rows.find(({ current }: { current: boolean }) => !current);
      await api(running, "DELETE", `/sessions/${id}`, { reason: "lost" }, admin);
      await page.getByLabel("Token").fill(token());
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("No workflow is like this").waitFor();
      expect(new URL(page.url()).searchParams.get("q")).toBe("WorkflowId = 'nobody'");
    },
    { complaints: /401/ },
  );
});

test("an answer that is a page is a failure, whatever its status", async () => {
  await using running = await testConsole();
  for (const status of [200, 502])
    await withPage(
      async (page) => {
        await page.route("**/api/v1/ns/default/workflows?*", (route) =>
          route.fulfill({ status, contentType: "text/html", body: `<h1>${unique("proxy")}</h1>` }),
        );
        await page.goto(`${running.origin}/ns/default/workflows`);
        const problem = page.getByRole("alert");
        await problem.getByText("The console can't be reached").waitFor();
        expect(await problem.textContent()).toContain(`answered with ${status}`);
        // It comes back by itself.
        await page.unroute("**/api/v1/ns/default/workflows?*");
        await problem.waitFor({ state: "detached" });
      },
      { complaints: /502/ },
    );
});
