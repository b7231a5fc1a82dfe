import { sleep } from "../../../workflow";

/** Wakes an entity at a time. A timer that rings too early is cheaper than one that is set anew for each message. */
export class Alarm {
  #at: number | undefined;
  #rang = false;

  /** Sees to it that it rings at this time or before; never, if the time isn't finite. */
  set(at: number): void {
    if (!Number.isFinite(at)) return;
    if (this.#at !== undefined && this.#at <= at) return;
    this.#at = at;
    void sleep(Math.max(at - Date.now(), 1)).then(() => {
      if (this.#at === at) this.#at = undefined;
      this.#rang = true;
    });
  }

  get hasRung(): boolean {
    return this.#rang;
  }

  stop(): void {
    this.#rang = false;
  }
}
