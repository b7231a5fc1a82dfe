/**
 * Questions of one thread to another. The thread that asks stands still until it has the answer, so that Workflow code
 * can use it at once.
 */
import type { InfoMessage } from "../../workflow-realm/info-message";

/** What `WorkerOptions.patchActivationCallback` says about a patch. */
export interface PatchQuestion {
  patchId: string;
  info: InfoMessage;
}

/** States of an answer, which is an `Int32Array` of state and length, and a text behind it. */
const State = { pending: 0, yes: 1, no: 2, failed: 3 } as const;
const headerBytes = 2 * Int32Array.BYTES_PER_ELEMENT;
const longestMessage = 16 * 1024;

// Workflow code can't use it, and the thread's own is changed for that.
const { wait } = Atomics;

/**
 * Asks, and blocks the thread until the answer has come.
 *
 * @param send sends the question with the memory for its answer
 * @throws Error with the name and the message of what was thrown by {@link answer}'s function
 */
export function ask(send: (memory: SharedArrayBuffer) => void): boolean {
  const memory = new SharedArrayBuffer(headerBytes + longestMessage);
  const [header, text] = viewsOf(memory);
  send(memory);
  wait(header, 0, State.pending);
  switch (header[0]) {
    case State.yes:
      return true;
    case State.no:
      return false;
    default:
      // Copied, because shared memory can't be decoded.
      throw new Error(new TextDecoder().decode(text.slice(0, header[1])));
  }
}

/**
 * Answers a question, and lets the thread go on.
 *
 * @param memory what came with the question
 * @param decide gives the answer; what it throws is thrown by {@link ask}
 */
export async function answer(memory: SharedArrayBuffer, decide: () => boolean | Promise<boolean>): Promise<void> {
  const [header, text] = viewsOf(memory);
  let state: number;
  try {
    state = (await decide()) ? State.yes : State.no;
  } catch (error) {
    state = State.failed;
    const message = new TextEncoder().encode(
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
    text.set(message.subarray(0, longestMessage));
    header[1] = Math.min(message.length, longestMessage);
  }
  Atomics.store(header, 0, state);
  Atomics.notify(header, 0);
}

function viewsOf(memory: SharedArrayBuffer): [header: Int32Array, text: Uint8Array] {
  return [new Int32Array(memory, 0, 2), new Uint8Array(memory, headerBytes)];
}
