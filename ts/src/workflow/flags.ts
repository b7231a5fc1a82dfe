import type { WorkflowRun } from "./run/run";

/** A change of the SDK's behaviour that histories depend on. */
export interface SdkFlag {
  /** Number under which the use of the flag is recorded in histories. */
  readonly id: number;
  /** Whether the flag was on when a Workflow Task was executed that doesn't say so, judged by what wrote it. */
  readonly impliedBy?: (run: WorkflowRun) => boolean;
}

/**
 * The flags, with the numbers that all Temporal SDKs for JavaScript record. A flag is used by every Workflow Task that
 * isn't a replay; a replayed one uses what its history says.
 */
export const SdkFlags = {
  /** Scopes that aren't cancellable keep cancellation from their children; `withTimeout` cancels its timer. */
  NonCancellableScopesAreShieldedFromPropagation: { id: 1, impliedBy: isWrittenBy111 },
  /** Jobs of an activation are applied in one batch instead of signals first and alone. */
  ProcessWorkflowActivationJobsAsSingleBatch: { id: 2, impliedBy: isWrittenBy111 },
  /** Interceptors for OpenTelemetry trace inbound signals. */
  OpenTelemetryInterceptorsTracesInboundSignals: { id: 3, impliedBy: (run: WorkflowRun) => isAtLeast(run, 1, 11, 5) },
  /** Interceptors for OpenTelemetry trace local activities. */
  OpenTelemetryInterceptorsTracesLocalActivities: { id: 4, impliedBy: (run: WorkflowRun) => isAtLeast(run, 1, 11, 6) },
  /** Interceptors for OpenTelemetry don't yield needlessly. */
  OpenTelemetryInterceporsAvoidsExtraYields: { id: 5, impliedBy: (run: WorkflowRun) => isAtLeast(run, 1, 13, 2) },
  /** Interceptors for OpenTelemetry instrument every method. */
  OpenTelemetryInterceptorsInstrumentsAllMethods: { id: 6 },
} as const satisfies Record<string, SdkFlag>;

const known = new Set<number>(Object.values(SdkFlags).map(({ id }) => id));

/**
 * @throws TypeError if a history uses a flag that this SDK doesn't have
 */
export function assertKnownFlag(id: number): void {
  if (known.has(id)) return;
  throw new TypeError(
    `Unknown SDK flag ${id}: the history was written by a newer version of an SDK; upgrade temporal-bun-sdk on this worker`,
  );
}

/** Versions 1.11.0 and 1.11.1 used both flags without recording them; their default build ID gives them away. */
function isWrittenBy111(run: WorkflowRun): boolean {
  return /^@temporalio\/worker@1\.11\.[01][+]/.test(run.buildId);
}

function isAtLeast(run: WorkflowRun, ...wanted: [number, number, number]): boolean {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(run.sdkVersion ?? "");
  if (match === null) return false;
  for (let part = 0; part < 3; part++) {
    const difference = Number(match[part + 1]) - wanted[part]!;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
