/** Conversion of search attributes, which is always JSON without codecs: the server reads them. */

import { decode, encode } from "../encoding";
import { ValueError } from "../errors";
import { append } from "../intact";
import type { Payload } from "../interfaces";
import type {
  SearchAttributePair,
  SearchAttributes,
  SearchAttributeType,
  SearchAttributeUpdatePair,
  SearchAttributeValue,
} from "../search-attributes";
import {
  isValidValueForType,
  TypedSearchAttributes,
  TypedSearchAttributeUpdateValue,
  TypedSearchAttributeValue,
} from "../search-attributes";
import type { PayloadConverter } from "./payload-converter";
import { JsonPayloadConverter, mapFromPayloads, mapToPayloads } from "./payload-converter";

const json = new JsonPayloadConverter();

function toJson(value: unknown): Payload {
  const payload = json.toPayload(value);
  if (payload === undefined)
    throw new ValueError(`Could not convert search attribute value to payload: ${String(value)}`);
  return payload;
}

/** Converts untyped search attributes: arrays of strings, numbers, booleans or Dates. */
export class SearchAttributePayloadConverter implements PayloadConverter {
  toPayload(values: unknown): Payload {
    if (!Array.isArray(values)) throw new ValueError("SearchAttribute value must be an array");
    const kind = (value: unknown) => (value instanceof Date ? "Date" : typeof value);
    for (const [index, value] of values.entries()) {
      if (!["string", "number", "boolean", "Date"].includes(kind(value))) {
        throw new ValueError(
          `SearchAttribute values must arrays of strings, numbers, booleans, or Dates. The value ${String(value)} at index ${index} is of type ${typeof value}`,
        );
      }
      if (kind(value) !== kind(values[0])) {
        throw new ValueError(
          `All SearchAttribute array values must be of the same type. The first value ${String(values[0])} of type ${kind(values[0])} doesn't match value ${String(value)} of type ${kind(value)} at index ${index}`,
        );
      }
    }
    return toJson(values);
  }

  /** Always an array; values of type Datetime become Dates. */
  fromPayload<T>(payload: Payload): T {
    if (payload.metadata == null) throw new ValueError("Missing payload metadata");
    const value = json.fromPayload<unknown>(payload);
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const isDate =
      payload.metadata.type &&
      TypedSearchAttributes.toSearchAttributeType(decode(payload.metadata.type)) === "DATETIME";
    return (isDate ? values.map((item) => new Date(item as string)) : values) as T;
  }
}

/** The converter of untyped search attributes. */
export const searchAttributePayloadConverter = new SearchAttributePayloadConverter();

/**
 * Converts `TypedSearchAttributeValue` and `TypedSearchAttributeUpdateValue`; the type travels in the payload's
 * metadata.
 */
export class TypedSearchAttributePayloadConverter implements PayloadConverter {
  toPayload<T>(attribute: T): Payload {
    if (!(attribute instanceof TypedSearchAttributeValue || attribute instanceof TypedSearchAttributeUpdateValue)) {
      throw new ValueError(
        `Expect input to be instance of TypedSearchAttributeValue or TypedSearchAttributeUpdateValue, got: ${JSON.stringify(attribute)}`,
      );
    }
    const { type, value } = attribute;
    const payload = toJson(value);
    // Removal has no type: the server refuses null with one.
    if (value === null) return payload;
    if (!isValidValueForType(type, value))
      throw new ValueError(`Invalid search attribute value ${String(value)} for given type ${type}`);
    return { ...payload, metadata: { ...payload.metadata, type: encode(TypedSearchAttributes.toMetadataType(type)) } };
  }

  /** The typed value, or undefined if the payload has no type, an unknown one, or a value that does not fit it. */
  fromPayload<T>(payload: Payload): T {
    if (payload.metadata == null) throw new ValueError("Missing payload metadata");
    const type = payload.metadata.type && TypedSearchAttributes.toSearchAttributeType(decode(payload.metadata.type));
    if (!type) return undefined as T;
    let value = json.fromPayload<unknown>(payload);
    // Servers wrap single values in arrays when the attribute was set by an untyped API.
    if (type !== "KEYWORD_LIST" && Array.isArray(value)) {
      if (value.length !== 1) return undefined as T;
      value = value[0];
    }
    if (type === "DATETIME" && value) value = new Date(value as string);
    return (isValidValueForType(type, value) ? new TypedSearchAttributeValue(type, value) : undefined) as T;
  }
}

/** The converter of typed search attributes. */
export const typedSearchAttributePayloadConverter = new TypedSearchAttributePayloadConverter();

/** Payloads of search attributes; where both have a key, the typed one counts. */
export function encodeUnifiedSearchAttributes(
  searchAttributes?: SearchAttributes,
  typedSearchAttributes?: TypedSearchAttributes | SearchAttributeUpdatePair[],
): Record<string, Payload> {
  const pairs: SearchAttributeUpdatePair[] = Array.isArray(typedSearchAttributes)
    ? typedSearchAttributes
    : (typedSearchAttributes?.getAll() ?? []);
  const typed = pairs.map(
    ({ key, value }) => [key.name, new TypedSearchAttributeUpdateValue<SearchAttributeType>(key.type, value)] as const,
  );
  const untyped = Object.entries(searchAttributes ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...mapToPayloads(searchAttributePayloadConverter, Object.fromEntries(untyped)),
    ...mapToPayloads(typedSearchAttributePayloadConverter, Object.fromEntries(typed)),
  };
}

/** Untyped search attributes of payloads. */
export function decodeSearchAttributes(indexedFields: Record<string, Payload> | undefined | null): SearchAttributes {
  const values = mapFromPayloads<string, SearchAttributeValue>(searchAttributePayloadConverter, indexedFields) ?? {};
  const names = Object.keys(values);
  for (let index = 0; index < names.length; index++)
    if (values[names[index]!]!.length === 0) delete values[names[index]!];
  return values;
}

/** Typed search attributes of payloads; those without a usable type are left out. */
export function decodeTypedSearchAttributes(
  indexedFields: Record<string, Payload> | undefined | null,
): TypedSearchAttributes {
  const values =
    mapFromPayloads<string, TypedSearchAttributeValue<SearchAttributeType> | undefined>(
      typedSearchAttributePayloadConverter,
      indexedFields,
    ) ?? {};
  const pairs: SearchAttributePair[] = [];
  const names = Object.keys(values);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const attribute = values[name];
    if (attribute)
      append(pairs, { key: { name, type: attribute.type }, value: attribute.value } as SearchAttributePair);
  }
  return new TypedSearchAttributes(pairs);
}
