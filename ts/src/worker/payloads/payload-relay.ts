/**
 * The thread's half of codecs and external storage: sends the payloads of an activation or a completion to the Worker's
 * main thread, where codecs and drivers live, and puts the answer in their places. Only made when there is something to
 * do there.
 */

import type {
  Payload,
  SerializationContext,
  StorageDriverTargetInfo,
  WorkflowSerializationContext,
} from "../../common";
import { isReferencePayload } from "../../common/converter/storage-reference";
import { payloadSize } from "../../payloads/external-storage";
import { Payloads } from "../../proto/temporal/api/common/v1/message";
import { Failure } from "../../proto/temporal/api/failure/v1/message";
import { ExternalStorageMetrics } from "../../proto/temporal/sdk/core/common/common";
import type { PayloadSite } from "./payload-sites";

/** What the main thread does with payloads, so that nothing is sent in vain. */
export interface RelayPlan {
  /** Whether there are codecs. */
  codecs: boolean;
  /** Whether the codecs are applied to headers too. */
  headers: boolean;
  /** Whether payloads may be in external storage. */
  retrieves: boolean;
  /** From which size on payloads may be stored outside, in bytes; undefined: never. */
  storesFrom: number | undefined;
}

/** The payloads of one place, on their way between threads. */
export interface RelayedPayloads {
  /** A `temporal.api.common.v1.Payloads`: its 64-bit numbers would not survive as an object. */
  bytes: Uint8Array;
  single: boolean;
  header: boolean;
  context: SerializationContext;
  target: StorageDriverTargetInfo | undefined;
}

/** From a workflow thread to the main thread. */
export interface PayloadRequest {
  id: number;
  direction: "decode" | "encode";
  /** The workflow that the activation or completion is of. */
  context: WorkflowSerializationContext;
  places: RelayedPayloads[];
}

/** From the main thread to a workflow thread. */
export type PayloadReply =
  /** `places` as bytes, in the order of the request; `metrics` as bytes if storage was used. */
  | { id: number; places: Uint8Array[]; metrics: Uint8Array | undefined }
  /** The error as bytes of a failure. */
  | { id: number; failure: Uint8Array };

/** What becomes of a request: nothing, what storage did, or why it failed. */
interface RelayOutcome {
  metrics?: ExternalStorageMetrics;
  failure?: Failure;
}

/** Sends requests and takes answers; any number may be under way. */
export class PayloadRelay {
  readonly #plan: RelayPlan;
  readonly #send: (request: PayloadRequest) => void;
  readonly #pending = new Map<number, { sites: PayloadSite[]; done: (outcome: RelayOutcome) => void }>();
  #nextId = 1;

  constructor(plan: RelayPlan, send: (request: PayloadRequest) => void) {
    this.#plan = plan;
    this.#send = send;
  }

  /**
   * Has the payloads of an activation decoded, or those of a completion encoded. Calls `done` at once if there is
   * nothing to do, else when the answer was put in place. (No promise: the thread's microtasks belong to Workflow
   * code.)
   */
  run(
    direction: PayloadRequest["direction"],
    workflow: WorkflowSerializationContext,
    sites: readonly PayloadSite[],
    done: (outcome: RelayOutcome) => void,
  ): void {
    const relevant = sites.filter((site) => this.#isRelevant(direction, site));
    if (relevant.length === 0) return done({});
    const id = this.#nextId++;
    this.#pending.set(id, { sites: relevant, done });
    const places = relevant.map(({ payloads, single, header, context, target }) => ({
      bytes: Payloads.encode({ payloads }).finish(),
      single,
      header,
      context,
      target,
    }));
    this.#send({ id, direction, context: workflow, places });
  }

  /** Takes an answer of the main thread. */
  answer(reply: PayloadReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined)
      throw new Error(`Got an answer about payloads that nobody asked for, number ${reply.id}`);
    this.#pending.delete(reply.id);
    if ("failure" in reply) return pending.done({ failure: Failure.decode(reply.failure) });
    for (const [index, site] of pending.sites.entries()) site.put(Payloads.decode(reply.places[index]!).payloads ?? []);
    pending.done(reply.metrics === undefined ? {} : { metrics: ExternalStorageMetrics.decode(reply.metrics) });
  }

  #isRelevant(direction: PayloadRequest["direction"], { header, payloads }: PayloadSite): boolean {
    const { codecs, headers, retrieves, storesFrom } = this.#plan;
    if (codecs && (headers || !header)) return true;
    if (direction === "decode") return retrieves && payloads.some(isReferencePayload);
    return storesFrom !== undefined && payloads.some((payload: Payload) => payloadSize(payload) >= storesFrom);
  }
}
