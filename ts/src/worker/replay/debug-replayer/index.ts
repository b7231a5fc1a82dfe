import { printable } from "../../../libs/printable";
import { ask } from "../../threads/thread-question";
import type { ReplayWorkerOptions } from "../../worker-options";
import { replayHistories } from "../replay";
import { Runner } from "./runner";
import type { Notice } from "./runner-thread";

/**
 * Replays a history for a debugger, and ends the process: with 0, or with 1 if the replay failed.
 *
 * The history comes from the HTTP server whose address is in the environment variable `TEMPORAL_DEBUGGER_PLUGIN_URL`,
 * from `/history`. The server is told before Workflow code goes on in a Workflow Task, at `/current-wft-started`, so
 * that it can stop the program there; the replay goes on when it has answered. This is what Temporal's extension for VS
 * Code speaks; the extension itself starts Node, so with Bun the program is started by hand: `bun --inspect-brk
 * replayer.ts`.
 *
 * The Workflow code runs on this thread, the only one that Bun's debugger sees, and without a time limit.
 *
 * @param options where the code is
 */
export function startDebugReplayer(options: ReplayWorkerOptions): void {
  replay(options).then(
    () => {
      console.log("Replay completed successfully");
      process.exit(0);
    },
    (error: unknown) => {
      console.error("Replay failed", printable(Bun.inspect(error)));
      process.exit(1);
    },
  );
}

async function replay(options: ReplayWorkerOptions): Promise<void> {
  const history = await new Runner().history();
  const notifier = new Worker(new URL("./runner-thread.ts", import.meta.url).href, { name: "temporal-debugger" });
  let failure: { error: unknown } | undefined;
  const goesOn = (eventId: number) => {
    try {
      ask((memory) => notifier.postMessage({ eventId, memory } satisfies Notice));
    } catch (error) {
      failure ??= { error };
    }
  };
  for await (const { error } of replayHistories(options, [{ history, workflowId: "fake" }], { goesOn })) {
    if (failure !== undefined) throw failure.error;
    if (error !== undefined) throw error;
  }
}
