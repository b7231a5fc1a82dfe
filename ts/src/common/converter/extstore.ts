/** External storage: large payloads kept outside the history (experimental in Temporal's SDKs). */

import { ValueError } from "../errors";
import type { Payload } from "../interfaces";

/** What a driver needs to fetch a payload again. */
export class StorageDriverClaim {
  constructor(readonly claimData: Record<string, string>) {}
}

/** The workflow that payloads belong to. */
export interface StorageDriverWorkflowInfo {
  readonly kind: "workflow";
  readonly namespace: string;
  readonly id?: string;
  readonly runId?: string;
  readonly type?: string;
}

/** The activity that payloads belong to. */
export interface StorageDriverActivityInfo {
  readonly kind: "activity";
  readonly namespace: string;
  readonly id?: string;
  /** Only for standalone activities. */
  readonly runId?: string;
  readonly type?: string;
}

/** What payloads belong to. */
export type StorageDriverTargetInfo = StorageDriverWorkflowInfo | StorageDriverActivityInfo;

/** What `StorageDriver.store` is told. */
export interface StorageDriverStoreContext {
  /** Aborts when another part of the same operation failed. */
  abortSignal?: AbortSignal;
  /** What the payloads belong to. */
  target?: StorageDriverTargetInfo;
}

/** What a {@link StorageDriverSelector} is told. */
export interface StorageDriverSelectContext {
  /** Aborts when another part of the same operation failed. */
  abortSignal?: AbortSignal;
  /** What the payload belongs to. */
  target?: StorageDriverTargetInfo;
}

/** What `StorageDriver.retrieve` is told. */
export interface StorageDriverRetrieveContext {
  /** Aborts when another part of the same operation failed. */
  abortSignal?: AbortSignal;
}

/** A place to store payloads. */
export interface StorageDriver {
  /** Name of this driver, by which stored payloads refer to it. */
  readonly name: string;
  /** Kind of driver, the same in every language, e.g. "aws.s3driver". */
  readonly type: string;
  /** Stores payloads; one claim for each, in order. */
  store(context: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]>;
  /** Fetches payloads; one for each claim, in order. */
  retrieve(context: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]>;
}

/** Which driver stores a payload; null keeps it in the history. */
export type StorageDriverSelector = (context: StorageDriverSelectContext, payload: Payload) => StorageDriver | null;

/** Options of {@link ExternalStorage}. */
export interface ExternalStorageOptions {
  /** At least one; names must differ. */
  drivers: StorageDriver[];
  /** Needed with more than one driver. */
  driverSelector?: StorageDriverSelector;
  /** Payloads of at least so many bytes are stored outside. Default 262144 (256 KiB); 0 means all. */
  payloadSizeThreshold?: number;
}

/** Drivers, the choice between them, and from which size on payloads are stored outside. */
export class ExternalStorage {
  readonly drivers: StorageDriver[];
  readonly driverSelector: StorageDriverSelector;
  readonly payloadSizeThreshold: number;
  readonly #driversByName: ReadonlyMap<string, StorageDriver>;

  /** Throws `ValueError` for options that do not fit together. */
  constructor({ drivers, driverSelector, payloadSizeThreshold = 256 * 1024 }: ExternalStorageOptions) {
    if (!Array.isArray(drivers) || drivers.length === 0)
      throw new ValueError("ExternalStorage requires at least one driver");
    if (!Number.isFinite(payloadSizeThreshold) || payloadSizeThreshold < 0) {
      throw new ValueError(
        `ExternalStorage.payloadSizeThreshold must be a non-negative finite number, got ${String(payloadSizeThreshold)}`,
      );
    }
    const byName = new Map<string, StorageDriver>();
    for (const driver of drivers) {
      if (typeof driver?.name !== "string" || driver.name === "")
        throw new ValueError("Storage driver 'name' must be a non-empty string");
      if (byName.has(driver.name)) throw new ValueError(`Duplicate storage driver name: '${driver.name}'`);
      byName.set(driver.name, driver);
    }
    if (driverSelector === undefined && drivers.length > 1) {
      throw new ValueError("ExternalStorage.driverSelector is required when more than one driver is registered");
    }
    this.drivers = [...drivers];
    this.driverSelector = driverSelector ?? (() => drivers[0]!);
    this.payloadSizeThreshold = payloadSizeThreshold;
    this.#driversByName = byName;
  }

  /** The driver with that name, or null. */
  getDriver(name: string): StorageDriver | null {
    return this.#driversByName.get(name) ?? null;
  }
}
