import { describe, expect, test } from "bun:test";
import Long from "long";
import { HandlerError } from "nexus-rpc";
import { fromNexusLink, toNexusLink } from "../../src/nexus/links";
import { decodeOperationToken, encodeOperationToken, type OperationTarget } from "../../src/nexus/token";
import type { Link } from "../../src/proto/temporal/api/common/v1/message";

describe("operation tokens", () => {
  // The tokens are those that version 1.24 of the official SDK makes.
  const tokens: [OperationTarget, string][] = [
    [
      { kind: "workflowRun", namespace: "default", workflowId: "order/ä 1" },
      "eyJ0IjoxLCJucyI6ImRlZmF1bHQiLCJ3aWQiOiJvcmRlci_DpCAxIn0",
    ],
    [
      { kind: "activity", namespace: "ns", activityId: "a", runId: "r" },
      "eyJ0IjoyLCJucyI6Im5zIiwiYWlkIjoiYSIsInJpZCI6InIifQ",
    ],
    [
      { kind: "workflowUpdate", namespace: "ns", workflowId: "w", runId: "r", updateId: "u" },
      "eyJ0IjozLCJucyI6Im5zIiwid2lkIjoidyIsInJpZCI6InIiLCJ1aWQiOiJ1In0",
    ],
    [
      { kind: "workflowUpdate", namespace: "ns", workflowId: "w", runId: "", updateId: "u" },
      "eyJ0IjozLCJucyI6Im5zIiwid2lkIjoidyIsInVpZCI6InUifQ",
    ],
  ];
  test.each(tokens)("%j", (target, token) => {
    expect(encodeOperationToken(target)).toBe(token);
    expect(decodeOperationToken(token)).toEqual(target);
  });

  const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  test.each([
    ["", "no base64url text"],
    ["a+b", "no base64url text"],
    ["abcd", "no JSON"],
    [of("text"), "no object"],
    [of(null), "no object"],
    [of({ v: 1, t: 1, ns: "n", wid: "w" }), "its version is 1"],
    [of({ t: 9, ns: "n" }), "its type is 9"],
    [of({ ns: "n" }), "its type is undefined"],
    [of({ t: 1, wid: "w" }), "its field ns is undefined"],
    [of({ t: 1, ns: "n" }), "its field wid is undefined"],
    [of({ t: 2, ns: "n", aid: "a" }), "its field rid is undefined"],
    [of({ t: 3, ns: "n", wid: "w", rid: 1, uid: "u" }), "its field rid is 1"],
    [of({ t: 3, ns: "n", wid: "w" }), "its field uid is undefined"],
  ])("%p is refused: %s", (token, reason) => {
    let error: unknown;
    try {
      decodeOperationToken(token);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toMatchObject({ type: "BAD_REQUEST", message: expect.stringContaining(reason) });
  });
});

describe("links", () => {
  const execution = { namespace: "name/space", workflowId: "w ä", runId: "run" };
  // The forms are those of version 1.24 of the official SDK.
  const links: [Link, string, string][] = [
    [
      { workflowEvent: { ...execution, eventRef: { eventId: Long.fromNumber(7), eventType: 48 } } },
      "temporal.api.common.v1.Link.WorkflowEvent",
      "temporal:///namespaces/name%2Fspace/workflows/w%20%C3%A4/run/history?referenceType=EventReference&eventID=7&eventType=NexusOperationScheduled",
    ],
    [
      { workflowEvent: { ...execution, eventRef: { eventId: Long.ZERO, eventType: 1 } } },
      "temporal.api.common.v1.Link.WorkflowEvent",
      "temporal:///namespaces/name%2Fspace/workflows/w%20%C3%A4/run/history?referenceType=EventReference&eventType=WorkflowExecutionStarted",
    ],
    [
      { workflowEvent: { ...execution, requestIdRef: { requestId: "id&=", eventType: 26 } } },
      "temporal.api.common.v1.Link.WorkflowEvent",
      "temporal:///namespaces/name%2Fspace/workflows/w%20%C3%A4/run/history?referenceType=RequestIdReference&requestID=id%26%3D&eventType=WorkflowExecutionSignaled",
    ],
    [
      { workflow: execution },
      "temporal.api.common.v1.Link.Workflow",
      "temporal:///namespaces/name%2Fspace/workflows/w%20%C3%A4/run",
    ],
    [
      { workflow: { ...execution, reason: "a query" } },
      "temporal.api.common.v1.Link.Workflow",
      "temporal:///namespaces/name%2Fspace/workflows/w%20%C3%A4/run?reason=a+query",
    ],
    [
      { nexusOperation: { namespace: "n", operationId: "o", runId: "r" } },
      "temporal.api.common.v1.Link.NexusOperation",
      "temporal:///namespaces/n/nexus-operations/o/r/details",
    ],
    [
      { activity: { namespace: "n", activityId: "a", runId: "r" } },
      "temporal.api.common.v1.Link.Activity",
      "temporal:///namespaces/n/activities/a/r/details",
    ],
  ];
  test.each(links)("%j", (link, type, url) => {
    const converted = toNexusLink(link);
    expect([converted.type, converted.url.toString()]).toEqual([type, url]);
    expect(fromNexusLink(converted)).toEqual(link);
  });

  test.each([
    ["https://example.com/namespaces/n/workflows/w/r/history", "WorkflowEvent", "scheme"],
    ["temporal:///namespaces/n/workflows/w/r/history", "BatchJob", "a type that this SDK doesn't know"],
    ["temporal:///namespaces/n/workflows/w/r", "WorkflowEvent", "path"],
    ["temporal:///namespaces/n/workflows/w/r/history", "Workflow", "path"],
    ["temporal:///namespaces/n/workflows/w/r/history/more", "WorkflowEvent", "path"],
    ["temporal:///namespaces/n/workflows//r/history", "WorkflowEvent", "path"],
    ["temporal:///namespaces/n/workflows/w/r/history?referenceType=EventReference", "WorkflowEvent", "event type"],
    [
      "temporal:///namespaces/n/workflows/w/r/history?referenceType=Other&eventType=TimerFired",
      "WorkflowEvent",
      "refers to its event",
    ],
  ])("%s as %s is refused", (url, type, reason) => {
    expect(() => fromNexusLink({ url: new URL(url), type: `temporal.api.common.v1.Link.${type}` })).toThrow(reason);
  });

  test("Temporal links without a form in Nexus are refused", () => {
    expect(() => toNexusLink({ batchJob: { jobId: "j" } })).toThrow("no form");
    expect(() => toNexusLink({ workflow: { namespace: "n", workflowId: "w" } })).toThrow("lacks a part");
  });
});
