/** How commands reach a server. */

import type { Command } from "commander";
import type { Client } from "../client";
import type { ClientConnectConfig } from "../envconfig";
import { Failure } from "./failure";

/** What {@link addConnectionOptions} adds. */
export interface ConnectionFlags {
  address?: string;
  namespace?: string;
  profile?: string;
  configFile?: string;
  apiKey?: string;
  tls?: boolean;
  tlsServerName?: string;
  tlsCaPath?: string;
  tlsCertPath?: string;
  tlsKeyPath?: string;
}

/** The environment variable that each stands for, as every SDK and Temporal's own command line read them. */
const variables = {
  address: "TEMPORAL_ADDRESS",
  namespace: "TEMPORAL_NAMESPACE",
  profile: "TEMPORAL_PROFILE",
  configFile: "TEMPORAL_CONFIG_FILE",
  apiKey: "TEMPORAL_API_KEY",
  tls: "TEMPORAL_TLS",
  tlsServerName: "TEMPORAL_TLS_SERVER_NAME",
  tlsCaPath: "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
  tlsCertPath: "TEMPORAL_TLS_CLIENT_CERT_PATH",
  tlsKeyPath: "TEMPORAL_TLS_CLIENT_KEY_PATH",
} as const satisfies Record<keyof ConnectionFlags, string>;

const environment = (name: keyof ConnectionFlags) => ` (${variables[name]})`;

/** Adds the options of a command that talks to a server: those of Temporal's own command line. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--address <host:port>", `server, by default localhost:7233${environment("address")}`)
    .option("-n, --namespace <name>", `namespace, by default "default"${environment("namespace")}`)
    .option("--profile <name>", `profile of temporal.toml${environment("profile")}`)
    .option("--config-file <path>", `another temporal.toml${environment("configFile")}`)
    .option("--api-key <key>", `API key${environment("apiKey")}`)
    .option("--tls", `use TLS; --no-tls: don't${environment("tls")}`)
    .option("--no-tls")
    .option("--tls-server-name <name>", `name that the certificate must be for${environment("tlsServerName")}`)
    .option("--tls-ca-path <path>", `certificate of the authority, PEM${environment("tlsCaPath")}`)
    .option("--tls-cert-path <path>", `client's certificate, PEM${environment("tlsCertPath")}`)
    .option("--tls-key-path <path>", `client's key, PEM${environment("tlsKeyPath")}`);
}

/** What to connect with: flags come before the environment, and that before the file. */
export async function connectConfig(flags: ConnectionFlags): Promise<ClientConnectConfig> {
  const { loadClientConnectConfig } = await import("../envconfig");
  const overrideEnvVars = { ...process.env } as Record<string, string>;
  for (const name of Object.keys(variables) as (keyof ConnectionFlags)[]) {
    if (flags[name] !== undefined) overrideEnvVars[variables[name]] = String(flags[name]);
  }
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new Failure(`The configuration can't be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const dataConverter = { payloadConverterPath: `${import.meta.dir}/workflows/payload-converter.ts` };

/**
 * Connects, gives `action` a client, and closes the connection. What the server refuses becomes a {@link Failure}. The
 * client reads all payloads: those that it has no converter for become encoding and bytes.
 */
export async function withClient<T>(flags: ConnectionFlags, action: (client: Client) => Promise<T>): Promise<T> {
  const { connectionOptions, namespace } = await connectConfig(flags);
  const { Client, Connection } = await import("../client");
  const address = connectionOptions.address ?? "localhost:7233";
  const connection = await Connection.connect(connectionOptions).catch((error: Error) => {
    throw new Failure(
      `There is no Temporal server at ${address}, or it can't be reached: ${error.message}\n` +
        "Start one with `temporal-bun dev`, or name another with --address or TEMPORAL_ADDRESS.",
    );
  });
  try {
    return await action(new Client({ connection, dataConverter, ...(namespace === undefined ? {} : { namespace }) }));
  } catch (error) {
    throw refused(error, address, namespace ?? "default");
  } finally {
    await connection.close();
  }
}

/** A call's error as one for people, with what to do. Others stay as they are. */
function refused(error: unknown, address: string, namespace: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const { workflowId } = error as { workflowId?: string };
  switch (error.name) {
    case "NamespaceNotFoundError":
      return new Failure(
        `There is no namespace "${namespace}" on ${address}: name another with --namespace or TEMPORAL_NAMESPACE, ` +
          `or make it with \`temporal operator namespace create ${namespace}\`.`,
      );
    case "WorkflowNotFoundError":
      return new Failure(
        /already completed/.test(error.message)
          ? `The Workflow "${workflowId}" has ended, so it takes nothing any more: \`temporal-bun result\` says how.`
          : `There is no Workflow "${workflowId}" in namespace "${namespace}" on ${address}, or not with this run id ` +
              `(${error.message}): \`temporal-bun list\` shows those that there are.`,
      );
    case "WorkflowExecutionAlreadyStartedError":
      return new Failure(
        `There is a Workflow "${workflowId}" already: take another --workflow-id, or say with --id-conflict-policy or ` +
          "--id-reuse-policy what is to become of it.",
      );
    case "QueryNotRegisteredError":
    case "QueryRejectedError":
    case "ValueError":
    case "TypeError":
      return new Failure(error.message);
    case "ServiceError":
    case "GrpcServiceError":
      return new Failure(
        /UNAVAILABLE|transport error/.test(`${error.message} ${error.cause}`)
          ? `The server at ${address} can't be reached any more: ${error.message}`
          : `${address} refused the call. ${error.message}`,
      );
    default:
      return error;
  }
}
