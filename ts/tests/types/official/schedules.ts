/** Schedules. */
import { type Client, ScheduleAlreadyRunning, type ScheduleHandle, ScheduleOverlapPolicy } from "@temporalio/client";
import { order } from "./workflows";

export async function main(client: Client): Promise<void> {
  const handle: ScheduleHandle = await client.schedule.create({
    scheduleId: "nightly",
    action: {
      type: "startWorkflow",
      workflowType: order,
      args: [{ id: "1", items: [] }],
      taskQueue: "orders",
      workflowId: "nightly",
    },
    spec: {
      intervals: [{ every: "1 hour", offset: "5 minutes" }],
      calendars: [{ dayOfWeek: "MONDAY", hour: [{ start: 9, end: 17, step: 2 }], comment: "office" }],
      cronExpressions: ["0 12 * * MON"],
      jitter: "1m",
      timezone: "Europe/Berlin",
    },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: "1 day", pauseOnFailure: true },
    state: { paused: true, note: "later", remainingActions: 5 },
    memo: { a: 1 },
  });
  await handle.update((previous) => ({ ...previous, spec: { ...previous.spec, jitter: "2m" } }));
  await handle.trigger();
  await handle.backfill({ start: new Date(0), end: new Date(), overlap: "ALLOW_ALL" });
  await handle.pause("note");
  await handle.unpause();
  const { action, info, state } = await handle.describe();
  if (action.type === "startWorkflow") console.log(action.workflowType, info.nextActionTimes, state.paused);
  for await (const summary of client.schedule.list()) console.log(summary.scheduleId, summary.info.recentActions);
  try {
    await client.schedule.getHandle("nightly").delete();
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) console.log(error.scheduleId);
  }
}
