/** Parts that requests of several routes have. */

import { z } from "zod";

/** A page of a list: `next` is what the page before answered. */
export const page = {
  pageSize: z.coerce.number<number>().int().min(1).max(1000).default(50),
  next: z.string().optional(),
};

/** Why somebody does what can't be undone. It goes into the audit log, and to the server where that keeps it. */
export const reason = z.string().trim().min(1, "say why: it goes into the audit log").max(1000);

/** Values in JSON, one per argument. */
export const input = z.array(z.unknown()).max(100).default([]);

const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration such as "30s", "1.5h" or "7d"; protobuf's JSON has seconds alone. */
export const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration is a number with ms, s, m, h or d, such as "30s"')
  .transform((text) => {
    const [, number = "", unit = ""] = /^([\d.]+)(\w+)$/.exec(text)!;
    return `${Math.round(Number(number) * units[unit]! * 1000) / 1000}s`;
  });

/** A time such as 2026-01-31T12:00:00Z. */
export const time = z.iso.datetime({ offset: true });

export const name = z.string().min(1).max(1000);

/** Values in JSON by their names. */
export const values = z.record(z.string(), z.unknown());

export const retryPolicy = z.object({
  initialInterval: duration.optional(),
  backoffCoefficient: z.number().min(1).optional(),
  maximumInterval: duration.optional(),
  maximumAttempts: z.number().int().min(0).optional(),
  nonRetryableErrorTypes: z.array(z.string()).optional(),
});

export const priority = z.object({
  priorityKey: z.number().int().min(0).optional(),
  fairnessKey: z.string().optional(),
  fairnessWeight: z.number().min(0).optional(),
});

/** A build of a deployment. */
export const version = z.object({ deploymentName: name, buildId: name });

/** A list filter in Temporal's language. */
export const filter = z.object({ query: z.string().max(10_000).default("") });

/** What is answered where there is nothing to say. */
export type Nothing = Record<string, never>;
