/** Environment configuration, plugins, metrics, search attributes. */

import { Client, Connection } from "@temporalio/client";
import { CloudOperationsClient, CloudOperationsConnection } from "@temporalio/cloud";
import {
  defineSearchAttributeKey,
  type MetricMeter,
  noopMetricMeter,
  type SearchAttributePair,
  TypedSearchAttributes,
} from "@temporalio/common";
import { type ClientConfigProfile, loadClientConfigProfile, loadClientConnectConfig } from "@temporalio/envconfig";
import { MetricsBuffer, Runtime } from "@temporalio/worker";

export async function configured(): Promise<Client> {
  const { connectionOptions, namespace } = loadClientConnectConfig({ profile: "prod", configFileStrict: true });
  const profile: ClientConfigProfile = loadClientConfigProfile({ disableFile: true });
  console.log(profile.address, namespace);
  return new Client({ connection: await Connection.connect(connectionOptions), namespace });
}

export function metrics(): MetricMeter {
  const buffer = new MetricsBuffer({ maxBufferSize: 100 });
  const runtime = Runtime.install({ telemetryOptions: { metrics: { buffer } } });
  runtime.metricMeter.withTags({ a: "b" }).createHistogram("h", "float", "ms").record(1.5);
  for (const { metric, value, attributes } of buffer.retrieveUpdates())
    console.log(metric.name, metric.unit, value, attributes);
  return noopMetricMeter;
}

const key = defineSearchAttributeKey("Tags", "KEYWORD_LIST");
const pair: SearchAttributePair = { key, value: ["a"] };
export const attributes = new TypedSearchAttributes([pair]);
export const tags: string[] | undefined = attributes.get(key);

export const cloud = async () =>
  new CloudOperationsClient({
    connection: await CloudOperationsConnection.connect({ apiKey: "k" }),
    apiVersion: "2024-10-01-00",
  });
