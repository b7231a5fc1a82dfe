/** Payload codecs. */

import type { Payload } from "../interfaces";
import type { SerializationContext } from "./serialization-context";

/**
 * Turns payloads into others, e.g. encrypted or compressed ones, and back. Runs outside workflows and may be
 * asynchronous.
 */
export interface PayloadCodec {
  /** Called before payloads are sent. */
  encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]>;
  /** Called when payloads arrive. */
  decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]>;
}
