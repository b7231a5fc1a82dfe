import { expect } from "bun:test";
import { unique } from "../support";
import { act, at, eventually, get, post, row, temporal, withWorker } from "./worker";

withWorker();

/** What a schedule is created with. */
const body = (id: string, more = {}) => ({
  id,
  spec: { calendars: [{ hour: "3", minute: "30" }], timeZone: "Europe/Berlin" },
  action: { workflowId: `${id}-run`, type: "waiter", taskQueue: at.taskQueue, input: ["kept"] },
  ...more,
});

async function created(more = {}): Promise<string> {
  const id = unique("schedule");
  await post("/schedules", body(id, more));
  return id;
}

const describe = (id: string) => temporal("schedule", "describe", "-s", id);

row("schedule create", async () => {
  const id = await created({ note: "nightly", paused: true, policies: { overlap: "BufferOne", catchupWindow: "1h" } });
  expect((await describe(id)).schedule).toMatchObject({
    spec: { timezoneName: "Europe/Berlin" },
    policies: { overlapPolicy: "SCHEDULE_OVERLAP_POLICY_BUFFER_ONE", catchupWindow: "3600s" },
    state: { notes: "nightly", paused: true },
    action: { startWorkflow: { workflowType: { name: "waiter" } } },
  });
});

row("schedule update", async () => {
  const id = await created();
  const { id: _, ...change } = body(id, { spec: { intervals: [{ every: "6h", offset: "30m" }] } });
  const { input: __, ...action } = change.action;
  await act("PUT", `/schedules/${id}`, { ...change, action: { ...action, type: "again" } });
  const { schedule } = await describe(id);
  expect(schedule.spec).toMatchObject({ interval: [{ interval: "21600s", phase: "1800s" }] });
  expect(schedule.spec.structuredCalendar ?? []).toEqual([]);
  expect(schedule.action.startWorkflow).toMatchObject({ workflowType: { name: "again" } });
  // What was not sent has stayed.
  const shown = await get(`/schedules/${id}`);
  expect(shown.schedule.action.startWorkflow.input.payloads).toMatchObject([{ value: "kept" }]);
});

row("schedule delete", async () => {
  const id = await created();
  await act("DELETE", `/schedules/${id}`, { reason: "a test's" });
  const described = () => describe(id).catch((error: Error) => error.message);
  expect(await eventually(described, (answer) => typeof answer === "string")).toMatch(/not found|already completed/);
});

row("schedule describe", async () => {
  const id = await created();
  const [shown, said] = [await get(`/schedules/${id}`), await describe(id)];
  expect(shown.info.createTime).toBe(said.info.createTime);
  expect(shown.schedule.spec).toEqual(said.schedule.spec);
});

row("schedule list", async () => {
  const id = await created();
  const list = () => get("/schedules?pageSize=1000");
  const { rows } = await eventually(list, (answer) =>
    answer.rows.some((row: { scheduleId: string }) => row.scheduleId === id),
  );
  const said = await temporal("schedule", "list", "--really-long");
  expect(rows.map(({ scheduleId }: { scheduleId: string }) => scheduleId)).toContain(id);
  expect(said.map(({ scheduleId }: { scheduleId: string }) => scheduleId)).toContain(id);
  expect((await get("/schedules/count")).count).toBeGreaterThan(0);
});

row("schedule list-matching-times", async () => {
  const id = await created();
  const [from, to] = ["2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"];
  const { times } = await get(`/schedules/${id}/times?from=${from}&to=${to}`);
  expect(times).toEqual(["2026-01-01T02:30:00Z", "2026-01-02T02:30:00Z", "2026-01-03T02:30:00Z"]);
});

row("schedule trigger", async () => {
  const id = await created();
  await post(`/schedules/${id}/trigger`, { overlap: "AllowAll" });
  const said = await eventually(
    () => describe(id),
    ({ info }) => info.recentActions?.length > 0,
  );
  expect(said.info.actionCount).toBe("1");
});

row("schedule toggle", async () => {
  const id = await created();
  await post(`/schedules/${id}/pause`, { reason: "holidays" });
  const paused = await eventually(
    () => describe(id),
    ({ schedule }) => schedule.state.paused === true,
  );
  expect(paused.schedule.state.notes).toContain("holidays");
  await post(`/schedules/${id}/unpause`, { reason: "back" });
  await eventually(
    () => describe(id),
    ({ schedule }) => schedule.state.paused !== true,
  );
});

row("schedule backfill", async () => {
  const id = await created();
  const times = { from: "2026-01-01T00:00:00Z", to: "2026-01-03T00:00:00Z", overlap: "AllowAll" };
  await post(`/schedules/${id}/backfill`, times);
  const said = await eventually(
    () => describe(id),
    ({ info }) => Number(info.actionCount) === 2,
  );
  expect(said.info.recentActions.map(({ scheduleTime }: { scheduleTime: string }) => scheduleTime)).toEqual([
    "2026-01-01T02:30:00Z",
    "2026-01-02T02:30:00Z",
  ]);
});
