/** One program for this SDK and for the official one: calls everything that makes spans. */
import type { Tracer } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { serviceHandler } from "nexus-rpc";
import { service } from "./fixtures/service";

/** The classes of an SDK, all by their official names. */
export interface Sdk {
  Client: any;
  Connection: any;
  NativeConnection: any;
  Worker: any;
  /** The package for OpenTelemetry. */
  OpenTelemetryPlugin: new (options: {
    tracer: Tracer;
    spanProcessor: SpanProcessor;
    resource: Resource;
  }) => any;
  WorkflowRunOperationHandler: any;
  /** `startWorkflow` of the Nexus package. */
  startNexusWorkflow: any;
  Context: any;
  CompleteAsyncError: any;
  ApplicationFailure: any;
  WithStartWorkflowOperation: any;
}

/** Where to run, and how spans get out. */
export interface Setup {
  address: string;
  namespace: string;
  /** Begins the IDs of all Workflows; no other run must have used it. */
  prefix: string;
  tracer: Tracer;
  spanProcessor: SpanProcessor;
  resource: Resource;
  /** More options of the Worker. */
  worker: Record<string, unknown>;
}

/** Calls everything. Returns the IDs of the Workflows whose histories are worth a replay. */
export async function runScenario(
  sdk: Sdk,
  { address, namespace, prefix, tracer, spanProcessor, resource, worker: more }: Setup,
): Promise<string[]> {
  const plugin = new sdk.OpenTelemetryPlugin({ tracer, spanProcessor, resource });
  const connection = await sdk.NativeConnection.connect({ address });
  const clientConnection = await sdk.Connection.connect({ address });
  const client = new sdk.Client({ connection: clientConnection, namespace, plugins: [plugin] });
  const taskQueue = `${prefix}-queue`;
  const endpoint = `${prefix}-endpoint`;
  await clientConnection.operatorService.createNexusEndpoint({
    spec: { name: endpoint, target: { worker: { namespace, taskQueue } } },
  });

  let resolveToken: (token: Uint8Array) => void;
  // Not withResolvers, which Node 20 lacks.
  const token = new Promise<Uint8Array>((resolve) => (resolveToken = resolve));
  const activities = {
    echo: async (text: string) => text,
    flaky: async () => {
      if (sdk.Context.current().info.attempt === 1) throw new Error("not yet");
      return "at last";
    },
    refuse: async (kind: string) => {
      throw sdk.ApplicationFailure.create({
        message: `refused: ${kind}`,
        nonRetryable: true,
        category: kind === "BENIGN" ? kind : undefined,
      });
    },
    outside: async () => {
      resolveToken(sdk.Context.current().info.taskToken);
      throw new sdk.CompleteAsyncError();
    },
  };
  const started = (workflowType: string, args: unknown[] = []) =>
    new sdk.WorkflowRunOperationHandler((context: unknown, workflowId: string) =>
      sdk.startNexusWorkflow(context, workflowType, { workflowId, args }),
    );
  const handler = serviceHandler(service, {
    now: async (_, text) => text,
    later: started("succeeding"),
    forever: started("forever"),
    refused: async () => {
      throw sdk.ApplicationFailure.nonRetryable("the operation failed");
    },
  });
  const worker = await sdk.Worker.create({
    connection,
    namespace,
    taskQueue,
    activities,
    nexusServices: [handler],
    plugins: [plugin],
    ...more,
  });
  const start = (workflowType: string, ...args: unknown[]) =>
    client.workflow.start(workflowType, { taskQueue, workflowId: `${prefix}/${workflowType}`, args });
  const finish = async (everything: any) => {
    await everything.signal("proceed", "first round");
    await client.workflow
      .getHandle(everything.workflowId, everything.firstExecutionRunId, { followRuns: false })
      .result()
      .catch(() => undefined);
    await everything.signal("proceed", "second round");
    await everything.result();
  };

  const cases: (() => Promise<void>)[] = [
    async () => {
      const everything = await start("everything", endpoint);
      await everything.executeUpdate("change", { args: ["right"], updateId: "right-change" });
      await everything.executeUpdate("change", { args: ["wrong"], updateId: "wrong-change" }).catch(() => undefined);
      await everything.query("status", false);
      await everything.query("status", true).catch(() => undefined);
      await everything.describe();
      await finish(everything);
    },
    async () =>
      finish(
        await client.workflow.start("everything", { taskQueue, workflowId: `${prefix}/undisturbed`, args: [endpoint] }),
      ),
    async () => {
      await (await start("failing")).result().catch(() => undefined);
    },
    async () => {
      const cancelled = await start("cancelled");
      await cancelled.cancel();
      await cancelled.result().catch(() => undefined);
    },
    async () => {
      await (await start("cancelsOperation", endpoint)).result();
    },
    async () => {
      const ends = await start("activityEnds");
      await client.activity.complete(await token, "from outside");
      await ends.result();
    },
    async () => {
      const options = { taskQueue, workflowId: `${prefix}/waiting`, signal: "proceed", signalArgs: ["early"] };
      await (await client.workflow.signalWithStart("waiting", options)).result();
    },
    async () => {
      const options = {
        taskQueue,
        workflowId: `${prefix}/steps`,
        args: [endpoint],
        signal: "proceed",
        signalArgs: ["early"],
      };
      await (await client.workflow.signalWithStart("steps", options)).result();
    },
    async () => {
      const options = { taskQueue, workflowId: `${prefix}/updated`, workflowIdConflictPolicy: "FAIL" };
      const startWorkflowOperation = new sdk.WithStartWorkflowOperation("waiting", options);
      await client.workflow.executeUpdateWithStart("change", {
        startWorkflowOperation,
        args: ["early"],
        updateId: "early-change",
      });
      await (await startWorkflowOperation.workflowHandle()).terminate("enough of it");
    },
  ];

  try {
    await worker.runUntil(() => Promise.all(cases.map((run) => run())));
  } finally {
    await connection.close();
    await clientConnection.close();
  }
  const children = ["child-0", "other-0", "failing-0", "child-1", "other-1", "failing-1"];
  return [
    ...[
      "everything",
      "undisturbed",
      "failing",
      "cancelled",
      "cancelsOperation",
      "activityEnds",
      "waiting",
      "steps",
      "updated",
    ].map((name) => `${prefix}/${name}`),
    ...children.map((name) => `${prefix}/undisturbed/${name}`),
  ];
}

