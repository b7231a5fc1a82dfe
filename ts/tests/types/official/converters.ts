/** Converters and codecs. */
import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  type DataConverter,
  DefaultFailureConverter,
  type EncodingType,
  type FailureConverter,
  JsonPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
  type PayloadConverter,
  type PayloadConverterWithEncoding,
  type ProtoFailure,
  UndefinedPayloadConverter,
  ValueError,
} from "@temporalio/common";
import { decode, encode } from "@temporalio/common/lib/encoding";
import { temporal } from "@temporalio/proto";

class Encryption implements PayloadCodec {
  constructor(protected readonly keyId: string) {}
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(
      payloads.map(async (payload) => ({
        metadata: { [METADATA_ENCODING_KEY]: encode("binary/encrypted"), "key-id": encode(this.keyId) },
        data: temporal.api.common.v1.Payload.encode(payload).finish(),
      })),
    );
  }
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (!payload.metadata || decode(payload.metadata[METADATA_ENCODING_KEY]!) !== "binary/encrypted") return payload;
      if (!payload.data) throw new ValueError("Payload data is missing");
      return temporal.api.common.v1.Payload.decode(payload.data);
    });
  }
}

class DateConverter implements PayloadConverterWithEncoding {
  public encodingType = "json/date" as EncodingType;
  public toPayload(value: unknown): Payload | undefined {
    if (!(value instanceof Date)) return undefined;
    return {
      metadata: { [METADATA_ENCODING_KEY]: encode(this.encodingType) },
      data: encode(value.toISOString()),
    };
  }
  public fromPayload<T>(content: Payload): T {
    return new Date(decode(content.data!)) as T;
  }
}

export const payloadConverter: PayloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new BinaryPayloadConverter(),
  new DateConverter(),
  new JsonPayloadConverter(),
);

class Failures extends DefaultFailureConverter implements FailureConverter {
  override failureToError(failure: ProtoFailure, converter: PayloadConverter) {
    return super.failureToError(failure, converter);
  }
  override errorToFailure(error: unknown, converter: PayloadConverter): ProtoFailure {
    return { ...super.errorToFailure(error, converter), source: "mine" };
  }
}

export const failureConverter = new Failures({ encodeCommonAttributes: true });

export const dataConverter: DataConverter = {
  payloadConverterPath: "/somewhere/converter.js",
  payloadCodecs: [new Encryption("key")],
};

/** What protobufjs allows. */
export const empty: Payload = { metadata: null };
export const bytes: Payload = { metadata: { encoding: new Uint8Array(1) }, data: Buffer.from("x") };
