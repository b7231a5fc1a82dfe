/** Protobuf messages, with the package's default export and its namespaces. */

import type { Payload } from "@temporalio/common";
import proto, { type coresdk, type google, temporal } from "@temporalio/proto";
import Long from "long";

const { ApplicationFailureInfo }: typeof temporal.api.failure.v1 = proto.temporal.api.failure.v1;
export const info = ApplicationFailureInfo.create({ type: "x", nonRetryable: true });
export const bytes: Uint8Array = proto.temporal.api.common.v1.Payloads.encode({ payloads: [{}] }).finish();
export const payload: Payload = temporal.api.common.v1.Payload.create({ metadata: {}, data: new Uint8Array(1) });
export const event = temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED;
export const named: string | undefined = temporal.api.enums.v1.EventType[event];
export const duration: google.protobuf.IDuration = { seconds: Long.fromNumber(5), nanos: 0 };
export const failure: temporal.api.failure.v1.IFailure = { message: "m", cause: { message: "c" } };
export type Completion = coresdk.workflow_completion.IWorkflowActivationCompletion;
export const history: temporal.api.history.v1.IHistory = { events: [] };
export const execution: temporal.api.common.v1.IWorkflowExecution = { workflowId: "w", runId: "r" };
