/** Payloads on their way to people, and what people write on its way to payloads. */

import { defaultPayloadConverter } from "temporal-bun-sdk/client";
import { fieldsOf, shortName } from "temporal-bun-sdk/proto/json";
import type { PayloadView, RawPayload } from "../../shared/json";
import { badRequest } from "../problem";
import type { Codec } from "./codec";

/** What payloads are shown with. */
export interface PayloadOptions {
  codec: Codec;
  redact(value: unknown): unknown;
}

/** A place in a message's JSON that holds a payload. */
interface Site {
  holder: Record<string, unknown>;
  key: string;
  payload: RawPayload;
  /** Search attributes are what lists are filtered by: no codec touches them, and all may see them. */
  open: boolean;
}

const payloadType = ".common.v1.Payload";
const openTypes = new Set([".common.v1.SearchAttributes"]);
// So that a hash tells whether two payloads are the same, and nobody finds out by trying what is in one.
const hashKey = crypto.getRandomValues(new Uint8Array(32));

export class Payloads {
  readonly #options: PayloadOptions;

  constructor(options: PayloadOptions) {
    this.#options = options;
  }

  /**
   * Puts views in the place of all payloads in a message's JSON, which is changed.
   *
   * @param readable whether the caller may see what is in them
   */
  async show<T>(type: string, json: unknown, namespace: string, readable: boolean): Promise<T> {
    const sites: Site[] = [];
    find(shortName(type), json, false, sites);
    const toDecode = readable ? sites.filter(({ open }) => !open) : [];
    const decoded = await this.#options.codec.decode(
      toDecode.map(({ payload }) => payload),
      namespace,
    );
    const results = new Map(toDecode.map((site, index) => [site, decoded[index]!]));
    for (const site of sites) {
      const view = this.#view(site, results.get(site));
      site.holder[site.key] = view;
      if (site.key === "encodedAttributes") showFailure(site.holder, view);
    }
    return json as T;
  }

  /** Takes out of a message's payloads what nobody may see, as far as no codec hides it; the rest stays as it is. */
  redactRaw(type: string, json: unknown): void {
    const sites: Site[] = [];
    find(shortName(type), json, false, sites);
    for (const { holder, key, payload } of sites) holder[key] = this.#redacted(payload);
  }

  /** Payloads as codec servers give them, but without what nobody may see. */
  async decode(payloads: RawPayload[], namespace: string): Promise<RawPayload[]> {
    const decoded = await this.#options.codec.decode(payloads, namespace);
    return decoded.map((payload, index) => (payload instanceof Error ? payloads[index]! : this.#redacted(payload)));
  }

  /** Encodes payloads that somebody has made already. */
  encodePayloads(payloads: RawPayload[], namespace: string): Promise<RawPayload[]> {
    return this.#options.codec.encode(payloads, namespace);
  }

  #redacted(payload: RawPayload): RawPayload {
    const { value } = content(payload);
    if (typeof value !== "object" || value === null) return payload;
    return { ...payload, data: base64(Buffer.from(JSON.stringify(this.#options.redact(value)))) };
  }

  #view({ payload, open }: Site, decoded: RawPayload | Error | undefined): PayloadView {
    const bytes = Buffer.from(payload.data ?? "", "base64");
    const view: PayloadView = { encoding: encodingOf(payload), size: bytes.length, hash: hash(bytes) };
    if (open) return { ...view, ...content(payload) };
    if (decoded === undefined) return view;
    if (decoded instanceof Error) return { ...view, problem: decoded.message };
    const result = content(decoded);
    if ("value" in result) result.value = this.#options.redact(result.value);
    return { ...view, ...result };
  }

  /** Payloads of values, encoded as workers expect them. */
  async encode(values: readonly unknown[], namespace: string): Promise<RawPayload[]> {
    const plain = values.map((value): RawPayload => {
      const { metadata, data } = defaultPayloadConverter.toPayload(value ?? null)!;
      return {
        metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, bytes]) => [key, base64(bytes)])),
        data: base64(data ?? new Uint8Array()),
      };
    });
    return this.#options.codec.encode(plain, namespace);
  }

  /** For fields that hold a list of payloads; undefined for none. */
  async encodeList(values: readonly unknown[], namespace: string): Promise<{ payloads: RawPayload[] } | undefined> {
    return values.length === 0 ? undefined : { payloads: await this.encode(values, namespace) };
  }

  /** For maps of payloads, such as a memo; undefined for none. */
  async encodeMap(
    values: Record<string, unknown> | undefined,
    namespace: string,
  ): Promise<Record<string, RawPayload> | undefined> {
    const names = Object.keys(values ?? {});
    if (values === undefined || names.length === 0) return undefined;
    const payloads = await this.encode(
      names.map((name) => values[name]),
      namespace,
    );
    return Object.fromEntries(names.map((name, index) => [name, payloads[index]!]));
  }
}

