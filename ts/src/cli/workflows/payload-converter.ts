/** How commands read and write payloads: loaded by its path, as converters are. */

import { defaultPayloadConverter, type Payload, type PayloadConverter } from "../../common";
import { METADATA_ENCODING_KEY } from "../../common/converter/types";
import { decode } from "../../common/encoding";

/** TypeScript doesn't know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * `JSON.parse` that loses nothing: a number that isn't written as JavaScript would write it stays as it is, for
 * `JSON.stringify`.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const keep = (_key: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  return JSON.parse(text, keep);
}

/** Reads payloads of any program: what is no JSON, such as what a codec encrypted, becomes encoding and bytes. */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    const encoding = decode(payload.metadata?.[METADATA_ENCODING_KEY] ?? new Uint8Array());
    const data = payload.data ?? new Uint8Array();
    if (encoding === "binary/null") return null as T;
    try {
      if (encoding.startsWith("json/")) return parseJson(decode(data)) as T;
    } catch {
      // Then it is shown as it is.
    }
    return { encoding, data: Buffer.from(data).toString("base64") } as T;
  },
};
