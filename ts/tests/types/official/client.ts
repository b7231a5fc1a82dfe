/** Clients: starting, handles, updates, lists, standalone completion, errors. */
import {
  AsyncCompletionClient,
  Client,
  Connection,
  type ConnectionOptions,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  type WorkflowClientInterceptor,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateStage,
} from "@temporalio/client";
import { defineSearchAttributeKey, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from "@temporalio/common";
import { addItem, approve, order, status } from "./workflows";

const options: ConnectionOptions = {
  address: "localhost:7233",
  tls: { clientCertPair: { crt: Buffer.from("crt"), key: Buffer.from("key") }, serverNameOverride: "server" },
  metadata: { team: "payments" },
  apiKey: () => "key",
  connectTimeout: "5s",
};

const interceptor: WorkflowClientInterceptor = {
  async start(input, next) {
    return next({ ...input, headers: { ...input.headers } });
  },
  signal: (input, next) => next(input),
};

export async function main(): Promise<void> {
  const connection = await Connection.connect(options);
  const client = new Client({ connection, namespace: "default", interceptors: { workflow: [interceptor] } });
  const handle: WorkflowHandle<typeof order> = await client.workflow.start(order, {
    args: [{ id: "1", items: ["a"] }],
    taskQueue: "orders",
    workflowId: "order-1",
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    workflowIdConflictPolicy: "USE_EXISTING",
    workflowExecutionTimeout: "1 hour",
    retry: { maximumAttempts: 2 },
    cronSchedule: "0 * * * *",
    memo: { a: 1 },
    searchAttributes: { CustomKeywordField: ["a"] },
    typedSearchAttributes: [{ key: defineSearchAttributeKey("K", "INT"), value: 5 }],
    priority: { priorityKey: 1 },
    startDelay: 5,
    staticSummary: "an order",
  });
  await handle.signal(approve, { by: "client" });
  const text: string = await handle.query(status, true);
  const count: number = await handle.executeUpdate(addItem, { args: [text, 2] });
  const update = await handle.startUpdate(addItem, { args: ["b", count], waitForStage: WorkflowUpdateStage.ACCEPTED });
  const added: number = await update.result();
  const { total }: { total: number } = await handle.result();
  const described = await handle.describe();
  console.log(added, total, described.status.name, described.startTime.getTime(), described.memo?.["a"]);
  await handle.cancel();
  await handle.terminate("enough");
  const existing = client.workflow.getHandle<typeof order>("order-1", undefined, { followRuns: false });
  console.log(await existing.fetchHistory(), existing.workflowId);
  await client.workflow.execute("untyped", { args: [1, "two"], taskQueue: "orders", workflowId: "u" });
  await client.workflow.signalWithStart(order, {
    signal: approve,
    signalArgs: [{ by: "me" }],
    args: [{ id: "1", items: [] }],
    taskQueue: "orders",
    workflowId: "order-2",
  });
  const startWorkflowOperation = new WithStartWorkflowOperation(order, {
    workflowId: "order-3",
    taskQueue: "orders",
    args: [{ id: "3", items: [] }],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
  });
  await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation, args: ["a", 1] });
  for await (const info of client.workflow.list({ query: "WorkflowType='order'", pageSize: 5 }))
    console.log(info.workflowId, info.runId, info.type, info.historyLength);
  console.log((await client.workflow.count()).count);
  const deadline = await client.withDeadline(Date.now() + 5_000, () => existing.describe());
  await client.connection.withMetadata({ a: "b" }, async () => deadline);
  await client.withAbortSignal(AbortSignal.timeout(5), () => client.workflow.count());
  await client.workflowService.describeNamespace({ namespace: "default" });
  await client.activity.complete(new Uint8Array(1), "done");
  await client.activity.fail({ workflowId: "a", activityId: "b" }, new Error("x"));
  const completion = new AsyncCompletionClient({ connection });
  await completion.heartbeat(new Uint8Array(), 5);
  await connection.close();
}

export function explain(error: unknown): string {
  if (error instanceof WorkflowFailedError) return error.cause?.message ?? error.message;
  if (error instanceof WorkflowExecutionAlreadyStartedError) return error.workflowType;
  if (error instanceof WorkflowNotFoundError) return error.workflowId;
  if (error instanceof WorkflowUpdateFailedError) return error.message;
  if (isGrpcServiceError(error)) return `${error.code} ${error.details}`;
  return String(error);
}
