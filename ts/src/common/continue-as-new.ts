/** Why the server suggests that a workflow continues as new. */

import { makeEnumConverters } from "./enums";

/** Reasons (experimental); there can be several at once. */
export const SuggestContinueAsNewReason = {
  HISTORY_SIZE_TOO_LARGE: "HISTORY_SIZE_TOO_LARGE",
  TOO_MANY_HISTORY_EVENTS: "TOO_MANY_HISTORY_EVENTS",
  TOO_MANY_UPDATES: "TOO_MANY_UPDATES",
} as const;
export type SuggestContinueAsNewReason = (typeof SuggestContinueAsNewReason)[keyof typeof SuggestContinueAsNewReason];

/** Between {@link SuggestContinueAsNewReason} and protobuf. */
export const [encodeSuggestContinueAsNewReason, decodeSuggestContinueAsNewReason] = makeEnumConverters(
  "SUGGEST_CONTINUE_AS_NEW_REASON_",
  {
    HISTORY_SIZE_TOO_LARGE: 1,
    TOO_MANY_HISTORY_EVENTS: 2,
    TOO_MANY_UPDATES: 3,
  },
);

/** The reasons that an activation carries; undefined for none. */
export function suggestContinueAsNewReasonsFromProto(
  reasons: number[] | null | undefined,
): SuggestContinueAsNewReason[] | undefined {
  const decoded = reasons
    ?.map((reason) => decodeSuggestContinueAsNewReason(reason))
    .filter((reason) => reason !== undefined);
  return decoded?.length ? decoded : undefined;
}
