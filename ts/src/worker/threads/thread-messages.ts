import type { LogLevel } from "../../common";
import type { LibraryLocation } from "../../native";
import type { RealmLibrary } from "../../workflow-host/realm";
import type { Eviction, LogMessage, SinkMessage } from "../../workflow-realm/runtime";
import type { PayloadReply, PayloadRequest, RelayPlan } from "../payloads/payload-relay";
import type { PatchQuestion } from "./thread-question";

/** What a workflow thread needs to know before it can take activations. */
export interface ThreadSetup {
  /** The library for Workflow code. */
  library: RealmLibrary;
  /** The bundle without its source map. */
  code: string;
  /** Source map of the bundle as JSON text, if there is one. */
  sourceMap: string | undefined;
  /** Name of the bundle in stack traces. */
  filename: string;
  /** Namespace of the Worker. */
  namespace: string;
  /** Task queue of the Worker. */
  taskQueue: string;
  /** Names of the Worker's activities, for error messages. */
  activityNames: string[];
  /** Limit of one activation, in milliseconds; 0 for none. */
  deadlockTimeoutMs: number;
  /** Whether all runs of the thread share a realm. */
  reuseRealm: boolean;
  /** Whether enhanced stack traces carry source texts. */
  showStackTraceSources: boolean;
  /** See `WorkerOptions.workflowFailureErrorTypes`. */
  failureErrorTypes: Record<string, string[]>;
  /** Records below this level needn't be sent. */
  logLevel: LogLevel;
  /** Sinks that the Worker has functions for: sink name → function name → whether to call it during replay. */
  sinks: Record<string, Record<string, boolean>>;
  /** Memory of a `ThreadState`. */
  state: SharedArrayBuffer;
  /** Whether Core feeds histories: the next activation comes at once, and evictions are reported. */
  isReplay: boolean;
  /** Whether runs keep what they have done, for evictions because of nondeterminism. */
  keepsEvidence: boolean;
  /** Whether the Worker decides which patches become active. */
  asksAboutPatches: boolean;
  /** Which payloads the Worker's codecs and external storage are to see; undefined if it has neither. */
  relay: RelayPlan | undefined;
}

/** From the Worker to a workflow thread. */
export type ToThread =
  /** The first message: where the bridge is. */
  | { type: "library"; location: LibraryLocation }
  | { type: "setup"; setup: ThreadSetup }
  /** Take the activations of this native worker from now on. */
  | { type: "attach"; worker: number }
  | { type: "payloads"; reply: PayloadReply }
  /** Send what is pending, free the queue, answer `stopped`. */
  | { type: "stop" };

/** From a workflow thread to the Worker. */
export type FromThread =
  /** The bundle is compiled; `queue` is the thread's native queue. */
  | { type: "ready"; queue: number }
  | { type: "attached" }
  | { type: "output"; logs: LogMessage[]; sinkCalls: SinkMessage[] }
  | { type: "evicted"; eviction: Eviction }
  | { type: "payloads"; request: PayloadRequest }
  /** The thread stands still until the answer is in the memory, see `answer`. */
  | { type: "question"; question: PatchQuestion; memory: SharedArrayBuffer }
  /** Core sends no more activations. */
  | { type: "drained" }
  | { type: "stopped" }
  /** The thread can't go on. */
  | { type: "failed"; name: string; message: string; stack: string | undefined };
