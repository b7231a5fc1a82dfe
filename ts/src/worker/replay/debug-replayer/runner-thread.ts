/**
 * A Bun Worker that tells the debugger where the Workflow is, while the main thread with the Workflow code stands
 * still.
 */
import { answer } from "../../threads/thread-question";
import { Runner } from "./runner";

/** From the main thread: a Workflow Task is about to be replayed. */
export interface Notice {
  /** ID of the event that started it. */
  eventId: number;
  /** Where the main thread waits. */
  memory: SharedArrayBuffer;
}

declare const self: { onmessage: ((event: MessageEvent<Notice>) => void) | null };

const runner = new Runner();

self.onmessage = ({ data: { eventId, memory } }) => {
  void answer(memory, async () => {
    await runner.workflowTaskStarted(eventId);
    return true;
  });
};
