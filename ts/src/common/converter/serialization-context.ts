/** Whose payload is being converted (experimental in Temporal's SDKs). */

/** The payload belongs to a workflow: the one that it is sent to or comes from, e.g. the child, not its parent. */
export interface WorkflowSerializationContext {
  type: "workflow";
  /** Namespace of the workflow. */
  namespace: string;
  /** Id of the workflow. */
  workflowId: string;
}

/** The payload belongs to an activity: arguments, result, heartbeat details or a failure. */
export interface ActivitySerializationContext {
  type: "activity";
  /** Namespace of the activity. */
  namespace: string;
  /** Id of the activity. */
  activityId?: string;
  /** Id of the workflow that scheduled the activity, if known. */
  workflowId?: string;
  /** Whether it is a local activity. */
  isLocal: boolean;
}

/** What the payload belongs to. */
export type SerializationContext = WorkflowSerializationContext | ActivitySerializationContext;
