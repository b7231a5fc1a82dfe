import { expect, test } from "bun:test";
import { startServer } from "../../ts/tests/support/server";
import { Hub, type Publish } from "../server/live/hub";
import { Streams } from "../server/live/stream";
import { topicOf } from "../shared/events";
import { EventReader, type ReadEvent } from "./event-reader";
import { api, logIn, send, testConsole, tokenFor, unique } from "./support";

const start = (running: { origin: string }, workflowId: string, more = {}) =>
  api(running, "POST", "/ns/default/workflows", { workflowId, type: "watched", taskQueue: unique("q"), ...more });

const hasRow = (workflowId: string) => (event: ReadEvent) =>
  event.event === "change" &&
  event.data.data.rows?.some((row: { workflowId: string }) => row.workflowId === workflowId);

test("twenty who look at a list cost as many calls as one", async () => {
  const calls: string[] = [];
  await using running = await testConsole({ onCall: (method) => calls.push(method) });
  const type = unique("watched");
  const topic = topicOf("workflows", "default", `WorkflowType = '${type}'`);
  const began = performance.now();
  const readers = await Promise.all(Array.from({ length: 20 }, () => EventReader.open(running, [topic])));
  await Promise.all(readers.map((reader) => reader.find(({ event }) => event === "change")));
  const workflowId = unique("listed");
  await start(running, workflowId, { type });
  await Promise.all(readers.map((reader) => reader.find(hasRow(workflowId))));
  const lists = calls.filter((method) => method === "ListWorkflowExecutions").length;
  const seconds = (performance.now() - began) / 1000;
  expect(lists).toBeGreaterThanOrEqual(2);
  expect(lists).toBeLessThanOrEqual(1 + seconds / 2);
  for (const reader of readers) reader.close();
});

test("a run's events are pushed as they come, without payloads", async () => {
  await using running = await testConsole();
  const [workflowId, secret] = [unique("run"), unique("secret")];
  const { runId } = await start(running, workflowId, { input: [secret], memo: { secret } });
  using reader = await EventReader.open(running, [topicOf("run", "default", workflowId, runId)]);
  const first = await reader.find(({ event }) => event === "change");
  expect(first.data.data.events.map(({ type }: { type: string }) => type)).toEqual([
    "WorkflowExecutionStarted",
    "WorkflowTaskScheduled",
  ]);
  await api(running, "POST", `/ns/default/workflows/${workflowId}/${runId}/signal`, { name: "go", input: [secret] });
  const signalled = await reader.find(({ data }) => data.data?.events?.[0]?.type === "WorkflowExecutionSignaled");
  expect(signalled.data.data.events).toMatchObject([{ id: 3, name: "go" }]);
  await api(running, "POST", `/ns/default/workflows/${workflowId}/${runId}/terminate`, { reason: "enough" });
  const last = await reader.find(({ data }) => data.data?.closed === true);
  expect(last.data.data.events).toMatchObject([{ type: "WorkflowExecutionTerminated", detail: "enough" }]);
  expect(reader.text).not.toContain(secret);
});

test("who comes again gets what was missed, or is told to ask", async () => {
  await using running = await testConsole();
  const workflowId = unique("resumed");
  const { runId } = await start(running, workflowId);
  const topics = [topicOf("run", "default", workflowId, runId)];
  // Somebody else goes on looking.
  using stays = await EventReader.open(running, topics);
  const { id } = await stays.find(({ event }) => event === "change");
  await api(running, "POST", `/ns/default/workflows/${workflowId}/${runId}/signal`, { name: "missed" });
  await stays.find(({ data }) => data.data?.events?.[0]?.name === "missed");
  using resumed = await EventReader.open(running, topics, { "last-event-id": id! });
  const [event] = [await resumed.find(() => true)];
  expect(event).toMatchObject({ event: "change", data: { data: { events: [{ name: "missed" }] } } });
  using lost = await EventReader.open(running, topics, { "last-event-id": "0f0f0f0f-3" });
  expect(await lost.find(() => true)).toMatchObject({ event: "resync", data: { topics } });
});

