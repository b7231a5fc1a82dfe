/** Metadata of payloads. */

import { encode } from "../encoding";

/** Metadata key under which a payload says how its data is encoded. */
export const METADATA_ENCODING_KEY = "encoding";

/** Encodings that Temporal's SDKs share. */
export const encodingTypes = {
  METADATA_ENCODING_NULL: "binary/null",
  METADATA_ENCODING_RAW: "binary/plain",
  METADATA_ENCODING_JSON: "json/plain",
  METADATA_ENCODING_PROTOBUF_JSON: "json/protobuf",
  METADATA_ENCODING_PROTOBUF: "binary/protobuf",
} as const;
export type EncodingType = (typeof encodingTypes)[keyof typeof encodingTypes];

/** The same as bytes, as they stand in the metadata. */
export const encodingKeys = {
  METADATA_ENCODING_NULL: encode(encodingTypes.METADATA_ENCODING_NULL),
  METADATA_ENCODING_RAW: encode(encodingTypes.METADATA_ENCODING_RAW),
  METADATA_ENCODING_JSON: encode(encodingTypes.METADATA_ENCODING_JSON),
  METADATA_ENCODING_PROTOBUF_JSON: encode(encodingTypes.METADATA_ENCODING_PROTOBUF_JSON),
  METADATA_ENCODING_PROTOBUF: encode(encodingTypes.METADATA_ENCODING_PROTOBUF),
} as const;

/** Metadata key under which a payload with a Protobuf message names its type. */
export const METADATA_MESSAGE_TYPE_KEY = "messageType";
