import { setTimeout as delay } from "node:timers/promises";
import type { RunInfo } from "temporal-bun-sdk/flow";

const known = new Set<string>();

/**
 * Stands for another system. A step may come to it more than once, after a crash or a retry; the key says that it is
 * the same one, and what was done already isn't done again.
 */
export async function done({ idempotencyKey, step, attempt }: RunInfo, what: string): Promise<string> {
  console.log(`${step}, attempt ${attempt}`);
  await delay(300);
  if (!known.has(idempotencyKey)) console.log(`  ${what}`);
  known.add(idempotencyKey);
  return what;
}
