/** What a native call or operation came to; the names of the statuses in the C header, in its order. */
export const nativeStatuses = [
  "OK",
  "INVALID_ARGUMENT",
  "INVALID_HANDLE",
  "INVALID_OPTIONS",
  "CLOSED",
  "BUSY",
  "TIMED_OUT",
  "CANCELLED",
  "CONNECTION_FAILED",
  "RPC_FAILED",
  "WORKER_FAILED",
  "INTERNAL",
  "PANIC",
] as const;

/**
 * Status of a native call. `OK` is success; the rest are failures, of which `INVALID_*` are the
 * caller's, `CLOSED` and `BUSY` are about the object's state, and `PANIC` is a defect in the library.
 */
export type NativeStatus = (typeof nativeStatuses)[number];

/** The name of a status number; a number that this version doesn't know reads as `INTERNAL`. */
export function statusName(code: number): NativeStatus {
  return nativeStatuses[code] ?? "INTERNAL";
}

/** What else is known about a failure. */
export interface NativeErrorFields {
  /** gRPC status code, when a server answered with one. */
  grpcCode?: number;
  /** Encoded `google.rpc.Status` that came with a gRPC error. */
  details?: Uint8Array;
  /** Whether the same call may succeed when it is made again. Default false. */
  retryable?: boolean;
  /** The reason behind the failure, such as that of an abort signal. */
  cause?: unknown;
}

/** A native call or operation failed. `message` says what happened, the value, and what to do. */
export class NativeError extends Error {
  override readonly name = "NativeError";
  readonly grpcCode?: number;
  readonly details?: Uint8Array;
  readonly retryable: boolean;

  constructor(
    readonly status: NativeStatus,
    message: string,
    fields: NativeErrorFields = {},
  ) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    if (fields.grpcCode !== undefined) this.grpcCode = fields.grpcCode;
    if (fields.details !== undefined) this.details = fields.details;
    this.retryable = fields.retryable ?? false;
  }

  /** Reads the error document of the native side; bytes that are none become part of the message. */
  static fromDocument(status: NativeStatus, document: Uint8Array): NativeError {
    const text = new TextDecoder().decode(document);
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch {
      fields = undefined;
    }
    if (!isDocument(fields)) {
      return new NativeError(status, `the native library reported ${status}${text === "" ? "" : `: ${text}`}`);
    }
    return new NativeError(status, fields.message, {
      grpcCode: fields.grpcCode ?? undefined,
      details: fields.details == null ? undefined : Uint8Array.fromBase64(fields.details),
      retryable: fields.retryable ?? false,
    });
  }
}

interface ErrorDocument {
  message: string;
  grpcCode?: number | null;
  details?: string | null;
  retryable?: boolean;
}

function isDocument(value: unknown): value is ErrorDocument {
  return typeof value === "object" && value !== null && typeof (value as ErrorDocument).message === "string";
}
