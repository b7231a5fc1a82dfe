/**
 * Records how the official TypeScript SDK runs random programs (program.ts) in a random environment: activations and the
 * completions that it gives. Run with Node in a folder where @temporalio/worker is installed:
 *
 *     node record.mjs path/to/program.ts 150 official.json.gz
 *
 * After the first seed, 1, the name of a package of interceptors for OpenTelemetry can follow. Then there are no queries and no validators:
 * the official interceptors draw ids for them that a replay doesn't draw.
 */
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const require = createRequire(`${process.cwd()}/`);
const { WorkflowCodeBundler } = require("@temporalio/worker/lib/workflow/bundler.js");
const { parseWorkflowCode } = require("@temporalio/worker/lib/worker.js");
const { VMWorkflowCreator } = require("@temporalio/worker/lib/workflow/vm.js");
const { coresdk } = require("@temporalio/proto");
const { TypedSearchAttributes } = require("@temporalio/common");
const Long = require("long");
const { WorkflowActivation } = coresdk.workflow_activation;
const { WorkflowActivationCompletion } = coresdk.workflow_completion;

const [, , source, count = "150", target = "official.json.gz", firstSeed = "1", interceptors] = process.argv;

let state = 0;
/** Mulberry32: the same cases every time. */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}
const chance = (probability) => random() < probability;
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];

const leaves =
  "sleep sleep activity activity activity lateActivity localActivity child childHandle condition condition toggled toggled briefly trigger resolve setTimeout random memo searchAttributes signal cancel throw yield deprecatePatch info".split(" ");
const nodes =
  "sequence sequence parallel parallel race settled scope shielded timeout cancelsItself cancelsAnother listensForCancellation try try cleanUp finally clearTimeout patch inner fork group".split(" ");

function step(depth) {
  const leaf = depth <= 0 || chance(0.3);
  const kind = pick(leaf ? leaves : nodes);
  const many = /sequence|parallel|race|settled/.test(kind);
  const steps = leaf ? [] : Array.from({ length: many ? 1 + below(3) : 2 }, () => step(depth - 1));
  return { kind, name: `${kind.includes("atch") ? "p" : "a"}${below(4)}`, number: 1 + below(5000), flag: chance(0.5), steps };
}

function makeProgram() {
  const end = chance(0.1) ? [{ kind: "continueAsNew", name: "", number: 1, flag: false, steps: [] }] : [];
  if (chance(0.2)) end.push({ kind: "handlersFinished", name: "", number: 1, flag: false, steps: [] });
  return {
    early: chance(0.3),
    earlyUpdates: chance(0.3),
    defaultSignals: chance(0.2),
    before: chance(0.5) ? step(2) : undefined,
    main: { kind: "sequence", name: "", number: 0, flag: false, steps: [step(4), step(3), ...end] },
    onSignal: chance(0.6) ? step(2) : undefined,
    onUpdate: chance(0.6) ? step(2) : undefined,
  };
}

/** Of a caller that is traced too, of most. */
const headers = () => {
  if (interceptors === undefined || chance(0.2)) return {};
  return { "_tracer-data": payload({ traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "vendor=value" }) };
};

const payload = (value) => ({ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from(JSON.stringify(value)) });
const timestamp = (ms) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 });
const cancelled = { message: "cancelled", canceledFailureInfo: {} };
const boom = { message: "boom", applicationFailureInfo: { type: "Boom" } };
const activityFailure = (cause) => ({ message: "activity", activityFailureInfo: { activityType: { name: "a" }, activityId: "1", identity: "i", scheduledEventId: 5 }, cause });
const childFailure = (cause) => ({
  message: "child",
  childWorkflowExecutionFailureInfo: { namespace: "default", workflowType: { name: "c" }, workflowExecution: { workflowId: "w", runId: "r" } },
  cause,
});

/** What Core and the server would know about a run: which commands wait for something. */
class Environment {
  waiting = [];
  updates = 0;
  cancelSent = false;

