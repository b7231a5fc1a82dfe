/**
 * Links: what caller and handler of an operation point at each other with, in Nexus's form (URLs) and in Temporal's.
 */
import Long from "long";
import type { Link as NexusLink, StartOperationContext } from "nexus-rpc";
import type { Link, Link_WorkflowEvent } from "../proto/temporal/api/common/v1/message";
import { EventType } from "../proto/temporal/api/enums/v1/event_type";
import { log } from "./context";

const types = {
  workflowEvent: "temporal.api.common.v1.Link.WorkflowEvent",
  workflow: "temporal.api.common.v1.Link.Workflow",
  nexusOperation: "temporal.api.common.v1.Link.NexusOperation",
  activity: "temporal.api.common.v1.Link.Activity",
} as const;

/**
 * The request's links in Temporal's form, to be sent along with what the handler starts. Those of another form are left
 * out.
 */
export function inboundLinks({ inboundLinks: links }: Pick<StartOperationContext, "inboundLinks">): Link[] {
  return links.flatMap((link) => {
    try {
      return [fromNexusLink(link)];
    } catch (error) {
      log.warn("Failed to convert a Nexus link to a Temporal link, which is left out", { error });
      return [];
    }
  });
}

/** Adds what the server links a call to, if it says so, to what the handler answers. */
export function addOutboundLink(
  { outboundLinks }: Pick<StartOperationContext, "outboundLinks">,
  link: Link | undefined,
): void {
  if (link === undefined) return;
  try {
    outboundLinks.push(toNexusLink(link));
  } catch (error) {
    log.warn("Failed to convert a Temporal link to a Nexus link, which is left out", { error });
  }
}

/** Nexus's form of a link. @throws TypeError if there is none for it */
export function toNexusLink({ workflowEvent, workflow, nexusOperation, activity }: Link): NexusLink {
  if (workflowEvent !== undefined) {
    const { namespace, workflowId, runId } = workflowEvent;
    return nexusLink(
      types.workflowEvent,
      ["namespaces", namespace, "workflows", workflowId, runId, "history"],
      reference(workflowEvent),
    );
  }
  if (workflow !== undefined) {
    const { namespace, workflowId, runId, reason } = workflow;
    return nexusLink(
      types.workflow,
      ["namespaces", namespace, "workflows", workflowId, runId],
      reason ? { reason } : {},
    );
  }
  if (nexusOperation !== undefined) {
    const { namespace, operationId, runId } = nexusOperation;
    return nexusLink(types.nexusOperation, [
      "namespaces",
      namespace,
      "nexus-operations",
      operationId,
      runId,
      "details",
    ]);
  }
  if (activity !== undefined) {
    const { namespace, activityId, runId } = activity;
    return nexusLink(types.activity, ["namespaces", namespace, "activities", activityId, runId, "details"]);
  }
  throw new TypeError("Nexus has no form for this kind of Temporal link");
}

/** Temporal's form of a link. @throws TypeError if there is none for it */
export function fromNexusLink(link: NexusLink): Link {
  if (link.url.protocol !== "temporal:")
    throw new TypeError(`The link ${link.url} is none of Temporal's: its scheme is not "temporal"`);
  switch (link.type) {
    case types.workflowEvent: {
      const [namespace, workflowId, runId] = pathOf(link, "workflows", "history");
      return { workflowEvent: { namespace, workflowId, runId, ...referenceOf(link) } };
    }
    case types.workflow: {
      const [namespace, workflowId, runId] = pathOf(link, "workflows");
      const reason = link.url.searchParams.get("reason");
      return { workflow: { namespace, workflowId, runId, ...(reason === null ? {} : { reason }) } };
    }
    case types.nexusOperation: {
      const [namespace, operationId, runId] = pathOf(link, "nexus-operations", "details");
      return { nexusOperation: { namespace, operationId, runId } };
    }
    case types.activity: {
      const [namespace, activityId, runId] = pathOf(link, "activities", "details");
      return { activity: { namespace, activityId, runId } };
    }
    default:
      throw new TypeError(`The link ${link.url} has a type that this SDK doesn't know: ${JSON.stringify(link.type)}`);
  }
}

function nexusLink(type: string, path: (string | undefined)[], query: Record<string, string> = {}): NexusLink {
  if (path.some((part) => !part))
    throw new TypeError(`A link of type ${type} lacks a part of its path: ${JSON.stringify(path)}`);
  const url = new URL(`temporal:///${path.map((part) => encodeURIComponent(part!)).join("/")}`);
  url.search = new URLSearchParams(query).toString();
  return { url, type };
}

/** Namespace, id and run id of a link's path, which is `/namespaces/…/<collection>/…/…/<tail>`. */
function pathOf({ url }: NexusLink, collection: string, tail?: string): [string, string, string] {
  const [root, namespaces, namespace, found, id, runId, ...rest] = url.pathname.split("/");
  const fits = root === "" && namespaces === "namespaces" && found === collection && rest.join("/") === (tail ?? "");
  if (!fits || !namespace || !id || !runId || rest.length > 1)
    throw new TypeError(`The path of the link ${url} has not the form of one to ${collection}`);
  return [decodeURIComponent(namespace), decodeURIComponent(id), decodeURIComponent(runId)];
}

/** How a link says which event of a history it is to. */
function reference({ eventRef, requestIdRef }: Link_WorkflowEvent): Record<string, string> {
  const event = (type: EventType | undefined) => ({ eventType: nameOf(type ?? EventType.EVENT_TYPE_UNSPECIFIED) });
  if (eventRef !== undefined) {
    const eventId = eventRef.eventId?.toString() ?? "0";
    return {
      referenceType: "EventReference",
      ...(eventId === "0" ? {} : { eventID: eventId }),
      ...event(eventRef.eventType),
    };
  }
  if (requestIdRef !== undefined)
    return {
      referenceType: "RequestIdReference",
      requestID: requestIdRef.requestId ?? "",
      ...event(requestIdRef.eventType),
    };
  return {};
}

function referenceOf({ url }: NexusLink): Pick<Link_WorkflowEvent, "eventRef" | "requestIdRef"> {
  const query = url.searchParams;
  const referenceType = query.get("referenceType");
  const eventType = eventTypes.get(query.get("eventType") ?? "");
  if (eventType === undefined) throw new TypeError(`The link ${url} names no event type that this SDK knows`);
  switch (referenceType) {
    case "EventReference": {
      const eventId = query.get("eventID") ?? "";
      return { eventRef: { eventId: /^\d+$/.test(eventId) ? Long.fromString(eventId) : Long.ZERO, eventType } };
    }
    case "RequestIdReference":
      return { requestIdRef: { requestId: query.get("requestID") ?? "", eventType } };
    default:
      throw new TypeError(
        `The link ${url} refers to its event in a way that this SDK doesn't know: ${JSON.stringify(referenceType)}`,
      );
  }
}

/** `WorkflowExecutionStarted` for `EVENT_TYPE_WORKFLOW_EXECUTION_STARTED`. */
function nameOf(type: EventType): string {
  const words = (EventType[type] ?? "UNSPECIFIED").replace(/^EVENT_TYPE_/, "").split("_");
  return words.map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join("");
}

/** Event types by the names that links have for them, and by those of the enum. */
const eventTypes = new Map(
  Object.values(EventType)
    .filter((type) => typeof type === "number")
    .flatMap((type) => [
      [nameOf(type), type],
      [EventType[type]!, type],
    ]),
);
