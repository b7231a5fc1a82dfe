/** Every page in a browser: what it shows, that it stays so, and what can be done there. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type PrivateServer, startServer } from "../../../ts/tests/support/server";
import { at, post, started, statusOf, withWorker } from "../parity/worker";
import { testConsole, unique } from "../support";
import { isScrolledSideways, loaded, violations, withBrowser, withPage } from "./support";

setDefaultTimeout(180_000);
withWorker();
withBrowser();

const url = (path: string) => at.running.origin + path;
const list = "/ns/default/workflows";
const only = (workflowId: string) => `${list}?q=${encodeURIComponent(`WorkflowId = "${workflowId}"`)}`;

describe("workflows", () => {
  test("the list changes by itself, and says how many there are", async () => {
    const type = unique("waiter");
    await withPage(async (page) => {
      await page.goto(
        url(`${list}?q=${encodeURIComponent(`TaskQueue = "${at.taskQueue}" AND ExecutionStatus = "Running"`)}`),
      );
      const { workflowId } = await started("waiter", []);
      const row = page.getByRole("row").filter({ hasText: workflowId });
      await row.getByText("Running").waitFor();
      await post(`/workflows/${workflowId}/latest/signal`, { name: "finish", input: [type] });
      await row.waitFor({ state: "detached" });
    });
  });

  test("rows that come while the pointer is in the table wait in a bar", async () => {
    await withPage(async (page) => {
      const { workflowId } = await started("waiter");
      const query = `TaskQueue = "${at.taskQueue}"`;
      await page.goto(url(`${list}?q=${encodeURIComponent(query)}`));
      await page.getByRole("link", { name: workflowId }).hover();
      const next = await started("waiter");
      await page.getByRole("button", { name: "1 new" }).click();
      await page.getByRole("link", { name: next.workflowId }).waitFor();
    });
  });

  test("with none it says how the first one is started; a filter that finds none says so; a wrong one what is wrong", async () => {
    await started("waiter");
    await withPage(
      async (page) => {
        await page.goto(url(only("no such workflow")));
        await page.getByText("No workflow is like this").waitFor();
        await page.getByRole("button", { name: "Show all" }).click();
        await page.getByRole("table").waitFor();
        await page.keyboard.press("/");
        await page.keyboard.type("Nonsense = 1");
        await page.keyboard.press("Enter");
        const alert = page.getByRole("alert");
        await alert.waitFor();
        expect(await alert.textContent()).toContain("Nonsense");
        expect(await alert.textContent()).toContain("Request ");
      },
      { complaints: /400/ },
    );
    const server = await startServer();
    try {
      await using running = await testConsole({ address: server.address });
      await withPage(async (page) => {
        await page.goto(`${running.origin}${list}`);
        await page.getByText("No workflow here yet").waitFor();
      });
    } finally {
      await server.stop();
    }
  });

  test("one is started by the form, found, and ended by keyboard alone", async () => {
    const workflowId = unique("by-hand");
    await withPage(async (page) => {
      await page.goto(url(list));
      await page.getByRole("button", { name: "Start a workflow" }).focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Type", { exact: true }).focus();
      await page.keyboard.type("waiter");
      await page.keyboard.press("Tab");
      await page.keyboard.type(at.taskQueue);
      await page.keyboard.press("Tab");
      await page.keyboard.type(workflowId);
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Answer" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("/");
      await page.keyboard.type(`WorkflowId = "${workflowId}"`);
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: workflowId }).waitFor();
      await page.evaluate("document.activeElement.blur()");
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      await page.getByText("WorkflowExecutionStarted").waitFor();
      await page.getByRole("button", { name: "Terminate" }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      await page.getByLabel("Reason").focus();
      await page.keyboard.type("the test is over");
      await page.keyboard.press("Enter");
      await page.getByText("WorkflowExecutionTerminated").waitFor();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    });
    expect(await statusOf(workflowId)).toBe("TERMINATED");
  });

  test("chosen ones are cancelled together, with a reason", async () => {
    const both = [await started("waiter"), await started("waiter")];
    await withPage(async (page) => {
      await page.goto(
        url(`${list}?q=${encodeURIComponent(`TaskQueue = "${at.taskQueue}" AND ExecutionStatus = "Running"`)}`),
      );
      for (const { workflowId } of both) await page.getByRole("checkbox", { name: `Choose ${workflowId}` }).check();
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await page.getByLabel("Reason").fill("together");
      await page.getByRole("dialog").getByRole("button", { name: "Cancel", exact: true }).click();
      for (const { workflowId } of both)
        await page.getByRole("row").filter({ hasText: workflowId }).waitFor({ state: "detached" });
    });
    for (const { workflowId } of both) expect(await statusOf(workflowId)).toBe("CANCELED");
  });
});

describe("a run", () => {
  test("shows what comes while it is watched, and is signalled, asked and updated", async () => {
    const { workflowId, runId } = await started("waiter");
    await withPage(async (page) => {
      await page.goto(url(`${list}/${workflowId}/${runId}`));
      await page.getByText("WorkflowExecutionStarted").waitFor();
      await page.getByRole("button", { name: "Update", exact: true }).click();
      await page.getByRole("textbox", { name: "Update" }).fill("change");
      await page.getByRole("textbox", { name: "Arguments" }).fill('"other"');
      await page.getByRole("dialog").getByRole("button", { name: "Update", exact: true }).click();
      expect(await page.getByRole("region", { name: "Answer" }).textContent()).toContain('"new"');
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByText("WorkflowExecutionUpdateCompleted").waitFor();

      await page.getByRole("link", { name: "queries" }).click();
      await page.getByRole("button", { name: "Ask a query" }).click();
      await page.getByRole("textbox", { name: "Query" }).fill("state");
      await page.getByRole("dialog").getByRole("button", { name: "Ask a query" }).click();
      expect(await page.getByRole("region", { name: "Answer" }).textContent()).toContain('"other"');
      await page.getByRole("button", { name: "Close" }).click();

      await page.getByRole("button", { name: "Signal", exact: true }).click();
      await page.getByRole("textbox", { name: "Signal" }).fill("finish");
      await page.getByRole("textbox", { name: "Arguments" }).fill("no json");
      await page.getByRole("dialog").getByRole("button", { name: "Signal", exact: true }).click();
      expect(await page.getByRole("alert").textContent()).toContain('Arguments: "no json" is no JSON');
      await page.getByRole("textbox", { name: "Arguments" }).fill('{"n": 1}');
      await page.getByRole("dialog").getByRole("button", { name: "Signal", exact: true }).click();
      await page.getByText("Completed", { exact: false }).first().waitFor();
      await page.getByRole("link", { name: "history" }).click();
      await page.getByRole("button", { name: "WorkflowExecutionCompleted" }).click();
      expect(await page.getByRole("region", { name: /^Event / }).textContent()).toContain('"n": 1');
      await page.getByRole("textbox", { name: "Find" }).fill("signal");
      await page.getByText("WorkflowExecutionSignaled").waitFor();
      await page.getByText("WorkflowExecutionCompleted").waitFor({ state: "detached" });
    });
  });

  test("has a timeline, what it waits for, and the workflows around it", async () => {
    const childId = unique("child");
    const { workflowId } = await started("parent", [childId]);
    const outside = await started("outside");
    await withPage(async (page) => {
      await page.goto(url(`${list}/${workflowId}/latest?tab=relations`));
      await page.getByRole("link", { name: childId }).click();
      await page.getByText("WorkflowExecutionStarted").waitFor();
      await page.getByRole("link", { name: "relations" }).click();
      await page.getByRole("link", { name: workflowId }).first().waitFor();
      await page.goto(url(`${list}/${outside.workflowId}/latest?tab=pending`));
      await page.getByRole("heading", { name: "Activities" }).waitFor();
      expect(await page.getByRole("region", { name: "Activities 1" }).textContent()).toContain('"later"');
      await page.getByRole("link", { name: "timeline" }).click();
      await page.getByRole("table").getByText("later").waitFor();
    });
  });

  test("that isn't there says so", async () => {
    await withPage(
      async (page) => {
        await page.goto(url(`${list}/nobody/latest`));
        await page.getByRole("alert").waitFor();
        expect(await page.getByRole("alert").textContent()).toContain("nobody");
      },
      { complaints: /404/ },
    );
  });
});

test("what Temporal carries is text, whatever is in it", async () => {
  const evil = `<img src=x onerror="document.title='hacked'">`;
  const { runId } = await post("/workflows", {
    workflowId: evil,
    type: evil,
    taskQueue: evil,
    input: [evil],
    memo: { [evil]: evil },
    summary: evil,
    details: `[click](javascript:document.title='hacked') ${evil}`,
  });
  await withPage(async (page) => {
    await page.goto(url(`${list}?q=${encodeURIComponent(`RunId = "${runId}"`)}`));
    await page.getByRole("link", { name: evil }).click();
    await page.getByRole("button", { name: /WorkflowExecutionStarted/ }).click();
    await page.getByRole("region", { name: "Event 1" }).waitFor();
    await page.getByRole("link", { name: evil }).click();
    await page.getByRole("heading", { name: evil }).waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.title()).toBe("Temporal console");
  });
});

const places = [
  "schedules",
  "queues",
  "hosts",
  "deployments",
  "activities",
  "batch",
  "operations",
  "search-attributes",
].map((kind) => `/ns/default/${kind}`);
const globals = ["namespaces", "nexus", "clusters", "audit", "grants", "tokens", "sessions"].map(
  (kind) => `/all/${kind}`,
);

describe("every page", () => {
  test.each(["/", "/doctor", list, ...places, ...globals])(
    "%s: axe finds nothing, at 360 px too, light and dark",
    async (path) => {
      for (const [width, dark] of [
        [1280, false],
        [360, true],
      ] as const)
        await withPage(
          async (page) => {
            await page.goto(url(path));
            await page.getByRole("heading", { level: 1 }).waitFor();
            await loaded(page);
            expect(await page.getByRole("alert").count()).toBe(0);
            expect(await violations(page)).toEqual([]);
            expect(await isScrolledSideways(page)).toBe(false);
          },
          { width, dark },
        );
    },
  );

  test("the run's too, in each of its parts", async () => {
    const { workflowId, runId } = await started("outside");
    await withPage(
      async (page) => {
        for (const tab of ["history", "timeline", "pending", "relations", "queries"]) {
          await page.goto(url(`${list}/${workflowId}/${runId}?tab=${tab}`));
          await page.getByRole("heading", { name: workflowId }).waitFor();
          await loaded(page);
          expect([tab, await violations(page)]).toEqual([tab, []]);
          expect(await isScrolledSideways(page)).toBe(false);
        }
      },
      { width: 360 },
    );
  });

  test("has the colours and the time zone that the reader chooses, also after a reload", async () => {
    const { workflowId } = await started("waiter");
    await withPage(async (page) => {
      const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      await page.goto(url(only(workflowId)));
      await loaded(page);
      const light = await ground();
      await page.getByLabel("Colours").selectOption("dark");
      const dark = await ground();
      expect(dark).not.toBe(light);
      await page.getByLabel("Time zone").selectOption("UTC");
      await page.getByRole("cell", { name: /UTC$/ }).waitFor();
      await page.reload();
      await page.getByRole("cell", { name: /UTC$/ }).waitFor();
      expect(await ground()).toBe(dark);
      await page.getByLabel("Colours").selectOption("light");
      expect(await ground()).toBe(light);
    });
  });

  test("one that isn't there says so", async () => {
    await withPage(async (page) => {
      await page.goto(url("/ns/default/nonsense"));
      await page.getByText("There is no page 'nonsense'").waitFor();
    });
  });
});

describe("what there is besides workflows", () => {
  test("a schedule is made, paused and deleted", async () => {
    const id = unique("schedule");
    await withPage(async (page) => {
      await page.goto(url("/ns/default/schedules"));
      await page.getByRole("button", { name: "Make a schedule" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Schedule id").fill(id);
      await dialog.getByLabel("Cron").fill("0 3 * * *");
      await dialog.getByLabel("Workflow type").fill("waiter");
      await dialog.getByLabel("Task queue").fill(at.taskQueue);
      await dialog.getByLabel("Workflow id").fill(id);
      await dialog.getByRole("button", { name: "Make a schedule" }).click();
      await page.getByRole("link", { name: id }).click();
      await page.getByRole("button", { name: "Pause", exact: true }).click();
      await page.getByLabel("Reason").fill("not tonight");
      await dialog.getByRole("button", { name: "Pause", exact: true }).click();
      await page.getByText('"not tonight"').first().waitFor();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByLabel("Reason").fill("over");
      await dialog.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("heading", { name: "Schedules" }).waitFor();
    });
    const audit = await (await fetch(url("/api/v1/audit"))).text();
    expect(audit).toContain("not tonight");
  });

  test("the Worker and its task queue are there", async () => {
    await withPage(async (page) => {
      await page.goto(url("/ns/default/hosts"));
      await page.getByRole("cell", { name: at.taskQueue }).first().waitFor();
      await page.goto(url("/ns/default/queues"));
      await page.getByRole("link", { name: at.taskQueue }).click();
      await page.getByText('"pollers"').first().waitFor();
    });
  });

  test("what was done is in the audit log, which is whole", async () => {
    await withPage(async (page) => {
      await page.goto(url("/all/audit"));
      await page.getByRole("button", { name: "Verify" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Verify" }).click();
      expect(await page.getByRole("region", { name: "Answer" }).textContent()).toContain('"damages": []');
    });
  });
});

describe("who may not, or not now", () => {
  test("a deep link is kept over the login, and logging out ends", async () => {
    await using running = await testConsole({ mode: "token", address: at.running.address });
    await withPage(
      async (page) => {
        await page.goto(`${running.origin}/ns/default/schedules`);
        await page.getByRole("heading", { name: "Log in" }).waitFor();
        await page.getByLabel("Token").fill("wrong");
        await page.getByRole("button", { name: "Log in" }).click();
        expect(await page.getByRole("alert").textContent()).toContain("The login token is not right");
        await page.getByLabel("Token").fill(new URL(running.url).hash.slice(1));
        await page.getByRole("button", { name: "Log in" }).click();
        await page.getByRole("heading", { name: "Schedules" }).waitFor();
        expect(new URL(page.url()).pathname).toBe("/ns/default/schedules");
        await page.getByRole("button", { name: "Log out" }).click();
        await page.getByRole("heading", { name: "Log in" }).waitFor();
        // Nobody is sent to another site by a link.
        await page.goto(`${running.origin}/login?to=//example.com/`);
        expect(await violations(page)).toEqual([]);
      },
      { complaints: /401/ },
    );
  });

  test("while the server is away the page shows what it was, and comes back by itself", async () => {
    const server: PrivateServer = await startServer();
    try {
      await using running = await testConsole({ address: server.address });
      const start = (workflowId: string) =>
        fetch(`${running.origin}/api/v1/ns/default/workflows`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-tbc": "1" },
          body: JSON.stringify({ workflowId, type: "waiter", taskQueue: "nobody" }),
        });
      await start("before");
      await withPage(
        async (page) => {
          await page.goto(`${running.origin}${list}`);
          await page.getByRole("link", { name: "before" }).waitFor();
          await server.stop();
          await page.getByText("What you see is as of").waitFor();
          await page.getByRole("link", { name: "before" }).waitFor();
          await server.start();
          await page.getByText("What you see is as of").waitFor({ state: "detached" });
          await start("after");
          await page.getByRole("link", { name: "after" }).waitFor();
        },
        { complaints: /50[0-9]|Failed to load/ },
      );
    } finally {
      await server.stop();
    }
  });

  test("while the console is away too, with the same page open", async () => {
    const first = await testConsole({ address: at.running.address });
    const port = Number(new URL(first.origin).port);
    await withPage(
      async (page) => {
        await page.goto(`${first.origin}${list}`);
        await page.getByRole("table").waitFor();
        await first.stop();
        await page.getByText("The console can't be reached").first().waitFor();
        await using again = await testConsole({ address: at.running.address, port });
        await page.getByText("The console can't be reached").first().waitFor({ state: "detached" });
        const { workflowId } = await started("waiter");
        await page.getByRole("link", { name: workflowId }).waitFor();
        expect(again.origin).toBe(first.origin);
      },
      { complaints: /ERR_|Failed to load/ },
    );
  });
});
