import { expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { library } from "../../src/native/library";
import { WorkflowThreads } from "../../src/worker/threads/workflow-threads";
import { eventually } from "../support/eventually";

const events = {
  output() {},
  evicted() {},
  stuck() {},
  outgrown() {},
  payloads: () => Promise.reject(new Error("there are no payloads")),
  asked: () => true,
  failed() {},
};
const setup = {
  code: "",
  sourceMap: undefined,
  filename: "workflow-bundle.js",
  namespace: "default",
  taskQueue: "queue",
  activityNames: [],
  deadlockTimeoutMs: 0,
  reuseRealm: true,
  showStackTraceSources: false,
  failureErrorTypes: {},
  logLevel: "ERROR" as const,
  sinks: {},
  isReplay: false,
  keepsEvidence: false,
  asksAboutPatches: false,
  relay: undefined,
};
const live = 0;
const stale = 2;

/** What an event posted to a queue comes to. */
const post = (queue: number) => library().temporal_bun_queue_post(queue, 1, 0, new Uint8Array(1), 1);

/** The sockets of this process, such as `socket:[4711]`. */
function sockets(): string[] {
  const links = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      // The one that listed them.
      return "";
    }
  });
  return links.filter((link) => link.startsWith("socket:"));
}

test.skipIf(process.platform !== "linux")("threads that are killed leave neither queues nor descriptors", async () => {
  const before = new Set(sockets());
  const threads = new WorkflowThreads(4, events);
  await threads.load(setup, 0);
  const { queues } = threads;
  const bells = sockets().filter((socket) => !before.has(socket));
  // Both ends of each.
  expect(bells.length).toBeGreaterThanOrEqual(8);
  expect(queues.map(post)).toEqual([live, live, live, live]);
  threads.kill();
  await eventually(
    () => queues.map(post),
    (statuses) => statuses.every((status) => status === stale),
  );
  await eventually(
    () => sockets().filter((socket) => bells.includes(socket)),
    ({ length }) => length === 0,
  );
});
