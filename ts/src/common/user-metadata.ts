/** Text for people that workflows, timers and activities carry. */

import type { UserMetadata as ProtoUserMetadata } from "../proto/temporal/api/sdk/v1/user_metadata";
import type { PayloadConverter } from "./converter/payload-converter";
import { convertOptionalToPayload } from "./converter/payload-converter";
import type { SerializationContext } from "./converter/serialization-context";

/** What the UI and the CLI show of an execution. */
export interface UserMetadata {
  /** One line; Temporal's markdown. */
  staticSummary?: string;
  /** Several lines; Temporal's markdown. */
  staticDetails?: string;
}

/** The protobuf form of summary and details, without codecs; undefined if there are none. */
export function userMetadataToPayload(
  payloadConverter: PayloadConverter,
  staticSummary: string | undefined,
  staticDetails: string | undefined,
  context?: SerializationContext,
): ProtoUserMetadata | undefined {
  if (staticSummary == null && staticDetails == null) return undefined;
  return {
    summary: convertOptionalToPayload(payloadConverter, staticSummary, context) ?? undefined,
    details: convertOptionalToPayload(payloadConverter, staticDetails, context) ?? undefined,
  };
}
