/** Stands for `bun:jsc` in the realm. */
import { platform } from "./platform";

/** Runs what is in the microtask queue. */
export const { drainMicrotasks } = platform;
