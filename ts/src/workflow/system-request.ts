import type { Payload } from "../common";
import { encodingKeys, METADATA_ENCODING_KEY, METADATA_MESSAGE_TYPE_KEY } from "../common/converter/types";
import { encode } from "../common/encoding";
import type { SignalWithStartWorkflowExecutionRequest } from "../proto/temporal/api/workflowservice/v1/request_response";

/** Name of the endpoint behind which the server itself handles operations. */
export const systemEndpoint = "__temporal_system";

/**
 * Input of an operation that the server itself handles: a protobuf message. The server must be able to read it, so that
 * codecs and external storage are for the payloads in it, not for the message. It is encoded when the command is, after
 * them.
 */
export class SystemRequest implements Payload {
  readonly metadata: Record<string, Uint8Array> = {
    [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_PROTOBUF,
    [METADATA_MESSAGE_TYPE_KEY]: encode("temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest"),
  };

  /**
   * @param request the message
   * @param toBytes encodes it
   */
  constructor(
    readonly request: SignalWithStartWorkflowExecutionRequest,
    private readonly toBytes: (request: SignalWithStartWorkflowExecutionRequest) => Uint8Array,
  ) {}

  /** The encoded message. */
  get data(): Uint8Array {
    return this.toBytes(this.request);
  }
}
