import { ApplicationFailure } from "temporal-bun-sdk/common";

/** A failure with everything that one can have. */
export function refusal(what: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: "OutOfStock",
    message: `there is no ${what}`,
    nonRetryable: true,
    details: [{ left: 0 }, "více 馬"],
    // An error that is no ApplicationFailure would arrive as a cause without its type.
    cause: ApplicationFailure.fromError(new RangeError("0 of 1")),
  });
}
