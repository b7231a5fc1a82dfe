/**
 * What the compiler must accept and refuse of schedules: see `tests/client/types.test.ts`. The functions are never
 * called.
 */

import { expect, test } from "bun:test";
import type {
  Client,
  ScheduleDescription,
  ScheduleHandle,
  ScheduleOptions,
  ScheduleUpdateOptions,
} from "../../src/client";

declare function order(id: string, amount?: number): Promise<void>;
declare function plain(): Promise<void>;

const action = { type: "startWorkflow", workflowType: "anything", taskQueue: "q" } as const;
const base = { scheduleId: "s", spec: {}, action };

async function actions({ schedule }: Client): Promise<void> {
  const handle: ScheduleHandle = await schedule.create(base);
  await schedule.create({
    ...base,
    action: { type: "startWorkflow", workflowType: order, taskQueue: "q", args: ["id", 1] },
  });
  await schedule.create({
    ...base,
    action: { type: "startWorkflow", workflowType: plain, taskQueue: "q", workflowId: "w" },
  });
  // @ts-expect-error: the workflow needs arguments
  await schedule.create({ ...base, action: { type: "startWorkflow", workflowType: order, taskQueue: "q" } });
  // @ts-expect-error: of another type
  await schedule.create({ ...base, action: { type: "startWorkflow", workflowType: order, taskQueue: "q", args: [1] } });
  // @ts-expect-error: no task queue
  await schedule.create({ ...base, action: { type: "startWorkflow", workflowType: plain } });
  // @ts-expect-error: no such action
  await schedule.create({ ...base, action: { ...action, type: "stopWorkflow" } });
  await schedule.create({
    ...base,
    // @ts-expect-error: what the action starts has no id policy
    action: { type: "startWorkflow", workflowType: plain, taskQueue: "q", workflowIdReusePolicy: "REJECT_DUPLICATE" },
  });
  // @ts-expect-error: no id
  await schedule.create({ spec: {}, action });
  void handle;
}

function specs(): ScheduleOptions["spec"][] {
  return [
    {
      calendars: [
        {
          second: "*",
          minute: 5,
          hour: [1, { start: 2 }, { start: 3, end: 4 }, { start: 5, end: 9, step: 2 }],
          month: "MAY",
          dayOfWeek: [{ start: "MONDAY", end: "FRIDAY" }, "SUNDAY"],
        },
      ],
    },
    {
      intervals: [{ every: "1 hour", offset: 1000 }],
      cronExpressions: ["@daily"],
      skip: [{ year: 2030 }],
      startAt: new Date(),
      endAt: new Date(),
      jitter: "1s",
      timezone: "UTC",
    },
    // @ts-expect-error: no month
    { calendars: [{ month: "SMARCH" }] },
    // @ts-expect-error: days of the week have names
    { calendars: [{ dayOfWeek: 1 }] },
    // @ts-expect-error: a step needs an end
    { calendars: [{ hour: { start: 1, step: 2 } }] },
    // @ts-expect-error: not a duration
    { intervals: [{ every: "often" }] },
    // @ts-expect-error: an interval has a length
    { intervals: [{ offset: 1000 }] },
    // @ts-expect-error: not a date
    { startAt: "2030-01-01" },
    // @ts-expect-error: no such field
    { calendar: [] },
  ];
}

function options(): Partial<ScheduleOptions>[] {
  return [
    { policies: { overlap: "CANCEL_OTHER", catchupWindow: "1 day", pauseOnFailure: true } },
    {
      state: {
        paused: true,
        note: "n",
        remainingActions: 1,
        triggerImmediately: true,
        backfill: [{ start: new Date(), end: new Date(), overlap: "SKIP" }],
      },
    },
    // @ts-expect-error: no such policy
    { policies: { overlap: "SOMETIMES" } },
    // @ts-expect-error: a stretch of time has an end
    { state: { backfill: [{ start: new Date() }] } },
    // @ts-expect-error: a number
    { state: { remainingActions: "1" } },
  ];
}

async function handles(handle: ScheduleHandle): Promise<void> {
  const description: ScheduleDescription = await handle.describe();
  await handle.update((previous) => ({ ...previous, state: { ...previous.state, paused: true } }));
  await handle.update<typeof order>(() => ({
    spec: {},
    action: { type: "startWorkflow", workflowType: order, taskQueue: "q", args: ["id"] },
    state: {},
  }));
  // @ts-expect-error: the state must be said
  await handle.update(() => ({ spec: {}, action }));
  // @ts-expect-error: an update takes no actions at once
  const update: ScheduleUpdateOptions = { spec: {}, action, state: { triggerImmediately: true } };
  await handle.trigger("ALLOW_ALL");
  // @ts-expect-error: no such policy
  await handle.trigger("ALL");
  await handle.backfill([{ start: new Date(), end: new Date() }]);
  const every: number = description.spec.intervals![0]!.every;
  // @ts-expect-error: the server tells milliseconds
  const text: string = description.spec.intervals![0]!.every;
  void [update, every, text];
}

test("the compiler checks schedules", () => {
  expect([actions, specs, options, handles].every((item) => typeof item === "function")).toBe(true);
});