  take(commands) {
    const remove = (kind, seq) => (this.waiting = this.waiting.filter((one) => one.kind !== kind || one.seq !== seq));
    const find = (seq) => this.waiting.find((one) => one.kind === "activity" && one.seq === seq);
    for (const command of commands) {
      if (command.startTimer) this.waiting.push({ kind: "timer", seq: command.startTimer.seq });
      if (command.cancelTimer) remove("timer", command.cancelTimer.seq);
      if (command.scheduleActivity) this.waiting.push({ kind: "activity", seq: command.scheduleActivity.seq });
      if (command.scheduleLocalActivity) this.waiting.push({ kind: "activity", seq: command.scheduleLocalActivity.seq, local: true });
      const cancel = command.requestCancelActivity ?? command.requestCancelLocalActivity;
      if (cancel && find(cancel.seq)) find(cancel.seq).cancelled = true;
      if (command.startChildWorkflowExecution) this.waiting.push({ kind: "childStart", seq: command.startChildWorkflowExecution.seq });
      if (command.signalExternalWorkflowExecution) this.waiting.push({ kind: "signal", seq: command.signalExternalWorkflowExecution.seq });
      if (command.requestCancelExternalWorkflowExecution) this.waiting.push({ kind: "cancel", seq: command.requestCancelExternalWorkflowExecution.seq });
    }
  }

  messages(eventId, runValidator) {
    const jobs = [];
    for (let count = chance(0.3) ? 1 + below(3) : 0; count > 0; count--)
      jobs.push({ signalWorkflow: { signalName: pick(["poke", "poke", "other"]), input: [payload(1)], headers: headers(), originatingEventId: eventId } });
    if (chance(0.17)) {
      const id = `u${this.updates++}`;
      const input = [payload({ bad: chance(0.2), fail: chance(0.2) })];
      jobs.push({ doUpdate: { id, protocolInstanceId: `i${id}`, name: pick(["change", "change", "nobody"]), input, headers: headers(), runValidator: runValidator && interceptors === undefined } });
    }
    return jobs;
  }

  resolutions(now) {
    const jobs = [];
    for (let count = 1 + below(3); count > 0 && this.waiting.length > 0; count--) {
      const one = this.waiting.splice(below(this.waiting.length), 1)[0];
      jobs.push(this.resolve(one, now));
    }
    if (!this.cancelSent && chance(0.06)) {
      this.cancelSent = true;
      jobs.push({ cancelWorkflow: {} });
    }
    return jobs;
  }

  resolve({ kind, seq, local, cancelled: wasCancelled }, now) {
    const failure = chance(0.2) ? { message: "no such workflow", applicationFailureInfo: { type: "Missing" } } : undefined;
    switch (kind) {
      case "timer":
        return { fireTimer: { seq } };
      case "signal":
        return { resolveSignalExternalWorkflow: { seq, failure } };
      case "cancel":
        return { resolveRequestCancelExternalWorkflow: { seq, failure } };
      case "child": {
        const result = chance(0.7) ? { completed: { result: payload(seq) } } : { cancelled: { failure: childFailure(cancelled) } };
        return { resolveChildWorkflowExecution: { seq, result } };
      }
      case "childStart":
        if (chance(0.8)) {
          this.waiting.push({ kind: "child", seq });
          return { resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: `child-run-${seq}` } } };
        }
        if (chance(0.5)) return { resolveChildWorkflowExecutionStart: { seq, failed: { workflowId: "w", workflowType: "c", cause: 1 } } };
        return { resolveChildWorkflowExecutionStart: { seq, cancelled: { failure: childFailure(cancelled) } } };
      case "activity": {
        let result = chance(0.75) ? { completed: { result: payload(`result ${seq}`) } } : { failed: { failure: activityFailure(boom) } };
        if (local && chance(0.2)) result = { backoff: { attempt: 2, backoffDuration: { seconds: 3 }, originalScheduleTime: timestamp(now) } };
        else if (wasCancelled && chance(0.6)) result = { cancelled: { failure: activityFailure(cancelled) } };
        return { resolveActivity: { seq, result, isLocal: local } };
      }
    }
  }
}

