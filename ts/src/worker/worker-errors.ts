import { NativeError } from "../native";
import { ShutdownError, TransportError, UnexpectedError } from "./errors";

/** The public error for what the native side reported; other errors come back as they are. */
export function workerError(error: unknown): Error {
  if (!(error instanceof NativeError))
    return error instanceof Error ? error : new UnexpectedError(String(error), error);
  // What carries a gRPC code is an answer of the server, or the lack of one.
  if (error.grpcCode != null) return new TransportError(error.message, { cause: error });
  switch (error.status) {
    case "CONNECTION_FAILED":
    case "TIMED_OUT":
      return new TransportError(error.message, { cause: error });
    case "CLOSED":
      return new ShutdownError(error.message, { cause: error });
    case "INVALID_OPTIONS":
    case "INVALID_ARGUMENT":
      return new TypeError(error.message, { cause: error });
    default:
      return new UnexpectedError(
        error.message.replace("the worker could not be made", "Failed to initialize worker"),
        error,
      );
  }
}

/** Calls the native side. What it reports is thrown as the public error. */
export function withPublicErrors<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw workerError(error);
  }
}
