/**
 * Types of the older versioning of workers by build ids. All are deprecated: use worker deployments, through
 * `workflowService`.
 */

import type { CompatibleVersionSet } from "../../proto/temporal/api/taskqueue/v1/message";
import type { GetWorkerBuildIdCompatibilityResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";

/** A change of the build ids of a task queue. @deprecated Use worker deployments. */
export type BuildIdOperation =
  | AddNewIdInNewDefaultSet
  | AddNewCompatibleVersion
  | PromoteSetByBuildId
  | PromoteBuildIdWithinSet
  | MergeSets;

/** Adds a build id in a set of its own, on which new workflows start. @deprecated Use worker deployments. */
export interface AddNewIdInNewDefaultSet {
  operation: "addNewIdInNewDefaultSet";
  buildId: string;
}

/** Adds a build id to a set, whose workflows go on with it. @deprecated Use worker deployments. */
export interface AddNewCompatibleVersion {
  operation: "addNewCompatibleVersion";
  buildId: string;
  /** A build id of the set. */
  existingCompatibleBuildId: string;
  /** Whether new workflows start on the set. */
  promoteSet?: boolean;
}

/** Makes new workflows start on a set. @deprecated Use worker deployments. */
export interface PromoteSetByBuildId {
  operation: "promoteSetByBuildId";
  /** A build id of the set. */
  buildId: string;
}

/** Makes the workflows of a set go on with a build id of it. @deprecated Use worker deployments. */
export interface PromoteBuildIdWithinSet {
  operation: "promoteBuildIdWithinSet";
  buildId: string;
}

/** Makes one set of two. @deprecated Use worker deployments. */
export interface MergeSets {
  operation: "mergeSets";
  /** A build id of the set whose default stays. */
  primaryBuildId: string;
  /** A build id of the other set. */
  secondaryBuildId: string;
}

/** The build ids of a task queue. @deprecated Use worker deployments. */
export interface WorkerBuildIdVersionSets {
  readonly versionSets: BuildIdVersionSet[];
  /** The set on which new workflows start. */
  defaultSet: BuildIdVersionSet;
  /** The build id on which new workflows start. */
  defaultBuildId: string;
}

/** Build ids that can go on with each other's workflows. @deprecated Use worker deployments. */
export interface BuildIdVersionSet {
  readonly buildIds: string[];
  /** The one that workflows of the set go on with. */
  readonly default: string;
}

/** The build ids in the server's message. Throws `TypeError` if there are none. @deprecated Use worker deployments. */
export function versionSetsFromProto(response: GetWorkerBuildIdCompatibilityResponse): WorkerBuildIdVersionSets {
  const versionSets = (response.majorVersionSets ?? []).map(versionSetFromProto);
  const defaultSet = versionSets.at(-1);
  if (!defaultSet) throw new TypeError("The server's answer has no sets of build ids");
  return { versionSets, defaultSet, defaultBuildId: defaultSet.default };
}

function versionSetFromProto({ buildIds = [] }: CompatibleVersionSet): BuildIdVersionSet {
  const last = buildIds.at(-1);
  if (last === undefined) throw new TypeError("The server's answer has a set without build ids");
  return { buildIds, default: last };
}
