import type { DataConverter, Payload, PayloadCodec } from "@temporalio/common";

/** Not encryption, but what was sent can't be read without. */
class Scramble implements PayloadCodec {
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { ...payload.metadata, scrambled: new Uint8Array([1]) },
      data: payload.data?.map((byte) => byte ^ 42),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      payload.metadata?.["scrambled"] ? { ...payload, data: payload.data?.map((byte) => byte ^ 42) } : payload,
    );
  }
}

export const dataConverter: DataConverter = {
  payloadConverterPath: require.resolve("./converter"),
  payloadCodecs: [new Scramble()],
};
