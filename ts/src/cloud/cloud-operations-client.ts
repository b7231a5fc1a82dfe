/** The client for the operations API of Temporal Cloud. */

import type { CloudService, Metadata } from "../client";
import type { CloudOperationsConnection } from "./cloud-operations-connection";

/** Options of {@link CloudOperationsClient} (experimental). */
export interface CloudOperationsClientOptions {
  /** The connection to use; it may serve several clients. */
  connection: CloudOperationsConnection;
  /**
   * Version of the API that the calls are made for, e.g. "2024-10-01-00"; sent as "temporal-cloud-api-version".
   * Default: none.
   */
  apiVersion?: string;
}

const API_VERSION_HEADER = "temporal-cloud-api-version";

/** Makes calls of the operations API of Temporal Cloud: users, namespaces, regions, … (experimental). */
export class CloudOperationsClient {
  readonly connection: CloudOperationsConnection;
  readonly options: Readonly<CloudOperationsClientOptions>;
  /**
   * All RPCs of CloudService, with the version of the API in the metadata if {@link
   * CloudOperationsClientOptions.apiVersion} is set.
   */
  readonly cloudService: CloudService;

  constructor(options: CloudOperationsClientOptions) {
    const { connection, apiVersion } = options;
    this.connection = connection;
    this.options = options;
    this.cloudService = apiVersion === undefined ? connection.cloudService : withHeader(connection, apiVersion);
  }

  /** See {@link CloudOperationsConnection.withDeadline}. */
  async withDeadline<R>(deadline: number | Date, fn: () => Promise<R>): Promise<R> {
    return this.connection.withDeadline(deadline, fn);
  }

  /** See {@link CloudOperationsConnection.withAbortSignal}. */
  async withAbortSignal<R>(abortSignal: AbortSignal, fn: () => Promise<R>): Promise<R> {
    return this.connection.withAbortSignal(abortSignal, fn);
  }

  /** See {@link CloudOperationsConnection.withMetadata}. */
  async withMetadata<R>(metadata: Metadata, fn: () => Promise<R>): Promise<R> {
    return this.connection.withMetadata(metadata, fn);
  }
}

function withHeader(connection: CloudOperationsConnection, apiVersion: string): CloudService {
  const methods = Object.entries(connection.cloudService).map(([name, method]) => [
    name,
    (request: never) => connection.withMetadata({ [API_VERSION_HEADER]: apiVersion }, () => method(request)),
  ]);
  return Object.fromEntries(methods) as CloudService;
}
