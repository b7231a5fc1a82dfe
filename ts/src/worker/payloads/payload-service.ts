/** The main thread's half of codecs and external storage for Workflows; see `payload-relay`. */

import type { LoadedDataConverter, Logger } from "../../common";
import { encodeErrorOrNotice } from "../../payloads/codec-helpers";
import { StorageMeter } from "../../payloads/external-storage";
import {
  encodesHeaders,
  headerPipeline,
  incoming,
  isPlain,
  outgoing,
  type PayloadPipeline,
  single,
} from "../../payloads/payload-pipeline";
import { Payloads } from "../../proto/temporal/api/common/v1/message";
import { Failure } from "../../proto/temporal/api/failure/v1/message";
import { ExternalStorageMetrics } from "../../proto/temporal/sdk/core/common/common";
import { asBuffer } from "../../proto/wire";
import type { PayloadReply, PayloadRequest, RelayedPayloads, RelayPlan } from "./payload-relay";

/** Calls of codecs and drivers at a time for one activation or completion, as in the official SDK. */
const concurrency = 20;

/** Runs codecs and drivers for the workflow threads. */
export class PayloadService {
  readonly #converter: LoadedDataConverter;
  readonly #logger: Logger;
  readonly #replays: boolean;

  /**
   * @param converter the Worker's
   * @param logger is told about failures
   * @param replays whether completions are thrown away, so that storing their payloads again would be a waste
   */
  constructor(converter: LoadedDataConverter, logger: Logger, replays: boolean) {
    this.#converter = converter;
    this.#logger = logger;
    this.#replays = replays;
  }

  /** What threads send here; undefined for nothing. */
  get plan(): RelayPlan | undefined {
    const { payloadCodecs, externalStorage } = this.#converter;
    if (isPlain(this.#converter)) return undefined;
    return {
      codecs: payloadCodecs.length > 0,
      headers: encodesHeaders(this.#converter),
      retrieves: externalStorage !== undefined,
      storesFrom: this.#replays ? undefined : externalStorage?.payloadSizeThreshold,
    };
  }

  /**
   * Does what a thread asks for. Never rejects: the error goes to the thread, which fails the Workflow Task with it.
   */
  async handle({ id, direction, context, places }: PayloadRequest): Promise<PayloadReply> {
    const meter = new StorageMeter();
    const aborted = new AbortController();
    try {
      const one = (place: RelayedPayloads) => this.#convert(direction, place, { meter, abortSignal: aborted.signal });
      const results = await inParallel(places, concurrency, aborted, one);
      const metrics = meter.toProto();
      return { id, places: results, metrics: metrics && ExternalStorageMetrics.encode(metrics).finish() };
    } catch (error) {
      const what = direction === "decode" ? "activation" : "completion";
      this.#logger.error(`Failed to ${direction} the payloads of a Workflow ${what}`, { error, ...context });
      const failure = await encodeErrorOrNotice(this.#converter, error, context, (conversionError) =>
        this.#logger.error("Failed to convert the error of a Workflow's payloads", {
          error: conversionError,
          ...context,
        }),
      );
      return { id, failure: Failure.encode(failure).finish() };
    }
  }

  async #convert(
    direction: PayloadRequest["direction"],
    place: RelayedPayloads,
    operation: { meter: StorageMeter; abortSignal: AbortSignal },
  ) {
    const { payloads = [] } = Payloads.decode(asBuffer(place.bytes));
    const base: PayloadPipeline = place.header ? headerPipeline(this.#converter) : this.#converter;
    const encodes = direction === "encode";
    const pipeline = encodes && this.#replays ? { ...base, externalStorage: undefined } : base;
    const converted = await (encodes ? outgoing : incoming)(pipeline, payloads, place.context, {
      ...operation,
      target: place.target,
    });
    return Payloads.encode({ payloads: place.single ? [single(converted, direction)] : converted }).finish();
  }
}

/**
 * What `one` makes of each item, in order, for at most `limit` at a time. The first error stops the rest and is thrown
 * when all have ended.
 */
async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  aborted: AbortController,
  one: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  let first: { error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    while (next < items.length && first === undefined) {
      const index = next++;
      try {
        results[index] = await one(items[index]!);
      } catch (error) {
        first ??= { error };
        aborted.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (first !== undefined) throw (first as { error: unknown }).error;
  return results;
}
