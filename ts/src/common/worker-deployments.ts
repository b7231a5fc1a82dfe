/** Versions of workers, and how workflows move between them. */

import type { VersioningOverride as ProtoVersioningOverride } from "../proto/temporal/api/workflow/v1/message";
import type { WorkerDeploymentVersion as ProtoVersion } from "../proto/temporal/sdk/core/common/common";
import { makeEnumConverters } from "./enums";

/** A version of a worker: the name of the deployment and the build. */
export interface WorkerDeploymentVersion {
  readonly buildId: string;
  readonly deploymentName: string;
}

/** The version as one string: "deploymentName.buildId". */
export function toCanonicalString(version: WorkerDeploymentVersion): string {
  return `${version.deploymentName}.${version.buildId}`;
}

/** When a workflow moves to another version. */
export const VersioningBehavior = {
  /** It stays with the version it began with unless moved by hand. */
  PINNED: "PINNED",
  /** It moves to the queue's current version with its next task. */
  AUTO_UPGRADE: "AUTO_UPGRADE",
} as const;
export type VersioningBehavior = (typeof VersioningBehavior)[keyof typeof VersioningBehavior];

/** Between {@link VersioningBehavior} and protobuf. */
export const [encodeVersioningBehavior, decodeVersioningBehavior] = makeEnumConverters("VERSIONING_BEHAVIOR_", {
  PINNED: 1,
  AUTO_UPGRADE: 2,
});

/** Pins a workflow to a version. */
export interface PinnedVersioningOverride {
  /** The version. */
  pinnedTo: WorkerDeploymentVersion;
}

/** Lets a workflow move to the current version with its next task. */
export type AutoUpgradeVersioningOverride = "AUTO_UPGRADE";

/** What replaces the behaviour that the workflow's code asks for. */
export type VersioningOverride = PinnedVersioningOverride | AutoUpgradeVersioningOverride;

/**
 * How the first task of a run made by continue-as-new chooses its version (experimental). A pinned override goes
 * before.
 */
export const InitialVersioningBehavior = {
  /** The version that the queue would give an auto-upgrading workflow; afterwards what the code asks for. */
  AUTO_UPGRADE: "AUTO_UPGRADE",
  /** The ramping version of the queue, or the current one if none is ramping. Not for workflows that auto-upgrade. */
  USE_RAMPING_VERSION: "USE_RAMPING_VERSION",
} as const;
export type InitialVersioningBehavior = (typeof InitialVersioningBehavior)[keyof typeof InitialVersioningBehavior];

/** Between {@link InitialVersioningBehavior} and protobuf. */
export const [encodeInitialVersioningBehavior, decodeInitialVersioningBehavior] = makeEnumConverters(
  "CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_",
  {
    AUTO_UPGRADE: 1,
    USE_RAMPING_VERSION: 2,
  },
);

/** The version that Core reports; undefined if it has no build id. */
export function convertDeploymentVersion(
  version: ProtoVersion | null | undefined,
): WorkerDeploymentVersion | undefined {
  return version?.buildId ? { buildId: version.buildId, deploymentName: version.deploymentName ?? "" } : undefined;
}

/** The protobuf form of an override. */
export function versioningOverrideToProto(
  override: VersioningOverride | undefined,
): ProtoVersioningOverride | undefined {
  if (!override) return undefined;
  // Each in the current form and in the one that older servers read.
  if (override === "AUTO_UPGRADE") return { autoUpgrade: true, behavior: 2 };
  return {
    pinned: { version: override.pinnedTo, behavior: 1 },
    behavior: 1,
    pinnedVersion: toCanonicalString(override.pinnedTo),
  };
}
