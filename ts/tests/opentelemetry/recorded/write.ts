/**
 * Runs the scenario with this SDK and writes its histories, for `record.mjs` to replay them with the official SDK:
 *
 *     bun write.ts opentelemetry histories.json.gz
 */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { Client, Connection } from "../../../src/client";
import { OpenTelemetryPlugin } from "../../../src/integrations/opentelemetry";
import { OpenTelemetryPlugin as OpenTelemetryPluginV2 } from "../../../src/integrations/opentelemetry-v2";
import { History } from "../../../src/proto/temporal/api/history/v1/message";
import { testServer } from "../../support/server";
import { readHistories, runScenario } from "../scenario";
import { makeTracing, sdk, workflowsPath } from "../support";

const [, , variant, target = "histories.json.gz"] = process.argv;
const plugin = variant === "opentelemetry-v2" ? OpenTelemetryPluginV2 : OpenTelemetryPlugin;
const { address, namespace } = await testServer();
const prefix = `ours-${Date.now()}`;
const { exporter, ...tracing } = makeTracing();
const workflowIds = await runScenario(
  { ...sdk, OpenTelemetryPlugin: plugin },
  { address, namespace, prefix, ...tracing, worker: { workflowsPath } },
);
const client = new Client({ connection: await Connection.connect({ address }), namespace });
const histories = await readHistories(client, workflowIds, (history) => History.encode(history).finish());
writeFileSync(target, gzipSync(JSON.stringify({ histories }), { level: 9 }));
console.log(`${exporter.getFinishedSpans().length} spans, ${Object.keys(histories).length} histories`);
process.exit(0);
