/** Options for starting workflows, from a client or from a parent workflow. */

import { makeEnumConverters } from "./enums";
import type { Workflow } from "./interfaces";
import type { Priority } from "./priority";
import type { RetryPolicy } from "./retry-policy";
import type { SearchAttributePair, SearchAttributes, TypedSearchAttributes } from "./search-attributes";
import type { Duration } from "./time";
import type { PayloadTypeInfo } from "./type-info";
import { isWorkflowFunctionWithStaticOptions } from "./workflow-definition-options";

/** Whether a workflow may have the id of a closed one. (For running ones see {@link WorkflowIdConflictPolicy}.) */
export const WorkflowIdReusePolicy = {
  /** It may. The default. */
  ALLOW_DUPLICATE: "ALLOW_DUPLICATE",
  /** It may if the closed one did not complete. */
  ALLOW_DUPLICATE_FAILED_ONLY: "ALLOW_DUPLICATE_FAILED_ONLY",
  /** It may not. */
  REJECT_DUPLICATE: "REJECT_DUPLICATE",
  /**
   * It may, and a running one is terminated. @deprecated Use ALLOW_DUPLICATE and the conflict policy
   * TERMINATE_EXISTING.
   */
  TERMINATE_IF_RUNNING: "TERMINATE_IF_RUNNING",
  /** @deprecated Use undefined. */
  WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED: undefined,
  /** @deprecated Use ALLOW_DUPLICATE. */
  WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE: "ALLOW_DUPLICATE",
  /** @deprecated Use ALLOW_DUPLICATE_FAILED_ONLY. */
  WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY: "ALLOW_DUPLICATE_FAILED_ONLY",
  /** @deprecated Use REJECT_DUPLICATE. */
  WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE: "REJECT_DUPLICATE",
  /** @deprecated Use TERMINATE_IF_RUNNING. */
  WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING: "TERMINATE_IF_RUNNING",
} as const;
export type WorkflowIdReusePolicy = (typeof WorkflowIdReusePolicy)[keyof typeof WorkflowIdReusePolicy];

/** Between {@link WorkflowIdReusePolicy} and protobuf. */
export const [encodeWorkflowIdReusePolicy, decodeWorkflowIdReusePolicy] = makeEnumConverters(
  "WORKFLOW_ID_REUSE_POLICY_",
  {
    ALLOW_DUPLICATE: 1,
    ALLOW_DUPLICATE_FAILED_ONLY: 2,
    REJECT_DUPLICATE: 3,
    TERMINATE_IF_RUNNING: 4,
  },
);

/** What happens when a workflow with the same id is running. */
export const WorkflowIdConflictPolicy = {
  /** Starting fails with `WorkflowExecutionAlreadyStartedError`. */
  FAIL: "FAIL",
  /** Nothing is started; the handle is one of the running workflow. */
  USE_EXISTING: "USE_EXISTING",
  /** The running one is terminated. */
  TERMINATE_EXISTING: "TERMINATE_EXISTING",
} as const;
export type WorkflowIdConflictPolicy = (typeof WorkflowIdConflictPolicy)[keyof typeof WorkflowIdConflictPolicy];

/** Between {@link WorkflowIdConflictPolicy} and protobuf. */
export const [encodeWorkflowIdConflictPolicy, decodeWorkflowIdConflictPolicy] = makeEnumConverters(
  "WORKFLOW_ID_CONFLICT_POLICY_",
  {
    FAIL: 1,
    USE_EXISTING: 2,
    TERMINATE_EXISTING: 3,
  },
);

/** Options of every workflow, however it is started. */
export interface BaseWorkflowOptions {
  /** Whether the id of a closed workflow may be used again. Default ALLOW_DUPLICATE. */
  workflowIdReusePolicy?: WorkflowIdReusePolicy;
  /** What happens when a workflow with the id is running. Default FAIL. */
  workflowIdConflictPolicy?: WorkflowIdConflictPolicy;
  /** How a failed run is tried again. By default it is not. */
  retry?: RetryPolicy;
  /** Runs the workflow again and again at these times (UTC). A run begins only when the one before has ended. */
  cronSchedule?: string;
  /** Values to keep with the workflow, not indexed; converted by the data converter. */
  memo?: Record<string, unknown>;
  /** @deprecated Use {@link typedSearchAttributes}. */
  searchAttributes?: SearchAttributes;
  /**
   * Indexed values by which the workflow is found. They are not encrypted by codecs. Go before {@link
   * searchAttributes}.
   */
  typedSearchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
  /** Text for UI and CLI, several lines of Temporal's markdown. */
  staticDetails?: string;
  /** Text for UI and CLI, one line of Temporal's markdown. */
  staticSummary?: string;
  /** Which of the tasks that wait in a queue go first. */
  priority?: Priority;
}

/** `T` with `args`, which are required if the workflow has parameters that are. */
export type WithWorkflowArgs<W extends Workflow, T> = T &
  (Parameters<W> extends [any, ...any[]]
    ? {
        /** Arguments of the workflow. */
        args: Parameters<W> | Readonly<Parameters<W>>;
      }
    : {
        /** Arguments of the workflow. */
        args?: Parameters<W> | Readonly<Parameters<W>> | undefined;
      });

/** Time limits of a workflow: milliseconds, or text like "1 day". */
export interface WorkflowDurationOptions {
  /** Time after which the server ends a run. For limits of the business use timers in the workflow. */
  workflowRunTimeout?: Duration;
  /** Time after which the server ends the execution, retries and continue-as-new included. */
  workflowExecutionTimeout?: Duration;
  /** Time that a workflow task may take. Default 10 seconds. */
  workflowTaskTimeout?: Duration;
}

/** All options of a workflow that do not depend on who starts it. */
export type CommonWorkflowOptions = BaseWorkflowOptions & WorkflowDurationOptions;

/** Type name of a workflow, and how its arguments and result are converted. */
export interface WorkflowTypeOptions {
  type: string;
  typeInfo?: PayloadTypeInfo;
}

/**
 * Type name and type information of a workflow given by name or function. Throws `TypeError` for anything else and for
 * anonymous functions.
 */
export function extractWorkflowTypeAndConfig<T extends Workflow>(
  workflowTypeOrFunc: string | T,
  callSiteTypeInfo?: PayloadTypeInfo,
): WorkflowTypeOptions {
  if (typeof workflowTypeOrFunc === "string") return { type: workflowTypeOrFunc, typeInfo: callSiteTypeInfo };
  if (typeof workflowTypeOrFunc !== "function") {
    throw new TypeError(
      `Invalid workflow type: expected either a string or a function, got '${typeof workflowTypeOrFunc}'`,
    );
  }
  if (!workflowTypeOrFunc.name) throw new TypeError("Invalid workflow type: the workflow function is anonymous");
  if (callSiteTypeInfo !== undefined) {
    throw new TypeError(
      "Workflow type information cannot be supplied at the call site when using a workflow function. " +
        "Attach it to the function by defineWorkflowOptions(..., { staticOptions: { typeInfo } }), or name the workflow type by a string",
    );
  }
  const typeInfo = isWorkflowFunctionWithStaticOptions(workflowTypeOrFunc)
    ? workflowTypeOrFunc.staticOptions.typeInfo
    : undefined;
  return { type: workflowTypeOrFunc.name, typeInfo };
}

/** Type name of a workflow given by name or function. */
export function extractWorkflowType<T extends Workflow>(workflowTypeOrFunc: string | T): string {
  return extractWorkflowTypeAndConfig(workflowTypeOrFunc).type;
}
