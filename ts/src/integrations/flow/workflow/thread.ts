import type { Frame, SavedFrame } from "./state";

/** A sequence of parts inside of each other. The run's own one may continue as new, those of forks can't. */
export class Thread {
  readonly frames: Frame[] = [];

  /** @param saved frames to go on with, the outermost first */
  constructor(
    readonly isMain: boolean,
    readonly saved: SavedFrame[] = [],
  ) {}
}
