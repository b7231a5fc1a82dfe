import type { VersioningOverride } from "temporal-bun-sdk/proto/temporal/api/workflow/v1/message";
import type { RawJson } from "../../shared/json";

/** The override that a request asks for; none to take it away. */
export function versioningOverride(
  asked: "AutoUpgrade" | { deploymentName: string; buildId: string } | null | undefined,
): RawJson<VersioningOverride> | undefined {
  if (asked === undefined || asked === null) return undefined;
  if (asked === "AutoUpgrade") return { autoUpgrade: true };
  return { pinned: { behavior: "PINNED_OVERRIDE_BEHAVIOR_PINNED", version: asked } };
}
