/** Search attributes: indexed values by which workflows are found. */

import { makeEnumConverters } from "./enums";
import { ValueError } from "./errors";

/** @deprecated Use {@link TypedSearchAttributes}. */
export type SearchAttributeValue = string[] | number[] | boolean[] | Date[];
/** @deprecated Use {@link TypedSearchAttributes}. */
export type SearchAttributeValueOrReadonly = SearchAttributeValue | Readonly<SearchAttributeValue> | undefined;
/** @deprecated Use {@link TypedSearchAttributes}. */
export type SearchAttributes = Record<string, SearchAttributeValueOrReadonly>;

/** Types of search attributes. */
export const SearchAttributeType = {
  TEXT: "TEXT",
  KEYWORD: "KEYWORD",
  INT: "INT",
  DOUBLE: "DOUBLE",
  BOOL: "BOOL",
  DATETIME: "DATETIME",
  KEYWORD_LIST: "KEYWORD_LIST",
} as const;
export type SearchAttributeType = (typeof SearchAttributeType)[keyof typeof SearchAttributeType];

/** Between {@link SearchAttributeType} and protobuf's IndexedValueType. */
export const [encodeSearchAttributeIndexedValueType, decodeSearchAttributeIndexedValueType] = makeEnumConverters(
  "INDEXED_VALUE_TYPE_",
  {
    TEXT: 1,
    KEYWORD: 2,
    INT: 3,
    DOUBLE: 4,
    BOOL: 5,
    DATETIME: 6,
    KEYWORD_LIST: 7,
  },
);

/** What a payload's metadata calls each type. */
const METADATA_TYPES: Record<SearchAttributeType, string> = {
  TEXT: "Text",
  KEYWORD: "Keyword",
  INT: "Int",
  DOUBLE: "Double",
  BOOL: "Bool",
  DATETIME: "Datetime",
  KEYWORD_LIST: "KeywordList",
};

interface ValueTypes {
  TEXT: string;
  KEYWORD: string;
  INT: number;
  DOUBLE: number;
  BOOL: boolean;
  DATETIME: Date;
  KEYWORD_LIST: string[];
}

/** Whether the value may stand in an attribute of the type. */
export function isValidValueForType<T extends SearchAttributeType>(type: T, value: unknown): value is ValueTypes[T] {
  switch (type) {
    case "TEXT":
    case "KEYWORD":
      return typeof value === "string";
    case "INT":
      return Number.isInteger(value);
    case "DOUBLE":
      return typeof value === "number";
    case "BOOL":
      return typeof value === "boolean";
    case "DATETIME":
      return value instanceof Date;
    case "KEYWORD_LIST":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    default:
      return false;
  }
}

/** Name and type of a search attribute. */
export interface SearchAttributeKey<T extends SearchAttributeType> {
  name: string;
  type: T;
}

/** The key of a search attribute; it must be registered with the server under this name and type. */
export function defineSearchAttributeKey<T extends SearchAttributeType>(name: string, type: T): SearchAttributeKey<T> {
  return { name, type };
}

/** A value with its type, as it is converted to a payload. */
export class TypedSearchAttributeValue<T extends SearchAttributeType> {
  constructor(
    readonly type: T,
    readonly value: ValueTypes[T],
  ) {}
}

/** A value with its type, or null to remove the attribute, as it is converted to a payload. */
export class TypedSearchAttributeUpdateValue<T extends SearchAttributeType> {
  constructor(
    readonly type: T,
    readonly value: ValueTypes[T] | null,
  ) {}
}

/** A search attribute: key and value. */
export type SearchAttributePair = {
  [T in SearchAttributeType]: { key: SearchAttributeKey<T>; value: ValueTypes[T] };
}[SearchAttributeType];

/** A change of a search attribute: key and value, null to remove it. */
export type SearchAttributeUpdatePair = {
  [T in SearchAttributeType]: { key: SearchAttributeKey<T>; value: ValueTypes[T] | null };
}[SearchAttributeType];

