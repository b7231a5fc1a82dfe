/**
 * Runs random programs that do hostile things on the way, as the recorded activations want them; replays each on
 * another thread; and has an innocent Workflow go on beside them. A process of its own, since the test runner takes
 * promises that nobody handles for its own. Argument: the seed. Prints what went wrong as JSON.
 */
import { gunzipSync } from "bun";
import { WorkflowActivation } from "../../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { bundleWorkflowCode } from "../../../src/worker/bundler/bundler";
import { type Job, type Outcome, TestThread } from "../support";
import { workflowsOf } from "./code";
import { type Ended, Play, play } from "./stage";
import { leftovers } from "./tables";

const seed = Number(process.argv[2]);
const recording = JSON.parse(
  new TextDecoder().decode(gunzipSync(await Bun.file(`${import.meta.dir}/../recorded/official.json.gz`).bytes())),
) as [activation: string, completion: string][][];
const { code } = await bundleWorkflowCode({ workflowsPath: `${import.meta.dir}/../recorded/program.ts` });

/** Makes a run do what rows of the tables do, at some of the commands that it gives. */
const interceptors = `
  const acts = [${leftovers.map(({ act }) => `async () => { ${act}; }`)}];
  const hash = (text) => { let h = ${seed} >>> 0; for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 2654435761) >>> 0; return h; };
  exports.__temporalInterceptorModules = [{ interceptors: () => {
    const { runId, workflowType } = workflow.workflowInfo();
    if (workflowType !== "program") return {};
    let chance = hash(runId);
    const mayAct = (input, next) => {
      chance = Math.imul(chance ^ (chance >>> 15), 2246822519) >>> 0;
      if (chance % 3 === 0) acts[(chance >>> 8) % acts.length]().catch(() => undefined);
      return next(input);
    };
    return { outbound: [{ startTimer: mayAct, scheduleActivity: mayAct, startChildWorkflowExecution: mayAct, signalWorkflow: mayAct }] };
  } }];`;
const modules = 'const workflow = require("temporal-bun-sdk/workflow"), common = require("temporal-bun-sdk/common");';
const text = `${code}\n;(function (exports) { ${modules} ${workflowsOf([], {})} ${interceptors} })(module.exports);`;

const open = () => TestThread.withCode(text, { activityNames: ["a0", "a1", "a2", "a3"] });
const [thread, fresh] = [await open(), await open()];
const innocent: Ended = await play(thread, "innocent");
const wrong: object[] = [];
let failed = 0;

/** What came of an activation. A failed task's stack and its place in the code aren't the same on replay. */
function readable({ commands, failure }: Outcome): string {
  if (failure !== undefined) return `failed: ${failure.message}`;
  return JSON.stringify(commands, (key, value: unknown) => (key === "stackTrace" ? undefined : value));
}

for (const [number, recorded] of recording.entries()) {
  const beside = new Play(thread, "innocent");
  await beside.start();
  const activations = recorded.map(([bytes]) => WorkflowActivation.decode(Buffer.from(bytes, "base64")));
  const eviction = { runId: activations[0]!.runId, jobs: [{ removeFromCache: {} }] };
  const outcomes: Outcome[] = [];
  for (const activation of activations) {
    outcomes.push(await thread.activate(activation));
    if (outcomes.at(-1)!.failure !== undefined) break;
  }
  await thread.activate(eviction);
  const others = { beside: await beside.finish(), after: await play(thread, "innocent") };
  if (!Bun.deepEquals(others, { beside: innocent, after: innocent })) wrong.push({ number, others });
  if (outcomes.at(-1)!.failure !== undefined) failed++;

  // A history has what completed tasks gave.
  const completed = outcomes.filter(({ failure }) => failure === undefined);
  const patches = completed.flatMap(({ commands }) =>
    commands.flatMap(({ setPatchMarker }): Job[] =>
      setPatchMarker === undefined ? [] : [{ notifyHasPatch: { patchId: setPatchMarker.patchId } }],
    ),
  );
  for (const [index, { completion, ...outcome }] of completed.entries()) {
    const { jobs = [], ...activation } = activations[index]!;
    const isQuery = jobs.some(({ queryWorkflow }) => queryWorkflow !== undefined);
    const again = await fresh.activate({
      ...activation,
      isReplaying: true,
      availableInternalFlags: completion.successful?.usedInternalFlags,
      jobs: index === 0 && !isQuery ? [...patches, ...jobs] : jobs,
    });
    if (readable(again) !== readable({ completion, ...outcome })) {
      wrong.push({ number, index, first: readable({ completion, ...outcome }), again: readable(again) });
      break;
    }
  }
  await fresh.activate(eviction);
}
console.log(`\n${JSON.stringify({ programs: recording.length, failed, wrong })}`);
process.exit(0);
