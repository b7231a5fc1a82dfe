/** Payload converters: between values and payloads. */

import { decode, encode } from "../encoding";
import { ExternalStorageNotConfiguredError, PayloadConverterError, ValueError } from "../errors";
import { mapped, mappedFields } from "../intact";
import type { Payload } from "../interfaces";
import type { ConverterHint, TypeInfo } from "../type-info";
import type { SerializationContext } from "./serialization-context";
import { isReferencePayload } from "./storage-reference";
import { encodingKeys, encodingTypes, METADATA_ENCODING_KEY } from "./types";

/**
 * Turns values into payloads and back. It also runs inside workflows, where it must be deterministic and synchronous;
 * what is not belongs in a {@link PayloadCodec}.
 */
export interface PayloadConverter {
  /** The payload of a value. Throws `ValueError` if it has none. */
  toPayload<T>(value: T, context?: SerializationContext, hint?: ConverterHint<T>): Payload;
  /** The value of a payload. */
  fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T;
  /** Whether the converter can make use of the hint. */
  validateConverterHint?: (hint: ConverterHint) => boolean;
}

/** A payload converter for one encoding, to be part of a {@link CompositePayloadConverter}. */
export interface PayloadConverterWithEncoding {
  /** The payload of a value, or undefined if the next converter should try. */
  toPayload<T>(value: T, context?: SerializationContext, hint?: ConverterHint<T>): Payload | undefined;
  /** The value of a payload with this encoding. */
  fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T;
  /** The encoding, as it stands in the payload's metadata. */
  readonly encodingType: string;
  /** Whether the converter can make use of the hint. */
  validateConverterHint?: (hint: ConverterHint) => boolean;
}

/** {@link PayloadConverter.toPayload} after the transfer type conversion that the type information asks for. */
export function toPayloadWithTypeInfo<T, D = T>(
  converter: PayloadConverter,
  value: T,
  context: SerializationContext | undefined,
  typeInfo: TypeInfo<T, D> | undefined,
): Payload {
  if (isRawValueTypeInfo(typeInfo)) {
    if (!(value instanceof RawValue)) throw new ValueError("RawValue TypeInfo requires a RawValue value");
    return value.payload;
  }
  const plain = typeInfo?.transferTypeConverter ? typeInfo.transferTypeConverter.toTransferType(value) : value;
  return converter.toPayload(plain, context, typeInfo?.payloadConverterHint as ConverterHint<T | D> | undefined);
}

/** {@link PayloadConverter.fromPayload} followed by the transfer type conversion that the type information asks for. */
export function fromPayloadWithTypeInfo<T, D = T>(
  converter: PayloadConverter,
  payload: Payload,
  context: SerializationContext | undefined,
  typeInfo: TypeInfo<T, D> | undefined,
): T {
  // With external storage, references have been replaced before.
  if (isReferencePayload(payload)) throw new ExternalStorageNotConfiguredError();
  if (isRawValueTypeInfo(typeInfo)) return RawValue.fromPayload(payload) as T;
  const plain = converter.fromPayload<D>(payload, context, typeInfo?.payloadConverterHint);
  return typeInfo?.transferTypeConverter
    ? typeInfo.transferTypeConverter.fromTransferType(plain)
    : (plain as unknown as T);
}

/** Payloads of values, e.g. of the arguments of a call; undefined for none. */
export function toPayloads(converter: PayloadConverter, ...values: unknown[]): Payload[] | undefined {
  return toPayloadsWithContext(converter, undefined, values);
}

/** {@link toPayloads} with a serialization context and type information. */
export function toPayloadsWithContext(
  converter: PayloadConverter,
  context: SerializationContext | undefined,
  values: readonly unknown[],
  typeInfo?: readonly TypeInfo[],
): Payload[] | undefined {
  if (values.length === 0) return undefined;
  return mapped(values, (value, index) => {
    try {
      return toPayloadWithTypeInfo(converter, value, context, typeInfo?.[index]);
    } catch (error) {
      throw values.length === 1 ? error : naming(error, `value ${index + 1} of ${values.length}`);
    }
  });
}