/** A set of search attributes with their types; it does not change. */
export class TypedSearchAttributes {
  /** By name. Not hidden, so that whoever compares two sets, such as a test's `toEqual`, compares what is in them. */
  private readonly searchAttributes: Record<string, TypedSearchAttributeValue<SearchAttributeType>> =
    Object.create(null);

  /** Throws `ValueError` when a name occurs twice. */
  constructor(initialAttributes: SearchAttributePair[] = []) {
    for (let index = 0; index < initialAttributes.length; index++) {
      const { key, value } = initialAttributes[index]!;
      if (key.name in this.searchAttributes) throw new ValueError(`Duplicate search attribute key: ${key.name}`);
      this.searchAttributes[key.name] = new TypedSearchAttributeValue(key.type, value);
    }
  }

  /** The value, or undefined if there is none of that name and type. */
  get<T extends SearchAttributeType>(key: SearchAttributeKey<T>): ValueTypes[T] | undefined {
    const value = this.searchAttributes[key.name]?.value;
    return isValidValueForType(key.type, value) ? value : undefined;
  }

  /** All attributes. */
  getAll(): SearchAttributePair[] {
    const pairs: SearchAttributePair[] = [];
    for (const [name, { type, value }] of Object.entries(this.searchAttributes)) {
      if (isValidValueForType(type, value)) pairs.push({ key: { name, type }, value } as SearchAttributePair);
    }
    return pairs;
  }

  /** A deep copy. */
  copy(): TypedSearchAttributes {
    const result = new TypedSearchAttributes();
    for (const [name, { type, value }] of Object.entries(this.searchAttributes)) {
      const copied = value instanceof Date ? new Date(value) : Array.isArray(value) ? [...value] : value;
      result.searchAttributes[name] = new TypedSearchAttributeValue(type, copied);
    }
    return result;
  }

  /** A deep copy with changes; null removes an attribute of that name and type. */
  updateCopy(updates: SearchAttributeUpdatePair[]): TypedSearchAttributes {
    const result = this.copy();
    for (const { key, value } of updates) {
      if (value !== null) result.searchAttributes[key.name] = new TypedSearchAttributeValue(key.type, value);
      else if (result.searchAttributes[key.name]?.type === key.type) delete result.searchAttributes[key.name];
    }
    return result;
  }

  /** For `JSON.stringify`: the same as {@link getAll}. */
  toJSON(): SearchAttributePair[] {
    return this.getAll();
  }

  /** The key that fits an untyped value, guessed from the value; undefined if none does. */
  static getKeyFromUntyped(
    name: string,
    value: SearchAttributeValueOrReadonly,
  ): SearchAttributeKey<SearchAttributeType> | undefined {
    if (value == null) return undefined;
    const single: unknown = value.length === 1 ? value[0] : value;
    let type: SearchAttributeType | undefined;
    if (typeof single === "string") type = Number.isNaN(Date.parse(single)) ? "TEXT" : "DATETIME";
    else if (typeof single === "number") type = Number.isInteger(single) ? "INT" : "DOUBLE";
    else if (typeof single === "boolean") type = "BOOL";
    else if (single instanceof Date) type = "DATETIME";
    else if (isValidValueForType("KEYWORD_LIST", single)) type = "KEYWORD_LIST";
    return type && { name, type };
  }

  /** What a payload's metadata calls the type. */
  static toMetadataType(type: SearchAttributeType): string {
    const name = METADATA_TYPES[type];
    if (name === undefined) throw new ValueError(`Unknown search attribute type: ${String(type)}`);
    return name;
  }

  /**
   * The type that a payload's metadata names, e.g. "KeywordList" or "INDEXED_VALUE_TYPE_KEYWORD_LIST"; undefined if
   * unknown.
   */
  static toSearchAttributeType(name: string): SearchAttributeType | undefined {
    const types = Object.keys(METADATA_TYPES) as SearchAttributeType[];
    return types.find((type) => METADATA_TYPES[type] === name || `INDEXED_VALUE_TYPE_${type}` === name);
  }
}
