/** What all triggers have in common. Each kind has a folder of its own, with the function that makes it. */

/** Starts runs of a flow from outside, with payloads of the type `I`. */
export interface Trigger<I = unknown> {
  readonly kind: string;
  /** For the types alone. */
  readonly "~payload"?: I;
}
