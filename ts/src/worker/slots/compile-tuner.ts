import { msToNumber } from "../../common/time";
import type { NativeResourceController } from "../../native";
import {
  type SlotSupplier as NativeSlotSupplier,
  type SlotUse,
  type TunerOptions,
  tunerDefaults,
} from "../../native/options.generated";
import { wholeNumber } from "../option-values";
import { ResourceBasedController, resourceTargets } from "./resource-controller";
import type {
  CustomSlotSupplier,
  ResourceBasedAims,
  ResourceBasedSlotOptions,
  ResourceBasedTuner,
  ResourceBasedTunerSlotOptions,
  ResourceBasedTunerWithController,
  SlotSupplier,
  TunerHolder,
  WorkerTuner,
} from "./worker-tuner";

/** The tuner of a Worker: what Core does itself, and the suppliers that it has to ask. */
export interface CompiledTuner {
  /** The part that the native worker gets. */
  native: TunerOptions;
  /** Custom suppliers by what their slots are for. */
  custom: CustomSlotSuppliers;
  /** Kept so that it lives until the native worker has it. */
  controller?: NativeResourceController;
}

/** Custom suppliers by what their slots are for. */
export type CustomSlotSuppliers = Partial<Record<SlotUse, CustomSlotSupplier<any>>>;

/** A kind of task, as the three descriptions of tuners name it. */
interface Kind {
  use: SlotUse;
  field: Exclude<keyof TunerOptions, "resources" | "resourceController">;
  supplier: keyof TunerHolder;
  slotOptions: keyof ResourceBasedTunerSlotOptions;
  /** What the official SDK has where Core would have another default. */
  defaults: { maximumSlots: number; rampThrottle: number };
}

const otherDefaults: Kind["defaults"] = { maximumSlots: 2000, rampThrottle: tunerDefaults.activities.rampThrottleMs };
const kinds: readonly Kind[] = [
  {
    use: "workflow",
    field: "workflowTasks",
    supplier: "workflowTaskSlotSupplier",
    slotOptions: "workflowTaskSlotOptions",
    defaults: { maximumSlots: 1000, rampThrottle: 10 },
  },
  {
    use: "activity",
    field: "activities",
    supplier: "activityTaskSlotSupplier",
    slotOptions: "activityTaskSlotOptions",
    defaults: otherDefaults,
  },
  {
    use: "localActivity",
    field: "localActivities",
    supplier: "localActivityTaskSlotSupplier",
    slotOptions: "localActivityTaskSlotOptions",
    defaults: otherDefaults,
  },
  {
    use: "nexus",
    field: "nexusTasks",
    supplier: "nexusTaskSlotSupplier",
    slotOptions: "nexusTaskSlotOptions",
    defaults: otherDefaults,
  },
];
const callbacks = ["reserveSlot", "tryReserveSlot", "markSlotUsed", "releaseSlot"] as const;

/**
 * Turns the tuner that the user gave into what Core takes.
 *
 * @throws TypeError for what isn't a tuner, or one that contradicts itself
 */
export function compileTuner(tuner: WorkerTuner): CompiledTuner {
  if (typeof tuner !== "object" || tuner === null) throw new TypeError(`tuner must be an object, got ${String(tuner)}`);
  if ("workflowTaskSlotSupplier" in tuner) return compileHolder(tuner);
  if ("tunerOptions" in tuner || "controller" in tuner) return compileResourceBased(tuner);
  throw new TypeError(
    "Invalid worker tuner configuration: tuner must be a TunerHolder, with workflowTaskSlotSupplier and its like, or a ResourceBasedTuner, with tunerOptions or a controller; " +
      `it has: ${Object.keys(tuner).join(", ") || "nothing"}`,
  );
}

/**
 * A tuner with fixed numbers of slots.
 *
 * @param slots number per kind of task, each at least 1
 */
export function fixedTuner(slots: Record<Kind["field"], number>): CompiledTuner {
  return {
    native: Object.fromEntries(kinds.map(({ field }) => [field, { type: "fixed", slots: slots[field] }])),
    custom: {},
  };
}

