import { POLL_TYPE, STATE_TYPE } from "../plan";
import { poll } from "./poll";
import { sharedState } from "./shared-state";

/**
 * Workflows that belong to all flows and interpret none: each keeps something that many runs share. Their types begin
 * with `flow.`, which no flow's id can.
 */
export const entities: Readonly<Record<string, (...args: any[]) => Promise<unknown>>> = {
  [POLL_TYPE]: poll,
  [STATE_TYPE]: sharedState,
};
