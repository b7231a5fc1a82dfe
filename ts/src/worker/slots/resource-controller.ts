import { NativeResourceController } from "../../native";
import type { ResourceBasedTunerOptions } from "./worker-tuner";

/**
 * Decides about resource-based slots for several Workers of this process together: one measurement of the machine's
 * load, and one target. Give it to their tuners as `controller`.
 */
export class ResourceBasedController {
  /** The native controller, for the SDK itself. */
  readonly native: NativeResourceController;

  private constructor(native: NativeResourceController) {
    this.native = native;
  }

  /**
   * Makes a controller.
   *
   * @param options the loads to aim at
   * @throws TypeError if one isn't a share between 0 and 1
   */
  static create(options: ResourceBasedTunerOptions): ResourceBasedController {
    return new ResourceBasedController(
      new NativeResourceController(resourceTargets(options, "ResourceBasedController.create")),
    );
  }
}

/**
 * Checks the loads that resource-based slots aim at.
 *
 * @param path where they were given, for messages
 * @throws TypeError if one isn't a share between 0 and 1
 */
export function resourceTargets(
  options: ResourceBasedTunerOptions | undefined,
  path: string,
): ResourceBasedTunerOptions {
  const share = (name: keyof ResourceBasedTunerOptions): number => {
    const value = options?.[name];
    if (typeof value === "number" && value >= 0 && value <= 1) return value;
    throw new TypeError(`${path}.${name} must be a share between 0 and 1, got ${String(value)}`);
  };
  return { targetMemoryUsage: share("targetMemoryUsage"), targetCpuUsage: share("targetCpuUsage") };
}
