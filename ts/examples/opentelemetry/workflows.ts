import { trace } from "@opentelemetry/api";
import { log, proxyActivities } from "temporal-bun-sdk/workflow";
import type { activities } from "./tracing";

const { greeting } = proxyActivities<typeof activities>({ startToCloseTimeout: "1 minute" });

export async function hello(name: string): Promise<string> {
  log.info("composing a greeting"); // with trace_id and span_id
  return trace.getTracer("greetings").startActiveSpan("compose", async (span) => {
    const text = `${await greeting()}, ${name}!`;
    span.end();
    return text;
  });
}
