import type { Context } from "../../activity";

/** How often an activity says that it is alive, per time after which it counts as lost. */
const beatsPerTimeout = 4;

/** Reports that an activity is alive for as long as its handler runs, and what the handler said of its progress. */
export class Pulse {
  readonly #context: Context;
  readonly #timer: Timer | undefined;
  #details: unknown;

  constructor(context: Context) {
    this.#context = context;
    const { heartbeatTimeoutMs } = context.info;
    if (heartbeatTimeoutMs) this.#timer = setInterval(() => this.#beat(), heartbeatTimeoutMs / beatsPerTimeout);
  }

  report(details: unknown): void {
    this.#details = details;
    this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    this.#context.heartbeat(this.#details);
  }
}
