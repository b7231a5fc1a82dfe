import { makeEnumConverters } from "../common/enums";

/** Whether and when cancellation reaches a Child Workflow, and when its outcome is reported to the parent. */
export const ChildWorkflowCancellationType = {
  /** The child isn't told; the parent gets a cancellation at once. */
  ABANDON: "ABANDON",
  /** The child is told; the parent gets a cancellation at once, without knowing whether the request arrived. */
  TRY_CANCEL: "TRY_CANCEL",
  /** The child is told; the parent gets a cancellation when the request has arrived. */
  WAIT_CANCELLATION_REQUESTED: "WAIT_CANCELLATION_REQUESTED",
  /** The child is told; the parent gets whatever the child then ends with. The default. */
  WAIT_CANCELLATION_COMPLETED: "WAIT_CANCELLATION_COMPLETED",
} as const;
/** One of the values of the constant of the same name. */
export type ChildWorkflowCancellationType =
  (typeof ChildWorkflowCancellationType)[keyof typeof ChildWorkflowCancellationType];

/** What happens to a Child Workflow when its parent closes. */
export const ParentClosePolicy = {
  /** It is terminated. The default. */
  TERMINATE: "TERMINATE",
  /** It goes on. */
  ABANDON: "ABANDON",
  /** Its cancellation is requested. */
  REQUEST_CANCEL: "REQUEST_CANCEL",
  /** @deprecated Leave the option out. */
  PARENT_CLOSE_POLICY_UNSPECIFIED: undefined,
  /** @deprecated Use `TERMINATE`. */
  PARENT_CLOSE_POLICY_TERMINATE: "TERMINATE",
  /** @deprecated Use `ABANDON`. */
  PARENT_CLOSE_POLICY_ABANDON: "ABANDON",
  /** @deprecated Use `REQUEST_CANCEL`. */
  PARENT_CLOSE_POLICY_REQUEST_CANCEL: "REQUEST_CANCEL",
} as const;
/** One of the values of the constant of the same name. */
export type ParentClosePolicy = (typeof ParentClosePolicy)[keyof typeof ParentClosePolicy];

/** Whether and when cancellation reaches a Nexus operation, and when its outcome is reported to the Workflow. */
export const NexusOperationCancellationType = {
  /** The operation isn't told; the Workflow gets a cancellation at once. */
  ABANDON: "ABANDON",
  /** The operation is told; the Workflow gets a cancellation at once, without knowing whether the request arrives. */
  TRY_CANCEL: "TRY_CANCEL",
  /** The operation is told; the Workflow gets a cancellation when the request has arrived. */
  WAIT_CANCELLATION_REQUESTED: "WAIT_CANCELLATION_REQUESTED",
  /** The operation is told; the Workflow gets whatever the operation then ends with. The default. */
  WAIT_CANCELLATION_COMPLETED: "WAIT_CANCELLATION_COMPLETED",
} as const;
/** One of the values of the constant of the same name. */
export type NexusOperationCancellationType =
  (typeof NexusOperationCancellationType)[keyof typeof NexusOperationCancellationType];

/** Number of a {@link ChildWorkflowCancellationType} in messages, and back. */
export const [encodeChildWorkflowCancellationType, decodeChildWorkflowCancellationType] = makeEnumConverters("", {
  ABANDON: 0,
  TRY_CANCEL: 1,
  WAIT_CANCELLATION_COMPLETED: 2,
  WAIT_CANCELLATION_REQUESTED: 3,
});

/** Number of a {@link ParentClosePolicy} in messages, and back. */
export const [encodeParentClosePolicy, decodeParentClosePolicy] = makeEnumConverters("PARENT_CLOSE_POLICY_", {
  TERMINATE: 1,
  ABANDON: 2,
  REQUEST_CANCEL: 3,
});

/** Number of a {@link NexusOperationCancellationType} in messages, and back. */
export const [encodeNexusOperationCancellationType, decodeNexusOperationCancellationType] = makeEnumConverters("", {
  WAIT_CANCELLATION_COMPLETED: 0,
  ABANDON: 1,
  TRY_CANCEL: 2,
  WAIT_CANCELLATION_REQUESTED: 3,
});
