/**
 * A Workflow with a stream that sleeps between what comes from outside, so that a replay shows whether everything
 * happens in the same order. The official SDK has run it to record `official.json` (see `record.mjs`), so it may only
 * use what both libraries have.
 */
import { condition, defineSignal, defineUpdate, setHandler, sleep } from "temporal-bun-sdk/workflow";
import { WorkflowStream, type WorkflowStreamState } from "temporal-bun-sdk/workflow-streams/workflow";

interface Input {
  run: number;
  state?: WorkflowStreamState;
}

/** Discards the oldest entry. */
export const discard = defineUpdate("discard");
export const proceed = defineSignal("proceed");

export async function recordedStream({ run, state }: Input): Promise<number> {
  const stream = new WorkflowStream(state);
  let steps = 0;
  let discarded = state?.base_offset ?? 0;
  setHandler(proceed, async () => {
    await sleep(1);
    steps++;
  });
  setHandler(discard, async () => {
    await sleep(2);
    discarded++;
    stream.truncate(discarded);
  });
  stream.topic("own").publish({ run, bytes: "none" });
  await condition(() => steps === 1);
  stream.topic("own").publish(new Uint8Array([run, 255]));
  await sleep(3);
  await condition(() => steps === 2);
  if (run < 2) return stream.continueAsNew<typeof recordedStream>((next) => [{ run: run + 1, state: next }]);
  return run;
}
