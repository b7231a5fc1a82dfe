/** What a run answers to the callers of webhooks, who wait for it by updates. */
import { ApplicationFailure, allHandlersFinished, CancellationScope, condition, workflowInfo } from "../../../workflow";
import { type FlowResponse, failureTypes } from "../plan";

/** The response of a run, and those who wait for it. */
export class Responses {
  #given: FlowResponse | undefined;
  #waiting = 0;
  #isHandedOver = false;

  /** The response; undefined if there is none yet. */
  get given(): FlowResponse | undefined {
    return this.#given;
  }

  /** Whether somebody waits. */
  get areAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** The first response counts. */
  give(response: FlowResponse): void {
    this.#given ??= response;
  }

  /** The response, once there is one. */
  async wait(): Promise<FlowResponse> {
    this.#waiting++;
    try {
      await condition(() => this.#given !== undefined || this.#isHandedOver);
      if (this.#given !== undefined) return this.#given;
      throw ApplicationFailure.nonRetryable("The run continues as new: ask again", failureTypes.continued);
    } finally {
      this.#waiting--;
    }
  }

  /** The run continues as new: whoever still waits is told to ask the next one. */
  async handOver(): Promise<void> {
    if (!this.areAwaited) return;
    this.#isHandedOver = true;
    await condition(allHandlersFinished);
  }

  /** The run ends: whoever still waits is told how, before it does. */
  async end(httpStatus: number, status: string): Promise<void> {
    this.give({ status: httpStatus, body: { id: workflowInfo().workflowId, status } });
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}
