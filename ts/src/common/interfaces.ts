/** Types of workflows, activities, signals, queries and updates. */

import type { Payload as ProtoPayload } from "../proto/temporal/api/common/v1/message";
import type { History } from "../proto/temporal/api/history/v1/message";
import type { PayloadTypeInfo } from "./type-info";

/** A serialized value: bytes, and metadata that says how to read them. */
export type Payload = ProtoPayload;

/** What a workflow function returns. */
export type WorkflowReturnType = Promise<any>;

/** Any workflow function. */
export type Workflow = (...args: any[]) => WorkflowReturnType;

/** Type of the value that the workflow's promise resolves to. */
export type WorkflowResultType<W extends Workflow> = ReturnType<W> extends Promise<infer R> ? R : never;

/** Any handler of an update. */
export type WorkflowUpdateType = (...args: any[]) => Promise<any> | any;

/** Any validator of an update; it rejects the update by throwing. */
export type WorkflowUpdateValidatorType = (...args: any[]) => void;

/** A handler of an update with everything registered beside it. */
export type WorkflowUpdateAnnotatedType = {
  handler: WorkflowUpdateType;
  unfinishedPolicy: HandlerUnfinishedPolicy;
  validator?: WorkflowUpdateValidatorType;
  description?: string;
  typeInfo?: PayloadTypeInfo;
};

/** Any handler of a signal. */
export type WorkflowSignalType = (...args: any[]) => Promise<void> | void;

/** A handler of a signal with everything registered beside it. */
export type WorkflowSignalAnnotatedType = {
  handler: WorkflowSignalType;
  unfinishedPolicy: HandlerUnfinishedPolicy;
  description?: string;
  typeInfo?: SignalTypeInfo;
};

/** Any handler of a query. */
export type WorkflowQueryType = (...args: any[]) => any;

/** A handler of a query with everything registered beside it. */
export type WorkflowQueryAnnotatedType = {
  handler: WorkflowQueryType;
  description?: string;
  typeInfo?: PayloadTypeInfo;
};

declare const argsBrand: unique symbol;
declare const retBrand: unique symbol;

/** Further options of `defineUpdate`. */
export interface UpdateDefinitionOptions {
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
}

/** An update, as `defineUpdate` returns it: the types of its arguments and result with its name. */
export interface UpdateDefinition<Ret, Args extends any[] = [], Name extends string = string> {
  type: "update";
  name: Name;
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
  /** Only for the compiler: keeps definitions with other arguments apart. */
  [argsBrand]: Args;
  /** Only for the compiler: keeps definitions with other results apart. */
  [retBrand]: Ret;
}

/** Type information of a signal, which has no result. */
export type SignalTypeInfo = Pick<PayloadTypeInfo, "inputTypes">;

/** Further options of `defineSignal`. */
export interface SignalDefinitionOptions {
  /** How arguments are converted. */
  typeInfo?: SignalTypeInfo;
}

/** A signal, as `defineSignal` returns it: the types of its arguments with its name. */
export interface SignalDefinition<Args extends any[] = [], Name extends string = string> {
  type: "signal";
  name: Name;
  /** How arguments are converted. */
  typeInfo?: SignalTypeInfo;
  /** Only for the compiler: keeps definitions with other arguments apart. */
  [argsBrand]: Args;
}

/** Further options of `defineQuery`. */
export interface QueryDefinitionOptions {
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
}

/** A query, as `defineQuery` returns it: the types of its arguments and result with its name. */
export interface QueryDefinition<Ret, Args extends any[] = [], Name extends string = string> {
  type: "query";
  name: Name;
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
  /** Only for the compiler: keeps definitions with other arguments apart. */
  [argsBrand]: Args;
  /** Only for the compiler: keeps definitions with other results apart. */
  [retBrand]: Ret;
}

/** An activity function. */
export type ActivityFunction<P extends any[] = any[], R = any> = (...args: P) => Promise<R>;

/** Activities by name. @deprecated Use {@link UntypedActivities}. */
export type ActivityInterface = Record<string, ActivityFunction>;

/** Activities by name. */
export type UntypedActivities = Record<string, ActivityFunction>;

/** A history to replay, with the id of its workflow. */
export interface HistoryAndWorkflowId {
  /** What the Workflow sees as its ID. */
  workflowId: string;
  /** A protobuf message, its encoded bytes, or the parsed JSON that the CLI and the web UI export. */
  history: History | unknown | undefined;
}

/** What happens to signal and update handlers that still run when their workflow ends. */
export const HandlerUnfinishedPolicy = {
  /** Log a warning (not when the workflow fails) and abandon the handler. */
  WARN_AND_ABANDON: "WARN_AND_ABANDON",
  /** Abandon the handler. The caller of an update gets an error. */
  ABANDON: "ABANDON",
} as const;
export type HandlerUnfinishedPolicy = (typeof HandlerUnfinishedPolicy)[keyof typeof HandlerUnfinishedPolicy];
