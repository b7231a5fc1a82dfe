/** What a run answers to the callers of webhooks, who wait for it by updates. */
import { allHandlersFinished, CancellationScope, condition, workflowInfo } from "../../../workflow";
import type { FlowResponse } from "../plan";

/** The response of a run, and those who wait for it. */
export class Responses {
  #given: FlowResponse | undefined;
  #waiting = 0;

  /** The response; undefined if there is none yet. */
  get given(): FlowResponse | undefined {
    return this.#given;
  }

  /** Whether somebody waits, who would have to begin again if the run continued as new. */
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
      await condition(() => this.#given !== undefined);
      return this.#given!;
    } finally {
      this.#waiting--;
    }
  }

  /** The run ends: whoever still waits is told how, before it does. */
  async end(httpStatus: number, status: string): Promise<void> {
    this.give({ status: httpStatus, body: { id: workflowInfo().workflowId, status } });
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}
