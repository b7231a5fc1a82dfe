import type { Client } from "../../client";
import { TaskQueueType } from "../../proto/temporal/api/enums/v1/task_queue";
import type { Output } from "../output";

/** How long an answer may take before it is looked why, in milliseconds. */
const patienceMs = 2_000;

/** Waits for what a Worker has to answer. When that takes its time, and there is no Worker, people are told. */
export async function waitForWorker<T>(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId?: string },
  answer: Promise<T>,
  output: Output,
): Promise<T> {
  const timer = setTimeout(async () => {
    // What fails here fails in the call too.
    const taskQueue = await queueWithoutWorker(client, workflowId, runId).catch(() => undefined);
    if (taskQueue === undefined) return;
    output.problem(
      `Waiting: no Worker polls the task queue ${taskQueue} of ${workflowId}. Start one, or stop with Ctrl-C.\n`,
    );
  }, patienceMs);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}

/** The task queue of a Workflow, if it is open and nobody has polled the queue for some minutes. */
async function queueWithoutWorker(client: Client, workflowId: string, runId?: string): Promise<string | undefined> {
  const { taskQueue } = await client.workflow.getHandle(workflowId, runId).describe();
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.workflow.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  return pollers?.length ? undefined : taskQueue;
}
