import { describe, expect, test } from "bun:test";
import * as common from "../../src/common";
import { decodeSuggestContinueAsNewReason, encodeSuggestContinueAsNewReason } from "../../src/common/continue-as-new";
import { ApplicationErrorCategory } from "../../src/proto/temporal/api/enums/v1/common";
import * as proto from "../../src/proto/temporal/api/enums/v1/workflow";
import { ChildWorkflowCancellationType } from "../../src/proto/temporal/sdk/core/child_workflow/child_workflow";
import { NexusOperationCancellationType } from "../../src/proto/temporal/sdk/core/nexus/nexus";
import { ActivityCancellationType } from "../../src/proto/temporal/sdk/core/workflow_commands/workflow_commands";
import * as workflow from "../../src/workflow/enums";

type Encode = (value: any) => number | undefined;
type Decode = (value: number | null | undefined) => string | undefined;

const enumerations: [string, object, Record<string, string | number>, string, Encode, Decode][] = [
  [
    "ActivityCancellationType",
    common.ActivityCancellationType,
    ActivityCancellationType,
    "",
    common.encodeActivityCancellationType,
    common.decodeActivityCancellationType,
  ],
  [
    "ApplicationFailureCategory",
    common.ApplicationFailureCategory,
    ApplicationErrorCategory,
    "APPLICATION_ERROR_CATEGORY_",
    common.encodeApplicationFailureCategory,
    common.decodeApplicationFailureCategory,
  ],
  [
    "InitialVersioningBehavior",
    common.InitialVersioningBehavior,
    proto.ContinueAsNewVersioningBehavior,
    "CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_",
    common.encodeInitialVersioningBehavior,
    common.decodeInitialVersioningBehavior,
  ],
  ["RetryState", common.RetryState, proto.RetryState, "RETRY_STATE_", common.encodeRetryState, common.decodeRetryState],
  [
    "TimeoutType",
    common.TimeoutType,
    proto.TimeoutType,
    "TIMEOUT_TYPE_",
    common.encodeTimeoutType,
    common.decodeTimeoutType,
  ],
  [
    "VersioningBehavior",
    common.VersioningBehavior,
    proto.VersioningBehavior,
    "VERSIONING_BEHAVIOR_",
    common.encodeVersioningBehavior,
    common.decodeVersioningBehavior,
  ],
  [
    "WorkflowIdConflictPolicy",
    common.WorkflowIdConflictPolicy,
    proto.WorkflowIdConflictPolicy,
    "WORKFLOW_ID_CONFLICT_POLICY_",
    common.encodeWorkflowIdConflictPolicy,
    common.decodeWorkflowIdConflictPolicy,
  ],
  [
    "WorkflowIdReusePolicy",
    common.WorkflowIdReusePolicy,
    proto.WorkflowIdReusePolicy,
    "WORKFLOW_ID_REUSE_POLICY_",
    common.encodeWorkflowIdReusePolicy,
    common.decodeWorkflowIdReusePolicy,
  ],
  [
    "SuggestContinueAsNewReason",
    common.SuggestContinueAsNewReason,
    proto.SuggestContinueAsNewReason,
    "SUGGEST_CONTINUE_AS_NEW_REASON_",
    encodeSuggestContinueAsNewReason,
    decodeSuggestContinueAsNewReason,
  ],
  [
    "ParentClosePolicy",
    workflow.ParentClosePolicy,
    proto.ParentClosePolicy,
    "PARENT_CLOSE_POLICY_",
    workflow.encodeParentClosePolicy,
    workflow.decodeParentClosePolicy,
  ],
  [
    "ChildWorkflowCancellationType",
    workflow.ChildWorkflowCancellationType,
    ChildWorkflowCancellationType,
    "",
    workflow.encodeChildWorkflowCancellationType,
    workflow.decodeChildWorkflowCancellationType,
  ],
  [
    "NexusOperationCancellationType",
    workflow.NexusOperationCancellationType,
    NexusOperationCancellationType,
    "",
    workflow.encodeNexusOperationCancellationType,
    workflow.decodeNexusOperationCancellationType,
  ],
];

describe.each(enumerations)("%s", (_, constants, numbers, prefix, encode, decode) => {
  const members = Object.entries(numbers).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && !/UNSPECIFIED$|^UNRECOGNIZED$/.test(entry[0]),
  );
  const names = members.map(([name]) => name.slice(prefix.length));

  test("has all names of the protobuf enumeration, and converts them", () => {
    expect(Object.keys(constants)).toEqual(expect.arrayContaining(names));
    for (const [name, number] of members) {
      const short = name.slice(prefix.length);
      expect([encode(short), encode(name), encode(number), decode(number)]).toEqual([number, number, number, short]);
      expect((constants as Record<string, string>)[short]).toBe(short);
    }
  });

  test("has nothing else but deprecated aliases", () => {
    for (const [name, value] of Object.entries(constants)) {
      if (names.includes(name)) continue;
      expect(name.startsWith(prefix)).toBe(true);
      expect(value).toBe(name.endsWith("UNSPECIFIED") ? undefined : name.slice(prefix.length));
    }
  });

  test("knows nothing, the unknown and the impossible", () => {
    expect([encode(undefined), encode(null), decode(undefined), decode(null)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([encode("UNSPECIFIED"), encode(99), decode(99)]).toEqual([0, 99, "unknown_99"]);
    expect(() => encode("NONSENSE")).toThrow(common.ValueError);
    expect(() => decode("NONSENSE" as never)).toThrow("expected a number");
  });
});
