/** Payload converters for Protobuf messages. */

import type { Message, Root, Type } from "protobufjs";
import { fromJson, toJson } from "protobufjs/ext/protojson";
// Not the single modules: in a bundle of workflow code this one is the instance that all runs share.
import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  encodingTypes,
  errorMessage,
  JsonPayloadConverter,
  METADATA_ENCODING_KEY,
  METADATA_MESSAGE_TYPE_KEY,
  type Payload,
  PayloadConverterError,
  type PayloadConverterWithEncoding,
  UndefinedPayloadConverter,
  ValueError,
} from "../index";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the two converters have in common. */
abstract class ProtobufPayloadConverter implements PayloadConverterWithEncoding {
  /** Where the types of incoming messages are looked up. */
  protected readonly root: Root | undefined;
  abstract readonly encodingType: string;

  /** Throws `TypeError` if `root` isn't a protobufjs root. Without one, messages can be sent but not received. */
  constructor(root?: unknown) {
    if (root === undefined || root === null) return;
    if (!hasClassName(root, "Root"))
      throw new TypeError("root must be an instance of a protobufjs Root, e.g. what patchProtobufRoot returns");
    this.root = root as Root;
  }

  abstract toPayload<T>(value: T): Payload | undefined;
  abstract fromPayload<T>(payload: Payload): T;

  /** The type of an incoming message, and its bytes. */
  protected read({ metadata, data }: Payload): { type: Type; data: Uint8Array } {
    if (data == null) throw new ValueError("Got payload with no data");
    const name = metadata?.[METADATA_MESSAGE_TYPE_KEY];
    if (name == null) throw new ValueError(`Got protobuf payload without metadata.${METADATA_MESSAGE_TYPE_KEY}`);
    if (this.root === undefined)
      throw new PayloadConverterError("Unable to deserialize protobuf message without `root` being provided");
    const typeName = decoder.decode(name);
    try {
      // A plain Uint8Array: from a Buffer, protobufjs would make Buffers of the message's own bytes too.
      return {
        type: this.root.lookupType(typeName),
        data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      };
    } catch (error) {
      if (!errorMessage(error)?.includes("no such type")) throw error;
      throw new PayloadConverterError(
        `Got a \`${typeName}\` protobuf message but cannot find corresponding message class in \`root\``,
        error,
      );
    }
  }

  /** The payload of a message. */
  protected write(type: Type, data: Uint8Array): Payload {
    return {
      metadata: {
        [METADATA_ENCODING_KEY]: encoder.encode(this.encodingType),
        // Names on the wire have no leading dot.
        [METADATA_MESSAGE_TYPE_KEY]: encoder.encode(type.fullName.replace(/^\./, "")),
      },
      data,
    };
  }
}

/** Instances of protobufjs messages ↔ "binary/protobuf". */
export class ProtobufBinaryPayloadConverter extends ProtobufPayloadConverter {
  encodingType = encodingTypes.METADATA_ENCODING_PROTOBUF;

  toPayload(value: unknown): Payload | undefined {
    return isMessage(value) ? this.write(value.$type, plainBytes(value.$type.encode(value).finish())) : undefined;
  }

  fromPayload<T>(payload: Payload): T {
    const { type, data } = this.read(payload);
    return type.decode(data) as T;
  }
}

/** Instances of protobufjs messages ↔ "json/protobuf", Protobuf's own JSON form. Unknown fields are ignored. */
export class ProtobufJsonPayloadConverter extends ProtobufPayloadConverter {
  encodingType = encodingTypes.METADATA_ENCODING_PROTOBUF_JSON;

  toPayload(value: unknown): Payload | undefined {
    return isMessage(value)
      ? this.write(value.$type, encoder.encode(JSON.stringify(toJson(value.$type, value))))
      : undefined;
  }

  fromPayload<T>(payload: Payload): T {
    const { type, data } = this.read(payload);
    return withPlainBytes(fromJson(type, JSON.parse(decoder.decode(data)), { ignoreUnknownFields: true })) as T;
  }
}

/** Options of {@link DefaultPayloadConverterWithProtobufs}. */
export interface DefaultPayloadConverterWithProtobufsOptions {
  /** The root for {@link ProtobufJsonPayloadConverter} and {@link ProtobufBinaryPayloadConverter}. */
  protobufRoot: Record<string, unknown>;
}

/**
 * The default payload converter, with Protobuf: undefined, Uint8Array, messages (sent as JSON, received in both forms)
 * and JSON, in this order, which is that of the other SDKs.
 */
export class DefaultPayloadConverterWithProtobufs extends CompositePayloadConverter {
  constructor({ protobufRoot }: DefaultPayloadConverterWithProtobufsOptions) {
    super(
      new UndefinedPayloadConverter(),
      new BinaryPayloadConverter(),
      new ProtobufJsonPayloadConverter(protobufRoot),
      new ProtobufBinaryPayloadConverter(protobufRoot),
      new JsonPayloadConverter(),
    );
  }
}

/**
 * Whether a value is of a protobufjs class. By its `className`: minifiers leave it alone, and there may be several
 * copies of the library.
 */
function hasClassName(value: unknown, name: string): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    (value.constructor as { className?: unknown } | undefined)?.className === name
  );
}

function isMessage(value: unknown): value is Message & { $type: Type } {
  return typeof value === "object" && value !== null && "$type" in value && hasClassName(value.$type, "Type");
}

function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The message with Uint8Arrays in the place of Buffers, which protobufjs makes where they exist: they look different as
 * JSON, and small ones keep the whole slab alive that they were cut from.
 */
function withPlainBytes(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return value.constructor === Uint8Array ? value : Uint8Array.from(value as Uint8Array);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const [key, field] of Object.entries(fields))
    if (typeof field === "object" && field !== null) fields[key] = withPlainBytes(field);
  return value;
}
