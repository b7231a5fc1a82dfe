/** Versioning by build ids, the predecessor of worker deployments. */

/**
 * Whether a task goes to workers compatible with this one, or to the default version of the queue.
 *
 * @deprecated Use worker deployments.
 */
export type VersioningIntent = "COMPATIBLE" | "DEFAULT";

/** The number that protobuf has for an intent. */
export function versioningIntentToProto(intent: VersioningIntent | undefined): number {
  return intent === "COMPATIBLE" ? 1 : intent === "DEFAULT" ? 2 : 0;
}