/** Search attributes as the server reads them: JSON, without a codec. */
export function searchAttributes(
  values: Record<string, unknown> | undefined,
): { indexedFields: Record<string, RawPayload> } | undefined {
  if (values === undefined || Object.keys(values).length === 0) return undefined;
  const payload = (value: unknown): RawPayload => ({
    metadata: { encoding: base64(Buffer.from("json/plain")) },
    data: base64(Buffer.from(JSON.stringify(value ?? null))),
  });
  return {
    indexedFields: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, payload(value)])),
  };
}

/** Values of search attributes, by their names. */
export function readSearchAttributes(fields: Record<string, RawPayload> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, payload]) => [name, readValue(payload)]));
}

/** The value of a payload that no codec has touched. */
export function readValue(payload: RawPayload): unknown {
  const result = content(payload);
  return "value" in result ? result.value : (result.text ?? result.base64);
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const hash = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256", hashKey).update(bytes).digest("hex").slice(0, 16);

function encodingOf({ metadata }: RawPayload): string {
  return Buffer.from(metadata?.["encoding"] ?? "", "base64").toString();
}

type Content = Pick<PayloadView, "value" | "text" | "base64" | "problem">;

function content(payload: RawPayload): Content {
  const encoding = encodingOf(payload);
  const bytes = Buffer.from(payload.data ?? "", "base64");
  if (encoding === "binary/null") return { value: null };
  if (encoding === "json/plain" || encoding === "json/protobuf") {
    try {
      return { value: JSON.parse(bytes.toString()) as unknown };
    } catch (error) {
      return { text: bytes.toString(), problem: `it says that it is JSON, and is not: ${(error as Error).message}` };
    }
  }
  return { base64: bytes.toString("base64") };
}

function find(type: string, json: unknown, open: boolean, sites: Site[]): void {
  if (typeof json !== "object" || json === null) return;
  const message = json as Record<string, unknown>;
  const fields = fieldsOf(type);
  for (const [name, value] of Object.entries(message)) {
    const field = fields.get(name);
    if (field?.kind !== "m" || typeof value !== "object" || value === null) continue;
    const within = open || openTypes.has(field.type);
    const visit = (holder: Record<string, unknown>, key: string) => {
      if (field.type === payloadType) sites.push({ holder, key, payload: holder[key] as RawPayload, open: within });
      else find(field.type, holder[key], within, sites);
    };
    if (field.shape === "") visit(message, name);
    else for (const key of Object.keys(value)) visit(value as Record<string, unknown>, key);
  }
}

/** JSON of a token for the next page, which clients give back as they got it. */
export function pageToken(next: string | undefined): string | undefined {
  if (next === undefined || /^[A-Za-z0-9+/_-]*={0,2}$/.test(next)) return next;
  throw badRequest(`"${next}" is no token of a page`, "Give back `next` as the page before had it.");
}

/** A failure whose message a converter has put among the payloads reads as it did where it happened. */
function showFailure(failure: Record<string, unknown>, { value }: PayloadView): void {
  if (typeof value !== "object" || value === null) return;
  const { message, stack_trace: stackTrace } = value as Record<string, unknown>;
  if (typeof message === "string") failure["message"] = message;
  if (typeof stackTrace === "string") failure["stackTrace"] = stackTrace;
}
