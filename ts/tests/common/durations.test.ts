/** Options that are durations or dates: an error names the one that is wrong. */

import { describe, expect, test } from "bun:test";
import { Client, Connection } from "../../src/client";
import { compileConnectionOptions, loadConnectionOptions } from "../../src/client/connection/connection-options";
import { ValueError } from "../../src/common";
import { msNumberToTs, msOptionalToTs, msToNumber, optionalDateToTs } from "../../src/common/time";
import { DefaultLogger } from "../../src/worker";
import { compileWorkerOptions } from "../../src/worker/compile-options";
import { compileOptions } from "../../src/worker/telemetry/runtime-options";

const client = new Client({ connection: Connection.lazy({ address: "127.0.0.1:1" }) });
const worker = (options: object) =>
  compileWorkerOptions({ taskQueue: "q", activities: { work() {} }, ...options }, new DefaultLogger("ERROR"));
const start = (options: object) => client.workflow.start("order", { taskQueue: "q", workflowId: "w", ...options });
const activity = (options: object) =>
  client.activity.start("work", { id: "a", taskQueue: "q", scheduleToCloseTimeout: 1, args: [], ...options } as never);
const schedule = (options: object, action: object = {}) =>
  client.schedule.create({
    scheduleId: "s",
    spec: {},
    action: { type: "startWorkflow", workflowType: "order", taskQueue: "q", ...action },
    ...options,
  });
const connection = (options: object) => compileConnectionOptions(loadConnectionOptions(options), undefined);

test("without a name the error is about the value alone, with the words of the official SDK", () => {
  expect(() => msToNumber("soon" as never)).toThrow("Invalid duration string: 'soon'. Write");
  // As an argument of `map`.
  expect(["1s", "2s"].map(msToNumber as never)).toEqual([1000, 2000]);
});

test("values that no timestamp can have", () => {
  expect(() => msNumberToTs(Number.NaN, "delay")).toThrow(new ValueError("Invalid millis NaN (delay)"));
  expect(() => msOptionalToTs(Number.POSITIVE_INFINITY, "delay")).toThrow("Invalid millis Infinity (delay)");
  expect(() => optionalDateToTs(new Date("never"), "startAt")).toThrow("Invalid millis NaN (startAt)");
  expect(() => optionalDateToTs("2020" as never, "startAt")).toThrow("Expected a Date (startAt), got string");
});

describe("an invalid duration is named", () => {
  test.each<[string, (value: never) => unknown]>([
    ["connectTimeout", (connectTimeout) => connection({ connectTimeout })],
    ["keepAlive.interval", (interval) => connection({ keepAlive: { interval } })],
    ["keepAlive.timeout", (timeout) => connection({ keepAlive: { timeout } })],
    ["retry.initialInterval", (initialInterval) => connection({ retry: { initialInterval } })],
    ["retry.maxInterval", (maxInterval) => connection({ retry: { maxInterval } })],
    [
      "dnsLoadBalancingConfig.resolutionInterval",
      (resolutionInterval) => connection({ address: "host", dnsLoadBalancingConfig: { resolutionInterval } }),
    ],
    ["workflowExecutionTimeout", (value) => start({ workflowExecutionTimeout: value })],
    ["workflowRunTimeout", (value) => start({ workflowRunTimeout: value })],
    ["workflowTaskTimeout", (value) => start({ workflowTaskTimeout: value })],
    ["startDelay", (startDelay) => start({ startDelay })],
    ["RetryPolicy.initialInterval", (initialInterval) => start({ retry: { initialInterval } })],
    ["RetryPolicy.maximumInterval", (maximumInterval) => start({ retry: { maximumInterval } })],
    ["startDelay", (startDelay) => activity({ startDelay })],
    ["heartbeatTimeout", (heartbeatTimeout) => activity({ heartbeatTimeout })],
    ["scheduleToCloseTimeout", (value) => activity({ scheduleToCloseTimeout: value })],
    ["scheduleToStartTimeout", (value) => activity({ scheduleToStartTimeout: value })],
    ["startToCloseTimeout", (value) => activity({ startToCloseTimeout: value })],
    ["every", (every) => schedule({ spec: { intervals: [{ every }] } })],
    ["offset", (offset) => schedule({ spec: { intervals: [{ every: 1, offset }] } })],
    ["jitter", (jitter) => schedule({ spec: { jitter } })],
    ["catchupWindow", (catchupWindow) => schedule({ policies: { catchupWindow } })],
    ["workflowRunTimeout", (value) => schedule({}, { workflowRunTimeout: value })],
    ["shutdownGraceTime", (value) => worker({ shutdownGraceTime: value })],
    ["shutdownForceTime", (value) => worker({ shutdownForceTime: value })],
    ["stickyQueueScheduleToStartTimeout", (value) => worker({ stickyQueueScheduleToStartTimeout: value })],
    ["maxHeartbeatThrottleInterval", (value) => worker({ maxHeartbeatThrottleInterval: value })],
    ["defaultHeartbeatThrottleInterval", (value) => worker({ defaultHeartbeatThrottleInterval: value })],
    ["workerHeartbeatInterval", (value) => compileOptions({ workerHeartbeatInterval: value })],
  ])("%s", async (name, use) => {
    const error = await (async () => use("soon" as never))().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toStartWith(`Invalid duration string: 'soon' (${name}). Write`);
  });
});