/** Has the error of a converter say which of several values it is about. */
function naming(error: unknown, which: string): unknown {
  if (error instanceof ValueError) error.message += ` (${which})`;
  return error;
}

/** The payload of a value; null and undefined are returned as they are. */
export function convertOptionalToPayload(
  converter: PayloadConverter,
  value: unknown,
  context?: SerializationContext,
): Payload | null | undefined {
  return value == null ? value : converter.toPayload(value, context);
}

/** Payloads of the values of an object, under the same keys. */
export function mapToPayloads<K extends string, T = any>(
  converter: PayloadConverter,
  map: Record<K, T>,
  context?: SerializationContext,
): Record<K, Payload> {
  const payloads = mappedFields<T, Payload>(map, (value, key) => {
    try {
      return converter.toPayload(value, context);
    } catch (error) {
      throw naming(error, `'${key}'`);
    }
  });
  return payloads as Record<K, Payload>;
}

/**
 * The value of the payload at an index, or undefined if there are not so many: arguments can be added without breaking
 * callers.
 */
export function fromPayloadsAtIndex<T, D = T>(
  converter: PayloadConverter,
  index: number,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: TypeInfo<T, D>,
): T {
  const payload = payloads?.[index];
  return payload ? fromPayloadWithTypeInfo(converter, payload, context, typeInfo) : (undefined as T);
}

/** The values of all payloads. */
export function arrayFromPayloads(
  converter: PayloadConverter,
  payloads?: Payload[] | null,
  context?: SerializationContext,
  typeInfo?: readonly TypeInfo[],
): unknown[] {
  return mapped(payloads ?? [], (payload, index) =>
    fromPayloadWithTypeInfo(converter, payload, context, typeInfo?.[index]),
  );
}

/** The values of an object's payloads, under the same keys; undefined for undefined and null. */
export function mapFromPayloads<K extends string, T = unknown>(
  converter: PayloadConverter,
  map?: Record<K, Payload> | null | undefined,
  context?: SerializationContext,
): Record<K, T> | undefined {
  if (map == null) return undefined;
  return mappedFields(map, (payload: Payload) => converter.fromPayload<T>(payload, context)) as Record<K, T>;
}

/** Only for the compiler: key under which a {@link RawValue} has the type of its value. */
export const rawPayloadTypeBrand: unique symbol = Symbol("rawPayloadType");

/** A value that is already a payload: payload converters pass it on unchanged. Codecs still apply. */
export class RawValue<T = unknown> {
  readonly #payload: Payload;
  /** Only for the compiler: the type of the value. */
  declare private readonly [rawPayloadTypeBrand]: T;

  /** The payload that `payloadConverter` (default: the default one) makes of the value. */
  constructor(value: T, payloadConverter: PayloadConverter = defaultPayloadConverter, context?: SerializationContext) {
    this.#payload = payloadConverter.toPayload(value, context);
  }

  /** A raw value with a payload at hand. */
  static fromPayload(payload: Payload): RawValue {
    return new RawValue(payload, identityPayloadConverter);
  }

  /** The payload. */
  get payload(): Payload {
    return this.#payload;
  }
}

const rawValueTypeInfoBrand: unique symbol = Symbol("rawValueTypeInfo");

/** Type information that keeps a {@link RawValue} raw on both ways, past the payload converter. Codecs still apply. */
export const rawValueTypeInfo: TypeInfo<RawValue> = Object.freeze({
  [rawValueTypeInfoBrand]: true,
}) as TypeInfo<RawValue>;

function isRawValueTypeInfo(typeInfo: unknown): boolean {
  return typeof typeInfo === "object" && typeInfo !== null && rawValueTypeInfoBrand in typeInfo;
}

/** Tries several converters in order; a payload goes to the one of its encoding. */
export class CompositePayloadConverter implements PayloadConverter {
  readonly converters: PayloadConverterWithEncoding[];
  readonly converterByEncoding: Map<string, PayloadConverterWithEncoding> = new Map();

  constructor(...converters: PayloadConverterWithEncoding[]) {
    if (converters.length === 0)
      throw new PayloadConverterError("Must provide at least one PayloadConverterWithEncoding");
    this.converters = converters;
    for (const converter of converters) this.converterByEncoding.set(converter.encodingType, converter);
  }

