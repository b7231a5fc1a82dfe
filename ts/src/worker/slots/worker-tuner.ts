import type { Duration, WorkerDeploymentVersion } from "../../common";
import type { ResourceBasedController } from "./resource-controller";

/**
 * Decides how many tasks of each kind a Worker has at a time: before it polls for a task it reserves a slot, which is
 * free again when the task is done.
 */
export type WorkerTuner = ResourceBasedTuner | ResourceBasedTunerWithController | TunerHolder;

/** A tuner with a supplier of slots for each kind of task. */
export interface TunerHolder {
  /** Slots for Workflow tasks. A Worker that caches Workflows needs at least 2. */
  workflowTaskSlotSupplier: SlotSupplier<WorkflowSlotInfo>;
  /** Slots for activities that have a task on the server. */
  activityTaskSlotSupplier: SlotSupplier<ActivitySlotInfo>;
  /** Slots for local activities. */
  localActivityTaskSlotSupplier: SlotSupplier<LocalActivitySlotInfo>;
  /** Slots for Nexus tasks. */
  nexusTaskSlotSupplier: SlotSupplier<NexusSlotInfo>;
}

/** Where the slots for one kind of task come from. */
export type SlotSupplier<SI extends SlotInfo> =
  | ResourceBasedSlotsForType
  | FixedSizeSlotSupplier
  | CustomSlotSupplier<SI>;

/** A tuner that gives slots of every kind as long as the machine's memory and processors carry them. */
export interface ResourceBasedTuner extends ResourceBasedTunerSlotOptions, OwnTargets {}

/** A {@link ResourceBasedTuner} whose controller several Workers may share. */
export interface ResourceBasedTunerWithController extends ResourceBasedTunerSlotOptions, SharedController {}

/** Targets of one tuner alone. */
interface OwnTargets {
  /** What it aims at. */
  tunerOptions: ResourceBasedTunerOptions;
  controller?: never;
}

/** A controller with targets of its own. */
interface SharedController {
  /** The controller, which other tuners may have too. */
  controller: ResourceBasedController;
  tunerOptions?: never;
}

/** What a resource-based tuner or supplier aims at. */
export type ResourceBasedAims = OwnTargets | SharedController;

/** Limits of the slots of a resource-based tuner. */
export interface ResourceBasedTunerSlotOptions {
  /** Slots for Workflow tasks. Default: 2 to 1000, one each 10 ms. */
  workflowTaskSlotOptions?: ResourceBasedSlotOptions;
  /** Slots for activities. Default: 1 to 2000, one each 50 ms. */
  activityTaskSlotOptions?: ResourceBasedSlotOptions;
  /** Slots for local activities. Default: 1 to 2000, one each 50 ms. */
  localActivityTaskSlotOptions?: ResourceBasedSlotOptions;
  /** Slots for Nexus tasks. Default: 1 to 2000, one each 50 ms. */
  nexusTaskSlotOptions?: ResourceBasedSlotOptions;
}

/** The loads that resource-based slots aim at. They are those of the machine or container, not of the Worker alone. */
export interface ResourceBasedTunerOptions {
  /** Share of the memory that may be in use, 0 to 1. Above 0.8 a burst of Workflows may use up all of it. */
  targetMemoryUsage: number;
  /** Share of the processors that may be in use, 0 to 1. */
  targetCpuUsage: number;
}

/** Limits of resource-based slots. */
export interface ResourceBasedSlotOptions {
  /** Slots that are given whatever the load is. Default 2 for Workflow tasks, else 1. */
  minimumSlots?: number;
  /** Most slots. Default 1000 for Workflow tasks, else 2000. */
  maximumSlots?: number;
  /** Shortest time between two slots above the minimum. Default 10 ms for Workflow tasks, else 50 ms. */
  rampThrottle?: Duration;
}

/**
 * As many slots for one kind of task as the machine carries. All that are in one tuner must have the same
 * `tunerOptions` or `controller`.
 */
export type ResourceBasedSlotsForType = ResourceBasedSlotOptions &
  ResourceBasedAims & {
    /** The kind of this supplier. */
    type: "resource-based";
  };

/** Always the same number of slots. */
export interface FixedSizeSlotSupplier {
  /** The kind of this supplier. */
  type: "fixed-size";
  /** Most tasks at a time, from 1. */
  numSlots: number;
}

