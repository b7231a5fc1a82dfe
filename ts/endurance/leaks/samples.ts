/** What a process holds, and whether it grows. */
import { readdirSync, readFileSync } from "node:fs";

/** What a process holds at a moment. */
export interface Sample {
  /** Memory that it shares with nobody, in bytes. */
  memory: number;
  descriptors: number;
  threads: number;
}

/** What this process holds, after its garbage is collected. */
export function takeSample(): Sample {
  Bun.gc(true);
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, size]) => Number(size));
  return {
    memory: kilobytes.reduce((sum, size) => sum + size, 0) * 1024,
    descriptors: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
  };
}

/** What of a process's memory may come and go without being a leak, in bytes over the second half of the rounds. */
const memoryNoise = 4 * 1024 * 1024;

/**
 * What grows over the second half of the samples: the first half is for what is made once. Of memory the line through
 * the samples counts: it must rise by more than 4 MB, and by more than three times what the samples stray from it.
 */
export function growth(samples: readonly Sample[]): string[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const found: string[] = [];
  for (const what of ["descriptors", "threads"] as const) {
    const values = half.map((sample) => sample[what]);
    const first = Math.max(...values.slice(0, Math.ceil(values.length / 2)));
    const last = Math.min(...values.slice(Math.ceil(values.length / 2)));
    if (last > first) found.push(`${what}: ${first}, later at least ${last}`);
  }
  const { rise, stray } = line(half.map(({ memory }) => memory));
  if (rise > memoryNoise && rise > 3 * stray) found.push(`memory: ${megabytes(rise)} more in ${half.length} rounds`);
  return found;
}

/** The line through values: by how much it rises from the first to the last, and how far they stray from it. */
function line(values: readonly number[]): { rise: number; stray: number } {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let covariance = 0;
  let variance = 0;
  for (const [index, value] of values.entries()) {
    covariance += (index - middle) * (value - mean);
    variance += (index - middle) ** 2;
  }
  const slope = variance === 0 ? 0 : covariance / variance;
  const squares = values.map((value, index) => (value - mean - slope * (index - middle)) ** 2);
  const stray = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / values.length);
  return { rise: slope * (values.length - 1), stray };
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
