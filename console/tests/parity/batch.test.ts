import { expect } from "bun:test";
import { unique } from "../support";
import { eventually, get, post, row, started, statusOf, temporal, withWorker } from "./worker";

withWorker();

/** Starts a batch operation on a workflow of its own. */
async function batch(operation: object) {
  const { workflowId } = await started("waiter");
  const query = `WorkflowId = '${workflowId}'`;
  const list = () => get(`/workflows?query=${encodeURIComponent(query)}`);
  await eventually(list, ({ rows }) => rows.length === 1);
  const { jobId } = await post("/batch", { query, reason: "a test's", operation });
  return { workflowId, jobId: jobId as string };
}

row("batch list", async () => {
  const { jobId } = await batch({ kind: "cancel" });
  const has = (ids: string[]) => ids.includes(jobId);
  const list = async () => (await get("/batch")).rows.map((job: { jobId: string }) => job.jobId);
  await eventually(list, has);
  const said = await temporal("batch", "list");
  expect(has(said.map((job: { jobId: string }) => job.jobId))).toBe(true);
});

row("batch describe", async () => {
  const { jobId, workflowId } = await batch({ kind: "terminate" });
  const done = await eventually(
    () => get(`/batch/${jobId}`),
    ({ state }) => state !== "BATCH_OPERATION_STATE_RUNNING",
  );
  expect(done).toMatchObject({ totalOperationCount: "1", completeOperationCount: "1", reason: "a test's" });
  expect(await statusOf(workflowId)).toBe("TERMINATED");
  expect((await temporal("batch", "describe", "--job-id", jobId)).completeOperationCount).toBe("1");
});

row("batch terminate", async () => {
  const { jobId } = await batch({ kind: "signal", name: unique("signal"), input: [1] });
  const stopped = () =>
    post(`/batch/${jobId}/stop`, { reason: "enough" }).then(
      () => "",
      (error: Error) => error.message,
    );
  // It may have ended by itself: then the server says so.
  const problem = await stopped();
  if (problem !== "") expect(problem).toContain("409");
  const said = await temporal("batch", "describe", "--job-id", jobId);
  expect(said.state).not.toBe("BATCH_OPERATION_STATE_RUNNING");
});
