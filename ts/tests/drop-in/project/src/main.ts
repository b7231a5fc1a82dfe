/** Runs orders with a client and a Worker in one process, and prints all that came out of it. */

import { activityInfo, type Context } from "@temporalio/activity";
import {
  Client,
  Connection,
  isGrpcServiceError,
  ScheduleOverlapPolicy,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from "@temporalio/client";
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  TypedSearchAttributes,
} from "@temporalio/common";
import { historyToJSON } from "@temporalio/common/lib/proto-utils";
import { temporal } from "@temporalio/proto";
import {
  type ActivityInboundCallsInterceptor,
  DefaultLogger,
  type InjectedSinks,
  NativeConnection,
  Runtime,
  Worker,
} from "@temporalio/worker";
import * as activities from "./activities";
import { dataConverter } from "./data-converter";
import { addItem, customerKey, ship, status } from "./shared";
import { until } from "./until";
import * as workflows from "./workflows";

const [address = "localhost:7233", taskQueue = "orders"] = process.argv.slice(2);

class Headers implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly context: Context,
    private readonly seen: Set<string>,
  ) {}

  async execute(
    ...[input, next]: Parameters<NonNullable<ActivityInboundCallsInterceptor["execute"]>>
  ): Promise<unknown> {
    const header = input.headers["workflow"];
    if (header)
      this.seen.add(
        `${this.context.info.activityType} of ${defaultPayloadConverter.fromPayload(header)} ${activityInfo().workflowType}`,
      );
    return next(input);
  }
}

Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });

const lines: string[] = [];
const sinks: InjectedSinks<workflows.AuditSinks> = {
  audit: { record: { fn: (info, line) => void lines.push(`${info.workflowType}: ${line}`) } },
};
const headers = new Set<string>();
const nativeConnection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection: nativeConnection,
  taskQueue,
  workflowsPath: require.resolve("./workflows"),
  activities: {
    charge: activities.charge,
    refund: activities.refund,
    watchParcel: activities.watchParcel,
    lookUp: activities.lookUp,
  },
  dataConverter,
  sinks,
  maxHeartbeatThrottleInterval: "100ms",
  interceptors: {
    workflowModules: [require.resolve("./workflow-interceptors")],
    activity: [(context) => ({ inbound: new Headers(context, headers) })],
  },
});
const connection = await Connection.connect({ address });
const calls: string[] = [];
const client = new Client({
  connection,
  dataConverter,
  interceptors: {
    workflow: [
      {
        async start(input, next) {
          calls.push(`start ${input.workflowType}`);
          return next(input);
        },
      },
    ],
  },
});

async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

async function talk(): Promise<unknown> {
  const id = (name: string): string => `${taskQueue}-${name}`;
  const handle = await client.workflow.start(workflows.order, {
    taskQueue,
    workflowId: id("order"),
    args: [{ id: "A-1", items: [{ name: "cup", price: 3 }] }],
    memo: { from: "main" },
    typedSearchAttributes: new TypedSearchAttributes([{ key: customerKey, value: "none" }]),
  });
  const refused = await caught(handle.executeUpdate(addItem, { args: [{ name: "hole", price: -1 }] }));
  const count = await handle.executeUpdate(addItem, { args: [{ name: "saucer", price: 2 }] });
  await activities.parcelIsWatched;
  await handle.signal(ship, "by bicycle");
  const receipt = await handle.result();
  const answer = await handle.query(status);
  const {
    memo,
    typedSearchAttributes,
    status: { name },
  } = await handle.describe();

  const failed = await caught(client.workflow.execute(workflows.failing, { taskQueue, workflowId: id("failing") }));
  const compensating = await client.workflow.start(workflows.compensate, { taskQueue, workflowId: id("compensate") });
  await until(
    "the Workflow to wait",
    () => compensating.query(status).catch(() => "not yet"),
    (answer) => answer === "waiting",
  );
  await compensating.cancel();
  const missing = await caught(client.workflow.getHandle(id("nobody")).describe());
  const denied = await caught(connection.workflowService.describeNamespace({ namespace: "nowhere" }));

  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: "default" });

  const schedule = await client.schedule.create({
    scheduleId: id("schedule"),
    spec: { intervals: [{ every: "1 hour" }] },
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL },
    action: { type: "startWorkflow", workflowType: workflows.countdown, args: [2], taskQueue },
    state: { paused: true },
  });
  const { state, action } = await schedule.describe();
  await schedule.delete();

  return {
    history: historyToJSON(await handle.fetchHistory()),
    receipt,
    answer,
    memo,
    customer: typedSearchAttributes.get(customerKey),
    name,
    refused:
      refused instanceof WorkflowUpdateFailedError &&
      refused.cause instanceof ApplicationFailure &&
      refused.cause.message,
    count,
    failed:
      failed instanceof WorkflowFailedError &&
      failed.cause instanceof ApplicationFailure &&
      failed.cause.cause instanceof CancelledFailure
        ? { message: failed.cause.message, type: failed.cause.type, details: failed.cause.details }
        : String(failed),
    undone: await compensating.result(),
    missing: missing instanceof WorkflowNotFoundError,
    denied: isGrpcServiceError(denied) && denied.code,
    counted: await client.workflow.execute(workflows.countdown, { taskQueue, workflowId: id("countdown"), args: [3] }),
    cancels: await client.workflow.execute(workflows.cancels, { taskQueue, workflowId: id("cancels") }),
    schedule: { paused: state.paused, action: action.workflowType, args: action.args },
    described: await client.workflow.execute(workflows.describePayload, {
      taskQueue,
      workflowId: id("describe"),
      args: [{ metadata: { encoding: "YmluYXJ5" as never }, data: "AQID" as never }],
    }),
    isKeyword:
      customAttributes?.["CustomKeywordField"] === temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attempts: activities.chargeAttempts(),
    calls,
    headers: [...headers].sort(),
    lines,
  };
}

try {
  console.log(JSON.stringify(await worker.runUntil(talk())));
} finally {
  await connection.close();
  await nativeConnection.close();
}
