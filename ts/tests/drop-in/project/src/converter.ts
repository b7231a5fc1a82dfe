import {
  CompositePayloadConverter,
  type EncodingType,
  JsonPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadConverterWithEncoding,
  UndefinedPayloadConverter,
} from "@temporalio/common";
import { decode, encode } from "@temporalio/common/lib/encoding";

/** Text as reversed text, to see that this converter was used on both sides. */
class ReversedText implements PayloadConverterWithEncoding {
  encodingType = "text/reversed" as EncodingType;

  toPayload(value: unknown): Payload | undefined {
    if (typeof value !== "string") return undefined;
    return {
      metadata: { [METADATA_ENCODING_KEY]: encode(this.encodingType) },
      data: encode([...value].reverse().join("")),
    };
  }

  fromPayload<T>(payload: Payload): T {
    return [...decode(payload.data!)].reverse().join("") as T;
  }
}

export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new ReversedText(),
  new JsonPayloadConverter(),
);