/** A span as text, with its children: all that is the same for every run of the scenario. */
interface Node {
  text: string;
  children: Node[];
}

/** The trees of spans as indented lines, in an order of their own. Ids, times and stacks are left out. */
export function describeSpans(spans: readonly ReadableSpan[], prefix: string): string[] {
  const nodes = new Map(
    spans.map((span) => [span.spanContext().spanId, { text: describeSpan(span, prefix), children: [] as Node[] }]),
  );
  const roots: Node[] = [];
  for (const span of spans) {
    const parentId = span.parentSpanContext?.spanId ?? (span as { parentSpanId?: string }).parentSpanId;
    const parent = parentId === undefined ? { children: roots } : nodes.get(parentId);
    if (parent === undefined) throw new Error(`the parent of ${span.name} was not exported`);
    parent.children.push(nodes.get(span.spanContext().spanId)!);
  }
  return lines(roots, "");
}

function lines(nodes: Node[], indent: string): string[] {
  const blocks = nodes.map(({ text, children }) => [indent + text, ...lines(children, `${indent}  `)]);
  return blocks.sort((one, other) => (one.join("\n") < other.join("\n") ? -1 : 1)).flat();
}

const shown = /^(temporal.*|run_id|workflowId|workflowType|taskQueue|namespace|attempt)$/;

function describeSpan(span: ReadableSpan, prefix: string): string {
  const { instrumentationScope, instrumentationLibrary } = span as ReadableSpan & {
    instrumentationLibrary?: { name: string };
  };
  const normal = (value: unknown): string =>
    String(value)
      .replaceAll(prefix, "<prefix>")
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>");
  const attributes = Object.entries(span.attributes)
    .filter(([name]) => shown.test(name))
    // Activities of the same name run in any order.
    .map(([name, value]) => (name === "temporalActivityId" ? name : `${name}=${normal(value)}`))
    .sort();
  const events = span.events.map(({ name, attributes = {} }) =>
    [
      name,
      ...Object.entries(attributes).map(([key, value]) =>
        key === "exception.stacktrace" ? key : `${key}=${normal(value)}`,
      ),
    ].join(" "),
  );
  const { code, message } = span.status;
  return [
    `${normal(span.name)} [${(instrumentationScope ?? instrumentationLibrary)?.name}]`,
    // Version 1 of OpenTelemetry's SDK keeps messages of other results too.
    `kind ${span.kind} status ${code}${code === 2 ? ` ${normal(message)}` : ""}`,
    attributes.join(" "),
    ...events,
  ].join(" | ");
}

/** The histories of all runs of Workflows, as what `encode` gives in base64, by Workflow and run. */
export async function readHistories(
  client: any,
  workflowIds: string[],
  encode: (history: any) => Uint8Array,
): Promise<Record<string, string>> {
  const histories: Record<string, string> = {};
  for (const workflowId of workflowIds) {
    let runId: string | undefined = (await client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo
      .firstRunId;
    while (runId) {
      const history: {
        events?: { workflowExecutionContinuedAsNewEventAttributes?: { newExecutionRunId?: string } }[];
      } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      leaveOutMachine(history);
      histories[`${workflowId} ${runId}`] = Buffer.from(encode(history)).toString("base64");
      runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    }
  }
  return histories;
}

/** Takes out of a message what tells of the machine that it was made on: stacks, and names of processes. */
function leaveOutMachine(message: unknown): void {
  if (typeof message !== "object" || message === null || message instanceof Uint8Array) return;
  for (const [name, value] of Object.entries(message)) {
    if ((name === "stackTrace" || name === "identity") && value) (message as Record<string, unknown>)[name] = "";
    // A sticky queue.
    else if (name === "name" && /^\d+@/.test(value)) (message as Record<string, unknown>)[name] = "sticky";
    else leaveOutMachine(value);
  }
}
