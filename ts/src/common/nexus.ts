/** Errors of Nexus calls that failure conversion must know. */

import { brandError } from "./type-helpers";

/** Kinds of errors of a Nexus handler. */
export const HandlerErrorType = {
  BAD_REQUEST: "BAD_REQUEST",
  UNAUTHENTICATED: "UNAUTHENTICATED",
  UNAUTHORIZED: "UNAUTHORIZED",
  NOT_FOUND: "NOT_FOUND",
  REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
  CONFLICT: "CONFLICT",
  RESOURCE_EXHAUSTED: "RESOURCE_EXHAUSTED",
  INTERNAL: "INTERNAL",
  NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
  UNAVAILABLE: "UNAVAILABLE",
  UPSTREAM_TIMEOUT: "UPSTREAM_TIMEOUT",
  UNKNOWN: "UNKNOWN",
} as const;
export type HandlerErrorType = (typeof HandlerErrorType)[keyof typeof HandlerErrorType];

/** The kinds for which trying again makes no sense. */
const NON_RETRYABLE: ReadonlySet<HandlerErrorType> = new Set(["BAD_REQUEST", "UNAUTHENTICATED", "UNAUTHORIZED", "NOT_FOUND", "CONFLICT", "NOT_IMPLEMENTED"]);

/** What a {@link HandlerError} may have beside kind and message. */
export interface HandlerErrorOptions {
  /** What caused the error. */
  cause?: Error;
  /** Whether the call is retried, if the kind should not decide it. */
  retryableOverride?: boolean;
  /** The kind as it came over the wire, if this version does not know it. */
  rawErrorType?: string;
  /** The failure that the error was made from; sent on unchanged. */
  originalFailure?: unknown;
}

/** A Nexus handler could not handle a request. */
export class HandlerError extends Error {
  override readonly cause?: Error;
  readonly retryableOverride: boolean | undefined;
  readonly rawErrorType: string | undefined;
  readonly originalFailure: unknown;

  constructor(
    readonly type: HandlerErrorType,
    message: string,
    options: HandlerErrorOptions = {},
  ) {
    super(message);
    this.cause = options.cause;
    this.retryableOverride = options.retryableOverride;
    this.rawErrorType = options.rawErrorType;
    this.originalFailure = options.originalFailure;
  }
  static {
    brandError(this, "HandlerError");
  }

  /** Whether the call is retried. */
  get retryable(): boolean {
    return this.retryableOverride ?? !NON_RETRYABLE.has(this.type);
  }
}
