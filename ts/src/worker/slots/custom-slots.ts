import type { NativeWorker } from "../../native";
import type { SlotDocument, SlotRequest, SlotTask, SlotUse } from "../../native/options.generated";
import type { Logger } from "../telemetry/logger";
import type { CustomSlotSuppliers } from "./compile-tuner";
import type { CustomSlotSupplier, SlotInfo, SlotPermit, SlotReserveContext } from "./worker-tuner";

/** How long a reservation rests after its supplier failed, in milliseconds. As in the official SDK. */
const retryMs = 1000;

const slotTypes: Record<SlotUse, SlotInfo["type"]> = {
  workflow: "workflow",
  activity: "activity",
  localActivity: "local-activity",
  nexus: "nexus",
};

/** A slot that Core wants and the supplier hasn't given yet. */
interface Wish {
  abort: AbortController;
  retry: ReturnType<typeof setTimeout> | undefined;
}

/** Passes Core's wishes on to the custom slot suppliers of a Worker, and their permits to Core. */
export class CustomSlots {
  readonly #suppliers: CustomSlotSuppliers;
  readonly #native: Pick<NativeWorker, "grantSlot">;
  readonly #logger: Logger;
  /** By reservation. */
  readonly #wishes = new Map<number, Wish>();
  /** Slots that Core has, by reservation. */
  readonly #granted = new Map<number, { slot: SlotDocument; permit: SlotPermit }>();
  #closed = false;

  /**
   * Makes the suppliers those of a native worker, which mustn't have been started.
   *
   * @param suppliers at least one
   * @param native the worker
   * @param logger gets what the suppliers throw
   */
  constructor(suppliers: CustomSlotSuppliers, native: NativeWorker, logger: Logger) {
    this.#suppliers = suppliers;
    this.#native = native;
    this.#logger = logger;
    native.supplySlots({
      onReserve: (slot) => this.#wish(slot),
      onCancelled: ({ reservation }) => this.#cancel(reservation),
      onUsed: (slot) => this.#used(slot),
      onReleased: (slot) => this.#released(slot),
    });
  }

  /**
   * Gives up what is still wanted and gives back what is still granted, which after a shutdown is nothing. To be called
   * before the native worker is closed, since nothing is told after that.
   */
  close(): void {
    this.#closed = true;
    for (const reservation of this.#wishes.keys()) this.#cancel(reservation);
    for (const { slot } of this.#granted.values()) this.#released(slot);
  }

  #wish(slot: SlotDocument): void {
    if (slot.request === undefined || this.#closed) return;
    const wish: Wish = { abort: new AbortController(), retry: undefined };
    this.#wishes.set(slot.reservation, wish);
    void this.#reserve(slot, wish, reserveContext(slot.slotKind, slot.request));
  }

  async #reserve(slot: SlotDocument, wish: Wish, context: SlotReserveContext): Promise<void> {
    const { signal } = wish.abort;
    try {
      const permit = await this.#supplierOf(slot).reserveSlot({ ...context }, signal);
      if (!signal.aborted) this.#wishes.delete(slot.reservation);
      if (this.#grant(slot, permit)) return;
      this.#call(slot, "releaseSlot", { permit });
    } catch (error) {
      const expected = error === signal.reason || (error instanceof Error && error.name === "AbortError");
      if (signal.aborted) {
        if (!expected) this.#logger.error("Error in custom slot supplier `reserveSlot`", { error });
        return;
      }
      this.#logger.warn("Error in custom slot supplier `reserveSlot`; trying again in a second", { error });
      wish.retry = setTimeout(() => {
        wish.abort = new AbortController();
        void this.#reserve(slot, wish, context);
      }, retryMs);
    }
  }

  /** Whether Core took the slot. */
  #grant(slot: SlotDocument, permit: SlotPermit): boolean {
    if (this.#closed || !this.#native.grantSlot(slot.reservation)) return false;
    this.#granted.set(slot.reservation, { slot: { reservation: slot.reservation, slotKind: slot.slotKind }, permit });
    return true;
  }

  #cancel(reservation: number): void {
    const wish = this.#wishes.get(reservation);
    if (wish === undefined) return;
    this.#wishes.delete(reservation);
    clearTimeout(wish.retry);
    wish.abort.abort(new DOMException("Core doesn't want the slot any more", "AbortError"));
  }

  #used(slot: SlotDocument): void {
    const granted = this.#granted.get(slot.reservation);
    if (granted === undefined || slot.task === undefined) return;
    this.#call(slot, "markSlotUsed", { slotInfo: slotInfo(slot.slotKind, slot.task), permit: granted.permit });
  }

  #released(slot: SlotDocument): void {
    const granted = this.#granted.get(slot.reservation);
    if (granted === undefined) return;
    this.#granted.delete(slot.reservation);
    const { task } = slot;
    this.#call(slot, "releaseSlot", {
      permit: granted.permit,
      ...(task === undefined ? {} : { slotInfo: slotInfo(slot.slotKind, task) }),
    });
  }

  #call<M extends "markSlotUsed" | "releaseSlot">(
    slot: SlotDocument,
    method: M,
    context: Parameters<CustomSlotSupplier<any>[M]>[0],
  ): void {
    const failed = (error: unknown) => this.#logger.error(`Error in custom slot supplier \`${method}\``, { error });
    try {
      // One that is asynchronous by mistake mustn't end the process when it rejects.
      Promise.resolve((this.#supplierOf(slot)[method] as (context: object) => unknown)(context)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Core only asks for kinds that were handed to the host. */
  #supplierOf({ slotKind }: SlotDocument): CustomSlotSupplier<any> {
    return this.#suppliers[slotKind]!;
  }
}

function reserveContext(
  use: SlotUse,
  { taskQueue, workerIdentity, deploymentName, buildId, isSticky }: SlotRequest,
): SlotReserveContext {
  return {
    slotType: slotTypes[use],
    taskQueue,
    workerIdentity,
    workerBuildId: buildId ?? "",
    ...(deploymentName === undefined ? {} : { workerDeploymentVersion: { deploymentName, buildId: buildId ?? "" } }),
    isSticky,
  };
}

function slotInfo(use: SlotUse, task: SlotTask): SlotInfo {
  return { type: slotTypes[use], ...task } as SlotInfo;
}
