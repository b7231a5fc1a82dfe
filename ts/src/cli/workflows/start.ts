import type { Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions } from "../../client";
import type { Output } from "../output";
import { type InputFlags, readInput, readPairs } from "./input";

/** What `temporal-bun start` takes. */
export interface StartFlags extends InputFlags {
  type: string;
  taskQueue: string;
  workflowId?: string;
  /** As Temporal's command line writes it, such as "UseExisting". */
  idReusePolicy?: string;
  idConflictPolicy?: string;
  executionTimeout?: string;
  runTimeout?: string;
  startDelay?: string;
  memo?: string[];
  searchAttribute?: string[];
  json?: boolean;
}

/** The options that the flags mean. */
export async function startOptions(flags: StartFlags): Promise<WorkflowStartOptions> {
  const { searchAttribute, memo, taskQueue, workflowId, idReusePolicy, idConflictPolicy, startDelay } = flags;
  const policy = (name: string | undefined) => name?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  const attributes = readPairs(searchAttribute, "--search-attribute");
  return {
    taskQueue,
    workflowId: workflowId ?? crypto.randomUUID(),
    args: await readInput(flags),
    memo: readPairs(memo, "--memo"),
    workflowIdReusePolicy: policy(idReusePolicy) as WorkflowIdReusePolicy | undefined,
    workflowIdConflictPolicy: policy(idConflictPolicy) as WorkflowIdConflictPolicy | undefined,
    workflowExecutionTimeout: flags.executionTimeout as WorkflowStartOptions["workflowExecutionTimeout"],
    workflowRunTimeout: flags.runTimeout as WorkflowStartOptions["workflowRunTimeout"],
    startDelay: startDelay as WorkflowStartOptions["startDelay"],
    // Those with types need them beforehand; the server knows them.
    ...(attributes && {
      searchAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, [value].flat() as string[]]),
      ),
    }),
  };
}

/** Starts a Workflow and says which. */
export async function start(
  client: Client,
  { type, json }: StartFlags,
  options: WorkflowStartOptions,
  output: Output,
): Promise<void> {
  const { workflowId, firstExecutionRunId: runId } = await client.workflow.start(type, options);
  if (json) output.result(`${JSON.stringify({ workflowId, runId, type, taskQueue: options.taskQueue })}\n`);
  else output.result(`started ${output.style("bold", workflowId)}, run ${runId}\n`);
}
