/** What all clients have. */

import { hostname } from "node:os";
import type { DataConverter, LoadedDataConverter } from "../common/converter/data-converter";
import { isLoadedDataConverter, loadDataConverter } from "../payloads/load-data-converter";
import { Connection } from "./connection/connection";
import type { Metadata } from "./connection/connection-options";
import type { ConnectionLike } from "./types";

/** Options of all clients. */
export interface BaseClientOptions {
  /** How values are converted. */
  dataConverter?: DataConverter;
  /** What the server and histories call this client. Default `<process id>@<host name>`. */
  identity?: string;
  /** The connection to use. Default: a new one to localhost:7233. */
  connection?: ConnectionLike;
  /** Default "default". */
  namespace?: string;
}

/** Options with their defaults. */
export type WithDefaults<Options extends BaseClientOptions> = Required<Omit<Options, "connection">> &
  Pick<Options, "connection">;

/** Options with their defaults and the data converter loaded. */
export type LoadedWithDefaults<Options extends BaseClientOptions> = WithDefaults<Options> & {
  loadedDataConverter: LoadedDataConverter;
};

/** The namespace of clients and Workers that name none. */
export const DEFAULT_NAMESPACE = "default";

/** What servers and histories call clients and Workers that don't say who they are. */
export function defaultIdentity(): string {
  return `${process.pid}@${hostname()}`;
}

/** The defaults of {@link BaseClientOptions}. */
export function defaultBaseClientOptions(): WithDefaults<BaseClientOptions> {
  return { dataConverter: {}, identity: defaultIdentity(), namespace: DEFAULT_NAMESPACE };
}

/** Base of all clients. */
export class BaseClient {
  /** The connection; clients are cheap, connections are not. */
  readonly connection: ConnectionLike;
  /** The data converter, loaded. */
  protected readonly dataConverter: LoadedDataConverter;

  protected constructor(options?: BaseClientOptions) {
    this.connection = options?.connection ?? Connection.lazy();
    const dataConverter = options?.dataConverter;
    this.dataConverter = isLoadedDataConverter(dataConverter) ? dataConverter : loadDataConverter(dataConverter);
  }

  /** See {@link Connection.withDeadline}. */
  async withDeadline<R>(deadline: number | Date, fn: () => Promise<R>): Promise<R> {
    return this.connection.withDeadline(deadline, fn);
  }

  /** See {@link Connection.withAbortSignal}. */
  async withAbortSignal<R>(abortSignal: AbortSignal, fn: () => Promise<R>): Promise<R> {
    return this.connection.withAbortSignal(abortSignal, fn);
  }

  /** See {@link Connection.withMetadata}. */
  async withMetadata<R>(metadata: Metadata, fn: () => Promise<R>): Promise<R> {
    return this.connection.withMetadata(metadata, fn);
  }
}
