/** Durations: what the compiler takes and what it refuses. */
import type { Duration } from "@temporalio/common";
import { msToNumber, msToTs, type Timestamp } from "@temporalio/common/lib/time";

export const good: Duration[] = [5, "5", "5s", "5 s", "1.5h", "2 days", "1 DAY", "10 Minutes", "-1 minute", "3 weeks"];
export const numbers: number[] = good.map((duration) => msToNumber(duration));
export const stamps: Timestamp[] = good.map((duration) => msToTs(duration));
// @ts-expect-error: no unit of time
export const unit: Duration = "5 parsecs";
// @ts-expect-error: any text
export const text: Duration = String(5);
// @ts-expect-error: nothing
export const nothing: Duration = undefined;
/** The same texts as those of the package `ms`. */
export const amount = (count: number): Duration => `${count} minutes`;
