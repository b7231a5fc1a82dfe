/** A start that an option of the flow refused. */
export class FlowRefusedError extends Error {
  override readonly name = "FlowRefusedError";

  constructor(
    readonly flow: string,
    /** The option. */
    readonly by: "rateLimit" | "throttle",
    /** When another try makes sense. */
    readonly retryAt: Date,
  ) {
    super(`The option ${by} of the flow '${flow}' refused a run: there is room from ${retryAt.toISOString()} on`);
  }
}