function compileResourceBased(tuner: ResourceBasedTuner | ResourceBasedTunerWithController): CompiledTuner {
  const compiled: CompiledTuner = { native: {}, custom: {} };
  addAims(compiled, tuner, "tuner");
  for (const kind of kinds)
    compiled.native[kind.field] = resourceBased(tuner[kind.slotOptions] ?? {}, kind, `tuner.${kind.slotOptions}`);
  return compiled;
}

function compileHolder(tuner: TunerHolder): CompiledTuner {
  const compiled: CompiledTuner = { native: {}, custom: {} };
  for (const kind of kinds) {
    const supplier: SlotSupplier<any> | undefined = tuner[kind.supplier];
    const path = `tuner.${kind.supplier}`;
    compiled.native[kind.field] = compileSupplier(supplier, kind, path);
    if (supplier.type === "custom") compiled.custom[kind.use] = supplier;
    if (supplier.type === "resource-based") addAims(compiled, supplier, path);
  }
  return compiled;
}

function compileSupplier(supplier: SlotSupplier<any>, kind: Kind, path: string): NativeSlotSupplier {
  switch (supplier?.type) {
    case "fixed-size":
      return { type: "fixed", slots: wholeNumber(`${path}.numSlots`, supplier.numSlots, 1) };
    case "resource-based":
      return resourceBased(supplier, kind, path);
    case "custom":
      for (const name of callbacks) {
        if (typeof supplier[name] !== "function")
          throw new TypeError(`${path}.${name} must be a function, got ${typeof supplier[name]}`);
      }
      return { type: "host" };
    default: {
      const { type } = (supplier ?? {}) as { type?: unknown };
      throw new TypeError(
        `${path} must be a slot supplier, whose type is "fixed-size", "resource-based" or "custom"; got ${
          supplier === undefined || supplier === null ? String(supplier) : `type ${JSON.stringify(type)}`
        }`,
      );
    }
  }
}

function resourceBased(options: ResourceBasedSlotOptions, { field, defaults }: Kind, path: string): NativeSlotSupplier {
  const { minimumSlots } = tunerDefaults[field];
  return {
    type: "resourceBased",
    minimumSlots: wholeNumber(`${path}.minimumSlots`, options.minimumSlots ?? minimumSlots, 1),
    maximumSlots: wholeNumber(`${path}.maximumSlots`, options.maximumSlots ?? defaults.maximumSlots, 1),
    rampThrottleMs: wholeNumber(
      `${path}.rampThrottle`,
      msToNumber(options.rampThrottle ?? defaults.rampThrottle, "rampThrottle"),
      0,
    ),
  };
}

/** Adds what a tuner or supplier aims at to the tuner, which has one controller. */
function addAims(compiled: CompiledTuner, aims: ResourceBasedAims, path: string): void {
  const { resources, resourceController } = compiled.native;
  const isFirst = resources === undefined && resourceController === undefined;
  if ((aims.controller === undefined) === (aims.tunerOptions === undefined))
    throw new TypeError(`Resource-based tuner must specify exactly one of controller or tunerOptions, in ${path}`);
  if (aims.controller !== undefined) {
    if (!(aims.controller instanceof ResourceBasedController))
      throw new TypeError(
        `Resource-based tuner controller must be a ResourceBasedController: ${path}.controller doesn't come from its create`,
      );
    const { native } = aims.controller;
    if (!isFirst && resourceController !== native.handle)
      throw severalAims(`${path}.controller isn't what another resource-based supplier of the tuner has`);
    compiled.native.resourceController = native.handle;
    compiled.controller = native;
    return;
  }
  const targets = resourceTargets(aims.tunerOptions, `${path}.tunerOptions`);
  if (!isFirst && !Bun.deepEquals(resources, targets)) {
    const other = resources === undefined ? "a controller" : JSON.stringify(resources);
    throw severalAims(
      `${path}.tunerOptions is ${JSON.stringify(targets)}, but another resource-based supplier of the tuner has ${other}`,
    );
  }
  compiled.native.resources = targets;
}

function severalAims(which: string): TypeError {
  return new TypeError("Cannot construct worker tuner with multiple different resource-based tuner configurations", {
    cause: new TypeError(`${which}; there is one controller, so give all the same`),
  });
}
