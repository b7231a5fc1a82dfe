/** The JSON of protobuf messages, as types: what the API answers with where it passes on what the server said. */

import type { Duration } from "temporal-bun-sdk/proto/google/protobuf/duration";
import type { Timestamp } from "temporal-bun-sdk/proto/google/protobuf/timestamp";
import type { Payload } from "temporal-bun-sdk/proto/temporal/api/common/v1/message";

/**
 * A payload as the API shows it. `value` is what is in it, if it is JSON and the caller has `payload.read`; what is no
 * JSON stands in `text` (UTF-8) or `base64`. Without that right there is only what all may know.
 */
export interface PayloadView {
  encoding: string;
  /** Of the data as the server keeps it, in bytes. */
  size: number;
  /** SHA-256 of that data, the first 16 hex digits. */
  hash: string;
  value?: unknown;
  text?: string;
  base64?: string;
  /** Why it could not be decoded. */
  problem?: string;
}

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
/** Long, without its package. */
interface Int64 {
  high: number;
  low: number;
  unsigned: boolean;
}

type Leaf<T, PayloadForm> =
  Same<T, Payload> extends true
    ? PayloadForm
    : Same<T, Timestamp> extends true
      ? string
      : Same<T, Duration> extends true
        ? string
        : T extends Uint8Array
          ? string
          : T extends Int64
            ? string
            : T extends string | boolean
              ? T
              : T extends number
                ? Same<T, number> extends true
                  ? number
                  : string
                : never;

type Convert<T, PayloadForm> = [Leaf<T, PayloadForm>] extends [never]
  ? T extends readonly (infer Item)[]
    ? Convert<Item, PayloadForm>[]
    : T extends object
      ? { [Name in keyof T]: Convert<Exclude<T[Name], undefined>, PayloadForm> }
      : T
  : Leaf<T, PayloadForm>;

/** A message in proto3's JSON, its payloads shown: times and 64-bit integers are text, enumerations their names. */
export type Json<Message> = Convert<Message, PayloadView>;

/** A payload in proto3's JSON: bytes are Base64. */
export interface RawPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/** A message in proto3's JSON, as requests have it. */
export type RawJson<Message> = Convert<Message, RawPayload>;

/** A page of a list. */
export interface Listing<Row> {
  rows: Row[];
  /** For the page after it. */
  next?: string;
}