  /** The payload of the first converter that makes one. Throws `ValueError` if none does. */
  toPayload<T>(value: T, context?: SerializationContext, hint?: ConverterHint<T>): Payload {
    if (value instanceof RawValue) return value.payload;
    for (let index = 0; index < this.converters.length; index++) {
      const converter = this.converters[index]!;
      if (hint !== undefined && !converter.validateConverterHint?.(hint)) continue;
      const payload = converter.toPayload(value, context, hint);
      if (payload !== undefined) return payload;
    }
    if (hint !== undefined) throw new ValueError(`No payload converter supports converter hint '${hint.converter}'`);
    throw new ValueError(`Unable to convert ${describe(value)} to payload`);
  }

  /** The value, by the converter of the payload's encoding. Throws `ValueError` if there is none. */
  fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T {
    const encodingBytes = payload.metadata?.[METADATA_ENCODING_KEY];
    if (encodingBytes == null) throw new ValueError("Missing payload metadata: it has no 'encoding'");
    const encoding = decode(encodingBytes);
    const converter = this.converterByEncoding.get(encoding);
    if (converter === undefined) {
      const known = [...this.converterByEncoding.keys()].join(", ");
      throw new ValueError(`Unknown encoding: ${encoding}`, new ValueError(`This payload converter knows: ${known}`));
    }
    if (hint !== undefined && !converter.validateConverterHint?.(hint)) {
      throw new PayloadConverterError(
        `Payload encoding '${encoding}' does not support converter hint '${hint.converter}'`,
      );
    }
    return converter.fromPayload(payload, context, hint);
  }
}

/**
 * The value for an error message. `String(value)` alone throws for symbols in objects and objects without a prototype.
 */
function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** undefined ↔ "binary/null". */
export class UndefinedPayloadConverter implements PayloadConverterWithEncoding {
  encodingType = encodingTypes.METADATA_ENCODING_NULL;

  toPayload(value: unknown): Payload | undefined {
    if (value !== undefined) return undefined;
    return { metadata: { [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_NULL } };
  }

  fromPayload<T>(_payload: Payload): T {
    return undefined as T;
  }
}

/** Uint8Array ↔ "binary/plain". */
export class BinaryPayloadConverter implements PayloadConverterWithEncoding {
  encodingType = encodingTypes.METADATA_ENCODING_RAW;

  toPayload(value: unknown): Payload | undefined {
    if (!(value instanceof Uint8Array)) return undefined;
    return { metadata: { [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_RAW }, data: value };
  }

  fromPayload<T>(payload: Payload): T {
    const { data } = payload;
    // A Uint8Array of this realm, and no Buffer. Protobuf leaves empty bytes out.
    return (data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(0)) as T;
  }
}

/** Whatever `JSON.stringify` takes, undefined excepted ↔ "json/plain". */
export class JsonPayloadConverter implements PayloadConverterWithEncoding {
  encodingType = encodingTypes.METADATA_ENCODING_JSON;

  toPayload(value: unknown): Payload | undefined {
    if (value === undefined) return undefined;
    let json: string | undefined;
    try {
      json = JSON.stringify(value);
    } catch {
      return undefined;
    }
    // Functions and symbols have no JSON.
    if (json === undefined) return undefined;
    return { metadata: { [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_JSON }, data: encode(json) };
  }

  fromPayload<T>(payload: Payload): T {
    if (payload.data == null) throw new ValueError("Got payload with no data");
    return JSON.parse(decode(payload.data)) as T;
  }
}

/** undefined, Uint8Array and JSON, tried in this order, which is that of the other SDKs. */
export class DefaultPayloadConverter extends CompositePayloadConverter {
  constructor() {
    super(new UndefinedPayloadConverter(), new BinaryPayloadConverter(), new JsonPayloadConverter());
  }
}

/** The payload converter that is used when none is configured. */
export const defaultPayloadConverter: PayloadConverter = new DefaultPayloadConverter();

const identityPayloadConverter: PayloadConverter = {
  toPayload: <T>(value: T) => value as Payload,
  fromPayload: <T>(payload: Payload) => payload as T,
};
