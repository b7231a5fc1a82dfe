/** Workers on a server that keeps what they send: for options whose effect is what arrives there. */
import Long from "long";
import { defaultPayloadConverter } from "../../src/common";
import { msNumberToTs } from "../../src/common/time";
import { EventType } from "../../src/proto/temporal/api/enums/v1/event_type";
import {
  DescribeNamespaceResponse,
  GetSystemInfoResponse,
  PollActivityTaskQueueResponse,
  PollWorkflowTaskQueueResponse,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { NativeConnection, Worker, type WorkerOptions } from "../../src/worker";
import { type GrpcCall, grpcServer } from "../support/grpc-server";
// Quiets the runtime.
import "./support";

/** Tasks that the server gives out, and what it says about the namespace. */
export interface Recording {
  /** Given out to the first polls for activities, one each. */
  activities?: PollActivityTaskQueueResponse[];
  /** Given out to the first polls for Workflow tasks, one each. */
  workflows?: PollWorkflowTaskQueueResponse[];
  /** Bytes of a payload above which the namespace refuses it; absent for no limit. */
  blobSizeLimit?: number;
}

/** A decoder of generated messages. */
interface Decoder<T> {
  decode(bytes: Uint8Array): T;
}

/** The server, and what a test may ask it. */
export interface RecordingServer extends AsyncDisposable {
  address: string;
  /** What arrived at an RPC before a Worker began to shut down. */
  requests<T>(rpc: string, message: Decoder<T>): T[];
  /** What arrived at an RPC last. */
  last<T>(rpc: string, message: Decoder<T>): T | undefined;
  /** Resolves when an RPC has been called that often. Rejects with what came instead, after a minute. */
  seen(rpc: string, count?: number): Promise<void>;
}

/**
 * Starts a server that knows the namespaces of Workers, gives out tasks, and leaves all other polls open until a Worker
 * shuts down.
 */
export async function recordingTemporal({
  activities = [],
  workflows = [],
  blobSizeLimit,
}: Recording = {}): Promise<RecordingServer> {
  const waiting = new Set<() => void>();
  const closing = Promise.withResolvers<void>();
  const poll = (task: Uint8Array | undefined) => task ?? closing.promise;
  const answer = ({ rpc }: GrpcCall): Uint8Array | void | Promise<Uint8Array | void> => {
    for (const check of waiting) check();
    switch (rpc) {
      case "GetSystemInfo":
        return GetSystemInfoResponse.encode({
          serverVersion: "1.32.0",
          capabilities: {
            activityFailureIncludeHeartbeat: true,
            buildIdBasedVersioning: true,
            eagerWorkflowStart: true,
          },
        }).finish();
      case "DescribeNamespace": {
        const limits = blobSizeLimit === undefined ? undefined : { blobSizeLimitError: Long.fromNumber(blobSizeLimit) };
        return DescribeNamespaceResponse.encode({
          namespaceInfo: {
            name: "recorded",
            capabilities: { workerHeartbeats: true, pollerAutoscaling: true },
            limits,
          },
        }).finish();
      }
      case "PollActivityTaskQueue": {
        const task = activities.shift();
        return poll(task && PollActivityTaskQueueResponse.encode(task).finish());
      }
      case "PollWorkflowTaskQueue": {
        const task = workflows.shift();
        return poll(task && PollWorkflowTaskQueueResponse.encode(task).finish());
      }
      case "ShutdownWorker":
        closing.resolve();
    }
  };
  const server = await grpcServer(answer);
  const calls = (rpc: string) => {
    const end = server.calls.findIndex((call) => call.rpc === "ShutdownWorker");
    return (end < 0 ? server.calls : server.calls.slice(0, end)).filter((call) => call.rpc === rpc);
  };
  return {
    address: server.address,
    requests: (rpc, message) => calls(rpc).map(({ request }) => message.decode(request)),
    last(rpc, message) {
      const call = server.calls.findLast((each) => each.rpc === rpc);
      return call && message.decode(call.request);
    },
    seen: (rpc, count = 1) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (calls(rpc).length < count) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve();
        };
        const timer = setTimeout(() => {
          const came = server.calls.map((call) => call.rpc).join(", ");
          reject(new Error(`waited a minute for ${count} calls of ${rpc}; what came: ${came}`));
        }, 60_000);
        waiting.add(check);
        check();
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Runs a Worker on such a server while `body` runs; its connection is closed afterwards. */
export async function withRecordedWorker(
  server: RecordingServer,
  options: Partial<WorkerOptions>,
  body: (worker: Worker) => Promise<void>,
): Promise<void> {
  const connection = await NativeConnection.connect({ address: server.address, grpcCompression: "none" });
  try {
    const worker = await Worker.create({ connection, namespace: "recorded", taskQueue: "queue", ...options });
    await worker.runUntil(() => body(worker));
  } finally {
    await connection.close();
  }
}

let tasks = 0;

/** A task for an activity. */
export function activityTask(
  activityType: string,
  more: PollActivityTaskQueueResponse = {},
  ...args: unknown[]
): PollActivityTaskQueueResponse {
  const id = ++tasks;
  const now = msNumberToTs(Date.now());
  return {
    taskToken: new TextEncoder().encode(`activity task ${id}`),
    workflowNamespace: "recorded",
    workflowType: { name: "caller" },
    workflowExecution: { workflowId: `workflow-${id}`, runId: crypto.randomUUID() },
    activityType: { name: activityType },
    activityId: String(id),
    input: { payloads: args.map((arg) => defaultPayloadConverter.toPayload(arg)) },
    scheduledTime: now,
    currentAttemptScheduledTime: now,
    startedTime: now,
    attempt: 1,
    startToCloseTimeout: msNumberToTs(60_000),
    ...more,
  };
}

/** The first task of a Workflow. */
export function workflowTask(workflowType: string, ...args: unknown[]): PollWorkflowTaskQueueResponse {
  const id = ++tasks;
  const now = msNumberToTs(Date.now());
  const execution = { workflowId: `workflow-${id}`, runId: crypto.randomUUID() };
  const timeout = msNumberToTs(10_000);
  return {
    taskToken: new TextEncoder().encode(`workflow task ${id}`),
    workflowExecution: execution,
    workflowType: { name: workflowType },
    previousStartedEventId: Long.ZERO,
    startedEventId: Long.fromNumber(3),
    attempt: 1,
    workflowExecutionTaskQueue: { name: "queue" },
    scheduledTime: now,
    startedTime: now,
    history: {
      events: [
        {
          eventId: Long.fromNumber(1),
          eventTime: now,
          eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
          workflowExecutionStartedEventAttributes: {
            workflowType: { name: workflowType },
            taskQueue: { name: "queue" },
            input: { payloads: args.map((arg) => defaultPayloadConverter.toPayload(arg)) },
            workflowTaskTimeout: timeout,
            originalExecutionRunId: execution.runId,
            firstExecutionRunId: execution.runId,
            workflowId: execution.workflowId,
            attempt: 1,
          },
        },
        {
          eventId: Long.fromNumber(2),
          eventTime: now,
          eventType: EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
          workflowTaskScheduledEventAttributes: {
            taskQueue: { name: "queue" },
            startToCloseTimeout: timeout,
            attempt: 1,
          },
        },
        {
          eventId: Long.fromNumber(3),
          eventTime: now,
          eventType: EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
          workflowTaskStartedEventAttributes: { scheduledEventId: Long.fromNumber(2), requestId: crypto.randomUUID() },
        },
      ],
    },
  };
}
