/** What `doctor` looks at on the server, and on the way there. */

import { X509Certificate } from "node:crypto";
import { Client, Connection } from "../../client";
import { tsToMs } from "../../common/time";
import { IndexedValueType } from "../../proto/temporal/api/enums/v1/common";
import { TaskQueueType } from "../../proto/temporal/api/enums/v1/task_queue";
import { type ConnectionFlags, connectConfig } from "../connection";
import { span } from "../workflows/text";
import type { Findings } from "./findings";

const dayMs = 86_400_000;
/** From here on times in histories and of schedules mislead, in milliseconds. */
const largestSkewMs = 2_000;

/** The connection's configuration, the server, its clock, the namespace and search attributes. */
export async function checkServer(findings: Findings, flags: ConnectionFlags): Promise<void> {
  await findings.attempt("server", async () => {
    const { connectionOptions, namespace = "default" } = await connectConfig(flags);
    const address = connectionOptions.address ?? "localhost:7233";
    checkTls(findings, address, connectionOptions);
    let connection: Connection;
    try {
      connection = await Connection.connect(connectionOptions);
    } catch (error) {
      return sayUnreachable(findings, address, (error as Error).message);
    }
    try {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      findings.say("ok", "server", `${address}, version ${serverVersion}`);
      const client = new Client({ connection, namespace });
      if (!(await checkNamespace(findings, client))) return;
      await checkClock(findings, client);
      await checkSearchAttributes(findings, client);
    } finally {
      await connection.close();
    }
  });
}

/** No server may be what is meant: it is started later. One that refuses is there, and something is wrong. */
function sayUnreachable(findings: Findings, address: string, message: string): void {
  if (/\bTLS\b|certificate|UNAUTHENTICATED|PERMISSION_DENIED/i.test(message))
    return findings.say("problem", "server", `${address} refuses the connection: ${message}`);
  const fix = "Start one with `temporal-bun dev`, or name another with --address or TEMPORAL_ADDRESS.";
  findings.say("note", "server", `none at ${address}: ${message}`, fix);
}

type ConnectionOptions = Awaited<ReturnType<typeof connectConfig>>["connectionOptions"];

function checkTls(findings: Findings, address: string, { tls, apiKey }: ConnectionOptions): void {
  const { clientCertPair, serverRootCACertificate } = typeof tls === "object" && tls !== null ? tls : {};
  if (!tls && apiKey === undefined) {
    const isLocal = /^(localhost|127\.|\[?::1)/.test(address);
    if (isLocal) return findings.say("ok", "TLS", `off, which is right for ${address}`);
    const fix = "Use --tls or TEMPORAL_TLS=true, unless nobody else is on the way there.";
    return findings.say("note", "TLS", `off: what goes to ${address} can be read on the way`, fix);
  }
  findings.say("ok", "TLS", `on${clientCertPair === undefined ? "" : ", with a client's certificate"}`);
  checkCertificate(findings, "certificate of the client", clientCertPair?.crt);
  checkCertificate(findings, "certificate of the authority", serverRootCACertificate);
}

function checkCertificate(findings: Findings, subject: string, pem: Uint8Array | undefined): void {
  if (pem === undefined) return;
  const { validTo } = new X509Certificate(pem);
  const leftMs = Date.parse(validTo) - Date.now();
  if (leftMs < 0) findings.say("problem", subject, `expired on ${validTo}`, "Have a new one made.");
  else if (leftMs < 30 * dayMs) findings.say("note", subject, `expires on ${validTo}`, "Have a new one made in time.");
  else findings.say("ok", subject, `valid until ${validTo}`);
}

async function checkNamespace(
  findings: Findings,
  { workflowService, options: { namespace } }: Client,
): Promise<boolean> {
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    const keeps = span(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000);
    findings.say("ok", "namespace", `${namespace}, which keeps Workflows that have ended for ${keeps}`);
    return true;
  } catch (error) {
    const { details, message } = error as Error & { details?: string };
    findings.say(
      "problem",
      "namespace",
      `${namespace}: ${details || message}`,
      `Name another with --namespace or TEMPORAL_NAMESPACE, or make it: temporal operator namespace create ${namespace}`,
    );
    return false;
  }
}

/**
 * Compares the clocks. The server tells its own in one place that changes nothing: when a task queue was last polled.
 * So a queue that nobody else has is polled for a moment.
 */
async function checkClock(findings: Findings, { connection, workflowService, options }: Client): Promise<void> {
  const subject = "clock";
  const { namespace, identity } = options;
  const taskQueue = { name: `temporal-bun-doctor-${crypto.randomUUID()}` };
  const abort = new AbortController();
  const beforeMs = Date.now();
  const polling = connection
    .withAbortSignal(abort.signal, () => workflowService.pollWorkflowTaskQueue({ namespace, taskQueue, identity }))
    .catch((error: Error) => error);
  try {
    for (let attempt = 0; attempt < 50; attempt++) {
      const { pollers } = await workflowService.describeTaskQueue({
        ...{ namespace, taskQueue, taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW },
      });
      const time = pollers?.[0]?.lastAccessTime;
      if (time !== undefined) return sayClock(findings, tsToMs(time), beforeMs, Date.now());
      await Bun.sleep(50);
    }
    findings.say("note", subject, "the server doesn't tell its time, so it can't be compared");
  } catch (error) {
    findings.say("note", subject, `can't be compared with the server's: ${(error as Error).message}`);
  } finally {
    abort.abort();
    await polling;
  }
}

function sayClock(findings: Findings, serverMs: number, beforeMs: number, afterMs: number): void {
  const offMs = serverMs < beforeMs ? beforeMs - serverMs : Math.max(0, serverMs - afterMs);
  if (offMs < largestSkewMs) return findings.say("ok", "clock", "agrees with the server's");
  const finding = `${span(offMs)} ${serverMs < beforeMs ? "ahead of" : "behind"} the server's`;
  findings.say("problem", "clock", finding, "Have both machines set their clocks by NTP.");
}

async function checkSearchAttributes(findings: Findings, { connection, options }: Client): Promise<void> {
  const subject = "search attributes";
  try {
    const { namespace } = options;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const typeOf = (type: IndexedValueType) => IndexedValueType[type]?.replace("INDEXED_VALUE_TYPE_", "");
    const own = Object.entries(customAttributes ?? {}).map(([name, type]) => `${name} (${typeOf(type)})`);
    findings.say("ok", subject, own.length === 0 ? "the server's own only" : own.join(", "));
  } catch (error) {
    // Not everyone may ask the operator's service.
    findings.say("note", subject, `can't be listed: ${(error as Error).message}`);
  }
}
