import { describe, expect, test } from "bun:test";
import {
  ScheduleAlreadyRunning,
  type ScheduleClientInterceptor,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptions,
  type ScheduleOverlapPolicy,
  ServiceError,
  type WorkflowExecutionStatusName,
} from "../../src/client";
import { defaultPayloadConverter } from "../../src/common";
import { eventually } from "../support/eventually";
import { answerTask, client, connection, fail, namespace, searchAttribute, unique } from "./support";

const FAR = new Date("2100-01-01T00:00:00Z");
const DAY = 86_400_000;

const customer = { name: "ScheduleCustomer", type: "KEYWORD" as const };
await searchAttribute("ScheduleCustomer", "KEYWORD");

type Overrides = Partial<Omit<ScheduleOptions, "action">> & {
  action?: Partial<ScheduleOptions["action"]>;
  interceptors?: ScheduleClientInterceptor[];
};

/** A schedule that takes no action of its own unless a test says so; deleted at the end of an `await using` scope. */
async function makeSchedule({ action, interceptors, ...overrides }: Overrides = {}) {
  const { schedule, workflow } = await client({ interceptors: { schedule: interceptors } });
  const scheduleId = unique("schedule");
  const taskQueue = unique("queue");
  const options = {
    scheduleId,
    spec: { calendars: [{ year: 2099 }] },
    action: { type: "startWorkflow" as const, workflowType: "order", taskQueue, ...action },
    ...overrides,
  };
  const handle = await schedule.create(options);
  return {
    handle,
    scheduleId,
    taskQueue,
    workflow,
    async [Symbol.asyncDispose]() {
      for (const { workflow: started } of (await handle.describe()).info.runningActions)
        await workflow.getHandle(started.workflowId).terminate();
      await handle.delete();
    },
  };
}

/** Waits until the schedule has taken so many actions, and returns their workflow ids. */
async function actions(handle: ScheduleHandle, count: number): Promise<string[]> {
  const { info } = await eventually(
    () => handle.describe(),
    (description) => description.info.recentActions.length >= count,
  );
  return info.recentActions.map((item) => item.action.workflow.workflowId);
}

/** The spec as the server has it. */
async function specOf(spec: ScheduleOptions["spec"]) {
  await using it = await makeSchedule({ spec });
  return (await it.handle.describe()).spec;
}

