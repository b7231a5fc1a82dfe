import { checkCall, encodeOptions, library, results } from "./library";
import type { ResourceTargets } from "./options.generated";

const collected = new FinalizationRegistry<number>(
  (handle) => void library().temporal_bun_resource_controller_free(handle),
);

/**
 * A controller of resource-based slots, which workers share by its handle. It lives as long as this object or one of
 * them.
 */
export class NativeResourceController {
  /** What `tuner.resourceController` of a worker's options takes. */
  readonly handle: number;

  /** Throws `NativeError` `INVALID_OPTIONS`, which names what is wrong. */
  constructor(targets: ResourceTargets) {
    const document = encodeOptions(targets);
    checkCall(
      library().temporal_bun_resource_controller_new(document, document.length, results),
      "make a resource controller",
    );
    this.handle = results[0]!;
    collected.register(this, this.handle);
  }
}
