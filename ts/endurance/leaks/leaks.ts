/** Does each workload again and again and looks for what grows: `make leaks`. */
import type { TestServer } from "../../tests/support/server";
import { growth, megabytes, type Sample, takeSample } from "./samples";
import { workloads } from "./workloads";

/** What a workload came to. */
export interface LeakResult {
  name: string;
  samples: Sample[];
  /** What grows, in words. */
  grown: string[];
}

/** Does a workload in `rounds`, each `share` of its whole. */
export async function watch(name: string, server: TestServer, rounds: number, share = 1): Promise<LeakResult> {
  const { times, begin } = workloads[name]!;
  const workload = await begin(server);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    await workload.round(Math.max(1, Math.round(times * share)));
    samples.push(takeSample());
  }
  await workload.end();
  return { name, samples, grown: growth(samples) };
}

/** A line for people. */
export function lineOf({ name, samples, grown }: LeakResult): string {
  const middle = samples[Math.floor(samples.length / 2)]!;
  const last = samples.at(-1)!;
  const memory = `${megabytes(middle.memory)} → ${megabytes(last.memory)}`;
  const rest = `${middle.descriptors} → ${last.descriptors} descriptors, ${middle.threads} → ${last.threads} threads`;
  return `${name.padEnd(28)} ${memory}, ${rest}${grown.length === 0 ? "" : `  GROWS: ${grown.join("; ")}`}`;
}