describe("create and describe", () => {
  test("everything that is set arrives", async () => {
    await using it = await makeSchedule({
      action: {
        workflowId: unique("workflow"),
        args: [1, { a: "grüße" }],
        memo: { note: ["x"] },
        typedSearchAttributes: [{ key: customer, value: "action" }],
        retry: { maximumAttempts: 3, initialInterval: "2s" },
        workflowExecutionTimeout: "2 hours",
        workflowRunTimeout: "1 hour",
        workflowTaskTimeout: 15_000,
        staticSummary: "summary",
        staticDetails: "details",
        priority: { priorityKey: 2 },
      },
      policies: { overlap: "BUFFER_ALL", catchupWindow: "1 day", pauseOnFailure: true },
      memo: { of: "the schedule" },
      searchAttributes: { ScheduleCustomer: ["schedule"] },
      state: { paused: true, note: "a note", remainingActions: 3 },
    });
    const description = await it.handle.describe();
    expect(description).toMatchObject({
      scheduleId: it.scheduleId,
      action: {
        type: "startWorkflow",
        workflowType: "order",
        taskQueue: it.taskQueue,
        args: [1, { a: "grüße" }],
        memo: { note: ["x"] },
        retry: { maximumAttempts: 3, initialInterval: 2000 },
        workflowExecutionTimeout: 7_200_000,
        workflowRunTimeout: 3_600_000,
        workflowTaskTimeout: 15_000,
        searchAttributes: { ScheduleCustomer: ["action"] },
        staticSummary: "summary",
        staticDetails: "details",
        priority: { priorityKey: 2 },
      },
      policies: { overlap: "BUFFER_ALL", catchupWindow: DAY, pauseOnFailure: true },
      memo: { of: "the schedule" },
      searchAttributes: { ScheduleCustomer: ["schedule"] },
      state: { paused: true, note: "a note", remainingActions: 3 },
      info: {
        recentActions: [],
        runningActions: [],
        numActionsTaken: 0,
        numActionsMissedCatchupWindow: 0,
        numActionsSkippedOverlap: 0,
        lastUpdatedAt: undefined,
      },
    });
    expect(description.typedSearchAttributes.getAll()).toEqual([{ key: customer, value: "schedule" }]);
    expect(Math.abs(description.info.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(description.raw.schedule?.state?.notes).toBe("a note");
  });

  test("what is left out has defaults", async () => {
    await using it = await makeSchedule();
    const { action, policies, state, info } = await it.handle.describe();
    expect([action.workflowId, action.args]).toEqual([`${it.scheduleId}-workflow`, []]);
    expect(policies).toEqual({ overlap: "SKIP", catchupWindow: 365 * DAY, pauseOnFailure: false });
    expect(state).toEqual({ paused: false, note: "", remainingActions: undefined });
    expect(info.nextActionTimes[0]).toEqual(new Date("2099-01-01T00:00:00Z"));
  });

  test("a taken id, missing options, specs that make no sense", async () => {
    await using it = await makeSchedule();
    const { schedule } = await client();
    const action = { type: "startWorkflow" as const, workflowType: "order", taskQueue: "queue" };
    const error = await schedule.create({ scheduleId: it.scheduleId, spec: {}, action }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ScheduleAlreadyRunning);
    expect(error.scheduleId).toBe(it.scheduleId);
    const create = (options: object) =>
      schedule.create({ scheduleId: unique("schedule"), spec: {}, action, ...options });
    await expect(create({ scheduleId: "" })).rejects.toThrow(new TypeError("Missing ScheduleOptions.scheduleId"));
    await expect(create({ action: { ...action, taskQueue: "" } })).rejects.toThrow(
      "Missing ScheduleOptions.action.taskQueue",
    );
    await expect(create({ action: { ...action, workflowType: "" } })).rejects.toThrow(
      "Missing ScheduleOptions.action.workflowType",
    );
    await expect(create({ action: { ...action, type: "dance" } })).rejects.toThrow("'startWorkflow', got 'dance'");
    await expect(create({ spec: { cronExpressions: ["never"] } })).rejects.toThrow(
      new TypeError("CronString does not have 5-7 fields"),
    );
    await expect(create({ spec: { timezone: "Moon/Crater" } })).rejects.toBeInstanceOf(TypeError);
    await expect(create({ spec: { calendars: [{ hour: 24 }] } })).rejects.toThrow(
      "Invalid CalendarSpec component for field hour: '24' of type 'number'",
    );
    await expect(create({ spec: { calendars: [{ month: "SMARCH" }] } })).rejects.toThrow(
      "Invalid CalendarSpec component for field month: 'SMARCH' of type 'string'",
    );
    await expect(create({ spec: { skip: [{ dayOfWeek: [{ start: "MONDAY", end: "FUNDAY" }] }] } })).rejects.toThrow(
      "Invalid CalendarSpec component for field dayOfWeek: 'FUNDAY' of type 'string'",
    );
  });

  test("unknown schedules", async () => {
    const { schedule } = await client();
    const handle = schedule.getHandle(unique("nothing"));
    const calls = [
      handle.describe(),
      handle.delete(),
      handle.trigger(),
      handle.pause(),
      handle.unpause(),
      handle.backfill({ start: FAR, end: FAR }),
      handle.update((previous) => previous),
    ];
    for (const error of await Promise.all(calls.map((call) => call.catch((reason) => reason)))) {
      expect(error).toBeInstanceOf(ScheduleNotFoundError);
      expect(error.scheduleId).toBe(handle.scheduleId);
    }
  });
});

describe("specs", () => {
  test("calendars: single values, names, ranges with and without step, lists, all, and defaults", async () => {
    const { calendars } = await specOf({
      calendars: [
        {
          second: 5,
          minute: { start: 10, end: 20 },
          hour: [1, { start: 2, end: 10, step: 4 }],
          dayOfMonth: { start: 3 },
          comment: "one",
        },
        {
          second: "*",
          month: ["MARCH", { start: "JUNE", end: "AUGUST" }],
          year: { start: 2030, end: 2040, step: 5 },
          dayOfWeek: ["SUNDAY", { start: "MONDAY", end: "WEDNESDAY" }],
        },
      ],
    });
    const one = (value: unknown) => [{ start: value, end: value, step: 1 }];
    const all = {
      dayOfMonth: [{ start: 1, end: 31, step: 1 }],
      month: [{ start: "JANUARY", end: "DECEMBER", step: 1 }],
      year: [],
      dayOfWeek: [{ start: "SUNDAY", end: "SATURDAY", step: 1 }],
    };
    expect(calendars).toEqual([
      {
        ...all,
        second: one(5),
        minute: [{ start: 10, end: 20, step: 1 }],
        hour: [...one(1), { start: 2, end: 10, step: 4 }],
        dayOfMonth: one(3),
        comment: "one",
      },
      {
        ...all,
        second: [{ start: 0, end: 59, step: 1 }],
        minute: one(0),
        hour: one(0),
        month: [...one("MARCH"), { start: "JUNE", end: "AUGUST", step: 1 }],
        year: [{ start: 2030, end: 2040, step: 5 }],
        dayOfWeek: [...one("SUNDAY"), { start: "MONDAY", end: "WEDNESDAY", step: 1 }],
        comment: "",
      },
    ] as unknown as typeof calendars);
  });

  test("intervals, cron expressions, skipped times, bounds, jitter and time zone", async () => {
    const startAt = new Date("2090-01-01T00:00:00.500Z");
    const { intervals, calendars, skip, ...rest } = await specOf({
      intervals: [{ every: "1 hour", offset: 300_000 }, { every: "2 days" }],
      cronExpressions: ["30 12 * * MON-WED", "@every 3h/30m"],
      skip: [{ dayOfMonth: 13, hour: "*" }],
      startAt,
      endAt: FAR,
      jitter: "2s",
      timezone: "Europe/Berlin",
    });
    expect(intervals as object[]).toEqual([
      { every: 3_600_000, offset: 300_000 },
      { every: 2 * DAY },
      { every: 10_800_000, offset: 1_800_000 },
    ]);
    expect(calendars).toMatchObject([
      { minute: [{ start: 30 }], hour: [{ start: 12 }], dayOfWeek: [{ start: "MONDAY", end: "WEDNESDAY" }] },
    ]);
    expect(skip).toMatchObject([{ dayOfMonth: [{ start: 13, end: 13 }], hour: [{ start: 0, end: 23 }] }]);
    expect(rest).toEqual({ startAt, endAt: FAR, jitter: 2000, timezone: "Europe/Berlin" });
  });

  test("the server computes the times that are meant", async () => {
    await using it = await makeSchedule({
      spec: {
        calendars: [{ year: 2099, month: "JULY", dayOfWeek: "FRIDAY", hour: 9 }],
        skip: [{ dayOfMonth: 3, hour: 9 }],
        timezone: "Europe/Berlin",
      },
    });
    const { nextActionTimes } = (await it.handle.describe()).info;
    // Fridays of July 2099 at 9 in Berlin, which is 7 UTC, without the third.
    expect(nextActionTimes.map((time) => time.toISOString())).toEqual(
      ["10", "17", "24", "31"].map((day) => `2099-07-${day}T07:00:00.000Z`),
    );
  });
});

describe("actions", () => {
  test("on trigger, with what the action says", async () => {
    await using it = await makeSchedule({
      action: { workflowId: unique("order"), args: ["argument"], memo: { a: 1 }, staticSummary: "text" },
    });
    // The server keeps no account of what runs under ALLOW_ALL, the default.
    await it.handle.trigger("SKIP");
    const [workflowId] = await actions(it.handle, 1);
    expect(workflowId).toStartWith((await it.handle.describe()).action.workflowId);
    const started = it.workflow.getHandle(workflowId!);
    const description = await started.describe();
    expect(description).toMatchObject({ type: "order", taskQueue: it.taskQueue, memo: { a: 1 } });
    expect(await description.staticSummary()).toBe("text");
    const { events } = await started.fetchHistory();
    const { input } = events![0]!.workflowExecutionStartedEventAttributes!;
    expect(input!.payloads!.map((payload) => defaultPayloadConverter.fromPayload<unknown>(payload))).toEqual([
      "argument",
    ]);
    const { info } = await it.handle.describe();
    expect(info.numActionsTaken).toBe(1);
    expect(
      (
        await eventually(
          () => it.handle.describe(),
          (now) => now.info.runningActions.length > 0,
        )
      ).info.runningActions,
    ).toEqual([
      { type: "startWorkflow", workflow: { workflowId: workflowId!, firstExecutionRunId: description.runId } },
    ]);
    expect(info.recentActions[0]!.takenAt).toBeInstanceOf(Date);
  });

  test("immediately and by backfill when the schedule is made", async () => {
    const hour = (at: number) => new Date(`2020-01-01T0${at}:00:00Z`);
    await using it = await makeSchedule({
      spec: { intervals: [{ every: "1 hour" }], startAt: new Date("2019-01-01"), endAt: new Date("2021-01-01") },
      state: { triggerImmediately: true, backfill: [{ start: hour(1), end: hour(3), overlap: "ALLOW_ALL" }] },
    });
    const ids = await actions(it.handle, 4);
    for (const at of [1, 2, 3]) expect(ids.some((id) => id.endsWith(`2020-01-01T0${at}:00:00Z`))).toBe(true);
    expect((await it.handle.describe()).info.numActionsTaken).toBe(4);
  });

  test("of one or several times that are over", async () => {
    await using it = await makeSchedule({ spec: { intervals: [{ every: "1 hour" }], endAt: new Date("2021-01-01") } });
    const at = (time: string) => new Date(`2020-${time}:00:00Z`);
    await it.handle.backfill({ start: at("01-01T01"), end: at("01-01T01"), overlap: "ALLOW_ALL" });
    await actions(it.handle, 1);
    await it.handle.backfill([
      { start: at("02-01T05"), end: at("02-01T05"), overlap: "ALLOW_ALL" },
      { start: at("03-01T07"), end: at("03-01T07"), overlap: "ALLOW_ALL" },
    ]);
    expect((await actions(it.handle, 3)).map((id) => id.slice(-20)).sort()).toEqual([
      "2020-01-01T01:00:00Z",
      "2020-02-01T05:00:00Z",
      "2020-03-01T07:00:00Z",
    ]);
  });

  test("remaining actions are counted down", async () => {
    await using it = await makeSchedule({ spec: { intervals: [{ every: "1s" }] }, state: { remainingActions: 1 } });
    const { state } = await eventually(
      () => it.handle.describe(),
      (description) => description.info.numActionsTaken === 1,
    );
    expect(state.remainingActions).toBe(0);
    expect((await it.handle.describe()).info.nextActionTimes).toEqual([]);
  });

  test("overlap policies: what a second trigger does while the first workflow runs", async () => {
    const cases: [
      policy: ScheduleOverlapPolicy,
      statuses: WorkflowExecutionStatusName[],
      skipped: number,
      waiting: number,
    ][] = [
      ["SKIP", ["RUNNING"], 1, 0],
      ["BUFFER_ONE", ["RUNNING"], 0, 1],
      ["BUFFER_ALL", ["RUNNING"], 0, 1],
      ["ALLOW_ALL", ["RUNNING", "RUNNING"], 0, 0],
      ["TERMINATE_OTHER", ["TERMINATED", "RUNNING"], 0, 0],
    ];
    const checks = cases.map(async ([overlap, statuses, skipped, waiting]) => {
      await using it = await makeSchedule();
      await it.handle.trigger("SKIP");
      const [first] = await actions(it.handle, 1);
      // The server appends the second of the trigger to the workflow's ID, and starts no other workflow with the same
      // one.
      const second = Date.parse(first!.slice(-"2026-01-31T12:00:00Z".length));
      await eventually(
        async () => Date.now(),
        (now) => now >= second + 1_000,
      );
      await it.handle.trigger(overlap);
      const what = async () => {
        const { info, raw } = await it.handle.describe();
        const ids = info.recentActions.map((item) => item.action.workflow.workflowId);
        const statuses = await Promise.all(
          ids.map(async (id) => (await it.workflow.getHandle(id).describe()).status.name),
        );
        return {
          ids,
          is: { statuses, skipped: info.numActionsSkippedOverlap, waiting: raw.info?.bufferSize?.toNumber() ?? 0 },
        };
      };
      const { ids } = await eventually(what, ({ is }) => Bun.deepEquals(is, { statuses, skipped, waiting }));
      for (const id of ids)
        await it.workflow
          .getHandle(id)
          .terminate()
          .catch(() => {});
    });
    expect((await Promise.all(checks)).length).toBe(cases.length);
  });

  test("CANCEL_OTHER asks the running workflow to cancel", async () => {
    await using it = await makeSchedule({ policies: { overlap: "CANCEL_OTHER" } });
    await it.handle.trigger("SKIP");
    const [first] = await actions(it.handle, 1);
    await it.handle.trigger("CANCEL_OTHER");
    const running = it.workflow.getHandle(first!);
    const types = await eventually(
      async () =>
        (await running.fetchHistory()).events!.map((event) => event.workflowExecutionCancelRequestedEventAttributes),
      (events) => events.some((event) => event !== undefined),
    );
    expect(types.length).toBeGreaterThan(1);
  });
});

describe("changes", () => {
  test("pauseOnFailure: a workflow that fails pauses the schedule", async () => {
    await using it = await makeSchedule({ policies: { pauseOnFailure: true } });
    await it.handle.trigger("SKIP");
    await answerTask(it.taskQueue, [fail({ message: "broken", applicationFailureInfo: {} })]);
    const { state } = await eventually(
      () => it.handle.describe(),
      (description) => description.state.paused,
    );
    expect(state.note).toContain("paused due to workflow failure");
  });

  test("pause and unpause, with notes", async () => {
    await using it = await makeSchedule();
    const state = async () => (await it.handle.describe()).state;
    await it.handle.pause();
    expect(await state()).toMatchObject({ paused: true, note: "Paused via TypeScript SDK" });
    await it.handle.unpause();
    expect(await state()).toMatchObject({ paused: false, note: "Unpaused via TypeScript SDK" });
    await it.handle.pause("for a reason");
    expect(await state()).toMatchObject({ paused: true, note: "for a reason" });
    await it.handle.unpause("over");
    expect(await state()).toMatchObject({ paused: false, note: "over" });
  });

  test("an overlap policy that does not exist is refused", async () => {
    await using it = await makeSchedule();
    await expect(it.handle.trigger("SOMETIMES" as never)).rejects.toThrow("'SOMETIMES'");
    await expect(it.handle.backfill({ start: FAR, end: FAR, overlap: "SOMETIMES" as never })).rejects.toThrow(
      "'SOMETIMES'",
    );
  });

  test("update: from what there is; memo, search attributes and headers stay", async () => {
    const header = defaultPayloadConverter.toPayload("header");
    const interceptors: ScheduleClientInterceptor[] = [
      { create: (input, next) => next({ ...input, headers: { trace: header } }) },
    ];
    await using it = await makeSchedule({
      interceptors,
      memo: { a: 1 },
      searchAttributes: { ScheduleCustomer: ["x"] },
      action: { args: [1] },
    });
    await it.handle.update((previous) => {
      expect(previous.scheduleId).toBe(it.scheduleId);
      return {
        ...previous,
        spec: { intervals: [{ every: "3 days" }] },
        action: { ...previous.action, args: [2] },
        state: { ...previous.state, note: "changed" },
      };
    });
    const description = await it.handle.describe();
    expect(description).toMatchObject({
      spec: { calendars: [], intervals: [{ every: 3 * DAY }] },
      action: { args: [2], taskQueue: it.taskQueue, workflowId: `${it.scheduleId}-workflow` },
      state: { note: "changed" },
      memo: { a: 1 },
      searchAttributes: { ScheduleCustomer: ["x"] },
    });
    expect(description.info.lastUpdatedAt).toBeInstanceOf(Date);
    expect(description.raw.schedule!.action!.startWorkflow!.header!.fields!.trace).toEqual(header);
  });

  test("update: given anew; what is left out has its default", async () => {
    await using it = await makeSchedule({
      state: { paused: true, note: "old", remainingActions: 5 },
      policies: { overlap: "ALLOW_ALL" },
    });
    await it.handle.update(() => ({
      spec: { calendars: [{ year: 2098 }] },
      action: {
        type: "startWorkflow",
        workflowType: async function another(_by: number) {},
        taskQueue: "elsewhere",
        args: [1],
      },
      state: {},
      typedSearchAttributes: [{ key: customer, value: "new" }],
    }));
    // Search attributes change a moment after the rest.
    const description = await eventually(
      () => it.handle.describe(),
      ({ searchAttributes }) => searchAttributes.ScheduleCustomer?.[0] === "new",
    );
    expect(description).toMatchObject({
      action: { workflowType: "another", taskQueue: "elsewhere", args: [1] },
      policies: { overlap: "SKIP" },
      state: { paused: false, note: "", remainingActions: undefined },
      searchAttributes: { ScheduleCustomer: ["new"] },
    });
    await expect(
      it.handle.update((previous) => ({ ...previous, action: { ...previous.action, taskQueue: "" } })),
    ).rejects.toThrow("Missing ScheduleUpdateOptions.action.taskQueue");
  });

  test("a deleted schedule is gone, and its id is free", async () => {
    const { handle, scheduleId } = await makeSchedule();
    await handle.delete();
    await expect(handle.describe()).rejects.toBeInstanceOf(ScheduleNotFoundError);
    const { schedule } = await client();
    const again = await schedule.create({
      scheduleId,
      spec: {},
      action: { type: "startWorkflow", workflowType: "order", taskQueue: "queue" },
    });
    await again.delete();
  });
});

test("list: by query, in pages", async () => {
  const version = unique("version");
  const attributes = { searchAttributes: { ScheduleCustomer: [version] } };
  await using first = await makeSchedule({
    ...attributes,
    memo: { number: 1 },
    state: { paused: true, note: "resting" },
  });
  await using second = await makeSchedule({ ...attributes, spec: { intervals: [{ every: "1 day" }] } });
  await using _other = await makeSchedule();
  const { schedule } = await client();
  const found = await eventually(
    () => Array.fromAsync(schedule.list({ query: `ScheduleCustomer = '${version}'`, pageSize: 1 })),
    (list) => list.length === 2 && list.every((item) => item.action !== undefined),
  );
  expect(found.map((item) => item.scheduleId).sort()).toEqual([first.scheduleId, second.scheduleId].sort());
  expect(found.find((item) => item.scheduleId === first.scheduleId)).toMatchObject({
    action: { type: "startWorkflow", workflowType: "order" },
    memo: { number: 1 },
    searchAttributes: { ScheduleCustomer: [version] },
    state: { paused: true, note: "resting" },
    info: { recentActions: [] },
  });
  expect(found.find((item) => item.scheduleId === second.scheduleId)!.spec!.intervals).toEqual([
    // As in the official SDK, although its type says otherwise.
    { every: DAY, offset: undefined as unknown as number },
  ]);
  await expect(Array.fromAsync(schedule.list({ query: "this is none" }))).rejects.toBeInstanceOf(ServiceError);
});

test("interceptors see and change what is created, first to last", async () => {
  const seen: string[] = [];
  const interceptor = (name: string): ScheduleClientInterceptor => ({
    async create(input, next) {
      seen.push(`${name}: ${input.options.action.workflowType} ${input.options.state?.note ?? ""}`);
      const output = await next({ ...input, options: { ...input.options, state: { note: name } } });
      expect(output.conflictToken.length).toBeGreaterThan(0);
      return output;
    },
  });
  await using it = await makeSchedule({ interceptors: [interceptor("one"), interceptor("two")] });
  expect(seen).toEqual(["one: order ", "two: order one"]);
  expect((await it.handle.describe()).state.note).toBe("two");
});

test("the raw service is there too", async () => {
  await using it = await makeSchedule();
  const { schedule } = await client();
  expect(schedule.workflowService).toBe((await connection()).workflowService);
  const { info } = await schedule.workflowService.describeSchedule({ namespace, scheduleId: it.scheduleId });
  expect(info?.createTime).toBeDefined();
  expect(it.handle.client.options.namespace).toBe(namespace);
});
