/** People whom an identity provider knows: each sees and does what the grants of their groups allow. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../../ts/tests/support/server";
import { client, realProvider } from "../identity-provider";
import { at, started, statusOf, withWorker } from "../parity/worker";
import { testConsole } from "../support";
import { withBrowser, withPage } from "./support";

setDefaultTimeout(180_000);
withWorker();
withBrowser();

test("a viewer sees what an operator cancels, and an auditor finds the reason", async () => {
  const port = await freePort();
  let person = "bob";
  const people = {
    ada: { name: "Ada", groups: ["operators"] },
    bob: { name: "Bob", groups: ["viewers"] },
    cy: { name: "Cy", groups: ["auditors"] },
    eve: { name: "Eve", groups: ["strangers"] },
  };
  const provider = await realProvider(`http://127.0.0.1:${port}/auth/callback`, people, () => person);
  await using running = await testConsole({
    mode: "oidc",
    port,
    address: at.running.address,
    config: {
      publicUrl: `http://127.0.0.1:${port}`,
      oidc: { issuer: provider.issuer, clientId: client.id, clientSecret: client.secret },
      grants: [
        { group: "operators", role: "operator", namespaces: "default" },
        { group: "viewers", role: "viewer", namespaces: "default" },
        { group: "auditors", role: "auditor", namespaces: "*" },
      ],
    },
  });
  const { workflowId } = await started("waiter", ["a secret"]);
  const path = `/ns/default/workflows/${workflowId}/latest`;
  const complaints = /401|403/;
  /** Opens a page as somebody who has to log in first. */
  const as = (name: string, to: string, body: Parameters<typeof withPage>[0]) => {
    person = name;
    return withPage(
      async (page, context) => {
        await page.goto(`${running.origin}${to}`);
        await page.getByRole("link", { name: "Log in at your identity provider" }).click();
        await body(page, context);
      },
      { complaints },
    );
  };

  await as("bob", path, async (page) => {
    await page.getByRole("heading", { name: workflowId }).waitFor();
    expect(await page.getByRole("button", { name: "Cancel", exact: true }).isDisabled()).toBe(true);
    expect(await page.getByRole("button", { name: "Cancel", exact: true }).getAttribute("title")).toBe(
      "You need a grant with the action workflow.cancel",
    );
    await page.getByRole("button", { name: /WorkflowExecutionStarted/ }).click();
    const event = page.getByRole("region", { name: "Event 1" });
    await event.waitFor();
    expect(await event.textContent()).not.toContain("a secret");
    expect(await page.getByRole("navigation", { name: "Pages" }).textContent()).not.toMatch(/Audit|Grants|API tokens/);
  });

  await as("ada", path, async (page) => {
    await page.getByRole("heading", { name: workflowId }).waitFor();
    await page.getByRole("button", { name: /WorkflowExecutionStarted/ }).click();
    await page.getByText("a secret").first().waitFor();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByLabel("Reason").fill("the customer changed her mind");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByText("WorkflowExecutionCanceled").waitFor();
  });
  expect(await statusOf(workflowId)).toBe("CANCELED");

  await as("cy", "/all/audit", async (page) => {
    const row = page.getByRole("row").filter({ hasText: "the customer changed her mind" }).first();
    await row.waitFor();
    expect(await row.textContent()).toContain("ada");
    expect(await page.getByRole("navigation", { name: "Pages" }).textContent()).not.toContain("Workflows");
  });

  await as("eve", path, async (page) => {
    await page.getByText("You are known, but nothing is granted to you here").waitFor();
  });
  await provider.stop();
});
