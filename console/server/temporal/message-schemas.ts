/** JSON Schemas of protobuf messages, as the API shows them. */

import { enums, fieldsOf, shortName } from "temporal-bun-sdk/proto/json";

type Schema = Record<string, unknown>;

const text: Schema = { type: "string" };
const special: Record<string, Schema> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?\\d+(\\.\\d+)?s$" },
  "google.protobuf.FieldMask": text,
  "google.protobuf.Empty": { type: "object" },
  "google.protobuf.Any": { type: "object" },
  ".common.v1.Payload": {
    type: "object",
    description: "Without the action `payload.read` there are only the first three.",
    required: ["encoding", "size", "hash"],
    properties: {
      encoding: text,
      size: { type: "integer" },
      hash: text,
      value: {},
      text,
      base64: text,
      problem: text,
    },
  },
};

const longName = (type: string) => (type.startsWith(".") ? `temporal.api${type}` : type);
const reference = (type: string): Schema => ({ $ref: `#/components/schemas/${longName(type)}` });

/** Schemas of messages and of all that is in them, by their full names. */
export function messageSchemas(names: Iterable<string>): Record<string, Schema> {
  const schemas: Record<string, Schema> = {};
  const waiting = [...names].map(shortName);
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    const name = longName(type);
    if (schemas[name] !== undefined) continue;
    const known = special[type];
    if (known !== undefined) schemas[name] = known;
    else {
      const properties: Record<string, Schema> = {};
      schemas[name] = { type: "object", properties };
      for (const field of fieldsOf(type).values()) {
        const one = field.kind === "m" ? messageSchema(field.type, waiting) : valueSchema(field.kind, field.type);
        if (field.shape === "") properties[field.name] = one;
        else if (field.shape === "*") properties[field.name] = { type: "array", items: one };
        else properties[field.name] = { type: "object", additionalProperties: one };
      }
    }
  }
  return schemas;
}

function messageSchema(type: string, waiting: string[]): Schema {
  // Bare values in JSON: wrappers and structures.
  if (/^google\.protobuf\.(\w+Value|Struct|Value|ListValue)$/.test(type)) return {};
  waiting.push(type);
  return reference(type);
}

function valueSchema(kind: string, type: string): Schema {
  switch (kind) {
    case "e":
      return { type: "string", enum: Object.keys(enums[type] ?? {}) };
    case "b":
      return { type: "boolean" };
    case "s":
      return text;
    case "y":
      return { type: "string", contentEncoding: "base64" };
    case "l":
    case "u":
      return { type: "string", format: "int64" };
    case "i":
    case "n":
      return { type: "integer" };
    default:
      return { type: "number" };
  }
}
