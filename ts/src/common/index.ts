/**
 * What clients, workers, activities and workflows share: converters, failures, options and types.
 *
 * Workflows import it too: nothing in it may read the clock, the environment or files. (`load-data-converter`, which
 * does, is for the client and the worker and not exported here.)
 */

import { decode, encode } from "./encoding";

export { ActivityCancellationDetails, type ActivityCancellationDetailsOptions } from "./activity-cancellation-details";
export * from "./activity-definition-options";
export {
  ActivityCancellationType,
  type ActivityOptions,
  decodeActivityCancellationType,
  encodeActivityCancellationType,
  type LocalActivityOptions,
} from "./activity-options";
export * from "./composed-metrics";
export { SuggestContinueAsNewReason } from "./continue-as-new";
export * from "./converter/data-converter";
export * from "./converter/extstore";
export * from "./converter/failure-converter";
export * from "./converter/payload-codec";
export * from "./converter/payload-converter";
export type {
  ActivitySerializationContext,
  SerializationContext,
  WorkflowSerializationContext,
} from "./converter/serialization-context";
export * from "./converter/types";
export * from "./errors";
export * from "./failure";
export type { Headers, Next } from "./interceptors";
export * from "./interfaces";
export * from "./logger";
export * from "./metrics";
export * from "./priority";
export * from "./retry-policy";
export {
  defineSearchAttributeKey,
  type SearchAttributeKey,
  type SearchAttributePair,
  type SearchAttributes,
  SearchAttributeType,
  type SearchAttributeUpdatePair,
  type SearchAttributeValue,
  TypedSearchAttributes,
} from "./search-attributes";
export type { Duration, StringValue, Timestamp } from "./time";
// The official SDK calls these deprecated here: they are meant for the SDK itself, in `common/time`.
export {
  msNumberToTs,
  msOptionalToNumber,
  msOptionalToTs,
  msToNumber,
  msToTs,
  optionalTsToDate,
  optionalTsToMs,
  tsToDate,
  tsToMs,
} from "./time";
export { errorCode, errorMessage } from "./type-helpers";
export type { ConverterHint, PayloadTypeInfo, TransferTypeConverter, TypeInfo } from "./type-info";
export type { VersioningIntent } from "./versioning-intent";
export * from "./worker-deployments";
export * from "./workflow-definition-options";
export * from "./workflow-handle";
export * from "./workflow-options";

/** UTF-8 bytes of a string. @deprecated Use `TextEncoder`. */
export function u8(text: string): Uint8Array {
  return encode(text);
}

/** String of UTF-8 bytes. @deprecated Use `TextDecoder`. */
export function str(bytes: Uint8Array): string {
  return decode(bytes);
}
