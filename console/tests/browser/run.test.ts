/** What can be done to a run besides signals and updates, and that the run of an address without a run's id is one. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { at, started, statusOf, temporal, withWorker } from "../parity/worker";
import { loaded, violations, withBrowser, withPage } from "./support";

setDefaultTimeout(180_000);
withWorker();
withBrowser();

const url = (path: string) => `${at.running.origin}/ns/default${path}`;

test("the latest run is watched as any other", async () => {
  const { workflowId } = await started("waiter");
  await withPage(async (page) => {
    await page.goto(url(`/workflows/${workflowId}/latest`));
    await page.getByText("WorkflowTaskCompleted").waitFor();
    await temporal("workflow", "signal", "-w", workflowId, "--name", "unknown");
    await page.getByText("WorkflowExecutionSignaled").waitFor();
    expect(await page.getByText("What you see is as of").count()).toBe(0);
  });
});

test("activities that wait are paused, let go on, and completed", async () => {
  const { workflowId, path } = await started("outside");
  await withPage(
    async (page) => {
      await page.goto(url(`${path}?tab=pending`));
      const activity = page.getByRole("group", { name: /^Activity / });
      const dialog = page.getByRole("dialog");
      await activity.getByRole("button", { name: "Pause" }).click();
      await dialog.getByLabel("Reason").fill("not now");
      await dialog.getByRole("button", { name: "Pause" }).click();
      await activity.getByRole("button", { name: "Unpause" }).click();
      await loaded(page);
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole("button", { name: "Unpause" }).click();
      await activity.getByRole("button", { name: "Pause", exact: true }).waitFor();
      await activity.getByRole("button", { name: "Complete" }).click();
      await dialog.getByLabel("Result").fill("by hand");
      await dialog.getByRole("button", { name: "Complete" }).click();
      await dialog.getByText("is no JSON").waitFor();
      await dialog.getByLabel("Result").fill('"by hand"');
      await dialog.getByRole("button", { name: "Complete" }).click();
      await page.getByText("It waits for nothing outside of itself").waitFor();
    },
    { width: 360 },
  );
  expect(await statusOf(workflowId)).toBe("COMPLETED");
});

test("a run begins again from an event", async () => {
  const { workflowId, runId, path } = await started("waiter");
  await withPage(async (page) => {
    await page.goto(url(path));
    await page.getByText("WorkflowTaskCompleted").waitFor();
    await page.getByRole("button", { name: "Reset" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Or to event").fill("4");
    await dialog.getByLabel("Reason").fill("again");
    await dialog.getByRole("button", { name: "Reset" }).click();
    await page.getByRole("region", { name: "Answer" }).waitFor();
  });
  const { workflowExecutionInfo: info } = await temporal("workflow", "describe", "-w", workflowId);
  expect(info.execution.runId).not.toBe(runId);
});
