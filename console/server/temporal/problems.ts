/** What the Temporal server refuses, as answers of the API. */

import { GrpcServiceError, GrpcStatus } from "temporal-bun-sdk/client";
import { ProblemError } from "../problem";

const names = Object.fromEntries(Object.entries(GrpcStatus).map(([name, code]) => [code, name]));

/** Status, title and fix for a code of gRPC. */
const known: Record<number, [status: number, title: string, fix: string]> = {
  [GrpcStatus.INVALID_ARGUMENT]: [400, "The Temporal server does not accept this", "Correct what the cause names."],
  [GrpcStatus.NOT_FOUND]: [
    404,
    "The Temporal server does not have this",
    "Look whether the id and the namespace are right. What has ended is deleted after the namespace's retention.",
  ],
  [GrpcStatus.ALREADY_EXISTS]: [409, "There is one already", "Take another id, or say what is to become of that one."],
  [GrpcStatus.PERMISSION_DENIED]: [
    403,
    "The Temporal server does not allow the console to do this",
    "Give the console's own API key or certificate this right on the Temporal server.",
  ],
  [GrpcStatus.UNAUTHENTICATED]: [
    502,
    "The Temporal server does not know the console",
    "Correct the API key or the certificate that the console was started with.",
  ],
  [GrpcStatus.RESOURCE_EXHAUSTED]: [429, "The Temporal server has too much to do", "Try again in a few seconds."],
  [GrpcStatus.FAILED_PRECONDITION]: [409, "This can't be done in the state that it is in", "Look at its state first."],
  [GrpcStatus.ABORTED]: [409, "Somebody else changed it meanwhile", "Look at it again, then try again."],
  [GrpcStatus.UNIMPLEMENTED]: [
    501,
    "This Temporal server can't do this",
    "Use a newer server, or turn the feature on in its dynamic configuration.",
  ],
  [GrpcStatus.DEADLINE_EXCEEDED]: [
    504,
    "The Temporal server did not answer in time",
    "For a query or an update: look whether a worker polls the task queue. Otherwise try again.",
  ],
  [GrpcStatus.CANCELLED]: [499, "The caller has gone", "Nothing."],
  [GrpcStatus.UNAVAILABLE]: [
    503,
    "The Temporal server can't be reached",
    "Look whether it runs at the address that the console was started with. The console goes on when it is back.",
  ],
};

/** The answer to a failed call of the server; anything else is given back as it is. */
export function explained(error: unknown): unknown {
  const cause = error instanceof GrpcServiceError ? error : (error as { cause?: unknown } | undefined)?.cause;
  if (!(cause instanceof GrpcServiceError)) return error;
  const [status, title, fix] = known[cause.code] ?? [502, "The Temporal server failed", "Look at the server's log."];
  return new ProblemError({
    title,
    status,
    cause: cause.details || cause.message,
    fix,
    grpcCode: names[cause.code] ?? String(cause.code),
  });
}