test("what nobody looked at meanwhile is not taken for whole", async () => {
  await using running = await testConsole();
  const workflowId = unique("gap");
  const { runId } = await start(running, workflowId);
  const topics = [topicOf("run", "default", workflowId, runId)];
  const first = await EventReader.open(running, topics);
  const { id } = await first.find(({ event }) => event === "change");
  first.close();
  await first.ended;
  await api(running, "POST", `/ns/default/workflows/${workflowId}/${runId}/signal`, { name: "alone" });
  using again = await EventReader.open(running, topics, { "last-event-id": id! });
  expect(await again.find(() => true)).toMatchObject({ event: "resync" });
  const now = await again.find(({ event }) => event === "change");
  expect(now.data.data.events.at(-1)).toMatchObject({ name: "alone" });
});

test("who loses a right loses the stream", async () => {
  await using running = await testConsole({ mode: "token" });
  const admin = await logIn(running);
  const viewer = await tokenFor(running, admin, [{ role: "viewer", namespaces: "own-*" }]);
  const foreign = topicOf("hosts", "default");
  using refused = await EventReader.open(running, [foreign, topicOf("audit")], viewer);
  expect(await refused.find(({ data }) => data.topic === foreign)).toMatchObject({
    event: "denied",
    data: { action: "worker.read" },
  });
  expect(await refused.find(({ data }) => data.topic === "audit")).toMatchObject({ event: "denied" });

  using reader = await EventReader.open(running, [topicOf("audit")], admin);
  await reader.find(({ event }) => event === "change");
  await send(running, "POST", "/auth/logout", {}, admin);
  await reader.ended;
});

test("what can't be watched is said", async () => {
  await using running = await testConsole();
  for (const topics of [
    "",
    "nothing:default",
    "hosts",
    "run:default:a",
    "hosts:%25ff",
    Array(21)
      .fill(0)
      .map((_, n) => `hosts:${n}`)
      .join(","),
  ]) {
    const reply = await send(running, "GET", `/api/v1/events?topics=${topics}`);
    expect([topics, reply.status]).toEqual([topics, 400]);
  }
});

test("a server that is away makes a list old, and one that is back makes it new", async () => {
  const server = await startServer();
  await using running = await testConsole({ address: server.address });
  using reader = await EventReader.open(running, [topicOf("workflows", "default", "")]);
  await reader.find(({ event }) => event === "change");
  await server.stop();
  const stale = await reader.find(({ event }) => event === "stale");
  expect(stale.data.problem.fix).toContain("goes on when it is back");
  await server.start();
  const before = reader.events.length;
  await reader.find((event) => event.event === "change" && reader.events.indexOf(event) >= before);
  await server.stop();
});

test("a topic has one watcher, which ends when nobody listens any more", () => {
  const watched: AbortSignal[] = [];
  const hub = new Hub((_topic, _publish, signal) => {
    watched.push(signal);
    return { snapshot: () => undefined };
  }, String);
  const ends = Array.from({ length: 20 }, () => hub.listen(["hosts:default"], undefined, () => {}));
  expect([watched.length, hub.size]).toEqual([1, 1]);
  for (const end of ends.slice(1)) end();
  expect(watched[0]!.aborted).toBe(false);
  ends[0]!();
  expect([watched[0]!.aborted, hub.size]).toEqual([true, 0]);
});

test("who does not read is cut", async () => {
  let publish: Publish | undefined;
  const hub = new Hub((_topic, given) => {
    publish = given;
    return { snapshot: () => undefined };
  }, String);
  const caller = { subject: "slow", via: "none" as const, grants: [] };
  const streams = new Streams({ hub, recall: async () => caller, allows: () => true });
  const response = streams.open(new Request("http://localhost/api/v1/events?topics=hosts:default"), caller);
  expect([streams.size, hub.size]).toEqual([1, 1]);
  for (let index = 0; index < 300; index++) publish!.change({ index });
  expect([streams.size, hub.size]).toEqual([0, 0]);
  await response.body?.cancel();
  streams.close();
});