/**
 * Slots that your own code gives, one by one. The functions are called on the Worker's main thread, as methods of this
 * object.
 *
 * Every permit that {@link reserveSlot} resolves to comes back to {@link releaseSlot} once, as the same value.
 */
export interface CustomSlotSupplier<SI extends SlotInfo> {
  /** The kind of this supplier. */
  type: "custom";

  /**
   * Called before a poll for a task; the poll is made when the promise resolves. What it resolves to is the permit, an
   * object by convention; even `undefined` is one, so a supplier that has no slot lets the promise wait.
   *
   * If it rejects, that's logged and Core's wish is brought up again a second later, with a new signal.
   *
   * @param ctx what the slot is for
   * @param abortSignal aborted when the slot isn't wanted any more, for example because the Worker shuts down. The
   *   promise is to reject with an `AbortError` then; a permit that comes nevertheless goes straight to {@link
   *   releaseSlot}
   */
  reserveSlot(ctx: SlotReserveContext, abortSignal: AbortSignal): Promise<SlotPermit>;

  /**
   * **Not called by this SDK.** It is for "eager" tasks, which come in the answer to a Workflow task. Core asks for
   * their slots on a thread of its own and waits for the answer there, where no JavaScript can run. It gets `null` for
   * custom suppliers, so tasks of their kind aren't started eagerly; they come by polling.
   *
   * @param ctx what the slot is for
   * @returns the permit, or `null` if there is no slot at the moment
   */
  tryReserveSlot(ctx: SlotReserveContext): SlotPermit | null;

  /** Called when a task has come for a slot. What it throws is logged. */
  markSlotUsed(ctx: SlotMarkUsedContext<SI>): void;

  /** Called when a slot isn't needed any more: its task is done, or none came. What it throws is logged. */
  releaseSlot(ctx: SlotReleaseContext<SI>): void;
}

/** The task that uses a slot. */
export type SlotInfo = WorkflowSlotInfo | ActivitySlotInfo | LocalActivitySlotInfo | NexusSlotInfo;

/** A Workflow task that uses a slot. */
export interface WorkflowSlotInfo {
  /** The kind of task. */
  type: "workflow";
  /** Type of the Workflow. */
  workflowType: string;
  /** Whether the task came by the Worker's own (sticky) queue. */
  isSticky: boolean;
}

/** An activity that uses a slot. */
export interface ActivitySlotInfo {
  /** The kind of task. */
  type: "activity";
  /** Type of the activity. */
  activityType: string;
}

/** A local activity that uses a slot. */
export interface LocalActivitySlotInfo {
  /** The kind of task. */
  type: "local-activity";
  /** Type of the activity. */
  activityType: string;
}

/** A Nexus task that uses a slot. */
export interface NexusSlotInfo {
  /** The kind of task. */
  type: "nexus";
  /** Name of the service. */
  service: string;
  /** Name of the operation. */
  operation: string;
}

/** What stands for a slot: any object of the supplier's own. */
export type SlotPermit = {};

/** What a slot is wanted for. */
export interface SlotReserveContext {
  /** The kind of task. */
  slotType: SlotInfo["type"];
  /** Task queue of the Worker. */
  taskQueue: string;
  /** Identity of the Worker. */
  workerIdentity: string;
  /** @deprecated Use {@link workerDeploymentVersion}. Build ID of the Worker; empty if it has none. */
  workerBuildId: string;
  /** Deployment version of the Worker, if it has one. */
  workerDeploymentVersion?: WorkerDeploymentVersion;
  /** Whether a Workflow task is to be polled for on the Worker's own (sticky) queue. */
  isSticky: boolean;
}

/** What {@link CustomSlotSupplier.markSlotUsed} gets. */
export interface SlotMarkUsedContext<SI extends SlotInfo> {
  /** The task in the slot. */
  slotInfo: SI;
  /** What `reserveSlot` resolved to. */
  permit: SlotPermit;
}

/** What {@link CustomSlotSupplier.releaseSlot} gets. */
export interface SlotReleaseContext<SI extends SlotInfo> {
  /** The task that was in the slot; absent if none came. */
  slotInfo?: SI;
  /** What `reserveSlot` resolved to. */
  permit: SlotPermit;
}
