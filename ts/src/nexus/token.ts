/**
 * Operation tokens: what a handler gives to the server for a later cancellation. The format is that of Temporal's SDKs,
 * so that an operation that one of them started can be cancelled by another: base64url without padding, of JSON.
 */
import { HandlerError } from "nexus-rpc";

/** What an operation is backed by, as a number in its token. */
const kinds = { workflowRun: 1, activity: 2, workflowUpdate: 3 } as const;

/** What backs an operation. */
export type OperationTarget =
  | { kind: "workflowRun"; namespace: string; workflowId: string }
  | { kind: "activity"; namespace: string; activityId: string /** Empty if no run is known. */; runId: string }
  | {
      kind: "workflowUpdate";
      namespace: string;
      workflowId: string /** Empty if no run is known. */;
      runId: string;
      updateId: string;
    };

/** The token of an operation. */
export function encodeOperationToken(target: OperationTarget): string {
  return Buffer.from(JSON.stringify(tokenFields(target))).toString("base64url");
}

function tokenFields(target: OperationTarget): Record<string, unknown> {
  const common = { t: kinds[target.kind], ns: target.namespace };
  switch (target.kind) {
    case "workflowRun":
      return { ...common, wid: target.workflowId };
    case "activity":
      return { ...common, aid: target.activityId, rid: target.runId || undefined };
    case "workflowUpdate":
      return { ...common, wid: target.workflowId, rid: target.runId || undefined, uid: target.updateId };
  }
}

/**
 * What the operation of a token is backed by.
 *
 * @throws HandlerError of type BAD_REQUEST if it is no token that Temporal's SDKs make
 */
export function decodeOperationToken(token: string): OperationTarget {
  const { v, t, ns, wid, aid, rid, uid } = tokenObject(token);
  if (v !== undefined && v !== 0) throw invalid(`its version is ${JSON.stringify(v)}, newer than this SDK`);
  const text = (value: unknown, field: string): string => {
    if (typeof value === "string" && value !== "") return value;
    throw invalid(`its field ${field} is ${JSON.stringify(value)}, not a text`);
  };
  if (typeof ns !== "string") throw invalid(`its field ns is ${JSON.stringify(ns)}, not a text`);
  switch (t) {
    case kinds.workflowRun:
      return { kind: "workflowRun", namespace: ns, workflowId: text(wid, "wid") };
    case kinds.activity:
      return { kind: "activity", namespace: ns, activityId: text(aid, "aid"), runId: text(rid, "rid") };
    case kinds.workflowUpdate:
      return {
        kind: "workflowUpdate",
        namespace: ns,
        workflowId: text(wid, "wid"),
        runId: rid ? text(rid, "rid") : "",
        updateId: text(uid, "uid"),
      };
    default:
      throw invalid(`its type is ${JSON.stringify(t)}, which this SDK doesn't know`);
  }
}

function tokenObject(token: string): Record<string, unknown> {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw invalid("it is no base64url text");
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch (cause) {
    throw invalid("it holds no JSON", cause);
  }
  if (typeof value !== "object" || value === null) throw invalid("it holds no object");
  return value as Record<string, unknown>;
}

function invalid(reason: string, cause?: unknown): HandlerError {
  return new HandlerError("BAD_REQUEST", `Invalid operation token: ${reason}`, { cause });
}
