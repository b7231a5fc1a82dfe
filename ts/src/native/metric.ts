import { checkCall, encodeOptions, library, results } from "./library";
import type { MetricOptions } from "./options.generated";
import type { NativeRuntime } from "./runtime";

const noBytes = new Uint8Array(0);
const collected = new FinalizationRegistry<number>((handle) => void library().temporal_bun_metric_free(handle));

/**
 * A metric of the program's own, which the runtime exports beside Core's. Once the runtime is closed, what is recorded
 * goes nowhere.
 */
export class NativeMetric {
  readonly #handle: number;

  /** Throws `NativeError` `INVALID_OPTIONS`, which names what is wrong. */
  constructor(runtime: NativeRuntime, options: MetricOptions) {
    const document = encodeOptions(options);
    checkCall(
      library().temporal_bun_metric_new(runtime.handle, document, document.length, results),
      `make the metric ${options.name}`,
    );
    this.#handle = results[0]!;
    collected.register(this, this.#handle);
  }

  /**
   * Records a value. `attributes` is what {@link encodeMetricAttributes} makes.
   *
   * Throws `NativeError` `INVALID_ARGUMENT` for a value that the metric doesn't take.
   */
  record(value: number, attributes: Uint8Array): void {
    checkCall(
      library().temporal_bun_metric_record(this.#handle, value, attributes, attributes.length, results),
      "record a metric",
    );
  }
}

/** The attributes of values. They may be used for any number of values of any metrics. */
export function encodeMetricAttributes(attributes: Record<string, string | number | boolean>): Uint8Array {
  for (const _ in attributes) return encodeOptions(attributes);
  return noBytes;
}
