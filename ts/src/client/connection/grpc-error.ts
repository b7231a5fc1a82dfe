/** Errors of RPCs, in the shape that gRPC libraries of JavaScript give them. */

import { IllegalStateError } from "../../common/errors";
import type { NativeError } from "../../native/error";
import { explainConnectionFailure } from "./connection-failure";

/** gRPC's status codes. */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

const NAMES = new Map<number, string>(Object.entries(GrpcStatus).map(([name, code]) => [code, name]));

/** Metadata that came with an error: only the encoded google.rpc.Status, under "grpc-status-details-bin". */
export class GrpcErrorMetadata {
  readonly #details: Uint8Array | undefined;

  constructor(details: Uint8Array | undefined) {
    this.#details = details;
  }

  /** The values of a key. */
  get(key: string): Uint8Array[] {
    return key === "grpc-status-details-bin" && this.#details ? [this.#details] : [];
  }

  /** The first value of each key. */
  getMap(): Record<string, Uint8Array> {
    return this.#details ? { "grpc-status-details-bin": this.#details } : {};
  }
}

/** An RPC failed. Usually found as the `cause` of the error that a client method throws. */
export class GrpcServiceError extends Error {
  override readonly name = "GrpcServiceError";
  /** Code, one of {@link GrpcStatus}. */
  code: number;
  /** What the server says. */
  details: string;
  /** Metadata that came with the error. */
  readonly metadata: GrpcErrorMetadata;

  constructor(code: number, details: string, status?: Uint8Array, options?: ErrorOptions) {
    super(`${code} ${NAMES.get(code) ?? "UNKNOWN"}: ${details}`, options);
    this.code = code;
    this.details = details;
    this.metadata = new GrpcErrorMetadata(status);
  }
}

/**
 * What to throw for an error of the native client: a {@link GrpcServiceError} if it is about the call or the
 * connection.
 */
export function fromNativeError(error: NativeError): Error {
  const options = error.cause === undefined ? undefined : { cause: error.cause };
  switch (error.status) {
    case "RPC_FAILED":
      return new GrpcServiceError(error.grpcCode ?? GrpcStatus.UNKNOWN, error.message, error.details, options);
    case "TIMED_OUT":
      return new GrpcServiceError(GrpcStatus.DEADLINE_EXCEEDED, error.message, error.details, options);
    case "CANCELLED":
      return new GrpcServiceError(GrpcStatus.CANCELLED, error.message, error.details, options);
    case "CONNECTION_FAILED":
      return new GrpcServiceError(
        error.grpcCode ?? GrpcStatus.UNAVAILABLE,
        explainConnectionFailure(error.message),
        error.details,
        options,
      );
    case "CLOSED":
    case "INVALID_HANDLE":
      return new IllegalStateError(`Connection is closed: ${error.message}`);
    case "INVALID_OPTIONS":
    case "INVALID_ARGUMENT":
      return new TypeError(error.message, { cause: error });
    default:
      return error;
  }
}