async function record(creator, seed) {
  state = seed;
  const program = makeProgram();
  const [runId, workflowId] = [`run-${seed}`, `workflow-${seed}`];
  let now = 1_700_000_000_000 + seed;
  let historyLength = 3;
  let isReplaying = chance(0.4);
  const availableInternalFlags = isReplaying ? pick([[], [1, 2], [1], [2], ...(interceptors === undefined ? [] : [[1, 2, 3, 4, 5, 6], [2, 3, 4, 5]])]) : [];
  const randomnessSeed = Long.fromNumber(below(2 ** 53));
  const times = { startTime: new Date(now), runStartTime: new Date(now), taskTimeoutMs: 10_000 };
  const ids = { workflowId, runId, workflowType: "program", firstExecutionRunId: runId, originalExecutionRunId: runId, attempt: 1 };
  const unsafe = { isReplaying, isReplayingHistoryEvents: isReplaying, now: () => 1 };
  const info = { ...ids, ...times, searchAttributes: {}, typedSearchAttributes: new TypedSearchAttributes(), taskQueue: "test-queue", namespace: "default", unsafe };
  const workflow = await creator.createWorkflow({ info, randomnessSeed: randomnessSeed.toBytes(), now, showStackTraceSources: false });
  const environment = new Environment();
  const steps = [];
  const apply = async (activation) => {
    const bytes = WorkflowActivation.encode(WorkflowActivation.fromObject({ runId, timestamp: timestamp(now), ...activation })).finish();
    const completion = WorkflowActivationCompletion.encode(await workflow.activate(WorkflowActivation.decode(bytes))).finish();
    await workflow.getAndResetSinkCalls();
    steps.push([Buffer.from(bytes).toString("base64"), Buffer.from(completion).toString("base64")]);
    return WorkflowActivationCompletion.decode(completion);
  };
  for (let index = 0; index < 40; index++) {
    const jobs = [];
    if (index === 0) {
      const initializeWorkflow = { ...ids, arguments: [payload(program)], headers: headers(), randomnessSeed, startTime: timestamp(now), workflowTaskTimeout: { seconds: 10 } };
      jobs.push({ initializeWorkflow });
      if (isReplaying) for (const patchId of ["p0", "p1", "p2", "p3"]) if (chance(0.3)) jobs.push({ notifyHasPatch: { patchId } });
      jobs.push(...environment.messages(5, true));
    } else {
      if (isReplaying && chance(0.1)) isReplaying = false;
      if (isReplaying && chance(0.1)) jobs.push({ notifyHasPatch: { patchId: pick(["p0", "p1", "p2", "p3"]) } });
      if (chance(0.05)) jobs.push({ updateRandomSeed: { randomnessSeed: Long.fromNumber(below(2 ** 53)) } });
      jobs.push(...environment.messages(historyLength, !isReplaying), ...environment.resolutions(now));
    }
    if (jobs.length === 0) {
      if (interceptors !== undefined) continue;
      await apply({ jobs: [{ queryWorkflow: { queryId: "q", queryType: pick(["look", "nobody"]), arguments: [] } }] });
      continue;
    }
    now += 1000;
    historyLength += 3;
    const { failed, successful } = await apply({ isReplaying, historyLength, historySizeBytes: 100 * historyLength, jobs, availableInternalFlags });
    // Mostly a promise that the program forgot to handle; there is nothing to compare then.
    if (failed) return undefined;
    if (successful.commands.some((command) => /^(complete|fail|cancel|continueAsNew)WorkflowExecution$/.test(command.variant))) break;
    environment.take(successful.commands);
  }
  await workflow.dispose();
  return steps;
}

const quiet = { info() {}, warn() {}, debug() {}, trace() {}, log() {}, error: console.error };
const webpackConfigHook = (config) => {
  config.resolve.alias["temporal-bun-sdk/workflow"] = require.resolve("@temporalio/workflow");
  config.resolve.modules.push(resolve("node_modules"));
  return config;
};
const workflowInterceptorModules = interceptors === undefined ? [] : [require.resolve(`${interceptors}/lib/workflow-interceptors`)];
const bundler = new WorkflowCodeBundler({ workflowsPath: resolve(source), workflowInterceptorModules, logger: quiet, webpackConfigHook });
const bundle = parseWorkflowCode((await bundler.createBundle()).code);
const creator = await VMWorkflowCreator.create(bundle, 5000, new Set(["a0", "a1", "a2", "a3"]));
const cases = [];
for (let seed = Number(firstSeed); cases.length < Number(count); seed++) {
  const steps = await record(creator, seed);
  if (steps !== undefined) cases.push(steps);
}
writeFileSync(target, gzipSync(JSON.stringify(cases), { level: 9 }));
console.log(`${cases.length} runs, ${cases.flat().length} activations`);
process.exit(0);
