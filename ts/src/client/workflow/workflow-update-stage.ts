/** Stages of updates. */

import { makeEnumConverters } from "../../common/enums";

/** How far an update has come. */
export const WorkflowUpdateStage = {
  /** The server has it, but not durably: not a stage to wait for. */
  ADMITTED: "ADMITTED",
  /** The workflow accepted it, after validation, or rejected it. */
  ACCEPTED: "ACCEPTED",
  /** Its handler has ended. */
  COMPLETED: "COMPLETED",
  /** @deprecated Use undefined. */
  UNSPECIFIED: undefined,
} as const;
export type WorkflowUpdateStage = (typeof WorkflowUpdateStage)[keyof typeof WorkflowUpdateStage];

/** {@link WorkflowUpdateStage} to protobuf. */
export const [encodeWorkflowUpdateStage] = makeEnumConverters("UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_", {
  ADMITTED: 1,
  ACCEPTED: 2,
  COMPLETED: 3,
});
