/** Reads what OpenTelemetry exporters send: the part of opentelemetry/proto/collector/metrics/v1 that tests look at. */
import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Export { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; string unit = 3; Sum sum = 7; Histogram histogram = 9; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberPoint { sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
  message HistogramPoint { repeated double explicit_bounds = 7; repeated KeyValue attributes = 9; }
  message KeyValue { string key = 1; Value value = 2; }
  message Value { string string_value = 1; }
`);
const type = root.lookupType("Export");

/** A metric in an export. */
export interface ExportedMetric {
  name: string;
  unit: string;
  /** 1 is delta, 2 cumulative. */
  temporality: number;
  /** Upper bounds of buckets; empty for counters. */
  bounds: number[];
  /** Attributes of the resource and of the first point. */
  attributes: Record<string, string>;
}

/** The counters and histograms of an export. */
export function readExport(bytes: Uint8Array): ExportedMetric[] {
  const { resourceMetrics = [] } = type.toObject(type.decode(bytes)) as { resourceMetrics?: any[] };
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) => {
    const metrics: any[] = scopeMetrics.flatMap((scope: any) => scope.metrics ?? []);
    return metrics.flatMap(({ name, unit = "", sum, histogram }) => {
      const data = sum ?? histogram;
      if (data === undefined) return [];
      const [point] = data.dataPoints;
      const attributes = [...(resource?.attributes ?? []), ...(point.attributes ?? [])].map(({ key, value }: any) => [
        key,
        value.stringValue,
      ]);
      return {
        name,
        unit,
        temporality: data.aggregationTemporality,
        bounds: point.explicitBounds ?? [],
        attributes: Object.fromEntries(attributes),
      };
    });
  });
}
