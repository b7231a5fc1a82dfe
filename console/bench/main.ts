/**
 * Measures the console beside the UI that comes with Temporal's dev server, on the same server, in Chromium with a cold
 * cache: `bun console/bench/main.ts`. Ratios count; times and CPU are this machine's.
 */

import { Client, Connection } from "temporal-bun-sdk/client";
import { freePort, launchServer } from "../../ts/src/testing/server-process";
import { temporalCli } from "../../ts/tests/support/server";
import { startConsole } from "../server/console";
import { launchBrowser } from "../tests/browser/chromium";

const eventCount = 9_900;
const workflowCount = 200;
const rounds = 3;

const [port, uiPort] = [await freePort(), await freePort()];
const flags = ["--ip", "127.0.0.1", "--port", `${port}`, "--ui-port", `${uiPort}`, "--log-level", "error"];
const server = await launchServer({
  command: [temporalCli(), "server", "start-dev", ...flags],
  ready: (output) => /^Temporal Server:/m.test(output),
  timeoutMs: 60_000,
});
const address = `127.0.0.1:${port}`;
const connection = await Connection.connect({ address });
const client = new Client({ connection });
const start = (workflowId: string) => client.workflow.start("waiter", { workflowId, taskQueue: "nobody", args: [] });

/** Calls `make` so often, so many at a time. */
async function times(count: number, make: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await make(next++);
  };
  await Promise.all(Array.from({ length: 20 }, work));
}

const long = await start("long");
// The start and the first workflow task's schedule are two of them.
await times(eventCount - 2, (n) => long.signal("tick", n));
await times(workflowCount, (n) => start(`workflow-${n}`));

const calls = new Map<string, number>();
const running = await startConsole({
  connection: {
    address,
    interceptors: [
      (call, next) => {
        calls.set(call.method, (calls.get(call.method) ?? 0) + 1);
        return next(call);
      },
    ],
  },
  namespace: "default",
  port: 0,
  mode: "none",
  config: { store: ":memory:" },
  log: () => {},
});
const ours = new URL(running.url).origin;
const theirs = `http://127.0.0.1:${uiPort}`;
const browser = await launchBrowser();

interface Figures {
  requests: number;
  kilobytes: number;
  firstRowMs: number;
  cpuMs: number;
  nodes: number;
  heapMb: number;
}

/** Opens a page with an empty cache, until a text is there and nothing is loaded any more. */
async function open(url: string, text: string): Promise<Figures> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Performance.enable");
  let [requests, bytes] = [0, 0];
  session.on("Network.requestWillBeSent", () => requests++);
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  const begun = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.getByText(text, { exact: true }).first().waitFor();
  const firstRowMs = performance.now() - begun;
  // What is still loaded belongs to it; streams that stay open don't.
  let before = -1;
  while (before !== requests) {
    before = requests;
    await Bun.sleep(3_000);
  }
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
  const figures = {
    requests,
    kilobytes: bytes / 1_000,
    firstRowMs,
    cpuMs: of("TaskDuration") * 1_000,
    nodes: of("Nodes"),
    heapMb: of("JSHeapUsedSize") / 1e6,
  };
  await context.close();
  return figures;
}

/** The median of some rounds, each of both in turn. */
async function compare(title: string, mine: [string, string], other: [string, string]): Promise<void> {
  const measured: [Figures, Figures][] = [];
  for (let round = 0; round < rounds; round++) measured.push([await open(...other), await open(...mine)]);
  console.log(`\n${title.padEnd(28)}${"bundled UI".padStart(12)}${"console".padStart(12)}${"ratio".padStart(10)}`);
  for (const name of Object.keys(measured[0]![0]) as (keyof Figures)[]) {
    const middle = (of: 0 | 1) => measured.map((round) => round[of][name]).sort((a, b) => a - b)[rounds >> 1]!;
    const [theirs_, mine_] = [middle(0), middle(1)];
    const text = (value: number) => value.toFixed(value < 100 ? 1 : 0).padStart(12);
    console.log(`${name.padEnd(28)}${text(theirs_)}${text(mine_)}${(mine_ / theirs_).toFixed(2).padStart(10)}`);
  }
}

const newest = `workflow-${workflowCount - 1}`;
await compare(
  `list of ${workflowCount} workflows`,
  [`${ours}/ns/default/workflows`, newest],
  [`${theirs}/namespaces/default/workflows`, newest],
);
const run = `workflows/long/${long.firstExecutionRunId}`;
await compare(
  `history of ${eventCount} events`,
  [`${ours}/ns/default/${run}`, `${eventCount}`],
  [`${theirs}/namespaces/default/${run}/history`, `${eventCount}`],
);

const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`${ours}/ns/default/${run}`);
await page.getByText(`${eventCount}`, { exact: true }).first().waitFor();
const frames = (await page.evaluate(`(async () => {
  const scroller = document.querySelector("section.rows");
  const frames = [];
  let last = performance.now();
  for (let still = 0; still < 60; ) {
    const before = scroller.scrollTop;
    scroller.scrollTop += 400;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    still = scroller.scrollTop === before ? still + 1 : 0;
  }
  return frames;
})()`)) as number[];
await page.close();
const at95 = frames.sort((a, b) => a - b)[Math.floor(frames.length * 0.95)]!;
console.log(`\nscrolling through all of it: ${frames.length} frames, p95 ${at95.toFixed(1)} ms`);

/** List calls a second while so many tabs show the list. */
async function listCalls(tabs: number): Promise<number> {
  const contexts = await Promise.all(
    Array.from({ length: tabs }, async () => {
      const context = await browser.newContext();
      const tab = await context.newPage();
      await tab.goto(`${ours}/ns/default/workflows`);
      await tab.getByText(newest).first().waitFor();
      return context;
    }),
  );
  calls.clear();
  const seconds = 20;
  await Bun.sleep(seconds * 1_000);
  for (const context of contexts) await context.close();
  return (calls.get("ListWorkflowExecutions") ?? 0) / seconds;
}
console.log(`list calls a second: ${await listCalls(1)} with 1 tab, ${await listCalls(20)} with 20`);

await browser.close();
await running.stop();
await connection.close();
await server.kill();
process.exit(0);
