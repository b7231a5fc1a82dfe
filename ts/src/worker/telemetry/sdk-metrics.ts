import { readFileSync } from "node:fs";
import type { MetricMeter } from "../../common";
import { currentQueue } from "../../native";
import type { ThreadState } from "../threads/thread-state";

/** How often it is looked, in milliseconds. */
const intervalMs = 1_000;

/**
 * Looks once per second, while Workers run, what the SDK measures of itself. Nothing is recorded where it happens but
 * in counters, so a busy Worker pays no more than an idle one. docs/METRICS.md says what each metric means.
 */
export class SdkMetrics {
  readonly #watched = new Set<() => void>();
  readonly #look: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #dueMs = 0;

  /**
   * @param meter where the values go
   * @param inSeconds whether durations in histograms are in seconds, as Core's and as its buckets
   */
  constructor(meter: MetricMeter, inSeconds: boolean) {
    const lag = meter.createHistogram(
      "temporal_bun_event_loop_lag",
      inSeconds ? "float" : "int",
      inSeconds ? "s" : "ms",
      "How late a timer of the main thread was",
    );
    const depth = queueDepth(meter.withTags({ thread: "main" }));
    const resident = meter.createGauge(
      "temporal_bun_process_resident_memory",
      "int",
      "By",
      "Memory of the process that is in RAM",
    );
    const unshared = meter.createGauge(
      "temporal_bun_process_private_memory",
      "int",
      "By",
      "Memory in RAM that is the process's own, without files",
    );
    this.#look = () => {
      const nowMs = performance.now();
      const lateMs = Math.max(0, nowMs - this.#dueMs);
      lag.record(inSeconds ? lateMs / 1_000 : lateMs);
      this.#dueMs = nowMs + intervalMs;
      depth.set(currentQueue().takeDeepest());
      resident.set(process.memoryUsage.rss());
      const bytes = privateMemory();
      if (bytes !== undefined) unshared.set(bytes);
      for (const look of this.#watched) look();
    };
  }

  /**
   * Looks at a Worker, until the returned function is called. The timer doesn't keep the process alive.
   *
   * @param meter where the values go
   * @param states of the Worker's threads by their numbers; asked for each time, because threads are replaced
   */
  watch(meter: MetricMeter, states: () => readonly ThreadState[]): () => void {
    const { look, end } = threadMetrics(meter, states);
    this.#watched.add(look);
    if (this.#timer === undefined) {
      this.#dueMs = performance.now() + intervalMs;
      this.#timer = setInterval(this.#look, intervalMs).unref();
    }
    return () => {
      this.#watched.delete(look);
      end();
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }
}

/** What records what a Worker's threads are doing, and what records that they have ended. */
function threadMetrics(meter: MetricMeter, states: () => readonly ThreadState[]) {
  const of = (index: number) => {
    const tagged = meter.withTags({ thread: `workflow-${index}` });
    return {
      depth: queueDepth(tagged),
      cached: tagged.createGauge("temporal_bun_cached_runs", "int", "{run}", "Workflow runs in memory"),
      activations: tagged.createCounter(
        "temporal_bun_workflow_activations",
        "{activation}",
        "Activations of Workflow runs that were worked on",
      ),
      time: tagged.createCounter(
        "temporal_bun_workflow_activation_time",
        "ms",
        "How long the thread has worked on activations",
      ),
      refusals: tagged.createCounter(
        "temporal_bun_sandbox_refusals",
        "{task}",
        "Workflow Tasks failed by what Workflow code must not do, or by taking too long",
      ),
    };
  };
  const metrics: ReturnType<typeof of>[] = [];
  const look = () => {
    for (const [index, state] of states().entries()) {
      const { depth, cached, activations, time, refusals } = (metrics[index] ??= of(index));
      const work = state.takeWork();
      depth.set(work.deepest);
      cached.set(state.cached);
      activations.add(work.activations);
      time.add(work.milliseconds);
      refusals.add(work.refusals);
    }
  };
  const end = () => {
    look();
    for (const { depth, cached } of metrics) {
      depth.set(0);
      cached.set(0);
    }
  };
  return { look, end };
}

function queueDepth(meter: MetricMeter) {
  return meter.createGauge(
    "temporal_bun_queue_depth",
    "int",
    "{event}",
    "The most events that have waited for the thread since the last look",
  );
}

/** Memory of the process that no file backs, where the system tells it. */
function privateMemory(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
