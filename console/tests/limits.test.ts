import { expect, test } from "bun:test";
import { startConsole } from "../server/console";
import { Sessions } from "../server/gate/sessions";
import { SqliteStore } from "../server/store/sqlite";
import { topicOf } from "../shared/events";
import { EventReader } from "./event-reader";
import { api, cli, send, testConsole, unique } from "./support";

test("who lists the same shares one call, and others wait: at most five in a second", async () => {
  let calls = 0;
  await using running = await testConsole({
    onCall: (method) => void (method === "ListWorkflowExecutions" && calls++),
  });
  const list = (query: string) => api(running, "GET", `/ns/default/workflows?query=${encodeURIComponent(query)}`);
  const same = `WorkflowId = '${unique("none")}'`;
  expect(await Promise.all(Array.from({ length: 20 }, () => list(same)))).toEqual(Array(20).fill({ rows: [] }));
  expect(calls).toBe(1);
  const began = performance.now();
  await Promise.all(Array.from({ length: 16 }, (_, index) => list(`WorkflowId = 'none-${index}'`)));
  expect(calls).toBe(17);
  // With the one before it: five, five, five and two.
  expect(performance.now() - began).toBeGreaterThan(2900);
});

test("ids with all sorts of characters are found again", async () => {
  await using running = await testConsole();
  for (const odd of [
    "a/b",
    "100%",
    "a%2Fb",
    "a b?c#d&e=f",
    "ü/../x",
    "a:b,c",
    `it's "so"`,
    "x\\y",
    "<img onerror=1>",
  ]) {
    const workflowId = `${unique("odd")}${odd}`;
    const { runId } = await api(running, "POST", "/ns/default/workflows", { workflowId, type: odd, taskQueue: "q" });
    const path = `/ns/default/workflows/${encodeURIComponent(workflowId)}/${runId}`;
    const { workflowExecutionInfo: info } = await api(running, "GET", path);
    expect([info.execution.workflowId, info.type.name]).toEqual([workflowId, odd]);
    expect(await api(running, "GET", `${path}/relations`)).toEqual({ children: [], more: false });
    using reader = await EventReader.open(running, [topicOf("run", "default", workflowId, runId)]);
    expect((await reader.find(({ event }) => event === "change")).data.data.events[0].name).toBe(odd);
    await api(running, "POST", `${path}/terminate`, { reason: odd });
    const said = await cli(running, "workflow", "describe", "-w", workflowId);
    expect(said.workflowExecutionInfo.status).toBe("WORKFLOW_EXECUTION_STATUS_TERMINATED");
  }
});

test("HEAD asks as GET does, and does nothing", async () => {
  await using running = await testConsole();
  for (const path of ["/", "/api/v1/me"]) expect((await send(running, "HEAD", path)).status).toBe(200);
  expect((await send(running, "POST", "/")).status).toBe(404);
});

test("a body that is too large is refused", async () => {
  await using running = await testConsole();
  const body = { type: "t", taskQueue: "q", input: ["x".repeat(9 * 1024 * 1024)] };
  expect((await send(running, "POST", "/api/v1/ns/default/workflows", body)).status).toBe(413);
});

test("without logins nobody may come by a name that others know", async () => {
  const options = { connection: {}, namespace: "default", port: 0, mode: "none" as const };
  for (const config of [{ publicUrl: "https://console.example.com" }, { hosts: ["console.example.com:8300"] }])
    await expect(startConsole({ ...options, config: { ...config, store: ":memory:" } })).rejects.toThrow(
      "console.example.com",
    );
});

test("a session is good for the way of logging in that it was made by", async () => {
  const store = new SqliteStore(":memory:");
  await store.migrate();
  const secret = await new Sessions(store, "oidc").create({ subject: "terminal", groups: [] }, {});
  expect(await new Sessions(store, "oidc").find(secret)).toBeDefined();
  expect(await new Sessions(store, "token").find(secret)).toBeUndefined();
  await store.close();
});
