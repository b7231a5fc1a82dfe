/** Types of the client's API. */

import { makeEnumConverters } from "../common/enums";
import type { Priority } from "../common/priority";
import type { SearchAttributes, SearchAttributeValue, TypedSearchAttributes } from "../common/search-attributes";
import type { Replace } from "../common/type-helpers";
import type { OperatorService } from "../proto/rpc/operator";
import type { WorkflowService } from "../proto/rpc/workflow";
import type { WorkflowExecutionStatus } from "../proto/temporal/api/enums/v1/workflow";
import type { WorkflowExecutionInfo as RawWorkflowExecutionInfo } from "../proto/temporal/api/workflow/v1/message";
import type { DescribeWorkflowExecutionResponse } from "../proto/temporal/api/workflowservice/v1/request_response";
import type { ConnectionPlugin, Metadata } from "./connection/connection-options";

export type { CloudService } from "../proto/rpc/cloud";
export type { Health as HealthService } from "../proto/rpc/health";
export type { OperatorService } from "../proto/rpc/operator";
export type { TestService } from "../proto/rpc/test";
export type { WorkflowService } from "../proto/rpc/workflow";
export type { WorkflowExecutionInfo as RawWorkflowExecutionInfo } from "../proto/temporal/api/workflow/v1/message";
export type {
  DescribeWorkflowExecutionResponse,
  GetWorkflowExecutionHistoryRequest,
  RequestCancelWorkflowExecutionResponse,
  StartWorkflowExecutionRequest,
  TerminateWorkflowExecutionResponse,
} from "../proto/temporal/api/workflowservice/v1/request_response";
export type { CallContext, Metadata } from "./connection/connection-options";

/** Which workflow: without a run id, the latest run. */
export interface WorkflowExecution {
  workflowId: string;
  runId?: string;
}

/** What the status of a workflow is called. */
export type WorkflowExecutionStatusName =
  | "UNSPECIFIED"
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "TERMINATED"
  | "CONTINUED_AS_NEW"
  | "TIMED_OUT"
  | "PAUSED"
  /** A status that this version does not know. */
  | "UNKNOWN";

/** What the server says of a workflow. */
export interface WorkflowExecutionInfo {
  /** Type name. */
  type: string;
  workflowId: string;
  runId: string;
  taskQueue: string;
  status: { code: WorkflowExecutionStatus; name: WorkflowExecutionStatusName };
  /** Number of events in the history. */
  historyLength: number;
  /** Bytes of the history, if the server knows. */
  historySize?: number;
  startTime: Date;
  /** Start time and, for cron, retries and delays, the wait before the first task. */
  executionTime?: Date;
  closeTime?: Date;
  memo?: Record<string, unknown>;
  /** @deprecated Use {@link typedSearchAttributes}. */
  searchAttributes: SearchAttributes;
  typedSearchAttributes: TypedSearchAttributes;
  parentExecution?: Required<WorkflowExecution>;
  rootExecution?: Required<WorkflowExecution>;
  /** The server's message. */
  raw: RawWorkflowExecutionInfo;
  priority?: Priority;
}

/** What `WorkflowHandle.describe` returns. */
export type WorkflowExecutionDescription = Replace<
  WorkflowExecutionInfo,
  { raw: DescribeWorkflowExecutionResponse }
> & {
  /** Text for UI and CLI, several lines. */
  staticDetails: () => Promise<string | undefined>;
  /** Text for UI and CLI, one line. */
  staticSummary: () => Promise<string | undefined>;
};

/** Number of workflows, and of each group if the query has GROUP BY. */
export interface CountWorkflowExecution {
  count: number;
  groups: {
    count: number;
    groupValues: SearchAttributeValue[];
  }[];
}

/** What clients need of a connection. */
export interface ConnectionLike {
  workflowService: WorkflowService;
  operatorService: OperatorService;
  plugins: ConnectionPlugin[];
  close(): Promise<void>;
  ensureConnected(): Promise<void>;
  /** See `Connection.withDeadline`. */
  withDeadline<R>(deadline: number | Date, fn: () => Promise<R>): Promise<R>;
  /** See `Connection.withMetadata`. */
  withMetadata<R>(metadata: Metadata, fn: () => Promise<R>): Promise<R>;
  /** See `Connection.withAbortSignal`. */
  withAbortSignal<R>(abortSignal: AbortSignal, fn: () => Promise<R>): Promise<R>;
}

/** For which workflows queries are rejected. */
export const QueryRejectCondition = {
  /** For none. */
  NONE: "NONE",
  /** For those that are not running. */
  NOT_OPEN: "NOT_OPEN",
  /** For those that ended otherwise than by completing. */
  NOT_COMPLETED_CLEANLY: "NOT_COMPLETED_CLEANLY",
  /** @deprecated Use NONE. */
  QUERY_REJECT_CONDITION_NONE: "NONE",
  /** @deprecated Use NOT_OPEN. */
  QUERY_REJECT_CONDITION_NOT_OPEN: "NOT_OPEN",
  /** @deprecated Use NOT_COMPLETED_CLEANLY. */
  QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY: "NOT_COMPLETED_CLEANLY",
  /** @deprecated Use undefined. */
  QUERY_REJECT_CONDITION_UNSPECIFIED: undefined,
} as const;
export type QueryRejectCondition = (typeof QueryRejectCondition)[keyof typeof QueryRejectCondition];

/** Between {@link QueryRejectCondition} and protobuf. */
export const [encodeQueryRejectCondition, decodeQueryRejectCondition] = makeEnumConverters("QUERY_REJECT_CONDITION_", {
  NONE: 1,
  NOT_OPEN: 2,
  NOT_COMPLETED_CLEANLY: 3,
});
