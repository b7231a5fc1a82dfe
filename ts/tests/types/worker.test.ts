/**
 * What the compiler must accept and refuse of a Worker's options: see `tests/client/types.test.ts`. The functions are
 * never called.
 */

import { expect, test } from "bun:test";
import type {
  ActivitySlotInfo,
  CustomSlotSupplier,
  PatchActivationCallback,
  ReplayWorkerOptions,
  SlotInfo,
  SlotPermit,
  SlotReserveContext,
  TunerHolder,
  WorkerOptions,
  WorkerTuner,
} from "../../src/worker";

const aims = { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 };
const fixed = { type: "fixed-size", numSlots: 5 } as const;
const resourceBased = { type: "resource-based", tunerOptions: aims, rampThrottle: "10ms" } as const;
const fourFixed: TunerHolder = {
  workflowTaskSlotSupplier: fixed,
  activityTaskSlotSupplier: fixed,
  localActivityTaskSlotSupplier: fixed,
  nexusTaskSlotSupplier: fixed,
};

/** A supplier as a program writes it. */
class Pool implements CustomSlotSupplier<ActivitySlotInfo> {
  readonly type = "custom";
  async reserveSlot({ slotType, isSticky }: SlotReserveContext, abortSignal: AbortSignal): Promise<SlotPermit> {
    abortSignal.throwIfAborted();
    return { slotType, isSticky };
  }
  tryReserveSlot(): SlotPermit | null {
    return null;
  }
  markSlotUsed({ slotInfo }: { slotInfo: ActivitySlotInfo; permit: SlotPermit }): void {
    const name: string = slotInfo.activityType;
    void name;
  }
  releaseSlot({ slotInfo }: { slotInfo?: ActivitySlotInfo; permit: SlotPermit }): void {
    // @ts-expect-error: no task came for some slots
    void slotInfo.activityType;
  }
}

function tuners(): WorkerTuner[] {
  return [
    fourFixed,
    { ...fourFixed, activityTaskSlotSupplier: new Pool(), localActivityTaskSlotSupplier: resourceBased },
    { tunerOptions: aims, workflowTaskSlotOptions: { minimumSlots: 2, maximumSlots: 10, rampThrottle: 5 } },
    // @ts-expect-error: a supplier for activities isn't one for Workflow tasks
    { ...fourFixed, workflowTaskSlotSupplier: new Pool() },
    // @ts-expect-error: suppliers are missing
    { activityTaskSlotSupplier: fixed },
    // @ts-expect-error: no targets
    { ...fourFixed, activityTaskSlotSupplier: { type: "resource-based" } },
    // @ts-expect-error: no number
    { ...fourFixed, activityTaskSlotSupplier: { type: "fixed-size" } },
    // @ts-expect-error: a target is missing
    { tunerOptions: { targetMemoryUsage: 1 } },
  ];
}

function describe(info: SlotInfo): string {
  switch (info.type) {
    case "workflow":
      return info.workflowType;
    case "activity":
    case "local-activity":
      return info.activityType;
    case "nexus":
      return `${info.service}.${info.operation}`;
  }
}

const decide: PatchActivationCallback = ({ workflowInfo, patchId }) => workflowInfo.workflowType === patchId;
// @ts-expect-error: a promise is no answer
const undecided: PatchActivationCallback = async () => true;
const options: WorkerOptions = { taskQueue: "q", tuner: fourFixed, patchActivationCallback: decide, debugMode: true };
// @ts-expect-error: a replay has no slots
const replay: ReplayWorkerOptions = { tuner: fourFixed };
// @ts-expect-error: a replay knows from the history
const another: ReplayWorkerOptions = { patchActivationCallback: decide };

test("the types compile as the comments say", () => {
  expect([tuners, describe, undecided, options, replay, another]).toHaveLength(6);
});
