/** Metrics: what a program exports to Prometheus, and what docs/METRICS.md says of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A value that is exported. */
export interface MetricSample {
  /** Name of the metric. */
  metric: string;
  /** `counter`, `gauge` or `histogram`. */
  kind: string;
  /** Name of the value: that of the metric, or of a histogram with `_sum`, `_count` or `_bucket`. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The values in a text that Prometheus reads. */
export function parseMetrics(text: string): MetricSample[] {
  const kinds = new Map<string, string>();
  const samples: MetricSample[] = [];
  for (const line of text.split("\n")) {
    const [, metric, kind] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (metric !== undefined && kind !== undefined) kinds.set(metric, kind);
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const base = kinds.has(name) ? name : name.replace(/_(sum|count|bucket)$/, "");
    samples.push({
      metric: base,
      kind: kinds.get(base) ?? "",
      name,
      labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, of]) => [key!, of!])),
      value: Number(value),
    });
  }
  return samples;
}

/** The value with that name and, among others, these labels. */
export function metricValue(
  samples: readonly MetricSample[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const fits = (sample: MetricSample) =>
    sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return samples.find(fits)?.value;
}

/** A row of a table in docs/METRICS.md. */
export interface DocumentedMetric {
  name: string;
  kind: string;
  /** Of the SDK's own metrics. */
  labels: string[];
  /** Of Core's: whether it is there before anything has happened. */
  atOnce: boolean;
}

/** The table of a section of docs/METRICS.md. */
export function documentedMetrics(section: string): DocumentedMetric[] {
  const text = readFileSync(join(import.meta.dir, "../../../docs/METRICS.md"), "utf8");
  const part = text.split(/^## /m).find((part) => part.startsWith(`${section}\n`));
  const rows = [...(part ?? "").matchAll(/^\| `(\w+)` \| (\w+) \| \w+ \|(.*?)\|/gm)];
  if (rows.length === 0) throw new Error(`docs/METRICS.md has no table of metrics in a section "${section}"`);
  return rows.map(([, name, kind, third]) => ({
    name: name!,
    kind: kind!,
    labels: [...third!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
    atOnce: third!.trim() === "at once",
  }));
}
