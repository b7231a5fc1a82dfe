/** Options that are attached to an activity function (experimental in Temporal's SDKs). */

import type { ActivityFunction } from "./interfaces";
import type { PayloadTypeInfo } from "./type-info";

/** Options of an activity that are known without running it. */
export interface ActivityDefinitionOptions {
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
}

type ActivityKeys<A> = { [K in keyof A & string]: A[K] extends ActivityFunction ? K : never }[keyof A & string];

/** Type information by name of activity. */
export type ActivityTypeInfoMap<A> = Partial<Record<ActivityKeys<A>, PayloadTypeInfo>>;

/** An activity function with options. */
export interface ActivityFunctionWithOptions<Args extends any[] = any[], ReturnType = any>
  extends ActivityFunction<Args, ReturnType> {
  activityDefinitionOptions: ActivityDefinitionOptions;
}

/** Whether the value is a function with options. */
export function isActivityFunctionWithOptions(value: unknown): value is ActivityFunctionWithOptions {
  if (typeof value !== "function" || !Object.hasOwn(value, "activityDefinitionOptions")) return false;
  const { activityDefinitionOptions } = value as { activityDefinitionOptions?: unknown };
  return typeof activityDefinitionOptions === "object" && activityDefinitionOptions !== null;
}
