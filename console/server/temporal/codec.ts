/** Codecs: in this process, or a codec server's. */

import type { RawPayload } from "../../shared/json";

/** Encodes and decodes payloads in the form that codec servers have. */
export interface Codec {
  encode(payloads: RawPayload[], namespace: string): Promise<RawPayload[]>;
  /** What can't be decoded is an error in its place: the rest is shown. */
  decode(payloads: RawPayload[], namespace: string): Promise<(RawPayload | Error)[]>;
}

/** The same payload with bytes, as codecs of the SDK have it. */
interface BytesPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** A codec of the SDK: an object of `payloadCodecs` in a data converter. */
export interface SdkCodec {
  encode(payloads: BytesPayload[]): Promise<BytesPayload[]>;
  decode(payloads: BytesPayload[]): Promise<BytesPayload[]>;
}

/** Codecs as Workers have them: encoding runs them in order, decoding in the opposite one. */
export function localCodec(codecs: readonly SdkCodec[]): Codec {
  const decodeAll = async (payloads: BytesPayload[]) => {
    let result = payloads;
    for (const codec of [...codecs].reverse()) result = await codec.decode(result);
    return result;
  };
  return {
    async encode(payloads) {
      let result = payloads.map(toBytes);
      for (const codec of codecs) result = await codec.encode(result);
      return result.map(fromBytes);
    },
    async decode(payloads) {
      if (codecs.length === 0 || payloads.length === 0) return payloads;
      try {
        return (await decodeAll(payloads.map(toBytes))).map(fromBytes);
      } catch {
        // One of them can't be decoded: the others can.
        return Promise.all(
          payloads.map((payload) =>
            decodeAll([toBytes(payload)]).then(
              ([decoded]) => fromBytes(decoded!),
              (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
            ),
          ),
        );
      }
    },
  };
}

const toBytes = ({ metadata, data }: RawPayload): BytesPayload => ({
  metadata: mapValues(metadata ?? {}, (text) => new Uint8Array(Buffer.from(text, "base64"))),
  data: new Uint8Array(Buffer.from(data ?? "", "base64")),
});

const fromBytes = ({ metadata, data }: BytesPayload): RawPayload => ({
  metadata: mapValues(metadata ?? {}, (bytes) => Buffer.from(bytes).toString("base64")),
  data: Buffer.from(data ?? new Uint8Array()).toString("base64"),
});

const mapValues = <A, B>(map: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
