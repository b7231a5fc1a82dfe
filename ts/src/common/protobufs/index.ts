/**
 * Conversion of Protobuf messages, for those who make theirs with `protobufjs` 8 (an optional peer dependency): payload
 * converters for its `Message` instances, in Protobuf's binary and JSON form. The official SDK has these in
 * `@temporalio/common/lib/protobufs`.
 */

export {
  DefaultPayloadConverterWithProtobufs,
  type DefaultPayloadConverterWithProtobufsOptions,
  ProtobufBinaryPayloadConverter,
  ProtobufJsonPayloadConverter,
} from "./converters";
export { patchProtobufRoot } from "./patch-root";
