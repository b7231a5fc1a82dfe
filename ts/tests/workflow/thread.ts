/** A Bun Worker with a real `WorkflowHost`: takes encoded activations, gives encoded completions. */
import { realmLibrary } from "../../src/worker/threads/realm-text-source";
import { WorkflowHost, type WorkflowHostOptions } from "../../src/workflow-host/host";
import type { LogMessage } from "../../src/workflow-realm/runtime";
import { receive } from "../../src/workflow-realm/sendable";

/** What can be told to the host of a test; the rest is filled in here. */
export type TestHostOptions = Pick<WorkflowHostOptions, "code" | "sourceMap"> &
  Partial<Omit<WorkflowHostOptions, "deadlockTimeoutMs" | "library" | "patchActivationCallback">>;

/** From a test to the thread. */
export type ToTestThread = { id: number } & (
  | { open: TestHostOptions }
  | { activation: Uint8Array; deadlockTimeoutMs: number }
  | { evaluate: string }
);

/** From the thread to a test. */
export interface FromTestThread {
  id: number;
  error?: string;
  completion?: Uint8Array;
  /** Whether the sandbox refused something. */
  refused?: boolean;
  value?: unknown;
  logs?: LogMessage[];
  sinkCalls?: { sink: string; fn: string; args: unknown[]; replaying: boolean }[];
}

declare const self: {
  postMessage(message: FromTestThread): void;
  onmessage: ((event: MessageEvent<ToTestThread>) => void) | null;
};

/** A host and its options, in which it looks up the limit at each activation. */
let opened: { host: WorkflowHost; options: WorkflowHostOptions } | undefined;
const queue: ToTestThread[] = [];
let busy = false;

self.onmessage = ({ data }) => {
  queue.push(data);
  if (!busy) void work();
};

async function work(): Promise<void> {
  busy = true;
  for (let message = queue.shift(); message !== undefined; message = queue.shift())
    self.postMessage(await handle(message));
  busy = false;
}

async function handle(message: ToTestThread): Promise<FromTestThread> {
  const { id } = message;
  try {
    if ("open" in message) {
      const options: WorkflowHostOptions = {
        filename: "workflow-bundle.js",
        namespace: "default",
        taskQueue: "test-queue",
        deadlockTimeoutMs: 0,
        activityNames: [],
        showStackTraceSources: false,
        keepsEvidence: false,
        failureErrorTypes: {},
        logLevel: "DEBUG",
        logsToSink: false,
        library: await realmLibrary(),
        ...message.open,
      };
      opened = { host: new WorkflowHost(options), options };
      return { id };
    }
    // biome-ignore lint/security/noGlobalEval: what tests look at is the thread itself
    if ("evaluate" in message) return { id, value: (0, eval)(message.evaluate) };
    if (opened === undefined) throw new Error("the host isn't open");
    const { host, options } = opened;
    options.deadlockTimeoutMs = message.deadlockTimeoutMs;
    const activated = host.activate(message.activation);
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
    const completion = host.confirm(activated);
    // As it comes to the Worker from its threads.
    const { logs = [], sinkCalls = [] } = structuredClone(host.takeOutput()) ?? {};
    return {
      id,
      completion,
      refused: host.refused,
      logs: logs.map(cloneable),
      sinkCalls: sinkCalls.map(({ sink, fn, args, info }) => ({
        sink,
        fn,
        args: receive(args) as unknown[],
        replaying: info.unsafe.isReplayingHistoryEvents,
      })),
    };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function cloneable(record: LogMessage): LogMessage {
  const { error } = receive(record.attributes) as LogMessage["attributes"];
  return error instanceof Error ? { ...record, attributes: { ...record.attributes, error: error.message } } : record;
}
