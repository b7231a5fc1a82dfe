/**
 * Retries of RPCs as an interceptor, with the official client's names. Connections without interceptors leave retries
 * to Core.
 */

import { retryDefaults } from "../../native/options.generated";
import { isGrpcServiceError } from "../errors";
import type { RpcCall, RpcInterceptor } from "./connection-interceptors";
import { type GrpcServiceError, GrpcStatus } from "./grpc-error";

/** How an RPC failed. */
export type StatusObject = Pick<GrpcServiceError, "code" | "details" | "metadata">;

/** When and after which wait {@link makeGrpcRetryInterceptor} tries again. */
export interface GrpcRetryOptions {
  /** The wait in milliseconds before the next attempt; `attempt` is the number of the one that failed, from 1. */
  delayFunction: (attempt: number, status: StatusObject) => number;
  /** Whether there is to be another attempt. */
  retryableDecider: (attempt: number, status: StatusObject) => boolean;
}

/**
 * The wait before a retry is `initialIntervalMs * factor ** attempt`, at most `maxIntervalMs`, give or take the jitter.
 */
export interface BackoffOptions {
  /** By what the wait grows with each attempt. Default 1.7. */
  factor: number;
  /** Attempts in all, the first one included. Default 10. */
  maxAttempts: number;
  /** The share of the wait that chance may add or take away, from 0 to 1. Default 0.2. */
  maxJitter: number;
  /** Base of the wait, in milliseconds. Default: 1000 after RESOURCE_EXHAUSTED, 100 otherwise. */
  initialIntervalMs(status: StatusObject): number;
  /** Bound of the wait before jitter, in milliseconds. Default 5000. */
  maxIntervalMs(status: StatusObject): number;
}

/** Retry options from a backoff: what is retried is what {@link isRetryableError} says. */
export function defaultGrpcRetryOptions(options: Partial<BackoffOptions> = {}): GrpcRetryOptions {
  const {
    factor = retryDefaults.multiplier,
    maxAttempts = retryDefaults.maxRetries,
    maxJitter = retryDefaults.randomizationFactor,
    initialIntervalMs = ({ code }) => (code === GrpcStatus.RESOURCE_EXHAUSTED ? 1000 : retryDefaults.initialIntervalMs),
    maxIntervalMs = () => retryDefaults.maxIntervalMs,
  } = options;
  return {
    delayFunction(attempt, status) {
      const wait = Math.min(maxIntervalMs(status), initialIntervalMs(status) * factor ** attempt);
      return wait * (1 + maxJitter * (2 * Math.random() - 1));
    },
    retryableDecider: (attempt, status) => attempt < maxAttempts && isRetryableError(status),
  };
}

const RETRYABLE_CODES: ReadonlySet<number> = new Set([
  GrpcStatus.UNKNOWN,
  GrpcStatus.RESOURCE_EXHAUSTED,
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.ABORTED,
  GrpcStatus.DATA_LOSS,
  GrpcStatus.OUT_OF_RANGE,
]);

/** What INTERNAL says when the connection failed, and not the call: of grpc-js, and of the library that Core uses. */
const CONNECTION_TROUBLE =
  /RST_STREAM with code [02]\b|ended without gRPC status|h2 protocol error|grpc-status header missing/i;

/**
 * Whether the same call may succeed when it is made again. INTERNAL may only if it is about the connection, and not
 * about TLS.
 */
export function isRetryableError(status: StatusObject): boolean {
  if (status.code !== GrpcStatus.INTERNAL) return RETRYABLE_CODES.has(status.code);
  return CONNECTION_TROUBLE.test(status.details) && !/alert/i.test(status.details);
}

/**
 * An interceptor that makes failed calls again, as `ConnectionOptions.interceptors` takes it. Waits end at the call's
 * deadline and when its signal is aborted, after which there is no other attempt.
 */
export function makeGrpcRetryInterceptor(retryOptions: GrpcRetryOptions): RpcInterceptor {
  return async (call, next) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(call);
      } catch (error) {
        const isOver = call.abortSignal?.aborted || Number(call.deadline) <= Date.now();
        if (!isGrpcServiceError(error) || isOver || !retryOptions.retryableDecider(attempt, error)) throw error;
        await wait(retryOptions.delayFunction(attempt, error), call);
      }
    }
  };
}

/** Waits; no longer than the call has time, for the next attempt says what is wrong. */
async function wait(milliseconds: number, { deadline, abortSignal }: RpcCall): Promise<void> {
  const limit = deadline === undefined ? milliseconds : Math.min(milliseconds, Number(deadline) - Date.now());
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, Math.max(0, limit));
  if (abortSignal?.aborted) end();
  abortSignal?.addEventListener("abort", end, { once: true });
  await promise;
  clearTimeout(timer);
  abortSignal?.removeEventListener("abort", end);
}
